"""Reads a whole ledger: sheets of units and of stays, row by row, typed, with every problem said by cell."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from ..core import clock
from ..core.i18n import _
from .cells import Unreadable, read_text
from .columns import SheetKind
from .guest_rows import StayGuestRow, read_guest
from .headers import SEARCHED_ROWS, HeaderMap, find_header, said_missing
from .reader import Note, Row, Sheet, UnreadableFile, read_file
from .rows import Level, Problem, Reading
from .unit_rows import UnitRow, read_unit

_FOOTERS = (
    "合计",
    "总计",
    "小计",
    "共计",
    "备注:",
    "备注：",
    "说明:",
    "说明：",
    "注:",
    "注：",
    "填表人",
    "制表",
    "填报人",
    "审核人",
)
_PERIOD = re.compile(r"(20[0-9]{2})年(?:[0-9]{1,2}月?[-~至到—])?(?:([0-9]{1,2})月)?", re.ASCII)


@dataclass(slots=True)
class SheetReport:
    """What was made of a sheet: given before its rows; `rows` and `skipped` count on while they come.

    `kind` is None for a sheet that is neither units nor stays; `problem` is an error of the sheet as a whole.
    """

    name: str
    kind: SheetKind | None = None
    header_row: int | None = None
    understood: list[tuple[str, str, str]] = field(default_factory=list)
    ignored: list[tuple[str, str]] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    rows: int = 0
    skipped: int = 0
    problem: Problem | None = None


def read_ledger(source: bytes | Path, now: datetime) -> Iterator[SheetReport | Note | UnitRow | StayGuestRow]:
    """Everything the file says, in its order, streamed; closing the iterator ends the reading.

    A row with an error is given too (see `problems`), so that all errors can be shown at once. Raises
    UnreadableFile if the file cannot be read, also in the middle, or if no sheet of it is understood.
    """
    ledger = _Ledger(now)
    for item in read_file(source):
        if isinstance(item, Sheet):
            yield from ledger.open_sheet(item)
        elif isinstance(item, Row):
            yield from ledger.take(item)
        else:
            yield item
    yield from ledger.close_sheet()
    if not ledger.is_understood:
        raise UnreadableFile(
            _("没有找到表头：表中应有房号等列（房源），或房号、住客姓名、入住时间等列（入住）")
        )


class _Ledger:
    """Keeps the first rows of a sheet until its header is known, then reads each row as it comes."""

    def __init__(self, now: datetime):
        self.is_understood = False
        self._now, self._known = now, Known()
        self._sheet, self._first, self._report, self._header, self._near = None, None, None, None, None

    def open_sheet(self, sheet: Sheet) -> Iterator:
        yield from self.close_sheet()
        self._sheet, self._first, self._report, self._header = sheet, [], None, None

    def close_sheet(self) -> Iterator:
        """A sheet shorter than the search for its header is decided when it ends."""
        if self._first:
            yield from self._decide()

    def take(self, row: Row) -> Iterator:
        if self._first is None:
            yield from self._typed(row)
            return
        self._first.append(row)
        if len(self._first) >= SEARCHED_ROWS:
            yield from self._decide()

    def _decide(self) -> Iterator:
        first, self._first = self._first, None
        self._header = find_header(first)
        self._report = _report(self._sheet, self._header)
        self.is_understood = self.is_understood or self._header is not None
        yield self._report
        if self._header:
            self._near = _near(first, self._header, self._now)
            for row in first:
                if row.number > self._header.row:
                    yield from self._typed(row)

    def _typed(self, row: Row) -> Iterator[UnitRow | StayGuestRow]:
        if self._header is None or self._report.problem:
            return
        if _is_footer(row) or self._header.repeats(row):
            self._report.skipped += 1
            return
        self._report.rows += 1
        reading = Reading(row, self._header, self._now, self._sheet.date1904, self._near)
        if self._header.kind is SheetKind.UNITS:
            yield self._known.unit(reading, read_unit(reading, self._sheet.name))
        else:
            yield self._known.guest(reading, read_guest(reading, self._sheet.name))


class Known:
    """What the file has said already, so that a row that says it again is found."""

    def __init__(self):
        self._units: dict[tuple, int] = {}
        self._guests: dict[tuple, int] = {}

    def unit(self, reading: Reading, unit: UnitRow) -> UnitRow:
        if unit.door:
            earlier = self._units.setdefault(unit.door.key, unit.number)
            if earlier != unit.number:
                reading.error("door", _("与第 %(row)s 行是同一房号，请删去一行", row=earlier))
        return unit

    def guest(self, reading: Reading, guest: StayGuestRow) -> StayGuestRow:
        """The same person twice in one stay is stored once."""
        if guest.door and guest.arrived_at:
            key = hash((guest.stay_key, guest.paper.number or guest.name))
            earlier = self._guests.setdefault(key, guest.number)
            if earlier != guest.number:
                guest.repeats_row = earlier
                reading.warn("guest_name", _("与第 %(row)s 行重复，只登记一次", row=earlier))
        return guest


def _report(sheet: Sheet, header: HeaderMap | None) -> SheetReport:
    if header is None:
        return SheetReport(sheet.name)
    report = SheetReport(sheet.name, header.kind, header.row, header.understood, header.ignored, header.absent)
    if header.missing:
        report.problem = Problem(str(header.row), Level.ERROR, said_missing(header))
    return report


def _near(first: list[Row], header: HeaderMap, now: datetime) -> date:
    """The last day a date without a year can mean: today, or the end of the period that the title names."""
    today = clock.local_day(now)
    titles = (row for row in first if row.number < header.row)
    for text in (_text(row, column) for row in titles for column in range(len(row.cells))):
        # 2026年12月—2027年1月: the last of them.
        for found in reversed(list(_PERIOD.finditer(text))):
            year, month = int(found[1]), int(found[2] or 12)
            if 1 <= month <= 12:
                return min(today, clock.local_day(clock.month_bounds(year, month)[1]) - timedelta(days=1))
    return today


def _is_footer(row: Row) -> bool:
    start = next((cell for cell in row.cells[:3] if cell), "")
    return isinstance(start, str) and "".join(start.split()).startswith(_FOOTERS)


def _text(row: Row, column: int) -> str:
    try:
        return read_text(row.cell(column))
    except Unreadable:
        return ""
