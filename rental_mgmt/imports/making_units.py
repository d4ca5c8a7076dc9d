"""Units of a ledger become 待认领: their doors are made, their claim phone is kept as a fingerprint."""

from datetime import datetime

from sqlalchemy import insert, select

from ..core import clock
from ..core.db import new_uid, session
from ..core.seal import Retention, Where, fingerprints, seal
from ..core.touch import Kind, touch
from ..places.jurisdiction import pack_at
from ..places.models import GridAssignment, Place, StationCompound
from ..places.scope import in_force
from ..places.tree import DoorAt, DoorRow, ensure_doors
from ..units.models import LegalRegime, NeighbourConsent, Unit, UnitCapacity, UnitListing, UnitStatus
from .doors import Door
from .unit_rows import UnitRow

# What a flat is taken to have where the ledger does not say; the landlord says better when claiming.
USUAL_BEDS, USUAL_BEDROOMS, SQUARE_METRES_A_BED = 1, 1, 20


def store_units(compound: Place, batch_id: int, rows: list[UnitRow], now: datetime) -> int:
    """Make a unit for every door of the ledger that has none; returns how many. A known door is left alone."""
    if not rows:
        return 0
    at_door = ensure_doors(compound, {_door_row(row.door) for row in rows})
    taken = set(session.scalars(select(Unit.door_id).where(Unit.compound_id == compound.id)))
    fresh = [row for row in rows if at_door[_door_row(row.door)].door_id not in taken]
    if not fresh:
        return 0
    found = _insert_units(compound, batch_id, [(row, at_door[_door_row(row.door)]) for row in fresh], now)
    _insert_listings(fresh, {row.number: found[at_door[_door_row(row.door)].door_id].id for row in fresh})
    touch(*((Kind.UNIT, unit.id) for unit in found.values()))
    return len(fresh)


def _insert_units(compound: Place, batch_id: int, rows: list[tuple[UnitRow, DoorAt]], now: datetime) -> dict:
    """Door → the unit made there, with its limit from now on."""
    shared, grids = _shared(compound, batch_id, now), _grids(compound)
    # The table itself: the ORM would split the rows by which columns are empty.
    session.execute(insert(Unit.__table__), [_unit(row, at, shared, grids) for row, at in rows])
    made = select(Unit.door_id, Unit.id, Unit.capacity).where(Unit.import_batch_id == batch_id)
    found = {row.door_id: row for row in session.execute(made)}
    limits = [{"unit_id": unit.id, "capacity": unit.capacity, "valid_from": now} for unit in found.values()]
    session.execute(insert(UnitCapacity), limits)
    return found


def _insert_listings(rows: list[UnitRow], unit_ids: dict[int, int]) -> None:
    listings = [
        {"unit_id": unit_ids[row.number], "platform": next(iter(row.platforms), ""), "url": row.listing_url}
        for row in rows
        if row.listing_url
    ]
    if listings:
        session.execute(insert(UnitListing), listings)


def _door_row(door: Door) -> DoorRow:
    return DoorRow(door.building, floor_of(door), door.code)


def floor_of(door: Door) -> int | None:
    """The floor as written, else as the door's number says: 1203 is on the twelfth."""
    if door.floor is not None:
        return door.floor
    digits = door.door if door.door.isdigit() else ""
    return int(digits[:-2]) if len(digits) in (3, 4) else None


def _shared(compound: Place, batch_id: int, now: datetime) -> dict:
    station = select(StationCompound.station_id).where(
        StationCompound.compound_id == compound.id, *in_force(StationCompound)
    )
    return {
        "status": UnitStatus.UNCLAIMED,
        "compound_id": compound.id,
        "community_id": compound.parent_id,
        "station_id": session.scalar(station.limit(1)),
        "party_id": None,
        "legal_regime": LegalRegime.UNDECIDED,
        "house_rules": "",
        "neighbour_consent": NeighbourConsent.UNKNOWN,
        "import_batch_id": batch_id,
        "created_at": now,
        "version": 1,
        "limit": pack_at(compound.path, clock.local_day(now)).capacity,
    }


def _grids(compound: Place) -> dict[int, int]:
    """Building → the grid it lies in now."""
    query = select(GridAssignment.building_id, GridAssignment.grid_id).where(
        GridAssignment.building_id.is_not(None), *in_force(GridAssignment)
    )
    return dict(session.execute(query).all())


def _unit(row: UnitRow, at: DoorAt, shared: dict, grids: dict[int, int]) -> dict:
    uid, limit = new_uid(), shared["limit"]
    beds = row.beds if row.beds else USUAL_BEDS
    area = row.area or float(SQUARE_METRES_A_BED * beds)
    declared = row.declared_capacity or beds * 2
    phone, following = fingerprints("phone", row.landlord_phone) if row.landlord_phone else (None, None)
    values = {name: value for name, value in shared.items() if name != "limit"}
    return values | {
        "uid": uid,
        "door_id": at.door_id,
        "building_id": at.building_id,
        "path": at.path,
        "name": at.name,
        "grid_id": grids.get(at.building_id),
        "area": area,
        "bedrooms": row.bedrooms or USUAL_BEDROOMS,
        "beds": beds,
        "declared_capacity": declared,
        "capacity": max(1, limit.limit(beds, area, declared)),
        "safety_contact_name_sealed": _sealed(row.safety_contact_name, "safety_contact_name_sealed", uid),
        "safety_contact_phone_sealed": _sealed(row.safety_contact_phone, "safety_contact_phone_sealed", uid),
        "claim_phone_fp": phone,
        "claim_phone_fp_next": following,
    }


def _sealed(value: str, column: str, uid) -> bytes | None:
    return seal(value, Where("unit", column, uid), Retention.UNIT) if value else None
