"""Whom a change of a unit concerns: the users who reach it in some roles now, to be told of it."""

from collections.abc import Collection, Iterable

from sqlalchemy import ColumnElement, and_, or_, select

from ..accounts.models import Membership, User, UserStatus
from ..core import clock
from ..core.access import PARTY_ROLES, POLICE_ROLES, Role
from ..core.db import session
from ..places.models import Grid
from ..places.tree import ids_of
from .models import Unit


def users_of(units: Collection[Unit], *roles: Role) -> list[int]:
    """The ids of the active users who reach any of these units in one of these roles, each once."""
    at = clock.now()
    query = (
        select(Membership.user_id)
        .join(User, User.id == Membership.user_id)
        .where(
            or_(*(and_(Membership.role == role, _reaches(role, units)) for role in roles)),
            Membership.valid_from <= at,
            or_(Membership.valid_to.is_(None), Membership.valid_to > at),
            Membership.awaits_confirmation.is_(False),
            User.status == UserStatus.ACTIVE,
        )
        .distinct()
    )
    return sorted(session.scalars(query))


def _reaches(role: Role, units: Collection[Unit]) -> ColumnElement[bool]:
    if role in PARTY_ROLES:
        return Membership.party_id.in_(_ids(unit.party_id for unit in units))
    if role is Role.GRID_WORKER:
        return Membership.grid_id.in_(_with_those_above(_ids(unit.grid_id for unit in units)))
    if role in POLICE_ROLES:
        return Membership.station_id.in_(_ids(unit.station_id for unit in units))
    return Membership.place_id.in_(_along(unit.path for unit in units))


def _ids(found) -> set[int]:
    return set(found) - {None}


def _with_those_above(grid_ids: set[int]) -> set[int]:
    """Grids nest: whoever has the general grid is concerned by what happens in a micro grid."""
    if not grid_ids:
        return set()
    return _along(session.scalars(select(Grid.path).where(Grid.id.in_(grid_ids))))


def _along(paths: Iterable[str]) -> set[int]:
    return {key for path in paths for key in ids_of(path)}
