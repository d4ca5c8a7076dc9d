"""What several rules ask about stays, guests and doors, in SQL."""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, extract, func, or_, select

from ..core.portable import among
from ..devices.models import KeyPurpose, LockAction, LockEvent
from ..stays.models import Guest, Stay
from ..units.models import CleaningWindow, Unit
from .base import JUDGED_FOR, Ids

# A cleaner's, the owner's or an emergency key is nobody's stay.
GUESTS_KEYS = (KeyPurpose.GUEST, KeyPurpose.UNKNOWN)


def is_judged(at: datetime, unit_ids: Ids = None, stay=Stay) -> ColumnElement[bool]:
    """Is a stay judged at a moment: not called off, and going on or ended within seven days?

    With ids: and one of these units'. They are said in both branches, so that each is a range of the index on
    (unit_id, ended_at) on either database, however long the unit's history.
    """
    return _goes_on_or(stay, unit_ids, stay.ended_at >= at - JUDGED_FOR)


def is_open(at: datetime, unit_ids: Ids = None, stay=Stay) -> ColumnElement[bool]:
    """Had nobody checked this stay out at that moment? With ids: and is it one of these units'?"""
    return _goes_on_or(stay, unit_ids, stay.ended_at > at)


def _goes_on_or(stay, unit_ids: Ids, ended_lately: ColumnElement[bool]) -> ColumnElement[bool]:
    unit = among(stay.unit_id, unit_ids)
    goes_on = or_(and_(unit, stay.ended_at.is_(None)), and_(unit, ended_lately))
    return and_(stay.cancelled_at.is_(None), goes_on)


def gone_at() -> ColumnElement[datetime]:
    """When a guest really went; NULL while there."""
    return func.coalesce(Guest.left_at, Stay.ended_at)


def was_typed_in() -> ColumnElement[bool]:
    """Was a guest registered by somebody, and not imported? Imported history starts no clock.

    Written so that the index on batches is not tried: nearly every guest is in none.
    """
    return func.coalesce(Guest.import_batch_id, 0) == 0


def guests_of_judged(at: datetime, unit_ids: Ids):
    """FROM and WHERE of the guests that count in stays that are judged; columns are added by the caller."""
    return (
        select()
        .select_from(Guest)
        .join(Stay, Stay.id == Guest.stay_id)
        .where(is_judged(at, unit_ids), Guest.voided_at.is_(None))
    )


def arrivals_ahead(at: datetime, unit_ids: Ids) -> Select:
    """Units, as subjects to look at again, and the moments at which guests registered beforehand arrive."""
    coming = guests_of_judged(at, unit_ids).where(Guest.arrived_at > at)
    return coming.add_columns(Stay.unit_id.label("key"), Guest.arrived_at.label("at"))


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
