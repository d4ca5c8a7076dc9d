"""What a tick of the rules has to look at: things touched by writers, and things whose time has come.

Writers only touch; they know no rule. A touch is append-only and never unique, so that it costs one insert
and no lock; the engine deletes the rows it read, by id, in the transaction that stores what it found.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, insert
from sqlalchemy.orm import Mapped, mapped_column

from .bulk import insert_new
from .db import Model, Words, run


class Kind(StrEnum):
    UNIT = "unit"
    PERSON = "person"
    BUILDING = "building"
    PARTY = "party"
    RULE = "rule"


class Touch(Model):
    """Something changed about this subject."""

    __tablename__ = "touch"

    kind: Mapped[Kind] = mapped_column(Words(Kind))
    key: Mapped[int]


class Due(Model):
    """The next moment at which a rule's answer about a subject can change by time alone."""

    __tablename__ = "due"
    __table_args__ = (Index(None, "at"), Index(None, "rule", "key"))

    rule: Mapped[str]
    kind: Mapped[Kind] = mapped_column(Words(Kind))
    key: Mapped[int]
    at: Mapped[datetime]


def touch(*subjects: tuple[Kind, int]) -> None:
    """Say that these subjects changed, in the transaction that changed them."""
    if len(subjects) > FEW:
        insert_new(Touch.__table__, {}, ("kind", "key"), [(kind.value, key) for kind, key in subjects])
    elif subjects:
        run(_INSERT, [{"kind": kind, "key": key} for kind, key in subjects])


# As many rows as the driver writes one by one without anybody noticing.
FEW = 8
_INSERT = insert(Touch.__table__)
