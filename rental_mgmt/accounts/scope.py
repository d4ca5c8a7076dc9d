"""Which rows an actor reaches, said once over the four columns that say where a row belongs."""

from sqlalchemy import ColumnElement, and_, false, or_

from ..core.access import PARTY_ROLES, POLICE_ROLES, Actor, Role

# The character after "/" in byte order: "/4/" ≤ path < "/40" is exactly the subtree of "/4/".
AFTER_SLASH = "0"


def below(path: ColumnElement, prefix: str) -> ColumnElement[bool]:
    """Is this path the place with that path, or below it? A range, so that an index serves it."""
    return and_(path >= prefix, path < prefix[:-1] + AFTER_SLASH)


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
