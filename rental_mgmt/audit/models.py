"""The chains of what was done and seen: one per community (or `system`) and retention class."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Model, Words


class Keep(StrEnum):
    """How long an entry stays: acts three years, accesses twelve months, never under 180 days."""

    ACT = "act"
    ACCESS = "access"


class AuditChain(Model):
    """A chain and its head: the last number and seal."""

    __tablename__ = "audit_chain"
    __table_args__ = (UniqueConstraint("scope", "keep"),)

    scope: Mapped[str]
    keep: Mapped[Keep] = mapped_column(Words(Keep))
    length: Mapped[int]
    head: Mapped[bytes]
    head_mac: Mapped[bytes]


class AuditEntry(Model):
    """One thing that someone did or saw. Rows are added, never changed; each seals the one before.

    `at_us` is microseconds since 1970 UTC; `details` is canonical JSON text, without personal data.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        UniqueConstraint("chain_id", "number"),
        Index(None, "subject", "at_us"),
        Index(None, "actor_id", "at_us"),
        Index(None, "at_us"),
    )

    chain_id: Mapped[int]
    number: Mapped[int] = mapped_column(BigInteger)
    at_us: Mapped[int] = mapped_column(BigInteger)
    actor_id: Mapped[int | None]
    actor_role: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    details: Mapped[str] = mapped_column(Text)
    seal: Mapped[bytes]


class AuditSegment(Model):
    """A finished month of a chain: its end and the signature over it, kept when its rows retire."""

    __tablename__ = "audit_segment"
    __table_args__ = (UniqueConstraint("chain_id", "month"),)

    chain_id: Mapped[int]
    month: Mapped[str]
    first_number: Mapped[int]
    last_number: Mapped[int]
    head: Mapped[bytes]
    signature: Mapped[bytes]
    sealed_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class AuditAnchor(Model):
    """A head that was sent outside: to a file or an address that the database's owner cannot rewrite."""

    __tablename__ = "audit_anchor"

    at: Mapped[datetime] = mapped_column(index=True)
    sink: Mapped[str]
    chains: Mapped[int]
    digest: Mapped[bytes]
    error: Mapped[str | None]
