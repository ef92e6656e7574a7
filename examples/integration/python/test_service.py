"""Tests that hold whatever the systems do: what the service says of an account is true, and what it
cannot do now it does not lose. Without a fault, everything has to work.

    standin resilience -- python3 -m unittest discover examples/integration/python
"""

import json
import os
import threading
import time
import unittest
import urllib.request

from service import Service

SECRET = os.environ.get("STANDIN_WEBHOOK_SECRET", "")
ADMIN = os.environ.get("STANDIN_ADMIN_URL", "http://localhost:4020/_standin")
# A fault may be armed.
IS_CELL = "STANDIN_RESILIENCE_CELL" in os.environ
# APIs of the systems, as Standin names them.
APIS = {"licence": "cryptlex", "dealer": "mykaarma", "forms": "formsonfire"}


def ask(method, url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, method=method)
    request.add_header("Content-Type", "application/json")
    if url.startswith(ADMIN):
        request.add_header("Standin-Admin-Token", os.environ.get("STANDIN_ADMIN_TOKEN", ""))
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


class EmployeeAccounts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        service = Service(("127.0.0.1", 0), SECRET)
        thread = threading.Thread(target=service.serve_forever, args=(0.02,))
        thread.start()
        cls.addClassCleanup(thread.join)
        cls.addClassCleanup(service.shutdown)
        cls.url = f"http://127.0.0.1:{service.server_port}"
        receiver = {"url": f"{cls.url}/webhooks", "events": ["reseller.user.created"]}
        ask("POST", f"{ADMIN}/webhooks", {**receiver, "token": SECRET})

    def add(self, first_name, last_name):
        """Adds a person, and waits until each account has a state."""
        email = f"{first_name.lower()}@example.test"
        person = {"firstName": first_name, "lastName": last_name, "email": email}
        ask("POST", f"{self.url}/people", person)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            accounts = ask("GET", f"{self.url}/people/{email}")
            if len(accounts) == len(APIS):
                return person, accounts
            time.sleep(0.01)
        return self.fail(f"An account has no state: {accounts}")

    def expect_states(self, accounts, **expected):
        """What the accounts have to be if no fault is armed."""
        if not IS_CELL:
            self.assertEqual({name: one["state"] for name, one in accounts.items()}, expected)

    def expect_users(self, person, expected):
        """Compares the users that exist with the systems where the service has one."""
        users = ask("GET", f"{ADMIN}/users?email={person['email']}")["users"]
        self.assertEqual(
            sorted(user["api"] for user in users), sorted(APIS[name] for name in expected)
        )

    def test_a_new_person_has_one_account_in_each_system_or_the_service_says_why_not(self):
        person, accounts = self.add("Ada", "Byron")
        self.expect_states(accounts, licence="active", dealer="active", forms="active")
        self.expect_users(person, [n for n, one in accounts.items() if one["state"] == "active"])
        # Who asks again gets the same.
        self.assertEqual(ask("POST", f"{self.url}/people", person), accounts)

    def test_a_person_who_leaves_has_none_or_the_service_says_why_not(self):
        person, earlier = self.add("Grace", "Hopper")
        accounts = ask("DELETE", f"{self.url}/people/{person['email']}")
        self.expect_states(accounts, licence="gone", dealer="active", forms="gone")
        had = [name for name, one in earlier.items() if one["state"] == "active"]
        # An account that could not be removed is still there, and the service says so.
        self.expect_users(person, [name for name in had if accounts[name]["state"] != "gone"])


if __name__ == "__main__":
    unittest.main()
