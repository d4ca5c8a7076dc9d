"""One flat registered twice: one of its units goes on, the other closes and points to it.

What is live moves (open stays with their guests, locks, listings, alerts); what is over stays where it was
written down, readable from both pages. Nothing is deleted, and nothing merges back by itself.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select, update

from ..alerts.following import follow_merge
from ..audit.service import record
from ..core import clock
from ..core.access import POLICE_ROLES, Actor, Role, allow
from ..core.db import session
from ..core.errors import Conflict, Invalid
from ..core.i18n import _, lazy
from ..core.lookup import get_or_404
from ..core.touch import Kind, touch
from ..devices.models import Device
from ..stays.models import Guest, Stay
from ..units import states
from ..units.models import PartyRole, Unit, UnitListing, UnitStatus
from ..units.scope import visible

# Different operators' units are the liaison's to merge, who decides which filing is true; the others merge
# what takes nothing from anybody: two of one party, or one that nobody has claimed.
MERGERS = (
    Role.LANDLORD,
    Role.PROPERTY_MANAGER,
    Role.GRID_WORKER,
    Role.COMMUNITY_OFFICER,
    Role.POLICE_LIAISON,
)


@dataclass(frozen=True)
class Moved:
    """How much went over to the unit that goes on."""

    stays: int
    guests: int
    devices: int
    listings: int
    alerts: int


@allow(*MERGERS)
def list_candidates(actor: Actor, unit: Unit) -> list[Unit]:
    """The units of the same building that this one may be merged into, those of the same door first."""
    query = visible(actor, Unit).where(
        Unit.building_id == unit.building_id,
        Unit.id != unit.id,
        Unit.merged_into_id.is_(None),
        Unit.status != UnitStatus.CLOSED,
        or_(Unit.parent_id.is_(None), Unit.parent_id != unit.id),
    )
    return list(session.scalars(query.order_by(Unit.door_id != unit.door_id, Unit.name, Unit.id)))


@allow(*MERGERS)
def merge(actor: Actor, unit: Unit, into: UUID, reason: str, version: int) -> tuple[Unit, Moved]:
    """Close `unit` in favour of `into`; returns the one that goes on. Raises NotFound, Invalid, Conflict."""
    survivor = get_or_404(visible(actor, Unit), into)
    _hold_both(unit, survivor, version)
    _refuse_unlike(unit, survivor)
    _refuse_unless_theirs(actor, unit, survivor)
    moved = _move_what_is_live(unit, survivor, actor)
    _point_to(survivor, unit)
    states.end(unit, actor, reason, "unit.merge", lazy("房源登记已合并：%(unit)s"), into=str(survivor.uid))
    record(actor, "unit.absorb", survivor, chain=survivor.chain, merged=str(unit.uid), **vars(moved))
    touch((Kind.UNIT, survivor.id))
    return survivor, moved


def _hold_both(unit: Unit, survivor: Unit, version: int) -> None:
    """Lock in the order of ids: two merges of the same pair, one each way, wait and do not deadlock."""
    ids = sorted((unit.id, survivor.id))
    query = select(Unit).where(Unit.id.in_(ids)).order_by(Unit.id).with_for_update(key_share=True)
    session.scalars(query.execution_options(populate_existing=True)).all()
    if unit.version != version:
        raise Conflict(_("内容刚被他人修改过，请刷新后查看最新情况再操作"))


def _refuse_unlike(unit: Unit, survivor: Unit) -> None:
    if unit.id == survivor.id or survivor.parent_id == unit.id:
        raise Invalid(errors={"into": [_("请选择另一套房源；整套不能并入它自己的房间")]})
    if unit.building_id != survivor.building_id:
        raise Invalid(errors={"into": [_("只能合并同一栋楼里的登记，请核对门号")]})
    if UnitStatus.CLOSED in (unit.status, survivor.status):
        raise Conflict(_("其中一套已注销或已合并，请刷新后再看"))
    if unit.suspension_decision or survivor.suspension_decision:
        raise Conflict(_("其中一套被派出所停用，须先由派出所恢复才能合并"))
    if unit.party_id and not survivor.party_id:
        raise Conflict(_("请反过来合并：保留已有人经营的一套，并入的是没人认领的一套"))
    if unit.police_decided_at and not survivor.police_decided_at:
        raise Conflict(_("请反过来合并：保留已备案的一套，并入的是没有备案的一套"))


def _refuse_unless_theirs(actor: Actor, unit: Unit, survivor: Unit) -> None:
    takes_nothing = unit.party_id is None or unit.party_id == survivor.party_id
    if not takes_nothing and actor.role not in POLICE_ROLES:
        raise Conflict(_("两套登记属于不同的经营者，请由民警联络员核实后合并"))


def _move_what_is_live(unit: Unit, survivor: Unit, actor: Actor) -> Moved:
    stays, people = _move_stays(unit, survivor)
    touch(*((Kind.PERSON, person) for person in set(people) - {None}))
    known = select(UnitListing.url).where(UnitListing.unit_id == survivor.id)
    return Moved(
        stays=stays,
        guests=len(people),
        devices=_move(Device, unit, survivor),
        listings=_move(UnitListing, unit, survivor, UnitListing.url.not_in(known)),
        alerts=follow_merge(unit, survivor, actor),
    )


def _move_stays(unit: Unit, survivor: Unit) -> tuple[int, list[int | None]]:
    """The stays that are not over, with all their guests: how many, and the persons of the guests."""
    is_open = Stay.ended_at.is_(None), Stay.cancelled_at.is_(None)
    stays = update(Stay).where(Stay.unit_id == unit.id, *is_open).values(unit_id=survivor.id).returning(Stay.id)
    ids = list(session.scalars(stays.execution_options(synchronize_session=False)))
    guests = update(Guest).where(Guest.stay_id.in_(ids)).values(unit_id=survivor.id).returning(Guest.person_id)
    return len(ids), list(session.scalars(guests.execution_options(synchronize_session=False)))


def _move(model, unit: Unit, survivor: Unit, *which) -> int:
    changed = update(model).where(model.unit_id == unit.id, *which).values(unit_id=survivor.id)
    return session.execute(changed.execution_options(synchronize_session=False)).rowcount


def _point_to(survivor: Unit, unit: Unit) -> None:
    """The merged unit, those merged into it before, and its rooms: each points straight at the survivor."""
    unit.merged_into_id = survivor.id
    for column in (Unit.merged_into_id, Unit.parent_id):
        changed = update(Unit).where(column == unit.id, Unit.id != survivor.id)
        session.execute(
            changed.values({column: survivor.id, Unit.version: Unit.version + 1}).execution_options(
                synchronize_session=False
            )
        )
    _end_other_roles(unit)


def _end_other_roles(unit: Unit) -> None:
    open_roles = update(PartyRole).where(PartyRole.unit_id == unit.id, PartyRole.valid_to.is_(None))
    session.execute(open_roles.values(valid_to=clock.now()).execution_options(synchronize_session=False))
