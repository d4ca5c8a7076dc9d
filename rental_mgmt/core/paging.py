"""Lists come in pages by key: page 10,000 costs what page 1 costs."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ClauseElement, Select, and_, bindparam, literal, or_, tuple_

from . import strict_json
from .db import session
from .errors import Invalid
from .i18n import _
from .strict_json import BadJson

SIZE, LARGEST = 50, 200


@dataclass(frozen=True)
class Page:
    """Some rows of a list, and the cursor that begins the next page (None: this was the last)."""

    items: Sequence
    next_cursor: str | None


def page_of(
    query: Select, keys: Sequence, cursor: str | None = None, size: int = SIZE, scalars: bool = True
) -> Page:
    """One page of a query ordered by `keys`: columns or `column.desc()`, never NULL, the last one unique.

    A cursor holds the key values of the last row seen; an unreadable one is an error that names the field.
    """
    found = session.execute(rows_of_page(query, keys, cursor, size))
    return as_page(found.scalars().all() if scalars else found.all(), keys, size)


def rows_of_page(query: Select, keys: Sequence, cursor: str | None = None, size: int = SIZE) -> Select:
    """The rows of one page and one more: for lists that join what they show only after they have chosen it."""
    if cursor:
        query = query.where(_after(keys, _read(cursor, keys)))
    return query.order_by(*keys).limit(size + 1)


def rows_after(query: Select, keys: Sequence, size: int = SIZE) -> Select:
    """The same for a statement that is kept: what was seen last are its parameters, said by `seen_in`."""
    seen = [bindparam(f"seen_{n}", type_=_column(key).type) for n, key in enumerate(keys)]
    return query.where(_after(keys, seen)).order_by(*keys).limit(size + 1)


def seen_in(cursor: str, keys: Sequence) -> dict:
    """The parameters of `rows_after` for this cursor; an unreadable one is an error that names the field."""
    return {f"seen_{n}": value for n, value in enumerate(_read(cursor, keys))}


def as_page(rows: Sequence, keys: Sequence, size: int = SIZE) -> Page:
    """Those rows, fetched, as a page."""
    more, items = len(rows) > size, rows[:size]
    return Page(items, _write(items[-1], keys) if more else None)


def _column(key):
    return getattr(key, "element", key)


def _descends(key) -> bool:
    return getattr(key, "modifier", None) is not None and key.modifier.__name__ == "desc_op"


def _after(keys, values):
    """Strictly after these values in the keys' order, whatever the direction of each."""
    columns = [_column(key) for key in keys]
    values = [_bound(value, column) for value, column in zip(values, columns, strict=True)]
    if len({_descends(key) for key in keys}) == 1:
        # One comparison of rows is a range of the index; steps joined by "or" are read from the beginning.
        here = tuple_(*values)
        return tuple_(*columns) < here if _descends(keys[0]) else tuple_(*columns) > here
    steps = []
    for n, key in enumerate(keys):
        column = _column(key)
        beyond = column < values[n] if _descends(key) else column > values[n]
        steps.append(and_(*(_column(k) == v for k, v in zip(keys[:n], values[:n], strict=True)), beyond))
    return or_(*steps)


def _bound(value, column):
    # SQLAlchemy compares a bare True with = only.
    return value if isinstance(value, ClauseElement) else literal(value, column.type)


def _write(row: Any, keys) -> str:
    values = [getattr(row, _column(key).key) for key in keys]
    plain = [v.isoformat() if isinstance(v, date) else v.hex if isinstance(v, UUID) else v for v in values]
    return base64.urlsafe_b64encode(json.dumps(plain, default=str).encode()).decode().rstrip("=")


def _read(cursor: str, keys) -> list:
    try:
        plain = strict_json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if len(plain) != len(keys):
            raise ValueError(cursor)
        return [_typed(_column(key), value) for key, value in zip(keys, plain, strict=True)]
    except (BadJson, ValueError, TypeError, AttributeError, OverflowError):
        raise Invalid(errors={"cursor": [_("翻页标记无法识别，请从第一页重新打开")]}) from None


def _typed(column, value):
    kind = column.type.python_type
    if issubclass(kind, datetime):
        return datetime.fromisoformat(value).astimezone(UTC)
    if issubclass(kind, date):
        return date.fromisoformat(value)
    if issubclass(kind, UUID):
        return UUID(value)
    if issubclass(kind, int):
        if type(value) is not (bool if kind is bool else int) or abs(value) > 2**53:
            raise ValueError(value)
        return value
    if type(value) is not str:
        raise ValueError(value)
    return kind(value)
