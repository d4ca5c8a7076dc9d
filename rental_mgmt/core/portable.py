"""SQL that both databases understand: sets of ids, spans of time, the least and the greatest of several."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, TypeDecorator, any_, extract, func, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from .db import UtcDateTime, on_postgresql


def among(column: ColumnElement, ids: Iterable[int] | None) -> ColumnElement[bool]:
    """Is the column one of these ids? None means all.

    One array, so that any number of them is one parameter and the planner uses the column's index: an
    IN (SELECT …) from a table was scanned sequentially.
    """
    if ids is None:
        return true()
    if on_postgresql():
        return column == any_(literal(list(ids), _Ids))
    listed = func.json_each(json.dumps(list(ids))).table_valued("value")
    return column.in_(select(listed.c.value))


class _Ids(TypeDecorator):
    """An array of ids, written here: the driver writes a list number by number, in a millisecond a thousand.

    It must stay a parameter of its own type: text with a cast is read anew for every row a filter sees.
    """

    impl = ARRAY(BigInteger)
    cache_ok = True

    def bind_processor(self, dialect):
        return lambda ids: "{" + ",".join(map(str, ids)) + "}"


def moment(at: datetime) -> ColumnElement[datetime]:
    """A moment as a value in SQL, where a bare parameter would have no type."""
    return literal(at, UtcDateTime)


def seconds_between(earlier: ColumnElement, later: ColumnElement) -> ColumnElement:
    """How many seconds lie between two moments; whole ones on SQLite."""
    return extract("epoch", later) - extract("epoch", earlier)


class _OfSeveral(FunctionElement):
    """The value of one of several arguments, none of which may be NULL."""

    def __init__(self, *clauses):
        super().__init__(*clauses)
        self.type = next(iter(self.clauses)).type


class least(_OfSeveral):
    """The smallest of several values."""

    inherit_cache = True
    name = "least"


class greatest(_OfSeveral):
    """The largest of several values."""

    inherit_cache = True
    name = "greatest"


@compiles(least)
@compiles(greatest)
def _of_several(element, compiler, **kw):
    return f"{element.name}({compiler.process(element.clauses, **kw)})"


@compiles(least, "sqlite")
def _least_on_sqlite(element, compiler, **kw):
    return f"min({compiler.process(element.clauses, **kw)})"


@compiles(greatest, "sqlite")
def _greatest_on_sqlite(element, compiler, **kw):
    return f"max({compiler.process(element.clauses, **kw)})"


class later_by(FunctionElement):
    """A moment moved by a span, written so that it compares with stored moments."""

    inherit_cache = True
    type = UtcDateTime()

    def __init__(self, column: ColumnElement, span: timedelta):
        super().__init__(column, literal(int(span.total_seconds())))


@compiles(later_by)
def _later_by(element, compiler, **kw):
    column, seconds = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({column} + {seconds} * interval '1 second')"


@compiles(later_by, "sqlite")
def _later_by_on_sqlite(element, compiler, **kw):
    column, seconds = (compiler.process(clause, **kw) for clause in element.clauses)
    # Moments are stored with six digits; SQLite writes three.
    return f"strftime('%Y-%m-%d %H:%M:%f000', {column}, {seconds} || ' seconds')"
