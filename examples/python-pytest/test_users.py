"""pytest

The fixtures are in conftest.py.
"""

import json
import urllib.error
import urllib.request

import pytest


def sign_up(api, token, email):
    """Stand for the code under test. It retries when the API is down."""
    user = {"firstName": "Ada", "email": email, "role": "user", "password": "analytical-engine"}
    user["allowCustomerPortalAccess"] = True
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    address = f"{api}/resellers/reseller-001/users"
    for _ in range(3):
        request = urllib.request.Request(address, json.dumps(user).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                return answer.status
        except urllib.error.HTTPError as refusal:
            status = refusal.code
            if status < 500:
                break
    return status


def test_signing_up_creates_one_user_and_the_webhook_comes(standin):
    token = standin.credentials["cryptlex"]["token"]
    assert sign_up(standin.urls["cryptlex"], token, "ada@example.test") == 201

    standin.verify({"operation": "createResellerUser", "status": 201, "count": {"exactly": 1}})
    standin.wait_for_webhook("reseller.user.created")


def test_signing_up_is_tried_again_when_the_api_is_down(standin):
    standin.arm("503;times=2", api="cryptlex")
    token = standin.credentials["cryptlex"]["token"]
    assert sign_up(standin.urls["cryptlex"], token, "ada@example.test") == 201
    standin.verify({"status": 503, "count": {"exactly": 2}})


@pytest.mark.standin(seed=42, unfired_faults="allowed")
def test_a_mark_sets_options_of_the_sandbox(standin):
    standin.arm("500", api="mykaarma")
    token = standin.credentials["cryptlex"]["token"]
    assert sign_up(standin.urls["cryptlex"], token, "ada@example.test") == 201
