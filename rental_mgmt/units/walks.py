"""A grid worker's walk past the doors of a floor, and the liaison's one decision on what it found as filed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased, contains_eager

from ..accounts.scope import within
from ..audit.service import record
from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import session
from ..core.errors import Conflict, Invalid
from ..core.i18n import _
from ..core.lookup import get_or_404
from ..places.models import Place, PlaceKind
from ..places.scope import below
from ..places.tree import ids_of
from .activation import decide_filings
from .filing import mark_checked
from .models import UNDER_REVIEW, CheckResult, Filing, FilingStatus, FloorCheck, FloorList, Unit, UnitStatus
from .scope import visible

WALKED = (PlaceKind.BUILDING, PlaceKind.FLOOR)
MOST_DOORS = 300


@dataclass(frozen=True)
class Seen:
    """What was seen at one door."""

    unit: UUID
    result: CheckResult
    note: str | None = None


# --- the walk -----------------------------------------------------------------------------------------------


@allow(Role.GRID_WORKER)
def list_walkable(actor: Actor) -> list[Place]:
    """The buildings and floors with units of the actor's grid, as a person counts them."""
    paths = session.scalars(select(Unit.path).where(within(actor, Unit), *_stands()))
    ids = {key for path in paths for key in ids_of(path)}
    found = session.scalars(select(Place).where(Place.id.in_(ids), Place.kind.in_(WALKED)))
    return sorted(found, key=lambda place: (place.path.rpartition(f"{place.id}/")[0], place.rank, place.name))


@allow(Role.GRID_WORKER)
def count_submitted(actor: Actor) -> Counter[int]:
    """How many filings of the actor's grid wait for a check in each building and on each floor, by place id."""
    waiting = select(Unit.path).join(Filing, Filing.unit_id == Unit.id)
    paths = session.scalars(
        waiting.where(within(actor, Unit), Filing.status == FilingStatus.SUBMITTED, *_stands())
    )
    return Counter(key for path in paths for key in ids_of(path))


@allow(Role.GRID_WORKER)
def get_walkable(actor: Actor, uid: UUID) -> Place:
    """A floor or building in which the actor's grid has units; anything else is 404."""
    place = get_or_404(select(Place).where(Place.kind.in_(WALKED)), uid)
    here = visible(actor, Unit).where(below(Unit.path, place.path)).limit(1)
    return get_or_404(select(Place).where(Place.id == place.id, here.with_only_columns(Unit.id).exists()), uid)


def list_doors(actor: Actor, place: Place) -> Select:
    """The units to look at on this walk, floor by floor."""
    return _floor_by_floor(visible(actor, Unit).where(below(Unit.path, place.path), *_stands()))


def _floor_by_floor(query: Select) -> Select:
    door, floor = aliased(Place), aliased(Place)
    placed = query.join(door, door.id == Unit.door_id).join(floor, floor.id == door.parent_id)
    return placed.order_by(Unit.building_id, floor.rank, door.rank, door.code, Unit.id)


def _stands() -> tuple:
    return Unit.status != UnitStatus.CLOSED, Unit.merged_into_id.is_(None)


def list_doors_with_filings(actor: Actor, place: Place) -> list[tuple[Unit, FilingStatus | None]]:
    """The units of this walk, each with the state of the filing that is open."""
    units = list(session.scalars(list_doors(actor, place)))
    open_states = select(Filing.unit_id, Filing.status).where(
        Filing.unit_id.in_([unit.id for unit in units]), Filing.status.in_(UNDER_REVIEW)
    )
    states = dict(session.execute(open_states).all())
    return [(unit, states.get(unit.id)) for unit in units]


@allow(Role.GRID_WORKER)
def record_walk(actor: Actor, place: Place, seen: Sequence[Seen], note: str | None = None) -> FloorList:
    """Keep what one walk saw; what stands as filed is checked by it, all at once."""
    if not seen:
        raise Conflict(_("还没有选任何一户的核对结果"))
    units = {unit.uid: unit for unit in session.scalars(list_doors(actor, place))}
    _refuse_odd(seen, units)
    filings = _submitted([units[one.unit].id for one in seen])
    walk = FloorList(place_id=place.id, walked_by_id=actor.user_id, walked_at=clock.now(), note=note)
    session.add(walk)
    session.flush()
    session.add_all(_check_of(walk, one, units[one.unit], filings) for one in seen)
    session.flush()
    as_filed = {units[one.unit].id for one in seen if one.result is CheckResult.AS_FILED}
    checked = [filing for unit_id, filing in filings.items() if unit_id in as_filed]
    if checked:
        mark_checked(actor, checked)
    chain = units[seen[0].unit].chain
    record(actor, "floor_list.record", walk, chain=chain, doors=len(seen), checked=len(checked))
    return walk


def _refuse_odd(seen: Sequence[Seen], units: dict[UUID, Unit]) -> None:
    errors = {}
    for n, one in enumerate(seen):
        if one.unit not in units:
            errors[f"checks[{n}].unit"] = [_("这套房源不在本次核对的范围内")]
        if one.result is CheckResult.DIFFERS and not one.note:
            errors[f"checks[{n}].note"] = [_("请写明哪里与申请不一致")]
    if len({one.unit for one in seen}) != len(seen) or len(seen) > MOST_DOORS:
        errors["checks"] = [_("同一套房源只能核对一次，一次最多 %(n)s 套", n=MOST_DOORS)]
    if errors:
        raise Invalid(errors=errors)


def _submitted(unit_ids: list[int]) -> dict[int, Filing]:
    query = (
        select(Filing)
        .join(Unit, Unit.id == Filing.unit_id)
        .options(contains_eager(Filing.unit))
        .where(Filing.unit_id.in_(unit_ids), Filing.status == FilingStatus.SUBMITTED)
        .order_by(Filing.id)
        .with_for_update(of=Filing, key_share=True)
        .execution_options(populate_existing=True)
    )
    return {filing.unit_id: filing for filing in session.scalars(query)}


def _check_of(walk: FloorList, seen: Seen, unit: Unit, filings: dict[int, Filing]) -> FloorCheck:
    filing = filings.get(unit.id)
    return FloorCheck(
        floor_list_id=walk.id,
        unit_id=unit.id,
        filing_id=filing and filing.id,
        result=seen.result,
        note=seen.note,
    )


# --- the list, and its one decision -------------------------------------------------------------------------


def list_floor_lists(actor: Actor) -> Select:
    """The walks that saw a unit in scope; page them by (walked_at desc, uid)."""
    seen = visible(actor, FloorCheck).where(FloorCheck.floor_list_id == FloorList.id)
    return select(FloorList).where(seen.with_only_columns(FloorCheck.id).exists())


def get_floor_list(actor: Actor, uid: UUID) -> FloorList:
    return get_or_404(list_floor_lists(actor), uid)


def list_checks(actor: Actor, walk: FloorList) -> list[tuple[FloorCheck, Unit, FilingStatus | None]]:
    """What the walk saw, door by door, with the state of each filing now."""
    query = (
        visible(actor, FloorCheck)
        .outerjoin(Filing, Filing.id == FloorCheck.filing_id)
        .where(FloorCheck.floor_list_id == walk.id)
        .with_only_columns(FloorCheck, Unit, Filing.status)
    )
    return [tuple(row) for row in session.execute(_floor_by_floor(query))]


def names_of(lists: Sequence[FloorList]) -> dict[int, str]:
    """What each list walked past, such as 1栋 12层, by the id of its place."""
    upper = aliased(Place)
    query = (
        select(Place.id, Place.kind, Place.name, upper.name.label("upper"))
        .join(upper, upper.id == Place.parent_id)
        .where(Place.id.in_([walk.place_id for walk in lists]))
    )
    return {row.id: f"{row.upper} {row.name}" for row in session.execute(query)}


def open_counts(lists: Sequence[FloorList]) -> dict[int, int]:
    """How many filings of each list wait for the liaison."""
    query = (
        select(FloorCheck.floor_list_id, func.count())
        .join(Filing, Filing.id == FloorCheck.filing_id)
        .where(FloorCheck.floor_list_id.in_([walk.id for walk in lists]), _waits())
        .group_by(FloorCheck.floor_list_id)
    )
    return dict(session.execute(query).all())


def _waits():
    return (FloorCheck.result == CheckResult.AS_FILED) & (Filing.status == FilingStatus.CHECKED)


@allow(Role.POLICE_LIAISON)
def decide_list(actor: Actor, walk: FloorList) -> list[Filing]:
    """Decide all filings of a walk that were found as filed, in one operation; returns those decided.

    Left for a look one by one: a door that another active unit answers for. Raises Conflict when nothing waits.
    """
    query = (
        visible(actor, Filing)
        .options(contains_eager(Filing.unit))
        .join(FloorCheck, FloorCheck.filing_id == Filing.id)
        .where(FloorCheck.floor_list_id == walk.id, _waits())
        .order_by(Filing.id)
    )
    decided = decide_filings(list(session.scalars(query)), actor)
    if not decided:
        raise Conflict(_("这张核对单上没有可以一次办结的备案，可能刚被他人办结"))
    chain = decided[0].unit.chain
    record(actor, "floor_list.decide", walk, chain=chain, filings=len(decided))
    return decided
