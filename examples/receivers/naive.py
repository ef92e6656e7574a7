"""A receiver as it is written first, and as it passes a first try. Every line that trusts too much
says so. Compare careful.py.

    python3 examples/receivers/naive.py [port]

POST anywhere: a webhook. GET /users: whom it knows, and whom it has sent a welcome to.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

COLUMNS = (
    "id createdAt updatedAt name firstName lastName email role twoFactorEnabled googleSsoEnabled "
    "lastLoginAt organizationId organization company"
).split()

users = []
welcomed = []


def created(user):
    # Trusts that each event comes once, and that users never get a field more.
    for field in user:
        if field not in COLUMNS:
            raise ValueError(f"The table users has no column {field}")
    users.append(user)
    welcomed.append(user["email"])


def updated(user):
    # Trusts that the user is known, and that what comes last is what is newest.
    next(one for one in users if one["id"] == user["id"]).update(user)


def deleted(user):
    # Trusts that the user is known.
    users.remove(next(one for one in users if one["id"] == user["id"]))


HANDLERS = {
    "reseller.user.created": created,
    "reseller.user.updated": updated,
    "reseller.user.deleted": deleted,
}


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        # Trusts that there is a length, that the body is not compressed, and that it comes quickly:
        # nobody else is served meanwhile.
        body = self.rfile.read(int(self.headers["Content-Length"]))
        # Trusts whoever sends: there is a signature, and nobody looks at it.
        webhook = json.loads(body)
        # Trusts that there is a handler. What is raised here leaves the sender without an answer.
        HANDLERS[webhook["event"]](webhook["data"])
        self.answer(b"")

    def do_GET(self):
        self.answer(json.dumps({"users": users, "welcomed": welcomed}).encode())

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


port = int((sys.argv[1:] or [os.environ.get("PORT", "0")])[0])
server = HTTPServer(("127.0.0.1", port), Receiver)
print(f"ready http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
