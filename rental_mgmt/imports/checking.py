"""The dry run: reads a whole file and stores nothing but what is wrong, row by row, in words with the cell."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, insert, select, update

from ..core import clock
from ..core.db import session, unit_of_work
from ..core.errors import Invalid
from ..core.files import StoredFile, open_file
from ..core.i18n import _, remembering, to_keep
from ..places.models import Place, PlaceKind
from .guest_rows import StayGuestRow
from .ledger import SheetReport, read_ledger
from .models import BatchStatus, ImportBatch, ImportRow
from .reader import Note
from .rows import Level, Problem
from .unit_rows import UnitRow

log = logging.getLogger(__name__)

SLICE = 1_000
# So many rows with problems are kept; a file with more has one cause, and the page says how many there were.
MOST_KEPT = 5_000


@dataclass
class Checked:
    """What a reading found: counts, what was made of the columns, and the rows that have problems."""

    units: int = 0
    stays: int = 0
    guests: int = 0
    repeated: int = 0
    errors: int = 0
    warnings: int = 0
    sheets: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    rows: list = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not self.errors and bool(self.units or self.guests)

    @property
    def summary(self) -> dict:
        """What stands on the batch: counts and column names, no values of rows."""
        names = ("units", "stays", "guests", "repeated", "errors", "warnings")
        sheets = [
            {
                "name": sheet.name,
                "kind": sheet.kind.value if sheet.kind else None,
                "rows": sheet.rows,
                "understood": [[to_keep(word) for word in column] for column in sheet.understood],
                "ignored": [list(column) for column in sheet.ignored],
            }
            for sheet in self.sheets
        ]
        words = {"sheets": sheets, "notes": [to_keep(note) for note in self.notes]}
        return {name: getattr(self, name) for name in names} | words


def check(source: bytes | Path, doors: set[tuple[str, str]], now: datetime) -> Checked:
    """Read a ledger against the doors whose units are known (building code, door code); touches no database."""
    checked, stays, named = Checked(), set(), set(doors)
    for item in read_ledger(source, now):
        match item:
            case SheetReport():
                checked.sheets.append(item)
                if item.problem:
                    _keep(checked, item.name, item.header_row or 0, [item.problem])
            case Note():
                checked.notes.append(item.text)
            case UnitRow():
                checked.units += 1
                if item.door:
                    named.add(item.door.key)
                _keep(checked, item.sheet, item.number, item.problems)
            case StayGuestRow():
                checked.guests += 1
                checked.repeated += item.repeats_row is not None
                _keep(checked, item.sheet, item.number, _unit_known(item, named))
                if item.door and item.arrived_at:
                    stays.add(item.stay_key)
    checked.stays = len(stays)
    return checked


def _unit_known(row: StayGuestRow, named: set) -> list[Problem]:
    if row.door is None or row.door.key in named:
        return row.problems
    words = _("没有找到房源 %(door)s：请先在房源表中加上，或核对楼栋和房号", door=str(row.door))
    return [*row.problems, Problem(str(row.number), Level.ERROR, words)]


def _keep(checked: Checked, sheet: str, number: int, problems: Iterable[Problem]) -> None:
    problems = list(problems)
    is_error = any(problem.level is Level.ERROR for problem in problems)
    checked.errors += is_error
    checked.warnings += bool(problems) and not is_error
    if problems and len(checked.rows) < MOST_KEPT:
        said = [problem.as_json() for problem in problems]
        checked.rows.append({"sheet": sheet, "number": number, "is_error": is_error, "problems": said})


def known_doors(compound_id: int) -> set[tuple[str, str]]:
    """The doors of a compound that have a unit: (building code, door code)."""
    from sqlalchemy.orm import aliased

    from ..units.models import Unit

    door, building = aliased(Place), aliased(Place)
    query = (
        select(building.code, door.code)
        .join(Unit, Unit.door_id == door.id)
        .join(building, building.id == Unit.building_id)
        .where(Unit.compound_id == compound_id, building.kind == PlaceKind.BUILDING)
    )
    return {tuple(row) for row in session.execute(query)}


def check_batch(batch_id: int) -> Checked | None:
    """Do the dry run of one batch in short transactions; None if somebody else did."""
    with unit_of_work(read_only=True):
        batch = session.get(ImportBatch, batch_id)
        if batch is None or batch.status is not BatchStatus.READING or not batch.file_id:
            return None
        source = open_file(session.get(StoredFile, batch.file_id))
        doors = known_doors(batch.compound_id)
    with remembering():
        try:
            checked = check(source, doors, clock.now())
        except Invalid as refused:
            checked = Checked(errors=1, notes=[refused.message])
    _write_down(batch_id, checked)
    return checked


def _write_down(batch_id: int, checked: Checked) -> None:
    with unit_of_work():
        session.execute(delete(ImportRow).where(ImportRow.batch_id == batch_id))
    for first in range(0, len(checked.rows), SLICE):
        with unit_of_work():
            rows = [row | {"batch_id": batch_id} for row in checked.rows[first : first + SLICE]]
            session.execute(insert(ImportRow), rows)
    status = BatchStatus.CHECKED if checked.is_good else BatchStatus.REFUSED
    with unit_of_work():
        session.execute(
            update(ImportBatch)
            .where(ImportBatch.id == batch_id, ImportBatch.status == BatchStatus.READING)
            .values(status=status, progress=100, summary=checked.summary)
        )
