"""Units of a seed file, and units that were decided before this system."""

from datetime import datetime

from sqlalchemy import select, update

from ..accounts.models import Party
from ..accounts.seed import Seeded
from ..core import clock
from ..core.access import SYSTEM
from ..core.db import session
from ..core.errors import Invalid
from ..core.i18n import _
from ..core.seal import fingerprints
from ..core.touch import Kind, touch
from ..places import tree
from ..places.models import Place, PlaceKind
from ..units import details as said
from ..units.activation import decide_filings
from ..units.models import Filing, FilingStatus, FilingStep, Unit, UnitCapacity, UnitStatus
from ..units.packs import pack_of
from ..units.placing import Address, columns_of


def add_unit(row: dict, done: Seeded) -> bool:
    """One unit at its door, unless there is one of the same party; True when it is new."""
    building = find_place(row["building"], PlaceKind.BUILDING, "units.building")
    address = Address(building.uid, row["door"], row["floor"])
    compound = tree.above(building.path)[PlaceKind.COMPOUND]
    door = tree.ensure_door(compound, building.code, address.floor_number, address.door_code)
    party = _party(row["party"], done)
    there = select(Unit.id).where(Unit.door_id == door.door_id, Unit.status != UnitStatus.CLOSED)
    if session.scalar(there.where(Unit.party_id == (party and party.id))):
        return False
    since = row["since"] or clock.now()
    unit = _make(row, session.get_one(Place, door.door_id), party, since)
    if row["status"] is UnitStatus.ACTIVE:
        activate([unit], since)
    touch((Kind.UNIT, unit.id))
    return True


def _make(row: dict, door: Place, party: Party | None, since: datetime) -> Unit:
    is_claimed = party is not None
    unit = Unit(
        **columns_of(door),
        status=UnitStatus.DRAFT if is_claimed else UnitStatus.UNCLAIMED,
        party_id=party and party.id,
        created_at=since,
        claimed_at=since if is_claimed else None,
    )
    if row["claim_phone"]:
        unit.claim_phone_fp, unit.claim_phone_fp_next = fingerprints("phone", row["claim_phone"])
    regime = row["legal_regime"] or pack_of(unit).preset_regime
    said.write_decided(unit, row | {"legal_regime": regime})
    said.write_words(unit, row)
    session.add(unit)
    session.flush()
    said.write_lists(unit, row)
    if is_claimed:
        said.write_role(unit, row["party_role"])
    return unit


def activate(units: list[Unit], since: datetime) -> None:
    """Units that were decided before this system: a filing that says so, a code, a plate, a frozen capacity.

    What is written into the audit chain is written now; only the unit's own history begins at `since`.
    """
    filings = [_filing(unit, since) for unit in units]
    session.add_all(filings)
    session.flush()
    decide_filings(filings, SYSTEM)
    ids, filed = [unit.id for unit in units], [filing.id for filing in filings]
    for table, which, values in (
        (Unit, Unit.id.in_(ids), {"activated_at": since, "police_decided_at": since}),
        (Filing, Filing.id.in_(filed), {"decided_at": since}),
        (FilingStep, FilingStep.filing_id.in_(filed), {"at": since}),
        (UnitCapacity, UnitCapacity.unit_id.in_(ids), {"valid_from": since}),
    ):
        session.execute(update(table).where(which).values(values))


def _filing(unit: Unit, since: datetime) -> Filing:
    snapshot = {name: getattr(unit, name) for name in said.DECIDED} | {"seeded": True}
    times = {"created_at": since, "submitted_at": since}
    filing = Filing(unit_id=unit.id, status=FilingStatus.CHECKED, snapshot=snapshot, **times)
    filing.unit = unit
    return filing


def _party(key: str | None, done: Seeded) -> Party | None:
    if key is None:
        return None
    if key not in done.parties:
        raise Invalid(errors={"units.party": [_("没有这个经营者：%(key)s", key=key)]})
    return done.parties[key]


def find_place(path: str, kind: PlaceKind, field: str) -> Place:
    found = tree.find_by_codes(*path.split("/"))
    if found is None or found.kind is not kind:
        words = _("没有这个%(kind)s：%(path)s", kind=kind.label, path=path)
        raise Invalid(errors={field: [words]})
    return found
