"""A receiver that takes a webhook for what it is: a message that may come twice, late, in the wrong
order, cut off, or from somebody else. Compare naive.py.

    WEBHOOK_SECRET=… python3 examples/receivers/careful.py [port]

POST anywhere: a webhook. GET /users: whom it knows, and whom it has sent a welcome to.
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
# Seconds that a signed timestamp may be off.
TOLERANCE = float(os.environ.get("WEBHOOK_TOLERANCE", "300"))
# Bytes, before and after decompression.
LARGEST_BODY = 4 * 1024 * 1024
# Seconds for a body to arrive.
SLOWEST_BODY = 15
MOST_REMEMBERED = 100_000


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class BrokenOff(Exception):
    """The sender went away: there is nobody to answer, and it will send again."""


class Users:
    """Taking an event twice, or in another order, ends the same."""

    def __init__(self):
        self.lock = threading.Lock()
        self.users = {}
        self.newest = {}  # when what is known of a user happened, as text that sorts
        self.deleted = set()  # who is gone, and stays gone whatever comes late
        self.seen = {}
        self.welcomed = {}

    def take(self, text):
        event, data, triggered_at = read_webhook(text)
        user_id = data["id"]
        # The same event may come under another delivery's id, so what it says identifies it.
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
                        # Slow work would go to a queue here: the answer does not wait for it.
                        self.welcomed.setdefault(user_id, data.get("email"))
            elif event == "reseller.user.deleted":
                self.deleted.add(user_id)
                self.users.pop(user_id, None)
            else:
                # An event that is new is no error: an error would be sent again and again.
                print(f"nothing to do for {event!r}", flush=True)
            self.seen[identity] = True
            if len(self.seen) > MOST_REMEMBERED:
                del self.seen[next(iter(self.seen))]

    def shown(self):
        with self.lock:
            return {"users": list(self.users.values()), "welcomed": list(self.welcomed.values())}


def read_webhook(text):
    try:
        webhook = json.loads(text)
    except ValueError:
        raise Refusal(400, "The body is no JSON") from None
    webhook = webhook if isinstance(webhook, dict) else {}
    event, data, triggered_at = (webhook.get(key) for key in ("event", "data", "triggeredAt"))
    # Whatever else it holds is kept as it is: a field more is no error.
    data = {"id": "", **data} if isinstance(data, dict) else {"id": ""}
    if not all(isinstance(one, str) for one in (event, triggered_at, data["id"])):
        raise Refusal(400, "The body is no webhook")
    if event.startswith("reseller.user.") and not data["id"]:
        raise Refusal(400, "There is no user")
    return event, data, triggered_at


def sortable(moment):
    """With seven digits of a second, so that times compare as text."""
    seconds, _, fraction = moment.rstrip("Z").partition(".")
    return f"{seconds}.{fraction:0<7}"


def verify(headers, bodies):
    """Over the bytes as they came; a compressed body may be signed before or after that."""
    given = headers.get("Webhook-Signature")
    if not given:
        raise Refusal(401, "There is no signature")
    if "v1," in given:
        fits = fits_standard(headers, given, bodies)
    else:
        fits = any(equal(given, sign(SECRET.encode(), body)) for body in bodies)
    if not fits:
        raise Refusal(401, "The signature is wrong")


def fits_standard(headers, given, bodies):
    """Standard Webhooks: the id and the time are signed as well, so that nothing can be replayed."""
    message_id, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not moment.isdigit() or abs(time.time() - int(moment)) > TOLERANCE:
        raise Refusal(401, "The timestamp is too old, or too new")
    key = base64.b64decode(SECRET[6:]) if SECRET.startswith("whsec_") else SECRET.encode()
    before = f"{message_id}.{moment}.".encode()
    expected = [f"v1,{sign(key, before + body)}" for body in bodies]
    return any(equal(one, right) for one in given.split(" ") for right in expected)


def sign(key, content):
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def equal(a, b):
    """Takes the same time wherever the two differ."""
    return hmac.compare_digest(a.encode(), b.encode())


def unfold(body, encoding):
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise Refusal(415, f"Content-Encoding {encoding} is not known")
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        unfolded = decompressor.decompress(body, LARGEST_BODY)
    except zlib.error:
        raise Refusal(400, "The body does not decompress") from None
    if decompressor.unconsumed_tail:
        raise Refusal(413, "The body is too large")
    if not decompressor.eof:
        raise Refusal(400, "The body does not decompress")
    return unfolded


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = SLOWEST_BODY  # for each read

    def do_POST(self):
        try:
            raw = self.read_body()
            body = unfold(raw, self.headers.get("Content-Encoding", "").lower())
            verify(self.headers, [raw] if raw is body else [raw, body])
            users.take(body)
            self.answer(204, b"")
        except (BrokenOff, OSError):
            self.close_connection = True
        except Refusal as refusal:
            self.close_connection = True
            print(f"refused with {refusal.status}: {refusal}", file=sys.stderr, flush=True)
            self.answer(refusal.status, str(refusal).encode())

    def do_GET(self):
        self.answer(200, json.dumps(users.shown()).encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status == 200 else "text/plain")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def read_body(self):
        """In one piece or in chunks, which http.server leaves to us."""
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
                raise BrokenOff
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def number(self, text, base):
        try:
            value = int(text, base)
        except ValueError:
            raise BrokenOff from None
        if value < 0:
            raise BrokenOff
        return value

    def log_message(self, *_):
        pass


if not SECRET:
    sys.exit("WEBHOOK_SECRET must be set: without it, anybody could say anything")
users = Users()
port = int((sys.argv[1:] or [os.environ.get("PORT", "0")])[0])
server = ThreadingHTTPServer(("127.0.0.1", port), Receiver)
print(f"ready http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
