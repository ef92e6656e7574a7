"""The three vendors' APIs behind one interface: create, find, remove."""

import base64
import os
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from calls import send

# Results of a search; otherwise it is the id of a user.
ABSENT = object()
UNKNOWN = object()


@dataclass(frozen=True)
class Person:
    first_name: str
    last_name: str
    email: str


def at(value, *path):
    """A member of a value that another program sent."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def id_at(value, *path):
    found = at(value, *path)
    return found if isinstance(found, str) and found else None


def in_list(answer, users, email, key):
    """Finds the user with this address in the list of an answer."""
    if answer.status != 200 or not isinstance(users, list):
        return UNKNOWN
    for user in users:
        if str(at(user, "email")).lower() == email:
            return id_at(user, key) or UNKNOWN
    return ABSENT


class Licences:
    """Cryptlex."""

    can_remove = True

    @property
    def users(self):
        return f"{os.environ['STANDIN_CRYPTLEX_URL']}/resellers/reseller-001/users"

    @property
    def headers(self):
        # Read for each call: a token may be renewed while the service runs.
        return {"Authorization": f"Bearer {os.environ['STANDIN_CRYPTLEX_TOKEN']}"}

    def create(self, person):
        user = {
            "firstName": person.first_name,
            "lastName": person.last_name,
            "email": person.email,
            "role": "user",
            "password": "analytical-engine-1",
            "allowCustomerPortalAccess": True,
        }
        return send("POST", self.users, self.headers, user)

    def id_in(self, body):
        return id_at(body, "id")

    def find(self, email):
        answer = send("GET", f"{self.users}?email={quote(email)}", self.headers)
        return in_list(answer, answer.body, email, "id")

    def remove(self, user_id):
        return send("DELETE", f"{self.users}/{user_id}", self.headers)


class Dealers:
    """myKaarma, which has no call that removes a user."""

    can_remove = False

    @property
    def users(self):
        return f"{os.environ['STANDIN_MYKAARMA_URL']}/v2/user"

    @property
    def headers(self):
        env = os.environ
        pair = f"{env['STANDIN_MYKAARMA_USERNAME']}:{env['STANDIN_MYKAARMA_PASSWORD']}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def create(self, person):
        user = {
            "dealerUUID": "dealer-uuid-001",
            "departmentUUID": "department-uuid-001",
            "roleUUID": "role-uuid-001",
            "firstName": person.first_name,
            "lastName": person.last_name,
            "emailAddress": person.email,
            "username": person.email,
            "password": "analytical-engine-1",
            "userInvite": True,
            "sendEmail": False,
            "userInviteEmailTemplate": "SIMPLE",
        }
        return send("POST", f"{self.users}/partner", self.headers, user)

    def id_in(self, body):
        return id_at(body, "userUuid")

    def find(self, email):
        answer = send("GET", f"{self.users}/dealer/dealer-uuid-001", self.headers)
        return in_list(answer, at(answer.body, "users"), email, "uuid")


class Forms:
    """Forms On Fire, which takes its key in the body, or in the query of a GET."""

    can_remove = True

    @property
    def users(self):
        return f"{os.environ['STANDIN_FORMSONFIRE_URL']}/v2/user"

    @property
    def company(self):
        return {
            "CompanyId": int(os.environ["STANDIN_FORMSONFIRE_COMPANY_ID"]),
            "IntegrationKey": os.environ["STANDIN_FORMSONFIRE_INTEGRATION_KEY"],
        }

    def create(self, person):
        user = {
            **self.company,
            "Email": person.email,
            "FirstName": person.first_name,
            "LastName": person.last_name,
            "WebsiteRole": "User",
        }
        return send("POST", self.users, body=user)

    def id_in(self, body):
        return id_at(body, "User", "Id")

    def find(self, email):
        query = urlencode({**self.company, "Email": email, "Format": "json"})
        answer = send("GET", f"{self.users}?{query}")
        if answer.status == 400:  # its answer for an unknown user
            return ABSENT
        found = id_at(answer.body, "User", "Id") if answer.status == 200 else None
        return found or UNKNOWN

    def remove(self, user_id):
        return send("DELETE", self.users, body={**self.company, "Id": user_id})


SYSTEMS = {"licence": Licences(), "dealer": Dealers(), "forms": Forms()}
