"""As whom the demo does something: the actors of the cast and of landlords, as a session would make them."""

from uuid import UUID

from sqlalchemy import select

from ..accounts.actors import memberships_of, reach
from ..accounts.models import Membership, User
from ..core import clock
from ..core.access import Actor, Role
from ..core.db import session
from ..core.seal import fingerprint
from .cast import Player


def actor_of(one: Player) -> Actor:
    """One of the cast, with what the role is over now."""
    by_phone = one.sign_in_name is None
    named = (
        User.phone_fp == fingerprint("phone", one.phone) if by_phone else User.sign_in_name == one.sign_in_name
    )
    user = session.execute(select(User.id, User.uid).where(named)).one()
    return _acting(user.id, user.uid, one.role)


def landlord_of(party_id: int) -> Actor:
    """Whoever acts for a party."""
    query = select(User.id, User.uid).join(Membership, Membership.user_id == User.id)
    theirs = Membership.party_id == party_id, Membership.role == Role.LANDLORD
    user = session.execute(query.where(*theirs).order_by(User.id).limit(1)).one()
    return _acting(user.id, user.uid, Role.LANDLORD)


def _acting(user_id: int, uid: UUID, role: Role) -> Actor:
    rows = [row for row in memberships_of(user_id) if row.held_role is role]
    return Actor(user_id, uid, role, **reach(rows), verified_at=clock.real_now())
