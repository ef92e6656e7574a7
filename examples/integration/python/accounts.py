"""Creates and removes users in a system that may fail in any way, without a second user and without
one that nobody knows of."""

import random
import time
from dataclasses import dataclass
from typing import Optional

from systems import ABSENT, UNKNOWN

MAX_TRIES = 3
# Seconds before the second try; they double with each further one.
FIRST_PAUSE = 0.04
# Seconds of Retry-After for which a caller is kept waiting.
LONGEST_WAIT = 5


@dataclass(frozen=True)
class Account:
    """A user as far as it is known: active, gone, refused, or later (not possible now)."""

    state: str
    id: Optional[str] = None
    why: str = ""


def wait_after(answer, tries):
    """Waits before the next try: what the API asks for, else longer each time."""
    if answer.retry_after is None:
        # Spread, so that many clients do not come back together.
        time.sleep(FIRST_PAUSE * 2 ** (tries - 1) * random.uniform(0.75, 1.25))
        return True
    if answer.retry_after > LONGEST_WAIT:
        return False
    time.sleep(answer.retry_after + 0.02)
    return True


def ensure_user(system, person):
    """Makes sure that a person has exactly one user."""
    renewed = False
    why = ""
    for tries in range(1, MAX_TRIES + 1):
        answer = system.create(person)
        user_id = system.id_in(answer.body) if answer.is_success else None
        if user_id is not None:
            return Account("active", user_id)
        why = answer.reason
        if answer.status == 401 and not renewed:
            renewed = True  # the next try reads the credentials again
            continue
        is_last = answer.is_final or tries == MAX_TRIES or not wait_after(answer, tries)
        # Whatever the answer was, the user may exist: from this try, or from an earlier one.
        found = system.find(person.email)
        if found not in (ABSENT, UNKNOWN):
            return Account("active", found)
        if answer.is_final:
            return Account("refused", why=why)
        if is_last:
            break
    return Account("later", why=why)


def ensure_no_user(system, email, account):
    """Makes sure that a person has no user."""
    if account.state != "active" or not system.can_remove:
        return account
    renewed = False
    why = ""
    for tries in range(1, MAX_TRIES + 1):
        answer = system.remove(account.id)
        if answer.is_success:
            return Account("gone")
        why = answer.reason
        if answer.status == 401 and not renewed:
            renewed = True
            continue
        if not answer.is_final and tries < MAX_TRIES:
            wait_after(answer, tries)
        # A refusal may mean that an earlier try has removed it.
        if system.find(email) is ABSENT:
            return Account("gone")
        if answer.is_final:
            return Account("refused", why=why)
    return Account("later", why=why)
