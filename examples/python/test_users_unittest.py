"""STANDIN_URL=http://localhost:4020 python3 -m unittest

The same as test_users.py with only the standard library.
"""

import json
import os
import unittest
import urllib.error
import urllib.request

URL = os.environ.get("STANDIN_URL", "http://localhost:4020")
TOKEN = os.environ.get("STANDIN_ADMIN_TOKEN")
ADMIN = {"Standin-Admin-Token": TOKEN} if TOKEN else {}


def send(method, url, body=None, headers=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


def sign_up(api, token, email):
    """Stand for the code under test. It retries when the API is down."""
    user = {"firstName": "Ada", "email": email, "role": "user", "password": "analytical-engine"}
    user["allowCustomerPortalAccess"] = True
    for _ in range(3):
        authorization = {"Authorization": f"Bearer {token}"}
        status, _ = send("POST", f"{api}/resellers/reseller-001/users", user, authorization)
        if status < 500:
            break
    return status


class SigningUp(unittest.TestCase):
    def setUp(self):
        """Create an isolated sandbox for each test."""
        made = self.ask("POST", f"{URL}/_standin/sandboxes", {"ttl": "10m"})
        self.url = URL + made["prefix"]
        self.admin = f"{self.url}/_standin"
        self.addCleanup(self.ask, "DELETE", f"{URL}/_standin/sandboxes/{made['name']}")
        self.token = self.ask("GET", f"{self.admin}/credentials")["cryptlex"]["token"]

    def ask(self, method, url, body=None):
        status, answer = send(method, url, body, ADMIN)
        self.assertLess(status, 300, answer)
        return answer

    def verify(self, *expectations):
        verdict = self.ask("POST", f"{self.admin}/verify", {"expectations": list(expectations)})
        differences = "\n".join(one.get("difference", "") for one in verdict["results"])
        self.assertTrue(verdict["passed"], differences)

    def test_creates_one_user_and_the_webhook_comes(self):
        self.assertEqual(sign_up(f"{self.url}/v3", self.token, "ada@example.test"), 201)

        self.verify(
            {
                "operation": "createResellerUser",
                "match": {"fields": {"email": "ada@example.test", "role": "user"}},
                "count": {"exactly": 1},
            }
        )
        path = "/deliveries/await?event=reseller.user.created&timeout=5s"
        awaited = self.ask("GET", self.admin + path)
        self.assertTrue(awaited["fulfilled"], awaited["pending"])

    def test_is_tried_again_when_the_api_is_down(self):
        self.ask("POST", f"{self.admin}/faults", {"fault": "503;times=2"})
        self.assertEqual(sign_up(f"{self.url}/v3", self.token, "ada@example.test"), 201)

        self.assertEqual(self.ask("GET", f"{self.admin}/faults?unfired=true")["faults"], [])
        self.verify({"status": 503, "count": {"exactly": 2}})


if __name__ == "__main__":
    unittest.main()
