"""The law table: the sentence shown beside an alert, form or retention rule, by an id never used twice."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path

from ..core import i18n

TABLE = Path(__file__).parent / "data" / "laws.json"


class UnknownLaw(KeyError):
    """An id that the law table does not hold: found when the file that names it is imported."""


class Mark(StrEnum):
    """How well the text behind a row is known."""

    READ = "read"
    QUOTED = "quoted"
    UNVERIFIED = "unverified"


@dataclass(frozen=True)
class Law:
    """One duty. `zh` is shown as it stands; `penalty` is never shown as if it were certain."""

    id: str
    who: str
    zh: str
    en: str
    deadline: str
    penalty: str
    mark: Mark
    valid_from: date
    valid_to: date | None

    def is_in_force(self, on: date) -> bool:
        """`valid_to` is the first day on which it no longer binds."""
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)

    @property
    def is_verified(self) -> bool:
        return self.mark is Mark.READ


@cache
def laws() -> dict[str, Law]:
    """Every row by its id, in the order of the table."""
    return {row["id"]: _law(row) for row in json.loads(TABLE.read_text("utf-8"))}


def _law(row: dict) -> Law:
    dates = {key: row[key] and date.fromisoformat(row[key]) for key in ("valid_from", "valid_to")}
    return Law(**row | dates | {"mark": Mark(row["mark"])})


def get_law(id: str) -> Law:
    """The row of an id. Raises UnknownLaw, so a rule that names a wrong id fails when it is imported."""
    try:
        return laws()[id]
    except KeyError:
        raise UnknownLaw(f"no such law id: {id}") from None


def law_at(id: str, on: date) -> Law | None:
    """The row if it binds on that day, else None; a wrong id raises UnknownLaw."""
    law = get_law(id)
    return law if law.is_in_force(on) else None


def in_force(ids: Iterable[str], on: date) -> tuple[Law, ...]:
    """Of several ids those that bind on that day, in the order given."""
    return tuple(law for id in ids if (law := law_at(id, on)))


def sentence(id: str, locale: str | None = None) -> str:
    """The basis in words (`locale` zh or en, else the present one); a text not read in full says so."""
    law = get_law(id)
    if (locale or i18n.locale()) == "en":
        return law.en if law.is_verified else f"{law.en} (subject to the text in force)"
    return law.zh if law.is_verified else f"{law.zh}（以现行有效文本为准）"
