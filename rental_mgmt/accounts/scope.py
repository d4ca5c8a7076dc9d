"""Which rows an actor reaches, said once over the four columns that say where a row belongs."""

from sqlalchemy import ColumnElement, false, or_

from ..core.access import PARTY_ROLES, POLICE_ROLES, Actor, Role
from ..places.scope import below

__all__ = ["below", "within"]


def within(actor: Actor, model) -> ColumnElement[bool]:
    """The rows of a model (with path, grid_id, station_id, party_id) that the actor's memberships reach."""
    if actor.role in PARTY_ROLES:
        return _among(model.party_id, actor.party_ids)
    if actor.role is Role.GRID_WORKER:
        return _among(model.grid_id, actor.grid_ids)
    if actor.role in POLICE_ROLES:
        return _among(model.station_id, actor.station_ids)
    if actor.role in (Role.PROPERTY_MANAGER, Role.COMMUNITY_OFFICER):
        return or_(false(), *(below(model.path, prefix) for prefix in actor.paths))
    return false()


def _among(column, ids: tuple[int, ...]) -> ColumnElement[bool]:
    if len(ids) == 1:
        return column == ids[0]
    return column.in_(ids) if ids else false()
