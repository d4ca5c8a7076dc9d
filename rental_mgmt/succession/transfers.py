"""A unit goes to another landlord party: offered with a printed code, taken over by whoever types it.

The old role ends and the new one begins at that moment; guests in house stay registered, the code and the
plate stay on the door, the filing stands. Alerts that are live are the new party's to answer.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, select

from ..accounts.codes import make_code
from ..accounts.models import CodePurpose, OneTimeCode, Party
from ..alerts.following import follow_party
from ..audit.service import record
from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import session
from ..core.errors import Conflict
from ..core.i18n import _, lazy
from ..core.lookup import get_or_404
from ..core.touch import Kind, touch
from ..notices.service import notify
from ..units import details as said
from ..units.claiming import spend_typed
from ..units.concerned import users_of
from ..units.models import UNDER_REVIEW, WITH_LANDLORD, FilingStatus, PartyRoleKind, Unit
from ..units.registering import choose_party, open_filing
from ..units.scope import visible
from ..units.versions import hold
from .models import UnitTransfer

CODE_LASTS = timedelta(days=14)
# The landlord's own act; where the old one cannot be reached any more, the community's, with a reason.
OFFERERS = (Role.LANDLORD, Role.COMMUNITY_OFFICER)


@allow(*OFFERERS)
def list_transfers(actor: Actor, unit: Unit) -> list[UnitTransfer]:
    """The transfers of a unit, the newest first."""
    query = visible(actor, UnitTransfer).where(UnitTransfer.unit_id == unit.id)
    return list(session.scalars(query.order_by(UnitTransfer.id.desc())))


@allow(*OFFERERS)
def get_transfer(actor: Actor, uid: UUID) -> UnitTransfer:
    """One transfer of a unit in scope. Raises NotFound."""
    return get_or_404(visible(actor, UnitTransfer), uid)


@allow(*OFFERERS)
def offer_transfer(actor: Actor, unit: Unit, reason: str, version: int) -> tuple[UnitTransfer, str]:
    """A code for the next party, good for two weeks, shown once; an older one becomes useless."""
    hold(unit, version)
    _refuse_unfit(unit)
    for old in session.scalars(_open_of(unit)):
        _withdraw(old)
    code, text = make_code(CodePurpose.TRANSFER, actor.user_id, unit_id=unit.id, lasts=CODE_LASTS)
    transfer = UnitTransfer(
        unit_id=unit.id,
        code_id=code.id,
        from_party_id=unit.party_id,
        reason=reason,
        offered_at=clock.now(),
        offered_by_id=actor.user_id,
        offered_as=actor.role,
    )
    transfer.unit = unit
    session.add(transfer)
    record(actor, "unit.offer_transfer", unit, chain=unit.chain, code=str(code.uid))
    title, told = lazy("正在把房源移交给另一个经营者：%(unit)s"), users_of([unit], Role.LANDLORD)
    notify(set(told) - {actor.user_id}, "unit.offer_transfer", title, "", f"/units/{unit.uid}", unit=unit.name)
    session.flush()
    return transfer, text


def _refuse_unfit(unit: Unit) -> None:
    if not unit.takes_guests or unit.party_id is None:
        raise Conflict(_("房源当前为“%(now)s”，不能移交", now=unit.status.label))
    if unit.suspension_decision:
        raise Conflict(_("派出所停用期间不能移交，请先联系派出所"))
    if open_filing(unit, UNDER_REVIEW):
        raise Conflict(_("备案申请正在核查，不能移交；请先撤回申请，或等办结"))


def _open_of(unit: Unit) -> Select:
    is_open = UnitTransfer.accepted_at.is_(None), UnitTransfer.withdrawn_at.is_(None)
    return select(UnitTransfer).where(UnitTransfer.unit_id == unit.id, *is_open)


@allow(*OFFERERS)
def withdraw_transfer(actor: Actor, transfer: UnitTransfer) -> UnitTransfer:
    """Take an offer back: its code opens nothing any more."""
    hold(transfer.unit, transfer.unit.version)
    session.refresh(transfer)
    if not transfer.is_open:
        raise Conflict(_("这次移交已经完成或已撤回"))
    _withdraw(transfer)
    record(actor, "unit.withdraw_transfer", transfer.unit, chain=transfer.unit.chain)
    return transfer


def _withdraw(transfer: UnitTransfer) -> None:
    transfer.withdrawn_at = clock.now()
    session.get_one(OneTimeCode, transfer.code_id).expires_at = clock.real_now()


@allow(Role.LANDLORD)
def accept_transfer(
    actor: Actor, code: str, party_role: PartyRoleKind, contact: dict[str, str], party: UUID | None = None
) -> Unit:
    """Take over the unit of a code, with its guests in house. Raises Invalid, TooMany, Conflict."""
    spent = spend_typed(code, CodePurpose.TRANSFER, actor)
    transfer = session.scalars(select(UnitTransfer).where(UnitTransfer.code_id == spent.id)).one()
    unit, to = transfer.unit, choose_party(actor, party)
    hold(unit, unit.version)
    _refuse_unfit(unit)
    if unit.party_id != transfer.from_party_id or unit.party_id == to.id:
        raise Conflict(_("这套房源已经换了经营者，此代码不再有效"))
    before = set(users_of([unit], Role.LANDLORD, Role.HELPER))
    _change_party(unit, to, party_role, contact)
    transfer.to_party_id, transfer.party_role = to.id, party_role
    transfer.accepted_at, transfer.accepted_by_id = clock.now(), actor.user_id
    followed = follow_party(unit, to.id)
    touch((Kind.UNIT, unit.id), (Kind.PARTY, transfer.from_party_id), (Kind.PARTY, to.id))
    record(actor, "unit.accept_transfer", unit, chain=unit.chain, role=party_role, alerts=followed)
    _tell(actor, unit, before)
    return unit


def _change_party(unit: Unit, to: Party, role: PartyRoleKind, contact: dict[str, str]) -> None:
    """The one party's role ends as the other's begins; a change that was never handed in goes with the old one.

    `claimed_at` stays: passing a flat on does not begin the newcomers' safe harbour anew.
    """
    if filing := open_filing(unit, WITH_LANDLORD):
        filing.move_to(FilingStatus.WITHDRAWN)
    said.end_role(unit)
    unit.party_id, unit.handed_over_at, unit.nickname = to.id, clock.now(), None
    said.write_contact(unit, contact)
    session.flush()
    said.write_role(unit, role)
    session.flush()


def _tell(actor: Actor, unit: Unit, before: set[int]) -> None:
    link, now = f"/units/{unit.uid}", unit.name
    gone = lazy("房源已由另一个经营者接收：%(unit)s")
    notify(before - {actor.user_id}, "unit.transferred", gone, "", None, unit=now)
    others = users_of([unit], Role.PROPERTY_MANAGER, Role.GRID_WORKER, Role.POLICE_LIAISON)
    title, text = lazy("房源换了经营者：%(unit)s"), lazy("请核对治安责任人和材料")
    notify(others, "unit.transferred", title, text, link, unit=now)


def as_said(typed: dict) -> dict:
    """What a door read, as the operation takes it: the contact's two lines in one."""
    contact = {name: typed[name] for name in said.CONTACT}
    return {name: value for name, value in typed.items() if name not in contact} | {"contact": contact}
