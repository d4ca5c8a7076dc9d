"""Finds the row with the column names under titles and merged cells, and says what each column is."""

from dataclasses import dataclass, field

from ..core.i18n import _
from .cells import Unreadable, read_text
from .columns import COLUMNS, NEEDED, OWN_PHONE, PHONE_OF, SheetKind, headers_of, phone_headers, plain_header
from .reader import Row, column_letters

# Titles, a unit's name, a line of remarks: nobody puts more above the table.
SEARCHED_ROWS = 30
_ENOUGH = 3


@dataclass(slots=True)
class HeaderMap:
    """Which column holds what; `columns` maps a field to its column number (0 = A)."""

    kind: SheetKind
    row: int
    columns: dict[str, int] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """The labels of what this kind of sheet cannot do without and does not have."""
        groups = (group for group in NEEDED[self.kind] if not any(name in self.columns for name in group))
        return ["/".join(str(COLUMNS[self.kind][name]) for name in group) for group in groups]

    @property
    def understood(self) -> list[tuple[str, str, str]]:
        """(column letters, what stands there, what it was taken for)."""
        found = sorted((column, name) for name, column in self.columns.items())
        return [(column_letters(c), self.texts[c], str(COLUMNS[self.kind][name])) for c, name in found]

    @property
    def ignored(self) -> list[tuple[str, str]]:
        """(column letters, what stands there) of columns that are not read."""
        taken = set(self.columns.values())
        return [(column_letters(column), text) for column, text in self.texts.items() if column not in taken]

    @property
    def absent(self) -> list[str]:
        """The labels of what may be given and is not."""
        not_asked = {"compound", "address", "arrived_on", "left_on", *self.columns}
        return [str(label) for name, label in COLUMNS[self.kind].items() if name not in not_asked]

    def repeats(self, row: Row) -> bool:
        """Printed ledgers repeat their header on every page."""
        column, text = next(iter(self.texts.items()))
        if _text(row, column) != text:
            return False
        same = sum(_text(row, column) == text for column, text in self.texts.items())
        return same >= max(_ENOUGH, len(self.texts) // 2)


def find_header(rows: list[Row]) -> HeaderMap | None:
    """The best header among the first rows of a sheet, or None if nothing there looks like one."""
    found = [header for row in rows[:SEARCHED_ROWS] for kind in SheetKind if (header := read_header(row, kind))]
    # A stays sheet names doors too, so what understands more columns wins; at a tie the one that lacks less.
    return max(found, key=lambda header: (len(header.columns), -len(header.missing), -header.row), default=None)


def read_header(row: Row, kind: SheetKind) -> HeaderMap | None:
    """The row taken as the header of a sheet of this kind, or None if too little of it is understood."""
    texts = {column: text for column in range(len(row.cells)) if (text := _text(row, column))}
    header = HeaderMap(kind, row.number, texts=texts)
    known, phones, name = headers_of(kind), [], None
    for column, text in texts.items():
        plain = plain_header(text)
        if plain in phone_headers():
            phones.append((column, name))
        elif (found := _meaning(plain, known)) and found not in header.columns:
            header.columns[found] = column
            name = found if found in PHONE_OF else name
    _give_phones(header, phones)
    _split_day_and_time(header)
    is_table = len(header.columns) >= _ENOUGH and not ("door" in header.missing and len(header.missing) > 1)
    return header if is_table else None


def _meaning(plain: str, known: dict[str, str]) -> str | None:
    """户主/经营者 is understood by its first word that is."""
    return known.get(plain) or next((known[part] for part in plain.split("/") if part in known), None)


def _give_phones(header: HeaderMap, phones: list[tuple[int, str | None]]) -> None:
    """A lone 联系电话 is that of the person the sheet is about; several belong to the names before them."""
    own = OWN_PHONE[header.kind]
    for column, name in phones:
        owner = PHONE_OF[name] if len(phones) > 1 and name else own
        header.columns.setdefault(owner, column)


def _split_day_and_time(header: HeaderMap) -> None:
    """入住日期 beside 入住时间 holds the day; alone it holds what there is."""
    known = headers_of(header.kind)
    for moment, day in (("arrived_at", "arrived_on"), ("left_at", "left_on")):
        both = [column for column, text in header.texts.items() if known.get(plain_header(text)) == moment]
        days = [column for column in both if plain_header(header.texts[column]).endswith("日期")]
        if len(both) == 2 and len(days) == 1:
            header.columns[day] = days[0]
            header.columns[moment] = sum(both) - days[0]


def _text(row: Row, column: int) -> str:
    try:
        return read_text(row.cell(column), 60)
    except Unreadable:
        return ""


def said_missing(header: HeaderMap) -> str:
    names = "、".join(header.missing)
    return _("没有找到“%(names)s”这一列，请在第 %(row)s 行的表头中补上", names=names, row=header.row)
