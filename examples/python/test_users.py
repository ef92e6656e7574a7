"""STANDIN_URL=http://localhost:4020 pytest

A server has to run: `standin --memory`. The tests may run in parallel (pytest-xdist).
"""

import os

import pytest
import requests

URL = os.environ.get("STANDIN_URL", "http://localhost:4020")
TOKEN = os.environ.get("STANDIN_ADMIN_TOKEN")
ADMIN = {"Standin-Admin-Token": TOKEN} if TOKEN else {}


def sign_up(api, token, email):
    """Stand for the code under test. It retries when the API is down."""
    user = {"firstName": "Ada", "email": email, "role": "user", "password": "analytical-engine"}
    for _ in range(3):
        answer = requests.post(
            f"{api}/resellers/reseller-001/users",
            headers={"Authorization": f"Bearer {token}"},
            json={**user, "allowCustomerPortalAccess": True},
            timeout=5,
        )
        if answer.status_code < 500:
            break
    return answer.status_code


class Sandbox:
    """Create an isolated sandbox for one test."""

    def __init__(self):
        answer = requests.post(f"{URL}/_standin/sandboxes", json={"ttl": "10m"}, headers=ADMIN, timeout=5)
        answer.raise_for_status()
        self.name = answer.json()["name"]
        self.url = URL + answer.json()["prefix"]
        self.token = self.ask("GET", "/credentials")["cryptlex"]["token"]

    def ask(self, method, path, body=None):
        answer = requests.request(method, f"{self.url}/_standin{path}", json=body, headers=ADMIN, timeout=15)
        assert answer.ok, answer.text
        return answer.json()

    def verify(self, *expectations):
        verdict = self.ask("POST", "/verify", {"expectations": list(expectations)})
        assert verdict["passed"], "\n".join(one.get("difference", "") for one in verdict["results"])


@pytest.fixture
def sandbox():
    own = Sandbox()
    yield own
    own.ask("DELETE", f"/sandboxes/{own.name}")


def test_signing_up_creates_one_user_and_the_webhook_comes(sandbox):
    assert sign_up(f"{sandbox.url}/v3", sandbox.token, "ada@example.test") == 201

    sandbox.verify(
        {
            "operation": "createResellerUser",
            "match": {"fields": {"email": "ada@example.test", "role": "user"}},
            "count": {"exactly": 1},
        }
    )
    awaited = sandbox.ask("GET", "/deliveries/await?event=reseller.user.created&timeout=5s")
    assert awaited["fulfilled"], awaited["pending"]


def test_signing_up_is_tried_again_when_the_api_is_down(sandbox):
    sandbox.ask("POST", "/faults", {"fault": "503;times=2"})
    assert sign_up(f"{sandbox.url}/v3", sandbox.token, "ada@example.test") == 201

    assert sandbox.ask("GET", "/faults?unfired=true")["faults"] == []
    sandbox.verify({"status": 503, "count": {"exactly": 2}})
