"""The landlord's evening: one tile a unit, and what was said about a night. Not known is a state of its own."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select

from ..audit.service import record
from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import dialect_insert, session
from ..core.errors import Invalid, NotFound
from ..core.i18n import _, lazy
from ..core.touch import Kind, touch
from ..units.models import Unit, UnitStatus
from ..units.scope import visible
from .models import Guest, NightMark, NightState, Stay

NOON, MORNING = time(12), time(6)
FLOOR = re.compile(r"\s\S{1,3}层\s")


class Tile(StrEnum):
    """How a unit stands on a night."""

    REGISTERED = "registered"
    INCOMPLETE = "incomplete"
    UNREGISTERED = "unregistered"
    EMPTY = "empty"
    NOT_KNOWN = "not_known"

    @property
    def label(self):
        return TILE_LABELS[self]


TILE_LABELS = {
    Tile.REGISTERED: lazy("已登记"),
    Tile.INCOMPLETE: lazy("待补全"),
    Tile.UNREGISTERED: lazy("有客未登记"),
    Tile.EMPTY: lazy("空"),
    Tile.NOT_KNOWN: lazy("不明"),
}


@dataclass(frozen=True)
class UnitNight:
    """One unit on one night: its tile, how many are registered or planned, its stay (of several the last)."""

    unit: Unit
    tile: Tile
    registered: int
    planned: int
    stay: Stay | None
    several: bool = False

    @property
    def title(self) -> str:
        """What fits on a tile: the nickname, or the name without the floor, which the door says too."""
        return self.unit.nickname or FLOOR.sub(" ", self.unit.name)

    @property
    def needs_act(self) -> bool:
        return self.tile in (Tile.UNREGISTERED, Tile.INCOMPLETE)


def tonight() -> date:
    """The local day the present night belongs to: until noon it is still yesterday's."""
    at = clock.now().astimezone(clock.LOCAL)
    return at.date() if at.time() >= NOON else at.date() - timedelta(days=1)


def night_bounds(night_on: date) -> tuple[datetime, datetime]:
    """From noon, when a night's guests begin to come, to six in the morning, when the next day's do."""
    return clock.local_time(night_on, NOON), clock.local_time(night_on + timedelta(days=1), MORNING)


def tiles(actor: Actor, night_on: date) -> list[UnitNight]:
    """Every unit of the landlord with how it stands on a night; four statements for any number of units."""
    wanted = (UnitStatus.DRAFT, UnitStatus.ACTIVE, UnitStatus.SUSPENDED)
    units = session.scalars(visible(actor, Unit).where(Unit.status.in_(wanted)).order_by(Unit.name)).all()
    ids = [unit.id for unit in units]
    stays = _stays(ids, night_on)
    guests = _guests([stay.id for found in stays.values() for stay in found], night_on)
    marks = dict(
        session.execute(
            select(NightMark.unit_id, NightMark.state).where(
                NightMark.unit_id.in_(ids), NightMark.night_on == night_on
            )
        ).all()
    )
    return [_tile(unit, stays.get(unit.id, []), guests, marks.get(unit.id)) for unit in units]


def _midnight(night_on: date) -> datetime:
    """Who left before midnight did not stay that night."""
    return clock.local_time(night_on + timedelta(days=1), time(0))


def _stays(unit_ids: list[int], night_on: date) -> dict[int, list[Stay]]:
    """The stays of a night; one that began this morning is shown with the night that still goes on."""
    ends = night_bounds(night_on)[1]
    if night_on == tonight():
        ends = max(ends, clock.now())
    found: dict[int, list[Stay]] = {}
    query = select(Stay).where(
        Stay.unit_id.in_(unit_ids),
        Stay.cancelled_at.is_(None),
        Stay.checks_in_at <= ends,
        Stay.ended_at.is_(None) | (Stay.ended_at > _midnight(night_on)),
    )
    for stay in session.scalars(query.order_by(Stay.checks_in_at)):
        found.setdefault(stay.unit_id, []).append(stay)
    return found


def _guests(stay_ids: list[int], night_on: date) -> dict[int, Counter]:
    """Stay → how many guests are complete, incomplete, or gone again; the void ones aside."""
    found: dict[int, Counter] = {}
    query = select(Guest.stay_id, Guest.missing, Guest.left_at).where(
        Guest.stay_id.in_(stay_ids), Guest.voided_at.is_(None)
    )
    for stay_id, missing, left_at in session.execute(query):
        is_gone = left_at is not None and left_at <= _midnight(night_on)
        state = "gone" if is_gone else "incomplete" if missing else "complete"
        found.setdefault(stay_id, Counter())[state] += 1
    return found


def _tile(unit: Unit, stays: list[Stay], guests: dict[int, Counter], mark: NightState | None) -> UnitNight:
    there = [stay for stay in stays if not _all_gone(guests.get(stay.id))]
    counts = sum((guests.get(stay.id, Counter()) for stay in there), Counter())
    registered, planned = counts["complete"] + counts["incomplete"], sum(s.planned_guests or 0 for s in there)
    if registered:
        is_short = planned > counts.total()
        tile = Tile.INCOMPLETE if counts["incomplete"] or is_short else Tile.REGISTERED
    elif there or mark is NightState.OCCUPIED:
        tile = Tile.UNREGISTERED
    else:
        tile = Tile.EMPTY if mark is NightState.EMPTY else Tile.NOT_KNOWN
    shown = there or stays
    return UnitNight(unit, tile, registered, planned, shown[-1] if shown else None, len(shown) > 1)


def _all_gone(counts: Counter | None) -> bool:
    """Has everybody left who was registered, though nobody has ended the stay?"""
    return bool(counts) and counts["gone"] == counts.total()


@allow(Role.LANDLORD, Role.HELPER)
def mark_night(actor: Actor, unit: Unit, night_on: date, state: NightState) -> None:
    """Say that a unit is empty or occupied on a night; said again, the later word counts."""
    _check_night(night_on)
    _say(actor, [unit], night_on, state)


def _check_night(night_on: date) -> None:
    if not tonight() - timedelta(days=7) <= night_on <= tonight() + timedelta(days=1):
        raise Invalid(errors={"night_on": [_("只能标记最近七天和今晚")]})


@allow(Role.LANDLORD, Role.HELPER)
def same_as_yesterday(actor: Actor, night_on: date) -> int:
    """Carry yesterday's “empty” over to every unit that is still not known tonight; returns how many."""
    before = {night.unit.id for night in tiles(actor, night_on - timedelta(days=1)) if night.tile is Tile.EMPTY}
    units = [
        night.unit
        for night in tiles(actor, night_on)
        if night.tile is Tile.NOT_KNOWN and night.unit.id in before
    ]
    if units:
        _say(actor, units, night_on, NightState.EMPTY)
    return len(units)


def _say(actor: Actor, units: list[Unit], night_on: date, state: NightState) -> None:
    said = {"night_on": night_on, "state": state, "said_at": clock.now(), "said_by_id": actor.user_id}
    made = dialect_insert(NightMark).values([said | {"unit_id": unit.id} for unit in units])
    renewed = {name: made.excluded[name] for name in ("state", "said_at", "said_by_id")}
    session.execute(made.on_conflict_do_update(index_elements=["unit_id", "night_on"], set_=renewed))
    touch(*((Kind.UNIT, unit.id) for unit in units))
    for unit in units:
        record(actor, "night.mark", unit, chain=unit.chain, night_on=night_on, state=state.value)


@allow(Role.LANDLORD, Role.HELPER)
def mark_tonight(actor: Actor, said: dict[UUID, NightState], night_on: date | None = None) -> int:
    """Say several units at once, as the evening's tiles do; returns how many. Out of scope is not found.

    `night_on`: the night that the page spoke of, which may be over when it comes back.
    """
    night_on = night_on or tonight()
    _check_night(night_on)
    units = session.scalars(visible(actor, Unit).where(Unit.uid.in_(said))).all()
    if len(units) != len(said):
        raise NotFound
    for state in NightState:
        if chosen := [unit for unit in units if said[unit.uid] is state]:
            _say(actor, chosen, night_on, state)
    return len(units)
