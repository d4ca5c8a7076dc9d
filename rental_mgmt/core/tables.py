"""What every table is made of: the base class, public identifiers, column types that both databases share."""

import uuid
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import uuid_utils.compat as uuid7
from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    Uuid,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in Python, naive UTC in the table, on every database."""

    impl = DateTime
    cache_ok = True

    @property
    def python_type(self) -> type:
        return datetime

    def process_bind_param(self, value, dialect):
        return value and value.astimezone(UTC).replace(tzinfo=None)

    def result_processor(self, dialect, coltype):
        # One call a value instead of a chain of three: a page of a list has hundreds of moments and words.
        if dialect.name == "sqlite":
            return lambda value: value and datetime.fromisoformat(value).replace(tzinfo=UTC)
        return lambda value: value and value.replace(tzinfo=UTC)


class Words(TypeDecorator[StrEnum]):
    """A StrEnum stored as its value, so that a new word needs no migration of a database type."""

    impl = String(32)
    cache_ok = True

    def __init__(self, kind: type[StrEnum]):
        super().__init__()
        self.kind = kind

    @property
    def python_type(self) -> type[StrEnum]:
        return self.kind

    def process_bind_param(self, value, dialect):
        return None if value is None else self.kind(value).value

    def result_processor(self, dialect, coltype):
        return {None: None, **{word.value: word for word in self.kind}}.__getitem__


Json = Annotated[dict, mapped_column(JSON)]
Sealed = Annotated[bytes, mapped_column(LargeBinary)]
Fingerprint = Annotated[bytes, mapped_column(LargeBinary(16))]
# Paths are compared as bytes, so that a prefix is a range on every database.
Path = Annotated[str, mapped_column(String(200).with_variant(String(200, collation="C"), "postgresql"))]
LongText = Annotated[str, mapped_column(Text)]


class Model(DeclarativeBase):
    """A table; its serial `id` never leaves the database."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {
        # Serial numbers and the columns that point to them outgrow 31 bits in a city.
        int: BigInteger().with_variant(Integer, "sqlite"),
        datetime: UtcDateTime,
        dict: JSON,
        list: JSON,
        bytes: LargeBinary,
        uuid.UUID: Uuid,
    }

    id: Mapped[int] = mapped_column(primary_key=True)


def new_uid() -> uuid.UUID:
    """A UUIDv7: made by our process before the INSERT, never taken from a request."""
    return uuid7.uuid7()


class Uid:
    """A public identifier: in URLs, in sealed data's associated data, in outbox event ids."""

    # Also tells inserted rows apart, so that SQLite stores many in one statement.
    uid: Mapped[uuid.UUID] = mapped_column(unique=True, default=new_uid, insert_sentinel=True)

    def __init__(self, **values):
        values.setdefault("uid", new_uid())
        super().__init__(**values)
