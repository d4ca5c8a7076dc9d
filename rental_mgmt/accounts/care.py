"""Who looks after whose account: desk and place people after those of their place, administrators in pairs.

Party and place are tied together by units, which live upstairs: only their table is known here.
"""

from datetime import timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, false, or_, select

from ..core import clock
from ..core.access import DESK_ROLES, Actor, Role
from ..core.db import Model
from ..places.models import Grid, Place
from .models import Membership, OneTimeCode, Party, User
from .scope import below

INVITED_LATELY = timedelta(days=30)
ADMINS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN})
# Whom a role may invite, reset and disable. Administrators never act alone (confirming.py).
LOOKS_AFTER: dict[Role, frozenset[Role]] = {
    Role.LANDLORD: frozenset({Role.HELPER}),
    Role.PROPERTY_MANAGER: frozenset({Role.LANDLORD, Role.HELPER, Role.GRID_WORKER}),
    Role.COMMUNITY_OFFICER: frozenset({Role.LANDLORD, Role.HELPER, Role.GRID_WORKER, Role.PROPERTY_MANAGER}),
    Role.SYSTEM_ADMIN: DESK_ROLES | {Role.PROPERTY_MANAGER},
    Role.SECURITY_ADMIN: DESK_ROLES | {Role.PROPERTY_MANAGER},
}


def looked_after(actor: Actor) -> Select:
    """The users whose accounts the actor looks after: a role in reach, and none that is beyond the actor."""
    roles = LOOKS_AFTER.get(actor.role, frozenset())
    mine = and_(Membership.user_id == User.id, Membership.role.in_(roles), _live(), _in_reach(actor))
    beyond = and_(Membership.user_id == User.id, Membership.role.not_in(roles), _live())
    # Whoever was invited lately has perhaps no unit yet that would tie them to a place.
    asked = and_(
        OneTimeCode.user_id == User.id,
        OneTimeCode.made_by_id == actor.user_id,
        OneTimeCode.created_at > clock.real_now() - INVITED_LATELY,
    )
    return select(User).where(
        User.id != actor.user_id,
        or_(exists().where(mine), exists().where(asked)),
        ~exists().where(beyond),
    )


def _live() -> ColumnElement[bool]:
    return or_(Membership.valid_to.is_(None), Membership.valid_to > clock.now())


def _in_reach(actor: Actor) -> ColumnElement[bool]:
    if actor.role in ADMINS:
        return Membership.id.is_not(None)
    if actor.role is Role.LANDLORD:
        return Membership.party_id.in_(actor.party_ids)
    return or_(
        Membership.place_id.in_(select(Place.id).where(below_any(actor, Place.path))),
        Membership.grid_id.in_(select(grids_in_reach(actor).subquery().c.id)),
        Membership.party_id.in_(select(parties_in_reach(actor).subquery().c.id)),
    )


def below_any(actor: Actor, path: ColumnElement) -> ColumnElement[bool]:
    return or_(false(), *(below(path, prefix) for prefix in actor.paths))


def grids_in_reach(actor: Actor) -> Select:
    """The grids of the compounds that the actor's places hold."""
    return select(Grid).join(Place, Place.id == Grid.compound_id).where(below_any(actor, Place.path))


def parties_in_reach(actor: Actor) -> Select:
    """A landlord's own parties; for desk and place people those with a unit in their place."""
    if actor.role is Role.LANDLORD:
        return select(Party).where(Party.id.in_(actor.party_ids))
    unit = Model.metadata.tables["unit"]
    return select(Party).where(Party.id.in_(select(unit.c.party_id).where(below_any(actor, unit.c.path))))
