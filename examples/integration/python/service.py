"""A service that gives a new employee an account in three systems, and survives what they do.

    POST /people {firstName, lastName, email}   adds a person; the answer says how far it is
    GET /people/{email}                         the state of each account
    DELETE /people/{email}                      removes the accounts that can be removed
    POST /webhooks                              the receiver of Cryptlex' webhooks
"""

import base64
import hashlib
import hmac
import json
import threading
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from accounts import Account, ensure_no_user, ensure_user
from systems import SYSTEMS, Person

# Seconds after which the work of a webhook is done without it.
PATIENCE = 0.3
LARGEST_BODY = 1024 * 1024
# Events that are remembered, to handle none twice.
MOST_REMEMBERED = 10_000


class Employee:
    """One person's accounts. The lock is held while a system is called, so that nothing is done
    twice, whether the webhook comes early, twice or never."""

    def __init__(self, person):
        self.person = person
        self.accounts = {}
        self._lock = threading.Lock()

    def add(self):
        with self._lock:
            if "licence" in self.accounts:
                return
            self.accounts["licence"] = ensure_user(SYSTEMS["licence"], self.person)
            self.accounts["dealer"] = ensure_user(SYSTEMS["dealer"], self.person)
            if self.accounts["licence"].state == "active":
                timer = threading.Timer(PATIENCE, self.open_forms)
                timer.daemon = True
                timer.start()
            else:
                self.accounts["forms"] = Account("later", why="there is no licence yet")

    def open_forms(self):
        """Creates the account at Forms On Fire once, whoever asks for it."""
        with self._lock:
            if "forms" not in self.accounts:
                self.accounts["forms"] = ensure_user(SYSTEMS["forms"], self.person)

    def remove(self):
        with self._lock:
            self.accounts.setdefault("forms", Account("gone"))
            for name in ("licence", "forms"):
                account = self.accounts[name]
                self.accounts[name] = ensure_no_user(SYSTEMS[name], self.person.email, account)

    def report(self):
        return {name: {"state": account.state} for name, account in dict(self.accounts).items()}


class Service(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, secret):
        super().__init__(address, Handler)
        self._secret = secret.encode()
        self._lock = threading.Lock()
        self._people = {}
        self._seen = OrderedDict()

    def find(self, email):
        with self._lock:
            return self._people.get(email.lower())

    def add(self, person):
        with self._lock:  # the webhook may come before the answer
            employee = self._people.setdefault(person.email, Employee(person))
        employee.add()
        return employee

    def is_signed(self, body, signature):
        digest = hmac.new(self._secret, body, hashlib.sha256).digest()
        return hmac.compare_digest(base64.b64encode(digest), (signature or "").encode())

    def is_new(self, identity):
        with self._lock:
            if identity in self._seen:
                return False
            self._seen[identity] = True
            if len(self._seen) > MOST_REMEMBERED:
                self._seen.popitem(last=False)
            return True


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10  # seconds for each read

    def do_GET(self):
        self._about_one(lambda employee: None)

    def do_DELETE(self):
        self._about_one(Employee.remove)

    def do_POST(self):
        size = self.headers.get("Content-Length", "")
        if not size.isdecimal() or int(size) > LARGEST_BODY:
            self.close_connection = True  # the body was not read
            return self._answer(413 if size.isdecimal() else 411)
        body = self.rfile.read(int(size))
        if len(body) < int(size):
            return None  # the sender has gone, and will try again
        if self.path == "/webhooks":
            return self._receive(body)
        try:
            given = json.loads(body)
            names = [given[key] for key in ("firstName", "lastName", "email")]
            first_name, last_name, email = (name.strip() for name in names)
            if not (first_name and last_name and email):
                raise ValueError
        except (ValueError, TypeError, KeyError, AttributeError):
            return self._answer(400, {"error": "a person has a firstName, a lastName and an email"})
        person = Person(first_name, last_name, email.lower())
        return self._answer(200, self.server.add(person).report())

    def _receive(self, body):
        """Verifies a webhook over its raw bytes, answers at once, and handles each event once."""
        if not self.server.is_signed(body, self.headers.get("webhook-signature")):
            return self._answer(401)
        try:
            webhook = json.loads(body)
            event, moment = webhook["event"], webhook["triggeredAt"]
            user_id, email = webhook["data"]["id"], webhook["data"]["email"]
        except (ValueError, TypeError, KeyError):
            return self._answer(400)
        self._answer(204)
        employee = self.server.find(str(email))
        # A webhook that is sent twice has the same content, and not always the same delivery id.
        is_new = self.server.is_new((event, user_id, moment))
        if event == "reseller.user.created" and employee and is_new:
            threading.Thread(target=employee.open_forms, daemon=True).start()

    def _about_one(self, action):
        employee = self.server.find(unquote(self.path.removeprefix("/people/")))
        if employee is None:
            return self._answer(404, {})
        action(employee)
        return self._answer(200, employee.report())

    def _answer(self, status, body=None):
        text = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass
