"""Failed sign-ins are counted, and too many are made to wait: without letting anybody lock others out.

What comes from a remembered phone or a named desk is counted for that device alone, and a browser in which the
person signed in before is counted apart, so a stranger who fails on somebody's name a thousand times does not
stop that person where they are known (ASVS 6.3.1).
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, insert, or_, select

from ..core import clock
from ..core.db import keep_even_if_refused, session
from ..core.errors import TooMany
from ..core.i18n import _
from .models import DeviceKind, SignInAttempt
from .tokens import name_hash
from .trusted import forget_device

NAME_FAILURES, NAME_SPAN = 10, timedelta(minutes=15)
PLACE_FAILURES, PLACE_SPAN = 100, timedelta(hours=1)
# After so many wrong PINs in a quarter of an hour a phone is a stranger again: its owner gives the password.
PIN_FAILURES = 5
KEPT_FOR = timedelta(days=30)


@dataclass(frozen=True)
class Try:
    """One try to show who one is: whose name, from which address, on which known device."""

    name_fp: bytes
    address_fp: bytes
    device_id: int | None = None
    device_kind: DeviceKind | None = None

    @classmethod
    def of(cls, who: str, address: str, device_id: int | None = None, kind: DeviceKind | None = None) -> "Try":
        """`who` is the user's uid (with the browser that knows them) or, of nobody, the name as typed."""
        return cls(name_hash("name", who), name_hash("address", address), device_id, kind)


def refuse_if_too_many(tried: Try) -> None:
    """Refuse (429) while there were too many failures for this name, or from this address or device."""
    at = clock.real_now()
    by_name, from_place = session.execute(_failures(tried, at)).one()
    if by_name >= NAME_FAILURES:
        words = _("失败次数过多，请 15 分钟后再试；在您登录过的浏览器、已记住的手机或值班电脑上不受影响")
        raise TooMany(words, retry_after=int(NAME_SPAN.total_seconds()))
    if from_place >= PLACE_FAILURES:
        raise TooMany(_("此网络上失败次数过多，请一小时后再试"), retry_after=int(PLACE_SPAN.total_seconds()))


def _failures(tried: Try, at):
    table = SignInAttempt
    same_name = table.name_fp == tried.name_fp
    if tried.device_id is None:
        stranger, same_place = table.device_id.is_(None), table.address_fp == tried.address_fp
    else:
        stranger, same_place = table.device_id == tried.device_id, table.device_id == tried.device_id
    lately = table.at > at - NAME_SPAN
    return select(
        func.count().filter(same_name, lately), func.count().filter(same_place, table.at > at - PLACE_SPAN)
    ).where(table.at > at - PLACE_SPAN, table.succeeded.is_(False), stranger, or_(same_name, same_place))


def note_failure(tried: Try, is_pin: bool = False) -> None:
    """Write the failure down even though the sign-in is refused; too many PINs forget the phone."""
    keep_even_if_refused(lambda: _keep_failure(tried, is_pin))


def _keep_failure(tried: Try, is_pin: bool) -> None:
    note(tried, succeeded=False)
    if is_pin and tried.device_kind is DeviceKind.PHONE:
        by_name, _from_place = session.execute(_failures(tried, clock.real_now())).one()
        if by_name >= PIN_FAILURES:
            forget_device(tried.device_id)


def note(tried: Try, succeeded: bool) -> None:
    session.execute(
        insert(SignInAttempt).values(
            name_fp=tried.name_fp,
            address_fp=tried.address_fp,
            device_id=tried.device_id,
            at=clock.real_now(),
            succeeded=succeeded,
        )
    )


def forget_old() -> int:
    """Delete what is too old to count; returns how many."""
    old = SignInAttempt.at < clock.real_now() - KEPT_FOR
    return session.execute(delete(SignInAttempt).where(old)).rowcount
