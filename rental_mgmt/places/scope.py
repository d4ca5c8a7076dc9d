"""Which places an actor reaches. Addresses down to the building are public knowledge; doors are not."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, String, and_, exists, false, func, or_, select, type_coerce

from ..core import clock
from ..core.access import PARTY_ROLES, POLICE_ROLES, Actor, Role
from ..core.errors import Invalid
from ..core.i18n import _
from .models import GridAssignment, Place, PlaceKind, StationCompound

PUBLIC_KINDS = (PlaceKind.STREET, PlaceKind.COMMUNITY, PlaceKind.COMPOUND, PlaceKind.BUILDING)
EVERYWHERE = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR, Role.SYSTEM})
# The character after "/" in byte order: "/4/" ≤ path < "/40" is exactly the subtree of "/4/".
AFTER_SLASH = "0"


def below(path: ColumnElement, prefix: str) -> ColumnElement[bool]:
    """Is this path the place with that path, or below it? A range, so that an index serves it."""
    return and_(path >= prefix, path < prefix[:-1] + AFTER_SLASH)


def below_column(path: ColumnElement, prefix: ColumnElement) -> ColumnElement[bool]:
    """The same where the prefix is itself a column."""
    cut = func.substr(prefix, 1, func.length(prefix) - 1)
    return and_(path >= prefix, path < type_coerce(cut, String).concat(AFTER_SLASH))


def visible(actor: Actor) -> Select:
    """The places an actor's memberships reach."""
    return select(Place).where(_within(actor))


def _within(actor: Actor) -> ColumnElement[bool]:
    if actor.role in EVERYWHERE:
        return Place.id.is_not(None)
    if actor.role in PARTY_ROLES:
        return Place.kind.in_(PUBLIC_KINDS)
    if actor.role is Role.GRID_WORKER:
        return _below_any_of(
            GridAssignment, GridAssignment.building_id, GridAssignment.grid_id.in_(actor.grid_ids)
        )
    if actor.role in POLICE_ROLES:
        theirs = StationCompound.station_id.in_(actor.station_ids)
        return _below_any_of(StationCompound, StationCompound.compound_id, theirs)
    return or_(false(), *(below(Place.path, prefix) for prefix in actor.paths))


def _below_any_of(table, place_id, theirs) -> ColumnElement[bool]:
    top = Place.__table__.alias("top")
    return exists().where(place_id == top.c.id, theirs, *in_force(table), below_column(Place.path, top.c.path))


def in_force(table, at=None) -> tuple[ColumnElement[bool], ...]:
    """Conditions: a dated row that holds at a moment (now)."""
    at = at or clock.now()
    return table.valid_from <= at, or_(table.valid_to.is_(None), table.valid_to > at)


def end_of(on: date | None, valid_from: datetime) -> datetime:
    """When a dated row ends: with that local day, or now; not in the future, nor before it began."""
    now = clock.now()
    at = now if on is None else min(now, clock.day_bounds(on)[1])
    if on and on > clock.local_day(now):
        raise Invalid(errors={"on": [_("结束日期不能晚于今天")]})
    if at < valid_from:
        raise Invalid(errors={"on": [_("结束日期不能早于开始的日期")]})
    return at
