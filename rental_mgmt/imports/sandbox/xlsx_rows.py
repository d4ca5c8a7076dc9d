"""Streams the rows of a workbook's visible sheets: cells by column, merged cells filled downwards."""

import re

from limits import BLANK_RUN, CELL_CHARS, CELLS, COLUMNS, MERGES, ROWS, SHEET_BYTES, Refused
from xlsx_book import Workbook, open_zip, read_date_styles, read_strings
from xml_parts import Handler, Member, feed, local, unescape

_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_ROW = re.compile(r"[0-9]{1,7}", re.ASCII)
_MERGE = re.compile(
    rb'<(?:\w{1,20}:)?mergeCell [^>]{0,200}?ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"'
)
_TAIL = 300


def _letters(index: int) -> str:
    return (chr(64 + index // 26) if index >= 26 else "") + chr(65 + index % 26)


_COLUMN = {_letters(index): index for index in range(COLUMNS)}


def read_xlsx(stream):
    """Yield what a person sees in the workbook, sheet by sheet; see __main__ for the shape of the items."""
    archive = open_zip(stream)
    book = Workbook(archive)
    for title in book.hidden:
        yield {"note": "hidden_sheet", "sheet": title}
    strings, dates = read_strings(archive, book), read_date_styles(archive, book)
    budget = Budget()
    for title, path in book.sheets:
        yield {"sheet": title, "date1904": book.date1904}
        rows = SheetRows(strings, dates, budget, _merges(archive, path))
        for _ in feed(Member(archive, path, SHEET_BYTES), rows):
            yield from rows.take()
        if rows.blank_run > BLANK_RUN:
            yield {"note": "blank_run", "sheet": title, "row": rows.number}


class Budget:
    """Rows and cells of the whole file, whatever the sheets claim about their size."""

    def __init__(self):
        self.rows = self.cells = 0

    def cell(self) -> None:
        self.cells += 1
        if self.cells > CELLS:
            raise Refused("cells", limit=CELLS)

    def row(self) -> None:
        self.rows += 1
        if self.rows > ROWS:
            raise Refused("rows", limit=ROWS)


class SheetRows(Handler):
    """Collects `[row number, [cell, …]]`; a cell is null, a text, or [kind, text]."""

    def __init__(self, strings, dates: set[str], budget: Budget, merges: dict[int, list]):
        self.number = self.blank_run = 0
        self._strings, self._dates, self._budget, self._merges = strings, dates, budget, merges
        self._rows, self._cells, self._filled = [], [], {}
        self._column, self._kind, self._style = -1, "n", ""
        self._taking, self._aside, self._text, self._length, self._formula = "", False, [], 0, None

    def take(self) -> list:
        rows, self._rows = self._rows, []
        return rows

    def start(self, name: str, attrs: dict) -> None:
        name = local(name)
        if name == "c":
            self._open_cell(attrs)
        elif name == "v" or name == "f" or (name == "t" and not self._aside):
            self._taking = name
            if name == "f":
                self._formula = []
        elif name == "row":
            self._open_row(attrs.get("r"))
        elif name == "rPh":
            self._aside = True

    def text(self, data: str) -> None:
        if not self._taking:
            return
        self._length += len(data)
        if self._length > CELL_CHARS * 8:
            self._refuse_long()
        (self._formula if self._taking == "f" else self._text).append(data)

    def end(self, name: str) -> None:
        name = local(name)
        if name == "c":
            self._close_cell()
        elif name == "row":
            self._close_row()
        elif name == "rPh":
            self._aside = False
        elif name == "sheetData":
            self.done = True
        self._taking = ""

    def _open_row(self, number: str | None) -> None:
        if number is None:
            self.number += 1
        elif _ROW.fullmatch(number):
            self.number = int(number)
        else:
            raise Refused("corrupt")
        self._cells, self._column = [], -1

    def _open_cell(self, attrs: dict) -> None:
        self._budget.cell()
        reference = attrs.get("r")
        if reference is None:
            self._column += 1
        else:
            self._column = _COLUMN.get(reference.rstrip("0123456789"), COLUMNS)
        if self._column >= COLUMNS:
            raise Refused("columns", limit=COLUMNS, cell=(reference or "")[:10])
        self._kind, self._style = attrs.get("t", "n"), attrs.get("s", "")
        self._text, self._length, self._formula = [], 0, None

    def _close_cell(self) -> None:
        value = self._value()
        if value is not None:
            missing = self._column + 1 - len(self._cells)
            if missing > 0:
                self._cells.extend([None] * missing)
            self._cells[self._column] = value

    def _value(self):
        if self._formula is not None:
            return ["f", "=" + "".join(self._formula)[:CELL_CHARS]]
        text = "".join(self._text)
        if not text:
            return None
        if self._kind == "s":
            text = self._strings[int(text) if _ROW.fullmatch(text) else -1]
        elif self._kind == "n" and _NUMBER.fullmatch(text):
            return ["d" if self._style in self._dates else "n", text]
        elif self._kind == "e":
            return ["e", text[:20]]
        else:
            text = unescape(text)
        if len(text) > CELL_CHARS:
            self._refuse_long()
        return text if text.strip() else None

    def _close_row(self) -> None:
        if not any(cell is not None for cell in self._cells):
            self.blank_run += 1
            self.done = self.blank_run > BLANK_RUN
            return
        self.blank_run = 0
        self._budget.row()
        self._fill_down()
        self._rows.append([self.number, self._cells])

    def _fill_down(self) -> None:
        """One room written once beside three guests: the merged cell's value belongs to each of its rows."""
        for column, last in self._merges.get(self.number, ()):
            value = self._cells[column] if column < len(self._cells) else None
            self._filled[column] = (last, value)
        for column, (last, value) in list(self._filled.items()):
            if self.number > last:
                del self._filled[column]
            elif value is not None and column < len(self._cells) and self._cells[column] is None:
                self._cells[column] = value
            elif value is not None and column >= len(self._cells):
                self._cells += [None] * (column - len(self._cells)) + [value]

    def _refuse_long(self):
        raise Refused("cell", limit=CELL_CHARS, cell=f"{_letters(self._column)}{self.number}")


def _merges(archive, path: str) -> dict[int, list]:
    """First row → (column, last row) of cells merged downwards; they stand after the rows: read first."""
    found, tail, count = {}, b"", 0
    member = Member(archive, path, SHEET_BYTES)
    while piece := member.read():
        window, end = tail + piece, 0
        for merge in _MERGE.finditer(window):
            end = merge.end()
            count += 1
            _keep(found, *(group.decode() for group in merge.groups()))
        if count > MERGES:
            raise Refused("merges", limit=MERGES)
        tail = window[max(end, len(window) - _TAIL) :]
    return found


def _keep(found: dict, left: str, first: str, right: str, last: str) -> None:
    if int(last) > int(first) and left in _COLUMN:
        found.setdefault(int(first), []).append((_COLUMN[left], int(last)))
