"""What several rules ask about stays, guests and doors, in SQL."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, extract, func, or_, select

from ..core.portable import among
from ..devices.models import KeyPurpose, LockAction, LockEvent
from ..stays.models import Guest, Stay
from ..units.models import CleaningWindow, Unit
from .base import JUDGED_FOR, Ids

# A cleaner's, the owner's or an emergency key is nobody's stay.
GUESTS_KEYS = (KeyPurpose.GUEST, KeyPurpose.UNKNOWN)


def is_judged(at: datetime) -> ColumnElement[bool]:
    """Is a stay judged at a moment: not called off, and going on or ended within seven days?"""
    return and_(Stay.cancelled_at.is_(None), or_(Stay.ended_at.is_(None), Stay.ended_at >= at - JUDGED_FOR))


def is_open(at: datetime) -> ColumnElement[bool]:
    """Had nobody checked this stay out at that moment?"""
    return and_(Stay.cancelled_at.is_(None), or_(Stay.ended_at.is_(None), Stay.ended_at > at))


def gone_at() -> ColumnElement[datetime]:
    """When a guest really went; NULL while there."""
    return func.coalesce(Guest.left_at, Stay.ended_at)


def guests_of_judged(at: datetime, unit_ids: Ids):
    """FROM and WHERE of the guests that count in stays that are judged; columns are added by the caller."""
    return (
        select()
        .select_from(Guest)
        .join(Stay, Stay.id == Guest.stay_id)
        .where(among(Stay.unit_id, unit_ids), is_judged(at), Guest.voided_at.is_(None))
    )


def is_guests_opening() -> ColumnElement[bool]:
    """Did somebody open the door who may be a guest, outside the hours of cleaning?"""
    weekday = (extract("dow", LockEvent.occurred_on) + 6) % 7
    cleaning = (
        select(CleaningWindow.id)
        .where(
            CleaningWindow.unit_id == LockEvent.unit_id,
            or_(CleaningWindow.weekday.is_(None), CleaningWindow.weekday == weekday),
            CleaningWindow.from_minute <= LockEvent.occurred_minute,
            LockEvent.occurred_minute < CleaningWindow.to_minute,
        )
        .exists()
    )
    return and_(LockEvent.action == LockAction.UNLOCK, LockEvent.key_purpose.in_(GUESTS_KEYS), ~cleaning)


def one_flat() -> ColumnElement[int]:
    """What several listings of one flat, and its rooms, have in common."""
    return func.coalesce(Unit.merged_into_id, Unit.parent_id, Unit.id)
