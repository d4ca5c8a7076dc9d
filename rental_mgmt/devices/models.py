"""Locks and what they said: each event stored once, each delivery kept as evidence."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Model, Sealed, Uid, Words
from ..core.i18n import lazy


class DeviceSource(Uid, Model):
    """Whoever sends events: one signed address, one secret."""

    __tablename__ = "device_source"

    name: Mapped[str]
    community_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    secret_sealed: Mapped[Sealed]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class Device(Uid, Model):
    """A lock on a unit's door."""

    __tablename__ = "device"
    __table_args__ = (UniqueConstraint("source_id", "serial"),)

    source_id: Mapped[int] = mapped_column(ForeignKey("device_source.id"))
    serial: Mapped[str]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    installed_at: Mapped[datetime]
    last_event_at: Mapped[datetime | None]


class DeviceDelivery(Model):
    """One signed request as it came: the compressed body and its hash are the evidence."""

    __tablename__ = "device_delivery"
    __table_args__ = (UniqueConstraint("source_id", "sha256"),)

    source_id: Mapped[int] = mapped_column(ForeignKey("device_source.id"))
    received_at: Mapped[datetime] = mapped_column(index=True)
    sha256: Mapped[bytes]
    body: Mapped[bytes]
    events: Mapped[int]


class LockAction(StrEnum):
    UNLOCK = "unlock"
    TAMPER = "tamper"
    HEARTBEAT = "heartbeat"


class KeyPurpose(StrEnum):
    """Whose key opened the door; A01 and E09 are quiet for cleaners, owners and emergencies."""

    GUEST = "guest"
    CLEANER = "cleaner"
    OWNER = "owner"
    EMERGENCY = "emergency"
    UNKNOWN = "unknown"

    @property
    def label(self):
        return PURPOSE_LABELS[self]


PURPOSE_LABELS = {
    KeyPurpose.GUEST: lazy("住客钥匙"),
    KeyPurpose.CLEANER: lazy("保洁钥匙"),
    KeyPurpose.OWNER: lazy("房东钥匙"),
    KeyPurpose.EMERGENCY: lazy("应急钥匙"),
    KeyPurpose.UNKNOWN: lazy("用途不明的钥匙"),
}


class LockEvent(Model):
    """One thing a lock said. `key_ref` is a keyed hash of the vendor's key number."""

    __tablename__ = "lock_event"
    __table_args__ = (
        UniqueConstraint("source_id", "vendor_event_id"),
        Index(None, "unit_id", "occurred_at"),
    )

    source_id: Mapped[int] = mapped_column(ForeignKey("device_source.id"))
    vendor_event_id: Mapped[str]
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    stay_id: Mapped[int | None] = mapped_column(ForeignKey("stay.id"))
    delivery_id: Mapped[int] = mapped_column(ForeignKey("device_delivery.id"))
    action: Mapped[LockAction] = mapped_column(Words(LockAction))
    key_purpose: Mapped[KeyPurpose] = mapped_column(Words(KeyPurpose))
    key_ref: Mapped[bytes | None]
    occurred_at: Mapped[datetime]
    occurred_on: Mapped[date]
    # The minute of the local day, so that rules compare it with cleaning windows and nights.
    occurred_minute: Mapped[int]
    recorded_at: Mapped[datetime]
