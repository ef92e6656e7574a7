"""One call over HTTP, with everything that can become of it as a value."""

import http.client
import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, Optional

# Seconds that an API may take to connect and for each part of its answer. urllib has no limit for
# the whole; a client of an API that trickles its answers would need one.
TIMEOUT = float(os.environ.get("API_TIMEOUT_MS", "1000")) / 1000


@dataclass(frozen=True)
class Answer:
    """An answer that was read to its end; without a status there is none, and nothing is known."""

    status: Optional[int]
    body: Any = None
    retry_after: Optional[int] = None
    error: str = ""

    @property
    def is_success(self):
        return self.status is not None and self.status < 300

    @property
    def is_final(self):
        """True if the same call would be refused again."""
        return (
            self.status is not None
            and 300 <= self.status < 500
            and self.status not in (408, 425, 429)
        )

    @property
    def reason(self):
        return self.error if self.status is None else f"the answer was {self.status}"


def send(method, url, headers=None, body=None):
    request = urllib.request.Request(url, method=method)
    request.add_header("Accept", "application/json")
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            text = response.read()
            # A success whose body cannot be read tells nothing about what was stored.
            return Answer(response.status, json.loads(text) if text else None)
    except urllib.error.HTTPError as refusal:
        # Its body may be the page of a gateway; the status is enough.
        with refusal:
            return Answer(refusal.code, retry_after=seconds(refusal.headers.get("Retry-After")))
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer(None, error=f"{type(error).__name__}: {error}")


def seconds(header):
    return int(header) if header is not None and header.isdecimal() else None
