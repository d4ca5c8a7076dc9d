"""Duty contacts of a building: people who agreed to stand on its public page, with hours, never with a door."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from ..audit.service import record
from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import new_uid, session
from ..core.errors import Invalid, NotFound
from ..core.i18n import _
from ..core.seal import Retention, Where, seal, unseal_or_none
from .models import DutyContact, Place, PlaceKind
from .tree import chain_of


@dataclass(frozen=True)
class Shown:
    """One contact as the public page shows it."""

    uid: UUID
    name: str
    duty: str
    hours: str
    public_phone: str | None
    is_own: bool = False


@allow(Role.PROPERTY_MANAGER, Role.GRID_WORKER, Role.COMMUNITY_OFFICER)
def agree_to_be_shown(
    actor: Actor, building: Place, name: str, duty: str, hours: str, public_phone: str | None = None
) -> DutyContact:
    """Agree to stand on a building's page oneself; nobody can put another there. Raises Invalid.

    `public_phone` is a number that the office published on purpose, never a private one.
    """
    if building.kind is not PlaceKind.BUILDING:
        raise Invalid(errors={"building": [_("请选择楼栋")]})
    uid = new_uid()
    contact = DutyContact(
        uid=uid,
        building_id=building.id,
        user_id=actor.user_id,
        duty=duty,
        name_sealed=seal(name, Where("duty_contact", "name_sealed", uid), Retention.ACCOUNT),
        hours=hours,
        public_phone=public_phone,
        agreed_at=clock.now(),
    )
    session.add(contact)
    session.flush()
    record(actor, "contact.agree", contact, chain_of(building))
    return contact


@allow(Role.PROPERTY_MANAGER, Role.GRID_WORKER, Role.COMMUNITY_OFFICER)
def withdraw(actor: Actor, building: Place, uid: UUID) -> None:
    """Come off the page again; a community officer may take anybody off. Raises NotFound."""
    query = select(DutyContact).where(
        DutyContact.uid == uid, DutyContact.building_id == building.id, DutyContact.withdrawn_at.is_(None)
    )
    if actor.role is not Role.COMMUNITY_OFFICER:
        query = query.where(DutyContact.user_id == actor.user_id)
    contact = session.scalar(query)
    if contact is None:
        raise NotFound
    contact.withdrawn_at = clock.now()
    record(actor, "contact.withdraw", contact, chain_of(building))


def contacts_of(building: Place, user_id: int | None = None) -> list[Shown]:
    """Those who agreed and have not withdrawn, in the order in which they came."""
    query = select(DutyContact).where(
        DutyContact.building_id == building.id, DutyContact.withdrawn_at.is_(None)
    )
    return [_shown(row, user_id) for row in session.scalars(query.order_by(DutyContact.id))]


def _shown(row: DutyContact, user_id: int | None) -> Shown:
    name = unseal_or_none(row.name_sealed, Where("duty_contact", "name_sealed", row.uid)) or _("已删除")
    is_own = row.user_id is not None and row.user_id == user_id
    return Shown(row.uid, name, row.duty, row.hours, row.public_phone, is_own)
