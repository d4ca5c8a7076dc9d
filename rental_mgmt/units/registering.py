"""A landlord registers a unit, fills it from another one, and changes what may be changed."""

from uuid import UUID

from sqlalchemy import or_, select

from ..accounts.models import Party
from ..audit.service import record, record_access
from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import session
from ..core.errors import Conflict, Invalid
from ..core.i18n import _
from ..core.lookup import get_or_404
from ..core.seal import Where, unseal_or_none
from ..core.touch import Kind, touch
from ..places.models import Place
from . import details as said
from .details import DECIDED
from .models import UNDER_REVIEW, WITH_LANDLORD, Filing, FilingStatus, PartyRoleKind, Unit, UnitStatus
from .packs import pack_at_path
from .placing import Address, columns_of, find_or_add_door
from .scope import visible
from .versions import hold

# Statuses in which somebody already answers for a door before the police and the neighbours.
ANSWERED_FOR = (UnitStatus.ACTIVE, UnitStatus.SUSPENDED)


@allow(Role.LANDLORD)
def register_unit(
    actor: Actor, address: Address, details: dict, party: UUID | None = None, parent: UUID | None = None
) -> Unit:
    """Register a unit as a draft; it may take guests at once. `parent` is the whole flat this is a room of."""
    runs_it = choose_party(actor, party)
    whole = get_or_404(visible(actor, Unit), parent) if parent else None
    door = find_or_add_door(actor, address)
    _refuse_taken_door(runs_it, door, whole)
    at, role = clock.now(), details.get("party_role") or PartyRoleKind.OWNER
    unit = Unit(
        **columns_of(door),
        status=UnitStatus.DRAFT,
        party_id=runs_it.id,
        parent_id=whole and whole.id,
        created_at=at,
        claimed_at=at,
    )
    details = _with_regime(unit, details)
    said.write_decided(unit, details)
    said.write_words(unit, details)
    session.add(unit)
    session.flush()
    said.write_lists(unit, details)
    said.write_role(unit, role)
    touch((Kind.UNIT, unit.id))
    record(actor, "unit.register", unit, chain=unit.chain, beds=unit.beds, capacity=unit.capacity)
    return unit


@allow(Role.LANDLORD)
def choose_party(actor: Actor, party: UUID | None) -> Party:
    """The party a landlord acts for here: the only one, or the one named. Raises NotFound, Invalid."""
    own = select(Party).where(Party.id.in_(actor.party_ids))
    if party is not None:
        return get_or_404(own, party)
    found = list(session.scalars(own))
    if len(found) != 1:
        raise Invalid(errors={"party": [_("您代表多个经营者，请选择这套房源属于哪一个")]})
    return found[0]


def _refuse_taken_door(party: Party, door: Place, whole: Unit | None) -> None:
    live = Unit.status != UnitStatus.CLOSED
    there = list(
        session.scalars(select(Unit).where(Unit.door_id == door.id, live, Unit.merged_into_id.is_(None)))
    )
    if any(unit.status is UnitStatus.UNCLAIMED for unit in there):
        raise Conflict(_("这套房源已在小区台账中，请到“认领房源”用手机号或认领码认领，不必重新登记"))
    if whole is not None:
        if whole.door_id != door.id:
            raise Invalid(errors={"parent": [_("整套房源不在这个门号")]})
        return
    if any(unit.party_id == party.id for unit in there):
        raise Conflict(_("您已在这个门号登记过房源；分间出租的，请在整套房源页上添加房间"))
    if any(unit.status in ANSWERED_FOR for unit in there):
        raise Conflict(_("这个门号已有其他经营者的在册房源；如您已接手，请原经营者先注销，或请社区协助核实"))


def _with_regime(unit: Unit, details: dict) -> dict:
    return details | {"legal_regime": details["legal_regime"] or pack_at_path(unit.path).preset_regime}


# --- filling a form -----------------------------------------------------------------------------------------


@allow(Role.LANDLORD)
def present_details(actor: Actor, unit: Unit) -> dict:
    """What a landlord's form shows of the unit; the safety contact is clear, so the look is recorded."""
    role = said.present_role(unit)
    contact = said.contact_of(unit)
    if any(contact.values()):
        record_access(actor, "safety_contact.read", unit, chain=unit.chain)
    plain = {name: getattr(unit, name) for name in (*DECIDED, *said.PLAIN)} | proposed(unit)
    return (
        plain
        | contact
        | {
            "party_role": role.role if role else PartyRoleKind.OWNER,
            "area": f"{(plain['area']):g}",
            "listings": "\n".join(listing.url for listing in said.listings_of(unit)),
            "cleaning_windows": "\n".join(said.windows_of(unit)),
            "version": unit.version,
        }
    )


@allow(Role.LANDLORD)
def details_like(actor: Actor, unit: Unit) -> dict:
    """“Same as my other flat”: its details without what belongs to that door alone."""
    own = ("nickname", "listings", "neighbour_consent", "neighbour_consent_on", "version")
    return {name: value for name, value in present_details(actor, unit).items() if name not in own}


@allow(Role.LANDLORD)
def named_parties(actor: Actor) -> list[tuple[UUID, str]]:
    """The actor's own parties with their names, to choose for which one to register."""
    found = session.scalars(select(Party).where(Party.id.in_(actor.party_ids)).order_by(Party.id))
    return [(p.uid, unseal_or_none(p.name_sealed, Where("party", "name_sealed", p.uid)) or "—") for p in found]


# --- changing -----------------------------------------------------------------------------------------------


@allow(Role.LANDLORD)
def edit_unit(actor: Actor, unit: Unit, details: dict, version: int) -> Filing | None:
    """Change a unit. Once decided, area, beds and so on wait in a new filing, which is returned."""
    hold(unit, version)
    if unit.status in (UnitStatus.UNCLAIMED, UnitStatus.CLOSED) or unit.merged_into_id:
        raise Conflict(_("房源当前为“%(now)s”，不能修改", now=unit.status.label))
    details = _with_regime(unit, details)
    filing = None
    if changed := _changed(unit, details):
        _refuse_under_review(unit)
        if unit.police_decided_at is None:
            said.write_decided(unit, details)
        else:
            filing = _propose(unit, details)
    elif proposed(unit):
        open_filing(unit, WITH_LANDLORD).move_to(FilingStatus.WITHDRAWN)
    said.write_words(unit, details)
    said.write_lists(unit, details)
    said.write_role(unit, details["party_role"])
    touch((Kind.UNIT, unit.id))
    record(actor, "unit.edit", unit, chain=unit.chain, decided_fields=changed, needs_filing=filing is not None)
    return filing


def _changed(unit: Unit, details: dict) -> list[str]:
    return [name for name in DECIDED if getattr(unit, name) != details[name]]


def _refuse_under_review(unit: Unit) -> None:
    if open_filing(unit, UNDER_REVIEW):
        raise Conflict(_("备案申请正在核查，面积、床位等暂不能改；如需修改，请先撤回申请"))


def open_filing(unit: Unit, states=WITH_LANDLORD + UNDER_REVIEW) -> Filing | None:
    """The unit's filing that is not over yet: there is at most one."""
    query = select(Filing).where(Filing.unit_id == unit.id, or_(*(Filing.status == state for state in states)))
    return session.scalar(query.order_by(Filing.id.desc()).limit(1))


def proposed(unit: Unit) -> dict:
    """What the landlord wants changed of what was decided, and has not submitted yet."""
    filing = open_filing(unit, WITH_LANDLORD) if unit.police_decided_at else None
    return {name: filing.snapshot[name] for name in DECIDED if name in filing.snapshot} if filing else {}


def _propose(unit: Unit, details: dict) -> Filing:
    """A change of what was decided: it counts when it is decided in its turn."""
    filing = open_filing(unit, WITH_LANDLORD)
    if filing is None:
        filing = Filing(unit_id=unit.id, status=FilingStatus.DRAFT, snapshot={}, created_at=clock.now())
        filing.unit = unit
        session.add(filing)
    filing.snapshot = filing.snapshot | {name: details[name] for name in DECIDED}
    session.flush()
    return filing
