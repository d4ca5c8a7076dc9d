"""Grids inside compounds: nested, given buildings and single units, with their history."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, func, or_, select, update

from ..audit.service import record
from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import Model, session
from ..core.errors import Conflict, Invalid, NotFound
from ..core.i18n import _
from ..core.lookup import get_or_404
from .models import Grid, GridAssignment, GridKind, Place, PlaceKind
from .scope import below, end_of, in_force, visible
from .tree import chain_of

KEEPERS = (Role.SYSTEM_ADMIN, Role.COMMUNITY_OFFICER)


def list_grids(actor: Actor) -> Select:
    """The grids of the compounds in reach; a grid worker's are their own and those nested in them."""
    if actor.role is Role.GRID_WORKER:
        return select(Grid).where(Grid.id.in_(actor.grid_ids))
    compounds = visible(actor).with_only_columns(Place.id)
    return select(Grid).where(Grid.compound_id.in_(compounds))


def get_grid(actor: Actor, uid: UUID) -> Grid:
    return get_or_404(list_grids(actor), uid)


@allow(*KEEPERS)
def add_grid(actor: Actor, compound: Place, kind: GridKind, name: str, parent: Grid | None = None) -> Grid:
    """A grid inside a compound, perhaps inside a larger one. Raises Invalid."""
    grid = make_grid(compound, kind, name, parent)
    record(actor, "grid.add", grid, chain_of(compound), kind=kind)
    return grid


def make_grid(compound: Place, kind: GridKind, name: str, parent: Grid | None = None) -> Grid:
    if compound.kind is not PlaceKind.COMPOUND or (parent and parent.compound_id != compound.id):
        raise Invalid(errors={"parent": [_("网格须在同一个小区内")]})
    grid = Grid(kind=kind, name=name, parent_id=parent and parent.id, compound_id=compound.id, path="")
    session.add(grid)
    session.flush()
    grid.path = f"{parent.path if parent else '/'}{grid.id}/"
    session.flush()
    return grid


# --- who lies where -----------------------------------------------------------------------------------------


@allow(*KEEPERS)
def assign_building(actor: Actor, grid: Grid, building: Place) -> None:
    """From now on the building lies in this grid; its units and live alerts follow, single units stay."""
    if building.kind is not PlaceKind.BUILDING or building.parent_id != grid.compound_id:
        raise Invalid(errors={"building": [_("请选择网格所在小区的楼栋")]})
    give_building(grid, building)
    record(actor, "grid.assign", grid, chain_of(building), building=building.code)


def give_building(grid: Grid, building: Place, since: datetime | None = None) -> None:
    """The same without asking who may; for seeds."""
    _begin(GridAssignment.building_id == building.id, since, grid_id=grid.id, building_id=building.id)
    unit, alert = Model.metadata.tables["unit"], Model.metadata.tables["alert"]
    _rewrite_units(unit.c.building_id == building.id)
    # An alert without a unit (a lift, a corridor) follows the building itself.
    session.execute(
        update(alert)
        .where(alert.c.live_key.is_not(None), alert.c.unit_id.is_(None), below(alert.c.path, building.path))
        .values(grid_id=grid.id)
    )


@allow(*KEEPERS)
def assign_unit(actor: Actor, grid: Grid, unit_uid: UUID) -> None:
    """From now on this unit lies in a grid of its own choice; its own row wins over the building's."""
    unit = Model.metadata.tables["unit"]
    found = session.execute(
        select(unit.c.id, unit.c.community_id).where(
            unit.c.uid == unit_uid, unit.c.compound_id == grid.compound_id
        )
    ).one_or_none()
    if found is None:
        raise Invalid(errors={"unit": [_("请选择网格所在小区的房源")]})
    _begin(GridAssignment.unit_id == found.id, None, grid_id=grid.id, unit_id=found.id)
    _rewrite_units(unit.c.id == found.id)
    record(actor, "grid.assign", grid, f"place:{found.community_id}", unit=str(unit_uid))


@allow(*KEEPERS)
def end_building(actor: Actor, building: Place, on: date | None = None) -> None:
    """The building lies in no grid any more, since the end of a day or now. Raises Conflict, Invalid."""
    grid = _end(GridAssignment.building_id == building.id, on)
    unit, alert = Model.metadata.tables["unit"], Model.metadata.tables["alert"]
    _rewrite_units(unit.c.building_id == building.id)
    session.execute(
        update(alert)
        .where(alert.c.live_key.is_not(None), alert.c.unit_id.is_(None), below(alert.c.path, building.path))
        .values(grid_id=None)
    )
    record(actor, "grid.end", grid, chain_of(building), building=building.code)


@allow(*KEEPERS)
def end_unit(actor: Actor, unit_uid: UUID, on: date | None = None) -> None:
    """The unit has no grid of its own any more: it follows its building's again. Raises NotFound, Conflict."""
    unit = Model.metadata.tables["unit"]
    reach = visible(actor).with_only_columns(Place.id)
    found = session.execute(
        select(unit.c.id, unit.c.community_id).where(unit.c.uid == unit_uid, unit.c.building_id.in_(reach))
    ).one_or_none()
    if found is None:
        raise NotFound
    grid = _end(GridAssignment.unit_id == found.id, on)
    _rewrite_units(unit.c.id == found.id)
    record(actor, "grid.end", grid, f"place:{found.community_id}", unit=str(unit_uid))


def _end(same, on: date | None) -> Grid:
    live = session.scalar(select(GridAssignment).where(same, GridAssignment.valid_to.is_(None)))
    if live is None:
        raise Conflict(_("现在没有划入网格，无须移出"))
    live.valid_to = end_of(on, live.valid_from)
    session.flush()
    return session.get_one(Grid, live.grid_id)


def units_of_their_own(building: Place) -> list:
    """The units of a building that lie in a grid of their own: (uid, name, the grid's name)."""
    unit = Model.metadata.tables["unit"]
    query = (
        select(unit.c.uid, unit.c.name, Grid.name.label("grid_name"))
        .join(GridAssignment, GridAssignment.unit_id == unit.c.id)
        .join(Grid, Grid.id == GridAssignment.grid_id)
        .where(unit.c.building_id == building.id, *in_force(GridAssignment))
    )
    return list(session.execute(query.order_by(unit.c.name)))


def units_of(building: Place) -> list:
    """The units of a building that may be given a grid: (uid, name)."""
    unit = Model.metadata.tables["unit"]
    live = unit.c.building_id == building.id, unit.c.closed_at.is_(None)
    return list(session.execute(select(unit.c.uid, unit.c.name).where(*live).order_by(unit.c.name)))


def _begin(same, since: datetime | None, **row) -> None:
    at = since or clock.now()
    ended = update(GridAssignment).where(same, GridAssignment.valid_to.is_(None)).values(valid_to=at)
    session.execute(ended.execution_options(synchronize_session=False))
    session.add(GridAssignment(valid_from=at, **row))
    session.flush()


def _rewrite_units(which) -> None:
    """Write the present grid into these units and their live alerts; lists read it there without a join."""
    unit, alert = Model.metadata.tables["unit"], Model.metadata.tables["alert"]
    own = _present(GridAssignment.unit_id == unit.c.id)
    buildings = _present(GridAssignment.building_id == unit.c.building_id)
    session.execute(update(unit).where(which).values(grid_id=func.coalesce(own, buildings)))
    of_unit = select(unit.c.grid_id).where(unit.c.id == alert.c.unit_id).scalar_subquery()
    concerned = alert.c.unit_id.in_(select(unit.c.id).where(which))
    session.execute(update(alert).where(alert.c.live_key.is_not(None), concerned).values(grid_id=of_unit))


def _present(whose):
    query = select(func.max(GridAssignment.grid_id)).where(whose, GridAssignment.valid_to.is_(None))
    return query.scalar_subquery()


def grid_at(building_id: int, at: datetime, unit_id: int | None = None) -> Grid | None:
    """The grid in which a building, or a unit of it, lay at a moment; the unit's own row wins."""
    whose = GridAssignment.building_id == building_id
    if unit_id is not None:
        whose = or_(whose, GridAssignment.unit_id == unit_id)
    return session.scalar(
        select(Grid)
        .join(GridAssignment, GridAssignment.grid_id == Grid.id)
        .where(whose, *in_force(GridAssignment, at))
        .order_by(GridAssignment.unit_id.is_(None), GridAssignment.valid_from.desc())
        .limit(1)
    )


def buildings_of(grid: Grid) -> list[Place]:
    """The buildings that lie in a grid now."""
    return list(
        session.scalars(
            select(Place)
            .join(GridAssignment, GridAssignment.building_id == Place.id)
            .where(GridAssignment.grid_id == grid.id, *in_force(GridAssignment))
            .order_by(Place.rank, Place.code)
        )
    )
