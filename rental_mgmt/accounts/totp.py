"""Time codes of desk roles: six digits from a secret in the person's phone, each used once, in real time."""

import hmac
from uuid import UUID

import pyotp
import segno
from markupsafe import Markup
from sqlalchemy import update

from ..core import clock
from ..core.db import session
from ..core.seal import Retention, Where, seal, unseal
from .models import User

STEP_SECONDS = 30
# A phone's clock may be one step ahead or behind.
TOLERANCE = 1


def new_secret() -> str:
    """160 random bits in base 32."""
    return pyotp.random_base32()


def code_at(secret: str, at) -> str:
    """The code of a moment (for the demo's command line and tests)."""
    return pyotp.TOTP(secret).at(at)


def matching_step(secret: str, code: str, at) -> int | None:
    """The time step whose code this is, or None; all three are compared, whichever fits."""
    present = int(at.timestamp()) // STEP_SECONDS
    totp, fits = pyotp.TOTP(secret), None
    typed = "".join(code.split())
    for step in range(present - TOLERANCE, present + TOLERANCE + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), typed.encode()):
            fits = step
    return fits


def use_code(user_id: int, uid: UUID, totp_sealed: bytes, code: str) -> bool:
    """Is this a code of now that was not used before? It counts as used from here on, on every worker."""
    step = matching_step(unseal(totp_sealed, where(uid)), code, clock.real_now())
    if step is None:
        return False
    used = update(User).where(User.id == user_id, User.totp_step < step).values(totp_step=step)
    return session.execute(used.execution_options(synchronize_session=False)).rowcount == 1


def store_secret(user_id: int, uid: UUID, secret: str, step: int) -> None:
    """Keep a secret whose first code (of that step) the person has just shown."""
    sealed = seal(secret, where(uid), Retention.ACCOUNT)
    values = {"totp_sealed": sealed, "totp_step": step}
    session.execute(
        update(User).where(User.id == user_id).values(values).execution_options(synchronize_session=False)
    )


def where(uid: UUID) -> Where:
    return Where("user_account", "totp_sealed", uid)


def picture(secret: str, account: str, issuer: str) -> Markup:
    """The QR for an authenticator app as SVG without a size of its own."""
    address = pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)
    return Markup(segno.make(address, error="m").svg_inline(omitsize=True, border=2))
