"""Which guests a list holds: one object for the list on screen, for the order and for building the file."""

from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, func, or_, select

from ..accounts.scope import below
from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import session
from ..core.errors import Invalid
from ..core.i18n import _, lazy
from ..places.models import Place
from ..stays.details import MINOR
from ..stays.models import Guest, Stay
from ..units.models import Unit
from .scope import list_places, served

VERSION = 1
LONGEST_DAYS = 366


class Who(StrEnum):
    ALL = "all"
    OVERSEAS = "overseas"
    MINORS = "minors"
    INCOMPLETE = "incomplete"
    OVER_CAPACITY = "over_capacity"

    @property
    def label(self):
        return WHO_LABELS[self]


WHO_LABELS = {
    Who.ALL: lazy("全部住客"),
    Who.OVERSEAS: lazy("境外人员"),
    Who.MINORS: lazy("未成年人"),
    Who.INCOMPLETE: lazy("登记不完整的"),
    Who.OVER_CAPACITY: lazy("超出核定人数登记的"),
}
GONE_AT = func.coalesce(Guest.left_at, Stay.ended_at)
IS_MINOR = and_(Guest.age_at_check_in.is_not(None), Guest.age_at_check_in < MINOR)


@dataclass(frozen=True)
class GuestFilter:
    """Guests who were in house at any moment of these days (both included) in a place, perhaps only some."""

    place: UUID
    from_day: date
    to_day: date
    who: Who = Who.ALL
    nationality: str | None = None

    def conditions(self, path: str, station_ids: tuple[int, ...]) -> ColumnElement[bool]:
        """Everything about a row: place, days, choice, and that its station was ours when the guest came."""
        begins, ends = clock.day_bounds(self.from_day)[0], clock.day_bounds(self.to_day)[1]
        conditions = [
            below(Unit.path, path),
            Guest.voided_at.is_(None),
            Guest.arrived_at < ends,
            or_(GONE_AT.is_(None), begins < GONE_AT),
            served(station_ids, Guest.arrived_at),
        ]
        chosen = {
            Who.OVERSEAS: Guest.is_overseas.is_(True),
            Who.MINORS: IS_MINOR,
            Who.INCOMPLETE: _is_incomplete(),
            Who.OVER_CAPACITY: Guest.is_over_capacity.is_(True),
        }
        if self.who in chosen:
            conditions.append(chosen[self.who])
        if self.nationality:
            conditions.append(Guest.nationality == self.nationality)
        return and_(*conditions)

    def stored(self) -> dict:
        """As an order and a manifest keep it; place and days stand in columns of their own."""
        said = asdict(self)
        return {"who": said["who"].value, "nationality": said["nationality"]}


def _is_incomplete() -> ColumnElement[bool]:
    """Something is missing: JSON text other than an empty list, on both databases."""
    return cast(Guest.missing, String) != "[]"


def stored_filter(place: Place, from_day: date, to_day: date, stored: dict) -> GuestFilter:
    """The filter of an order, from its columns."""
    return GuestFilter(place.uid, from_day, to_day, Who(stored["who"]), stored["nationality"])


def get_place(actor: Actor, uid: UUID) -> Place:
    """A place the actor may ask about. Foreign and unknown places are one error of the field."""
    found = session.scalar(list_places(actor).where(Place.uid == uid))
    if found is None:
        raise Invalid(errors={"place": [_("请从列表中选择辖区内的地点")]})
    return found


def check_days(chosen: GuestFilter) -> None:
    """Refuse days in the wrong order, in the future, or more than a year."""
    errors = {}
    if chosen.to_day < chosen.from_day:
        errors["to_day"] = [_("结束日期不能早于开始日期")]
    elif (chosen.to_day - chosen.from_day).days >= LONGEST_DAYS:
        errors["to_day"] = [_("一次最多一年，请分几次导出")]
    if chosen.from_day > clock.local_day(clock.now()):
        errors["from_day"] = [_("开始日期不能晚于今天")]
    if errors:
        raise Invalid(errors=errors)


@dataclass(frozen=True)
class Tally:
    """How many rows a filter holds: before anyone orders a file, and in its manifest."""

    guests: int
    minors: int
    overseas: int
    units: int


@allow(Role.POLICE_LIAISON, Role.STATION_LEAD)
def count_guests(actor: Actor, chosen: GuestFilter) -> Tally:
    """What the list on screen says above its rows: counts, no names."""
    check_days(chosen)
    query = select(
        func.count(),
        func.coalesce(func.sum(case((IS_MINOR, 1), else_=0)), 0),
        func.coalesce(func.sum(case((Guest.is_overseas.is_(True), 1), else_=0)), 0),
        func.count(Guest.unit_id.distinct()),
    )
    place = get_place(actor, chosen.place)
    found = session.execute(_joined(query).where(chosen.conditions(place.path, actor.station_ids))).one()
    return Tally(*found)


@allow(Role.POLICE_LIAISON, Role.STATION_LEAD)
def list_guests(actor: Actor, chosen: GuestFilter) -> Select:
    """The rows on screen, newest first when paged by uid: what kind of guest was where and when, no names."""
    check_days(chosen)
    place = get_place(actor, chosen.place)
    query = select(
        Guest.uid,
        Unit.name.label("unit_name"),
        Unit.code.label("unit_code"),
        Guest.document_kind,
        Guest.nationality,
        IS_MINOR.label("is_minor"),
        Guest.is_overseas,
        Guest.missing,
        Guest.arrived_at,
        GONE_AT.label("gone_at"),
    )
    return _joined(query).where(chosen.conditions(place.path, actor.station_ids))


# What a list on screen is paged by.
NEWEST_FIRST = (Guest.uid.desc(),)


def _joined(query: Select) -> Select:
    return query.select_from(Guest).join(Stay, Stay.id == Guest.stay_id).join(Unit, Unit.id == Guest.unit_id)
