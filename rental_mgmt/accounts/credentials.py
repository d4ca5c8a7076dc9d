"""What people know: set and change one's own password and PIN."""

from enum import StrEnum

from sqlalchemy import select, update

from ..audit.service import record
from ..core.access import Actor, Role, allow, require_fresh
from ..core.db import session, start_over
from ..core.errors import Invalid
from ..core.i18n import _, lazy
from ..core.seal import Where, unseal_or_none
from . import sessions
from .actors import name_of
from .models import User
from .passwords import check_new_password, check_new_pin, hashed, matches
from .tell import tell


def words_around(user) -> tuple[str | None, ...]:
    """What everybody knows about a person: not to be their password."""
    phone = unseal_or_none(user.phone_sealed, Where("user_account", "phone_sealed", user.uid))
    return user.sign_in_name, phone, name_of(user.uid, user.name_sealed)


def set_password(user_id: int, password_hash: str, **values) -> None:
    _change(user_id, password_hash=password_hash, **values)


def _change(user_id: int, **values) -> None:
    session.execute(
        update(User).where(User.id == user_id).values(values).execution_options(synchronize_session=False)
    )


def _own(actor: Actor):
    columns = (User.uid, User.sign_in_name, User.name_sealed, User.phone_sealed, User.password_hash)
    return session.execute(select(*columns).where(User.id == actor.user_id)).one()


class Proof(StrEnum):
    """What somebody is asked for to show again who they are."""

    TOTP = "totp"
    PIN = "pin"
    PASSWORD = "password"


@allow(*Role)
def asks_for(actor: Actor) -> Proof:
    """A time code of those who have one; a PIN where this device is known; else the password."""
    user = session.execute(select(User.totp_sealed, User.pin_hash).where(User.id == actor.user_id)).one()
    if user.totp_sealed:
        return Proof.TOTP
    return Proof.PIN if user.pin_hash and getattr(actor, "device_id", None) else Proof.PASSWORD


@allow(*Role)
def keep_locale(actor: Actor, locale: str) -> None:
    """The language this person is spoken to in, on every device that has not chosen another."""
    _change(actor.user_id, locale=locale)


@allow(*Role)
def change_password(actor: Actor, present: str, new: str) -> None:
    """Change one's own password; all other sessions, keys and remembered phones end. Raises Invalid."""
    require_fresh(actor)
    user = _own(actor)
    check_new_password(new, *words_around(user))
    start_over()
    if not matches(present, user.password_hash):
        raise Invalid(errors={"present": [_("现在的密码不正确")]})
    kept = hashed(new)
    set_password(actor.user_id, kept)
    sessions.end_all_of(actor.user_id, but_session=actor.session_id)
    tell(actor.user_id, lazy("密码已修改"), lazy("您的登录密码已修改，其他设备上的登录已全部退出。"))
    record(actor, "password.change", f"user_account:{actor.uid}", "system")


@allow(*Role)
def set_pin(actor: Actor, pin: str) -> None:
    """Set one's own PIN of six digits, for remembered phones and the desk one works at."""
    require_fresh(actor)
    check_new_pin(pin)
    start_over()
    _change(actor.user_id, pin_hash=hashed(pin))
    record(actor, "pin.set", f"user_account:{actor.uid}", "system")
