"""Statements of a hot path, built once and run again for another moment and other ids.

Building the SELECTs of all rules anew took three times as long as running them. What a parameter depends on is
learnt by building a statement for three moments: one that is the same, moves with the moment or is the list of
ids can be said anew; a statement with any other (a rule that asks for the day of the week) is never kept.
"""

import json
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Executable

from .db import engine, on_postgresql

Ids = Collection[int] | None
Build = Callable[[datetime, Ids], Executable]
# Other days of the week, months and years, other times of the day.
ELSEWHEN = (timedelta(days=3, hours=5, minutes=7, seconds=11), timedelta(days=431, hours=13, minutes=29))


@dataclass
class Prepared:
    """A statement, and which of its parameters are a span from the moment, which the ids."""

    statement: Executable
    spans: dict[str, timedelta] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)

    def values(self, at: datetime, ids: Ids) -> dict:
        said = _said(ids) if self.ids else None
        return {name: at + span for name, span in self.spans.items()} | dict.fromkeys(self.ids, said)


_kept: dict[Hashable, Prepared | None] = {}


def prepare(name: Hashable, build: Build, at: datetime, ids: Ids) -> tuple[Executable, dict]:
    """The statement that `build` makes for a moment and ids, and its values.

    `name` tells it from all others; whatever else `build` depends on is a part of it.
    """
    key = (name, ids is None, on_postgresql())
    if key not in _kept:
        _kept[key] = _learn(build, at, ids)
    known = _kept[key]
    return (known.statement, known.values(at, ids)) if known else (build(at, ids), {})


def _said(ids: Ids) -> str | list[int]:
    """As `among` says them."""
    return list(ids) if on_postgresql() else json.dumps(list(ids))


def _learn(build: Build, at: datetime, ids: Ids) -> Prepared | None:
    known = Prepared(build(at, ids))
    text, values = _compiled(known.statement)
    for away in ELSEWHEN:
        others = None if ids is None else [*ids, 0]
        other_text, other = _compiled(build(at + away, others))
        if other_text != text or not _explains(known, values, other, (at, ids), (at + away, others)):
            return None
    return known


def _explains(known: Prepared, values: dict, other: dict, here: tuple, there: tuple) -> bool:
    for name, value in values.items():
        if value == other[name]:
            continue
        if isinstance(value, datetime) and value - here[0] == other[name] - there[0]:
            known.spans[name] = value - here[0]
        elif here[1] is not None and (value, other[name]) == (_said(here[1]), _said(there[1])):
            known.ids = [*dict.fromkeys([*known.ids, name])]
        else:
            return False
    return True


def _compiled(statement: Executable) -> tuple[str, dict]:
    said = statement.compile(engine())
    return said.string, {name: bound.effective_value for bound, name in said.bind_names.items()}
