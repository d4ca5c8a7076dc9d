"""A building as it stands tonight, door by door: known, occupied, not known, or in need of an act."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select

from ..alerts.models import Alert
from ..alerts.service import is_read_by
from ..core import clock
from ..core.access import Actor
from ..core.db import session
from ..core.i18n import _
from ..core.portable import among
from ..places.models import Place, PlaceKind
from ..stays.models import Guest, NightMark, NightState, Stay
from ..stays.nights import night_bounds, tonight
from ..stays.presence import is_present
from ..units.models import Unit, UnitStatus
from ..units.scope import visible


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
    units: int = 0
    uid: UUID | None = None

    @property
    def note(self) -> str:
        return _("%(n)s 套房源", n=self.units)

    @property
    def acts(self) -> int:
        """How many of its doors need somebody to do something."""
        return sum(door.state == DoorState.ACT for floor in self.floors for door in floor.doors)


def neediest(buildings: list[Building], uid: UUID | None = None) -> Building | None:
    """The building somebody asked for, else the one where most is to be done."""
    asked = [building for building in buildings if building.uid == uid]
    return next(iter(asked), None) or max(buildings, key=lambda building: building.acts, default=None)


def elevations(actor: Actor, href: Callable[[UUID], str]) -> list[Building]:
    """Every building in scope, in seven statements however many homes it has.

    `href(unit_uid)` makes the address of a door. Doors without a unit in scope are drawn as no unit.
    """
    query = visible(actor, Unit).where(Unit.status != UnitStatus.CLOSED, Unit.merged_into_id.is_(None))
    units = session.scalars(query).all()
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
    return sorted(drawn, key=lambda one: (len(one.name), one.name))


def _places(ids: set[int]) -> dict[int, Place]:
    """These places and the floors above the doors."""
    found = {place.id: place for place in session.scalars(select(Place).where(Place.id.in_(ids)))}
    parents = {place.parent_id for place in found.values()} - set(found) - {None}
    found |= {place.id: place for place in session.scalars(select(Place).where(Place.id.in_(parents)))}
    return found


def _states(unit_ids: list[int], actor: Actor) -> dict[int, tuple[DoorState, str]]:
    """Unit → how its door stands; what is said later here outweighs what was said before."""
    return _marked(unit_ids) | _planned(unit_ids) | _registered(unit_ids) | _alerted(unit_ids, actor)


def _marked(unit_ids: list[int]) -> dict[int, tuple[DoorState, str]]:
    marks = select(NightMark.unit_id, NightMark.state).where(
        among(NightMark.unit_id, unit_ids), NightMark.night_on == tonight()
    )
    words = {
        NightState.EMPTY: (DoorState.EMPTY, _("空")),
        NightState.OCCUPIED: (DoorState.ACT, _("有客未登记")),
    }
    return {unit_id: words[mark] for unit_id, mark in session.execute(marks)}


def _planned(unit_ids: list[int]) -> dict[int, tuple[DoorState, str]]:
    """Stays that go on or begin tonight; where their guests are registered, that is said instead."""
    gone = select(Guest.id).where(
        Guest.stay_id == Stay.id, Guest.voided_at.is_(None), Guest.left_at.is_not(None)
    )
    open_now = select(Stay.unit_id).where(
        among(Stay.unit_id, unit_ids),
        Stay.ended_at.is_(None),
        Stay.cancelled_at.is_(None),
        Stay.checks_in_at < night_bounds(tonight())[1],
        ~gone.exists(),
    )
    return {unit_id: (DoorState.ACT, _("有客未登记")) for unit_id in session.scalars(open_now)}


def _registered(unit_ids: list[int]) -> dict[int, tuple[DoorState, str]]:
    registered = (
        select(Guest.unit_id, func.count())
        .join(Stay, Stay.id == Guest.stay_id)
        .where(among(Guest.unit_id, unit_ids), is_present(clock.now()))
        .group_by(Guest.unit_id)
    )
    said = session.execute(registered)
    return {unit_id: (DoorState.REGISTERED, _("在住 %(n)s 人", n=count)) for unit_id, count in said}


def _alerted(unit_ids: list[int], actor: Actor) -> dict[int, tuple[DoorState, str]]:
    """Only what the actor's role reads: a coloured door would tell of an alert as well as its text."""
    query = (
        select(Alert.unit_id, func.count())
        .where(among(Alert.unit_id, unit_ids), Alert.live_key.is_not(None), is_read_by(actor.role))
        .group_by(Alert.unit_id)
    )
    said = session.execute(query)
    return {unit_id: (DoorState.ACT, _("预警 %(n)s 条", n=count)) for unit_id, count in said}


def _draw(building: Place, units: list[Unit], places, states, href) -> Building:
    """Floors from the top, doors one above the other as they lie; a gap where a home is no unit."""
    columns = _columns(units, places)
    by_floor: dict[int, dict[tuple, Door]] = defaultdict(dict)
    for unit in units:
        door = places[unit.door_id]
        state, word = states.get(unit.id, (DoorState.UNKNOWN, _("不明")))
        drawn = Door(door.code, state.value, word, href(unit.uid))
        by_floor[door.parent_id][_column(door, places)] = drawn
    gap = Door("", DoorState.NONE.value)
    floors = sorted((places[floor] for floor in by_floor), key=lambda place: -place.rank)
    drawn_floors = []
    for floor in floors:
        doors = [by_floor[floor.id].get(column, gap) for column in columns]
        drawn_floors.append(Floor(floor.name if floor.kind is PlaceKind.FLOOR else "", doors))
    return Building(building.name, drawn_floors, len(units), building.uid)


def _columns(units: list[Unit], places) -> list[tuple]:
    return sorted({_column(places[unit.door_id], places) for unit in units})


def _column(door: Place, places) -> tuple:
    """Where a door lies on its floor: 1203 third on the twelfth, 2-1203 third of the second entrance."""
    entrance, _dash, number = door.code.rpartition("-")
    place = number.removeprefix(str(places[door.parent_id].rank))
    return len(entrance), entrance, len(place), place
