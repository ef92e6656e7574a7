"""A receiver that handles webhooks safely: a message may arrive twice, late, in the wrong order,
truncated, or from another sender. Compare naive.py.

    WEBHOOK_SECRET=… python3 examples/receivers/careful.py [port]

POST to any path: a webhook. GET /users: the stored users and the addresses of sent welcomes.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ.get("WEBHOOK_SECRET", "")
# Largest age of a signed timestamp, in seconds; the same limit holds for the future.
TOLERANCE = float(os.environ.get("WEBHOOK_TOLERANCE", "300"))
# Size limit in bytes, before and after decompression.
LARGEST_BODY = 4 * 1024 * 1024
# Time limit for receiving a body, in seconds.
SLOWEST_BODY = 15
MOST_REMEMBERED = 100_000


class Refusal(Exception):
    """Answer other than success."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class Disconnected(Exception):
    """The sender closed the connection and will retry, so there is no answer."""


class Users:
    """The stored users. Repeated or reordered events lead to the same state."""

    def __init__(self):
        self.lock = threading.Lock()
        self.users = {}
        self.newest = {}  # time of the newest event of each user, in a form that sorts as text
        self.deleted = set()  # stay deleted, even if an earlier event arrives late
        self.seen = {}
        self.welcomed = {}

    def apply(self, text):
        event, data, triggered_at = read_webhook(text)
        user_id = data["id"]
        # The same event may arrive under another delivery id, so its content identifies it.
        identity = (event, user_id, triggered_at)
        with self.lock:
            if identity in self.seen:
                return
            if event in ("reseller.user.created", "reseller.user.updated"):
                if user_id not in self.deleted:
                    if self.newest.get(user_id, "") < sortable(triggered_at):
                        self.users[user_id] = data
                        self.newest[user_id] = sortable(triggered_at)
                    if event == "reseller.user.created":
                        # Slow work belongs in a queue here, so that the answer does not wait for it.
                        self.welcomed.setdefault(user_id, data.get("email"))
            elif event == "reseller.user.deleted":
                self.deleted.add(user_id)
                self.users.pop(user_id, None)
            else:
                # An unknown event is not an error: the sender would retry an error again and again.
                print(f"nothing to do for {event!r}", flush=True)
            self.seen[identity] = True
            if len(self.seen) > MOST_REMEMBERED:
                del self.seen[next(iter(self.seen))]

    def snapshot(self):
        with self.lock:
            return {"users": list(self.users.values()), "welcomed": list(self.welcomed.values())}


def read_webhook(text):
    try:
        webhook = json.loads(text)
    except ValueError:
        raise Refusal(400, "The body is not JSON") from None
    webhook = webhook if isinstance(webhook, dict) else {}
    event, data, triggered_at = (webhook.get(key) for key in ("event", "data", "triggeredAt"))
    # Unknown fields are kept: an additional field is not an error.
    data = {"id": "", **data} if isinstance(data, dict) else {"id": ""}
    if not all(isinstance(one, str) for one in (event, triggered_at, data["id"])):
        raise Refusal(400, "The body is not a webhook")
    if event.startswith("reseller.user.") and not data["id"]:
        raise Refusal(400, "The user is missing")
    return event, data, triggered_at


def sortable(moment):
    """Pads to seven decimal digits, so that times compare as text."""
    seconds, _, fraction = moment.rstrip("Z").partition(".")
    return f"{seconds}.{fraction:0<7}"


def verify(headers, bodies):
    """Verifies the raw bytes. A compressed body may have been signed before or after compression."""
    given = headers.get("Webhook-Signature")
    if not given:
        raise Refusal(401, "The signature is missing")
    if "v1," in given:
        matches = matches_standard(headers, given, bodies)
    else:
        matches = any(equal(given, sign(SECRET.encode(), body)) for body in bodies)
    if not matches:
        raise Refusal(401, "The signature is wrong")


def matches_standard(headers, given, bodies):
    """Standard Webhooks also signs the id and the time, which prevents replays."""
    message_id, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not moment.isdigit() or abs(time.time() - int(moment)) > TOLERANCE:
        raise Refusal(401, "The timestamp is too old or too new")
    key = base64.b64decode(SECRET[6:]) if SECRET.startswith("whsec_") else SECRET.encode()
    before = f"{message_id}.{moment}.".encode()
    expected = [f"v1,{sign(key, before + body)}" for body in bodies]
    return any(equal(one, right) for one in given.split(" ") for right in expected)


def sign(key, content):
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def equal(a, b):
    """Compares in constant time."""
    return hmac.compare_digest(a.encode(), b.encode())


def decompress(body, encoding):
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise Refusal(415, f"Content-Encoding {encoding} is not supported")
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        decompressed = decompressor.decompress(body, LARGEST_BODY)
    except zlib.error:
        raise Refusal(400, "The body does not decompress") from None
    if decompressor.unconsumed_tail:
        raise Refusal(413, "The body is too large")
    if not decompressor.eof:
        raise Refusal(400, "The body does not decompress")
    return decompressed


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = SLOWEST_BODY  # for each read

    def do_POST(self):
        try:
            raw = self.read_body()
            body = decompress(raw, self.headers.get("Content-Encoding", "").lower())
            verify(self.headers, [raw] if raw is body else [raw, body])
            users.apply(body)
            self.answer(204, b"")
        except (Disconnected, OSError):
            self.close_connection = True
        except Refusal as refusal:
            self.close_connection = True
            print(f"refused with {refusal.status}: {refusal}", file=sys.stderr, flush=True)
            self.answer(refusal.status, str(refusal).encode())

    def do_GET(self):
        self.answer(200, json.dumps(users.snapshot()).encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status == 200 else "text/plain")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def read_body(self):
        """Reads a body with a length or in chunks; http.server decodes neither."""
        self.due = time.monotonic() + SLOWEST_BODY
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            length = self.headers.get("Content-Length", "0")
            return self.read_bytes(self.number(length, 10))
        body = bytearray()
        while True:
            size = self.number(self.rfile.readline(100).split(b";")[0].strip().decode("latin-1"), 16)
            if size == 0:
                while self.rfile.readline(1000).strip():
                    pass
                return bytes(body)
            body += self.read_bytes(size, len(body))
            self.rfile.readline(10)

    def read_bytes(self, size, already=0):
        if already + size > LARGEST_BODY:
            raise Refusal(413, "The body is too large")
        pieces = []
        while size > 0:
            if time.monotonic() > self.due:
                raise Refusal(408, "The body is too slow")
            piece = self.rfile.read1(size)
            if not piece:
                raise Disconnected
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def number(self, text, base):
        try:
            value = int(text, base)
        except ValueError:
            raise Disconnected from None
        if value < 0:
            raise Disconnected
        return value

    def log_message(self, *_):
        pass


if not SECRET:
    sys.exit("WEBHOOK_SECRET must be set: without it, anybody could send webhooks")
users = Users()
port = int((sys.argv[1:] or [os.environ.get("PORT", "0")])[0])
server = ThreadingHTTPServer(("127.0.0.1", port), Receiver)
print(f"ready http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
