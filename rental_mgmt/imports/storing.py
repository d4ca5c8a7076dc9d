"""Stores a checked batch in one transaction: doors, units, stays, people, guests, each in a few statements."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, insert, select

from ..audit.service import record
from ..core import clock
from ..core.access import Actor, allow
from ..core.db import dialect_insert, new_uid, session
from ..core.errors import Conflict
from ..core.files import StoredFile, open_file
from ..core.i18n import _
from ..core.seal import fingerprints
from ..core.touch import Kind, touch
from ..places.models import Place
from ..stays.details import Judged, identity_text, missing_of
from ..stays.identity import DocumentKind, OtherDocument, ga_code, needs_overseas_report
from ..stays.models import Guest, Person, Stay
from ..stays.registration import guest_row
from ..units.models import Unit
from .guest_rows import StayGuestRow
from .ledger import read_ledger
from .making_units import store_units
from .models import BatchStatus, ImportBatch
from .service import IMPORTERS, chain_of, forget_file, refuse_known
from .unit_rows import UnitRow

# Rows a statement inserts at once: a bound on memory, not on the transaction.
SLICE = 5_000


@dataclass
class Stored:
    """How many were stored, and how many were known already."""

    units: int = 0
    stays: int = 0
    guests: int = 0
    known: int = 0


@dataclass
class _Group:
    """The guests of one stay, as the ledger has them."""

    rows: list[StayGuestRow] = field(default_factory=list)

    @property
    def ended_at(self) -> datetime | None:
        gone = [row.left_at for row in self.rows]
        return None if None in gone else max(gone)


@allow(*IMPORTERS)
def store_batch(actor: Actor, batch: ImportBatch) -> Stored:
    """Store every row of a checked batch, or none of it; rows that are known already change nothing."""
    if batch.status is not BatchStatus.CHECKED:
        raise Conflict(_("这一批还没有试运行通过，或已经处理过"))
    refuse_known(batch.compound_id, batch.sha256)
    stored = store_ledger(batch, open_file(session.get(StoredFile, batch.file_id)))
    batch.status, batch.live_hash, batch.stored_at = BatchStatus.STORED, batch.sha256, clock.now()
    batch.summary = batch.summary | {"stored": vars(stored)}
    forget_file(batch)
    record(actor, "import.store", batch, chain=chain_of(batch), **vars(stored))
    return stored


def store_ledger(batch: ImportBatch, source: bytes) -> Stored:
    """The rows of a file that was checked; the same bytes give the same rows."""
    now, stored = clock.now(), Stored()
    rows = list(read_ledger(source, now))
    units = [row for row in rows if isinstance(row, UnitRow)]
    guests = [row for row in rows if isinstance(row, StayGuestRow) and row.repeats_row is None]
    compound = session.get(Place, batch.compound_id)
    stored.units = store_units(compound, batch.id, units, now)
    _store_stays(batch, guests, now, stored)
    return stored


def _store_stays(batch: ImportBatch, rows: list[StayGuestRow], now: datetime, stored: Stored) -> None:
    if not rows:
        return
    units = _units_by_door(batch.compound_id)
    made = [(row, *_judged(row)) for row in rows]
    people = _people({identity for _row, _judged_, identity in made if identity}, now)
    known = _known(units.values(), rows)
    groups: dict[tuple, _Group] = defaultdict(_Group)
    for row in rows:
        groups[row.stay_key].rows.append(row)
    fresh = {
        key
        for row, judged, identity in made
        if _key(units[row.door.key], people.get(identity), judged.secret["name"], row) not in known
        for key in [row.stay_key]
    }
    stays = _insert_stays(batch, [(key, groups[key], units) for key in fresh], now)
    guests = []
    for row, judged, identity in made:
        unit_id, person = units[row.door.key], people.get(identity)
        if _key(unit_id, person, judged.secret["name"], row) in known:
            stored.known += 1
            continue
        guests.append(_guest(batch, row, judged, stays[row.stay_key], unit_id, person, now))
    _insert(Guest, guests)
    touch(*{(Kind.UNIT, guest["unit_id"]) for guest in guests})
    touch(*{(Kind.PERSON, guest["person_id"]) for guest in guests if guest["person_id"]})
    stored.stays, stored.guests = len(stays), len(guests)


def _units_by_door(compound_id: int) -> dict[tuple[str, str], int]:
    from sqlalchemy.orm import aliased

    door, building = aliased(Place), aliased(Place)
    query = (
        select(building.code, door.code, func.coalesce(Unit.merged_into_id, Unit.id))
        .join(door, door.id == Unit.door_id)
        .join(building, building.id == Unit.building_id)
        .where(Unit.compound_id == compound_id)
        # The door of a merged unit means the one that goes on; a unit of its own there wins.
        .order_by(Unit.merged_into_id.is_(None), Unit.id)
    )
    return {(built, code): unit_id for built, code, unit_id in session.execute(query)}


def _judged(row: StayGuestRow) -> tuple[Judged, str | None]:
    """The row's paper as the columns of a guest; past papers keep their state, whatever it is."""
    paper = row.paper
    other = OtherDocument(paper.name) if paper.name in set(OtherDocument) else None
    code = ga_code(paper.kind, paper.number, other)
    clear = {
        "document_kind": paper.kind,
        "document_state": paper.state,
        "document_valid_until": paper.valid_until,
        "document_name": paper.name or None,
        "issuing_place": None,
        "nationality": paper.nationality,
        "sex": paper.sex,
        "age_at_check_in": row.age_at_check_in,
        "relation": row.relation,
        "relation_given": row.relation is not None,
        "guardian_contact_given": bool(row.guardian_phone),
        "is_overseas": needs_overseas_report(paper.nationality, code),
    }
    clear["missing"] = missing_of(clear)
    secret = _secret(row)
    identity = None
    if paper.number and paper.kind is not DocumentKind.NONE:
        identity = identity_text(paper.kind, paper.number, paper.nationality, other)
    return Judged(clear, secret, identity), identity


def _secret(row: StayGuestRow) -> dict:
    born = row.paper.birth_on
    return {
        "name": row.name,
        "number": row.paper.number or None,
        "phone": row.phone or None,
        "birth": born and born.isoformat(),
        "guardian": " ".join(filter(None, (row.guardian_name, row.guardian_phone))) or None,
        "explanation": None,
    }


def _people(identities: set[str], now: datetime) -> dict[str, int]:
    """Identity → person, made where there is none: one upsert a slice."""
    prints = {identity: fingerprints("id_number", identity) for identity in identities}
    rows = [{"fp": fp, "fp_next": following, "created_at": now} for fp, following in prints.values()]
    rows.sort(key=lambda row: row["fp"])
    found: dict[bytes, int] = {}
    for part in _slices(rows):
        made = dialect_insert(Person).values(part)
        made = made.on_conflict_do_update(index_elements=["fp"], set_={"fp_next": made.excluded.fp_next})
        found |= dict(session.execute(made.returning(Person.fp, Person.id)).all())
    return {identity: found[fp] for identity, (fp, _next) in prints.items()}


def _known(unit_ids: Iterable[int], rows: list[StayGuestRow]) -> set[tuple]:
    """What is stored of these units in the time of the file: the same row again changes nothing."""
    arrivals = [row.arrived_at for row in rows]
    query = select(Guest.unit_id, Guest.person_id, Guest.name_fp, Guest.arrived_at).where(
        Guest.unit_id.in_(list(unit_ids)),
        Guest.arrived_at.between(min(arrivals), max(arrivals)),
        Guest.voided_at.is_(None),
    )
    return {
        (unit_id, person_id or name_fp, arrived_at)
        for unit_id, person_id, name_fp, arrived_at in session.execute(query)
    }


def _key(unit_id: int, person_id: int | None, name: str, row: StayGuestRow) -> tuple:
    return unit_id, person_id or fingerprints("name", name)[0], row.arrived_at


def _insert_stays(batch: ImportBatch, groups: list, now: datetime) -> dict[tuple, int]:
    uids = {key: new_uid() for key, _group, _units in groups}
    rows = [
        {
            "uid": uids[key],
            "unit_id": units[key[0]],
            "checks_in_at": min(row.arrived_at for row in group.rows),
            "checks_out_at": max(row.checks_out_at for row in group.rows),
            "ended_at": group.ended_at,
            "planned_guests": len(group.rows),
            "recorded_at": now,
            "recorded_by_id": batch.user_id,
            "import_batch_id": batch.id,
            "version": 1,
        }
        for key, group, units in groups
    ]
    _insert(Stay, rows)
    ids = dict(session.execute(select(Stay.uid, Stay.id).where(Stay.import_batch_id == batch.id)).all())
    return {key: ids[uid] for key, uid in uids.items()}


def _guest(batch, row: StayGuestRow, judged: Judged, stay_id: int, unit_id: int, person, now) -> dict:
    return guest_row(judged, row.arrived_at, now) | {
        "stay_id": stay_id,
        "unit_id": unit_id,
        "person_id": person,
        "left_at": row.left_at,
        "recorded_by_id": batch.user_id,
        "import_batch_id": batch.id,
        "import_row": row.number,
    }


def _insert(model, rows: list[dict]) -> None:
    for part in _slices(rows):
        # The table itself: the ORM would split the rows by which columns are empty.
        session.execute(insert(model.__table__), part)


def _slices(rows: list) -> Iterable[list]:
    # SQLite binds at most 32,766 values in one statement of VALUES.
    size = min(SLICE, 30_000 // max(1, len(rows[0]))) if rows else SLICE
    return (rows[first : first + size] for first in range(0, len(rows), size))
