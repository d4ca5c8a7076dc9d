"""What neighbours ask an operator or the property desk to hear; who left a message is never shown or known."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, func, or_, select

from ..accounts.models import Membership, User, UserStatus
from ..accounts.scope import within
from ..audit.service import record, record_access
from ..core import clock, keys
from ..core.access import SYSTEM, Actor, Role, allow
from ..core.db import new_uid, session
from ..core.errors import TooMany
from ..core.i18n import _, lazy
from ..core.lookup import get_or_404
from ..core.seal import Retention, Where, seal, unseal_or_none
from .models import NeighbourMessage, Whereabouts
from .service import in_both, notify

# How many a visitor may leave, and how many may be left at one building, whoever leaves them.
PER_VISITOR = ((timedelta(hours=1), 3), (timedelta(days=1), 8))
PER_BUILDING = ((timedelta(hours=1), 30),)


@dataclass(frozen=True)
class Addressed:
    """What a message is about: a building, or one unit in it with the party that runs it.

    `path` is the building's or the unit's; `community_id` chooses the audit chain.
    """

    building_id: int
    path: str
    community_id: int
    unit_id: int | None = None
    party_id: int | None = None


def leave_message(visitor: str, about: Addressed, whereabouts: Whereabouts, text: str) -> NeighbourMessage:
    """Keep a neighbour's message and tell the operator (where a unit is named) and the property desk.

    `visitor` is the browser's random name, kept only as a keyed hash to count by. Raises TooMany.
    """
    fp = keys.keyed_hash("visitor", visitor.encode())[:16]
    _refuse_too_many(NeighbourMessage.visitor_fp == fp, PER_VISITOR)
    _refuse_too_many(NeighbourMessage.building_id == about.building_id, PER_BUILDING)
    uid = new_uid()
    message = NeighbourMessage(
        uid=uid,
        building_id=about.building_id,
        community_id=about.community_id,
        unit_id=about.unit_id,
        path=about.path,
        party_id=about.party_id,
        whereabouts=whereabouts,
        text_sealed=seal(text, _where(uid), Retention.CASE),
        visitor_fp=fp,
        created_at=clock.now(),
    )
    session.add(message)
    title, said = lazy("有邻居留言，请尽快查看并处理"), in_both(where=whereabouts.label)
    notify(_hearers(about), "neighbour.message", title, lazy("方位：%(where)s"), f"/messages/{uid}", **said)
    record(SYSTEM, "neighbour_message.leave", message, message.chain, whereabouts=whereabouts)
    return message


def _refuse_too_many(whose, limits) -> None:
    now = clock.now()
    for span, most in limits:
        left = select(func.count()).where(whose, NeighbourMessage.created_at > now - span)
        if session.scalar(left.select_from(NeighbourMessage)) >= most:
            raise TooMany(
                _("留言太频繁，请稍后再试；紧急情况请拨打 110 或物业值班电话"), int(span.total_seconds())
            )


def _hearers(about: Addressed) -> list[int]:
    """The property managers of the place, and the landlords of the unit's party."""
    at = clock.now()
    above = [int(key) for key in about.path.split("/") if key]
    desk = (Membership.role == Role.PROPERTY_MANAGER) & Membership.place_id.in_(above)
    operator = (Membership.role == Role.LANDLORD) & (Membership.party_id == about.party_id)
    return list(
        session.scalars(
            select(Membership.user_id)
            .join(User, User.id == Membership.user_id)
            .where(
                or_(desk, operator) if about.party_id else desk,
                Membership.valid_from <= at,
                or_(Membership.valid_to.is_(None), Membership.valid_to > at),
                Membership.awaits_confirmation.is_(False),
                User.status == UserStatus.ACTIVE,
            )
        )
    )


# --- reading ------------------------------------------------------------------------------------------------

HEARERS = (Role.LANDLORD, Role.PROPERTY_MANAGER, Role.COMMUNITY_OFFICER)


@allow(*HEARERS)
def list_messages(actor: Actor) -> Select:
    """The messages about the actor's units or left in the actor's compound; the door pages them."""
    return select(NeighbourMessage).where(within(actor, NeighbourMessage))


@allow(*HEARERS)
def get_message(actor: Actor, uid: UUID) -> NeighbourMessage:
    return get_or_404(list_messages(actor), uid)


@allow(*HEARERS)
def read_text(actor: Actor, message: NeighbourMessage) -> str | None:
    """What the neighbour wrote; None once it was erased. The look is recorded."""
    record_access(actor, "neighbour_message.read", message, message.chain)
    return unseal_or_none(message.text_sealed, _where(message.uid))


def _where(uid: UUID) -> Where:
    return Where("neighbour_message", "text_sealed", uid)
