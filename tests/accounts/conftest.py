"""People with something to sign in with, and the browsers they sit at."""

from datetime import timedelta

import pyotp
import pytest

from rental_mgmt.accounts import passwords, totp
from rental_mgmt.accounts.models import User
from rental_mgmt.core import clock
from rental_mgmt.core.db import session, unit_of_work

from ..support.forms import fill_in

PASSWORD, NEW_PASSWORD, PIN = "three quiet herons", "seven loud magpies", "314592"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(scope="session")
def hashes() -> dict[str, str]:
    """Hashing is slow on purpose: once for all tests."""
    return {secret: passwords.hashed(secret) for secret in (PASSWORD, PIN)}


@pytest.fixture
def given(hashes):
    """given(somebody, pin=…, code=…): a password, perhaps a PIN and a time code, as after their enrolment."""

    def give(somebody, pin: bool = False, code: bool = False):
        with unit_of_work():
            user = session.get(User, somebody.user.id)
            user.password_hash = hashes[PASSWORD]
            user.pin_hash = hashes[PIN] if pin else None
            session.flush()
            if code:
                totp.store_secret(user.id, user.uid, SECRET, 0)
        return somebody

    return give


def code_now(steps: int = 0) -> str:
    """The present time code, or one some steps away."""
    return pyotp.TOTP(SECRET).at(clock.real_now() + timedelta(seconds=30 * steps))


def sign_in(client, somebody, password: str = PASSWORD, **more):
    """Somebody types name and password at the sign-in page."""
    return fill_in(client, "/sign-in", {"name": somebody.phone, "password": password, **more})


def is_in(client) -> bool:
    return client.get("/sessions").status_code == 200
