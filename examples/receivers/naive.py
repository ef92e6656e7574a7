"""A typical first version of a receiver. Each unsafe assumption has a comment. Compare careful.py.

    python3 examples/receivers/naive.py [port]

POST to any path: a webhook. GET /users: the stored users and the addresses of sent welcomes.
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
    # Assumes that each event arrives once, and that users never have additional fields.
    for field in user:
        if field not in COLUMNS:
            raise ValueError(f"The table users has no column {field}")
    users.append(user)
    welcomed.append(user["email"])


def updated(user):
    # Assumes that the user is stored, and that events arrive in order.
    next(one for one in users if one["id"] == user["id"]).update(user)


def deleted(user):
    # Assumes that the user is stored.
    users.remove(next(one for one in users if one["id"] == user["id"]))


HANDLERS = {
    "reseller.user.created": created,
    "reseller.user.updated": updated,
    "reseller.user.deleted": deleted,
}


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        # Assumes a Content-Length, an uncompressed body and a fast sender: no other request is served
        # meanwhile.
        body = self.rfile.read(int(self.headers["Content-Length"]))
        # Accepts every sender: the signature is not verified.
        webhook = json.loads(body)
        # Assumes that the event has a handler. An error here leaves the sender without an answer.
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
