"""A building as it stands tonight, door by door: known, occupied, not known, or in need of an act."""

from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import func, select

from ..alerts.models import Alert, AlertStatus
from ..core import clock
from ..core.access import Actor, Role
from ..core.db import session
from ..core.i18n import _
from ..places.models import Place, PlaceKind
from ..stays.models import Guest, NightMark, NightState, Stay
from ..stays.nights import night_bounds, tonight
from ..stays.presence import is_present
from ..units.models import Unit, UnitStatus
from ..units.scope import visible

# What may be drawn where anybody can stand: whether a home is empty is nobody's business (decisions 5.6).
WALL_SAFE = {
    "act": "unknown",
    "registered": "unknown",
    "empty": "unknown",
    "unknown": "unknown",
    "none": "none",
}


class DoorState(StrEnum):
    ACT = "act"
    REGISTERED = "registered"
    EMPTY = "empty"
    UNKNOWN = "unknown"
    NONE = "none"


@dataclass(frozen=True)
class Door:
    """One cell of the picture."""

    label: str
    state: str
    word: str = ""
    href: str | None = None


@dataclass
class Floor:
    label: str
    doors: list[Door] = field(default_factory=list)


@dataclass
class Building:
    """What the elevation macro draws; floors from the top."""

    name: str
    floors: list[Floor]
    note: str = ""
    uid: object = None


def elevations(actor: Actor, href, building: Place | None = None) -> list[Building]:
    """Every building in scope (or one), in five statements however many homes it has.

    `href(unit_uid)` makes the address of a door. Doors without a unit in scope are drawn as no unit.
    """
    units = _units(actor, building)
    if not units:
        return []
    places = _places({unit.door_id for unit in units} | {unit.building_id for unit in units})
    states = _states([unit.id for unit in units], actor)
    by_building: dict[int, list[Unit]] = defaultdict(list)
    for unit in units:
        by_building[unit.building_id].append(unit)
    drawn = [
        _draw(places[building_id], found, places, states, href) for building_id, found in by_building.items()
    ]
    return sorted(drawn, key=lambda one: one.name)


def _units(actor: Actor, building: Place | None) -> list[Unit]:
    query = visible(actor, Unit).where(Unit.status != UnitStatus.CLOSED, Unit.merged_into_id.is_(None))
    if building is not None:
        query = query.where(Unit.building_id == building.id)
    return session.scalars(query).all()


def _places(ids: set[int]) -> dict[int, Place]:
    """These places and the floors above the doors."""
    found = {place.id: place for place in session.scalars(select(Place).where(Place.id.in_(ids)))}
    parents = {place.parent_id for place in found.values()} - set(found) - {None}
    found |= {place.id: place for place in session.scalars(select(Place).where(Place.id.in_(parents)))}
    return found


def _states(unit_ids: list[int], actor: Actor) -> dict[int, tuple[DoorState, str]]:
    begins, ends = night_bounds(tonight())
    states: dict[int, tuple[DoorState, str]] = {}
    marks = select(NightMark.unit_id, NightMark.state).where(
        NightMark.unit_id.in_(unit_ids), NightMark.night_on == tonight()
    )
    for unit_id, mark in session.execute(marks):
        said = mark is NightState.EMPTY
        states[unit_id] = (DoorState.EMPTY, _("空")) if said else (DoorState.ACT, _("有客未登记"))
    registered = (
        select(Guest.unit_id, func.count())
        .join(Stay, Stay.id == Guest.stay_id)
        .where(Guest.unit_id.in_(unit_ids), is_present(clock.now()))
        .group_by(Guest.unit_id)
    )
    for unit_id, count in session.execute(registered):
        states[unit_id] = (DoorState.REGISTERED, _("在住 %(n)s 人", n=count))
    due = select(Stay.unit_id).where(
        Stay.unit_id.in_(unit_ids),
        Stay.ended_at.is_(None),
        Stay.cancelled_at.is_(None),
        Stay.checks_in_at >= begins,
        Stay.checks_in_at < ends,
    )
    for unit_id in session.scalars(due):
        states.setdefault(unit_id, (DoorState.ACT, _("今晚到，未登记")))
    for unit_id, count in session.execute(_alerts(unit_ids, actor)):
        states[unit_id] = (DoorState.ACT, _("预警 %(n)s 条", n=count))
    return states


def _alerts(unit_ids: list[int], actor: Actor):
    query = select(Alert.unit_id, func.count()).where(
        Alert.unit_id.in_(unit_ids), Alert.live_key.is_not(None), Alert.status != AlertStatus.CLOSED
    )
    if not actor.is_police and actor.role is not Role.LANDLORD:
        # Identity alerts are read by the roles in their turns only; a coloured door would tell of one.
        query = query.where(Alert.is_identity.is_(False))
    return query.group_by(Alert.unit_id)


def _draw(building: Place, units: list[Unit], places, states, href) -> Building:
    by_floor: dict[int, list[Unit]] = defaultdict(list)
    for unit in units:
        by_floor[places[unit.door_id].parent_id].append(unit)
    columns = max(len(found) for found in by_floor.values())
    floors = sorted((places[floor] for floor in by_floor), key=lambda place: -place.rank)
    drawn = []
    for floor in floors:
        found = sorted(by_floor[floor.id], key=lambda unit: places[unit.door_id].rank)
        doors = [_door(unit, places[unit.door_id], states, href) for unit in found]
        doors += [Door("", DoorState.NONE.value)] * (columns - len(doors))
        drawn.append(Floor(floor.name if floor.kind is PlaceKind.FLOOR else "", doors))
    return Building(building.name, drawn, _("%(n)s 套房源", n=len(units)), building.uid)


def _door(unit: Unit, door: Place, states, href) -> Door:
    state, word = states.get(unit.id, (DoorState.UNKNOWN, _("不明")))
    return Door(door.code, state.value, word, href(unit.uid))
