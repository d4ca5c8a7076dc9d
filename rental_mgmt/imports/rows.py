"""A row of a ledger as a typed thing, with everything that is wrong in it said by cell and in words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from ..core import clock
from ..core.i18n import _, to_keep
from .cells import Unreadable, read_text
from .columns import COLUMNS
from .dates import Written, read_moment
from .doors import Door, read_door
from .headers import HeaderMap
from .reader import Row, column_letters


class Level(StrEnum):
    """An error stops the whole import; a warning is stored with the row."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one cell: `cell` is C7, or the row number if the column is missing. No values."""

    cell: str
    level: Level
    words: str

    def as_json(self) -> dict:
        """As it is stored: the sentence as message and values, said again in the reader's language."""
        return {"cell": self.cell, "level": self.level.value, "said": to_keep(self.words)}


@dataclass(slots=True)
class Reading:
    """One row while it is read: takes cells by field, keeps what went wrong."""

    row: Row
    header: HeaderMap
    now: datetime
    date1904: bool = False
    # The last day a date without a year can mean; the title of a monthly ledger may say an earlier one.
    near: date | None = None
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self):
        self.near = self.near or clock.local_day(self.now)

    def cell(self, name: str):
        column = self.header.columns.get(name)
        return None if column is None else self.row.cell(column)

    def take(self, name: str, reader: Callable, *args, level: Level = Level.WARNING) -> Any:
        """What the reader makes of the cell; None where it is blank, or with a problem said."""
        cell = self.cell(name)
        if cell is None:
            return None
        try:
            return reader(cell, *args)
        except Unreadable as fault:
            self.say(name, level, str(fault) if level is Level.ERROR else _("%(why)s（此项未采用）", why=fault))
            return None

    def text(self, name: str, limit: int = 200) -> str:
        return self.take(name, read_text, limit) or ""

    def say(self, name: str, level: Level, words: str) -> None:
        said = _("%(label)s：%(words)s", label=str(COLUMNS[self.header.kind][name]), words=words)
        self.problems.append(Problem(self._place(name), level, said))

    def error(self, name: str, words: str) -> None:
        self.say(name, Level.ERROR, words)

    def warn(self, name: str, words: str) -> None:
        self.say(name, Level.WARNING, words)

    def has_error_at(self, *names: str) -> bool:
        places = {self._place(name) for name in names}
        return any(problem.level is Level.ERROR and problem.cell in places for problem in self.problems)

    def _place(self, name: str) -> str:
        column = self.header.columns.get(name)
        return str(self.row.number) if column is None else f"{column_letters(column)}{self.row.number}"

    def door(self) -> Door | None:
        """The door; None, with an error, where there is none."""
        place = "door" if "door" in self.header.columns else "address"
        before = len(self.problems)
        names = ("building", "entrance", "door", "floor", "address")
        texts = [self.take(name, read_text, 100, level=Level.ERROR) or "" for name in names]
        if len(self.problems) > before:
            return None
        try:
            door = read_door(*texts)
        except Unreadable as fault:
            self.error(place, str(fault))
            return None
        if not door.building and "building" in self.header.columns:
            self.error("building", _("没有楼栋"))
            return None
        return door

    def written(self, moment: str, day: str | None = None, level: Level = Level.ERROR) -> Written | None:
        """What stands under 入住时间, with the day from 入住日期 where the ledger has both."""
        at = self.take(moment, read_moment, self.date1904, level=level)
        on = self.take(day, read_moment, self.date1904, level=level) if day else None
        if at is None or on is None:
            return at or on
        return Written(at.day or on.day, at.month_day or on.month_day, at.at or on.at)
