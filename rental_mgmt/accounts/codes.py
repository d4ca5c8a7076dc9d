"""One-time codes: invitations and desk-printed resets. Opening a link spends nothing; only a POST does.

A code of a desk role opens nothing until an administrator of the other kind has confirmed it: what was made
first is an empty envelope, the code itself is drawn at the confirmation and shown once to who hands it over.
"""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update

from ..core import clock
from ..core.db import session
from ..core.errors import Conflict, Invalid
from ..core.i18n import _
from .models import CodePurpose, OneTimeCode
from .tokens import code_hash, new_code, new_token

LASTS = timedelta(hours=24)


def make_code(
    purpose: CodePurpose,
    made_by_id: int | None,
    user_id: int | None = None,
    unit_id: int | None = None,
    lasts: timedelta = LASTS,
) -> tuple[OneTimeCode, str]:
    """A code that opens one thing once, and its text: shown now and never again."""
    text = new_code()
    whose = {"user_id": user_id, "unit_id": unit_id, "confirmed_by_id": made_by_id}
    return _store(purpose, made_by_id, text, lasts, **whose), text


def ask_for_code(purpose: CodePurpose, made_by_id: int, user_id: int) -> OneTimeCode:
    """An envelope without a code, for a second administrator to confirm."""
    return _store(purpose, made_by_id, new_token(), LASTS, user_id=user_id)


def _store(purpose: CodePurpose, made_by_id: int | None, text: str, lasts: timedelta, **values) -> OneTimeCode:
    at = clock.real_now()
    row = OneTimeCode(
        purpose=purpose,
        code_hash=code_hash(text),
        made_by_id=made_by_id,
        created_at=at,
        expires_at=at + lasts,
        **values,
    )
    session.add(row)
    session.flush()
    return row


def list_waiting_codes() -> list[OneTimeCode]:
    """The envelopes that wait for a second administrator."""
    query = select(OneTimeCode).where(
        OneTimeCode.confirmed_by_id.is_(None),
        OneTimeCode.made_by_id.is_not(None),
        OneTimeCode.used_at.is_(None),
        OneTimeCode.expires_at > clock.real_now(),
    )
    return list(session.scalars(query.order_by(OneTimeCode.id)))


def confirm_code(row: OneTimeCode, confirmed_by_id: int) -> str:
    """Put a fresh code into the envelope; its day begins now. Raises Conflict for the one who asked for it."""
    if confirmed_by_id == row.made_by_id or confirmed_by_id == row.user_id:
        raise Conflict(_("须由另一位管理员确认"))
    text, at = new_code(), clock.real_now()
    row.code_hash, row.confirmed_by_id, row.expires_at = code_hash(text), confirmed_by_id, at + LASTS
    return text


def find_code(typed: str, purposes: Collection[CodePurpose]) -> OneTimeCode:
    """The live code that was typed; nothing is spent. Raises Invalid alike for wrong, used and out of date."""
    row = session.scalar(
        select(OneTimeCode).where(
            OneTimeCode.code_hash == code_hash(typed),
            OneTimeCode.purpose.in_(purposes),
            OneTimeCode.used_at.is_(None),
            OneTimeCode.expires_at > clock.real_now(),
        )
    )
    if row is None:
        raise Invalid(errors={"code": [_("代码不正确、已使用或已过期，请向办理人重新索取")]})
    return row


def spend_code(uid: UUID) -> None:
    """Use the code up, once whatever happens at the same time."""
    spent = (
        update(OneTimeCode)
        .where(OneTimeCode.uid == uid, OneTimeCode.used_at.is_(None), OneTimeCode.expires_at > clock.real_now())
        .values(used_at=clock.real_now())
    )
    if session.execute(spent.execution_options(synchronize_session=False)).rowcount != 1:
        raise Conflict(_("此代码已使用或已过期，请重新索取"))


def withdraw_codes(user_id: int) -> None:
    """Make every open code of a user useless (a newer one takes their place, or the account is disabled)."""
    live = OneTimeCode.used_at.is_(None)
    session.execute(
        update(OneTimeCode)
        .where(OneTimeCode.user_id == user_id, live)
        .values(expires_at=clock.real_now())
        .execution_options(synchronize_session=False)
    )
