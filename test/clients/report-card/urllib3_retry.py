# A careful client with requests and urllib3's Retry. Arguments: the URL of a sandbox.
import sys

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

users = sys.argv[1] + "/v3/resellers/reseller-001/users"
session = requests.Session()
session.trust_env = False
session.headers["Authorization"] = "Bearer standin-token"
retry = Retry(
    total=4,
    backoff_factor=0.1,
    status_forcelist=[429, 503],
    allowed_methods=None,
    raise_on_status=False,
)
session.mount("http://", HTTPAdapter(max_retries=retry))


def person(name):
    email = name + "@example.test"
    return {
        "firstName": name,
        "email": email,
        "role": "user",
        "allowCustomerPortalAccess": True,
        "password": "not-kept",
    }


listed = session.get(users, timeout=10)
ada = session.post(users, json=person("ada"), timeout=10)
bad = session.post(users, json={"firstName": "Nobody"}, timeout=10)
bob = session.post(users, json=person("bob"), timeout=10)
look = session.get(users, params={"email": "bob@example.test"}, timeout=10)
found = "found" if "bob@" in look.text else "lost"
print(listed.status_code, ada.status_code, bad.status_code, bob.status_code, found)
