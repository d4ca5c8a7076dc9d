"""Signed events come in: each stored once whatever is repeated, each delivery kept as evidence, units touched.

The hottest way in beside registration: few statements, whatever the number of events.
"""

import hashlib
import hmac
import re
import secrets
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from uuid import UUID

from sqlalchemy import Executable, bindparam, select, update

from ..core import clock, keys, touch
from ..core.bulk import insert_new
from ..core.db import Model, dialect_insert, on_postgresql, run, session
from ..core.errors import Forbidden, Invalid
from ..core.i18n import _
from ..core.portable import among
from ..core.seal import Where, unseal
from .models import Device, DeviceDelivery, DeviceSource, LockEvent
from .vendors.generic import Event

SIGNED_WITHIN = timedelta(minutes=10)
# A lock that was offline sends what it kept; older events say nothing about now.
OLDEST, EARLIEST = timedelta(days=30), timedelta(minutes=10)
SEEN_EVERY = timedelta(minutes=5)
SIGNATURE = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True)
class Received:
    """How many events came, and how many of them belong to devices that are known."""

    received: int
    known: int


def take_events(source_uid: UUID, signature: str, body: bytes, parse) -> Received:
    """Store what a source says. A repeated delivery or event changes nothing and is answered as if new.

    Raises Forbidden for a signature that is wrong or over ten minutes old, and no otherwise for an unknown
    source; Invalid for a body that is not understood.
    """
    source = _signed_source(source_uid, signature, body)
    events = parse(body)
    _refuse_impossible(events)
    devices = _devices(source.id, events)
    known = [event for event in events if event.device in devices]
    delivery = _keep_delivery(source.id, body, len(events))
    if delivery is not None and known:
        _store(source.id, delivery, known, devices)
    return Received(len(events), len(known))


_SOURCE = select(DeviceSource.id, DeviceSource.secret_sealed).where(
    DeviceSource.uid == bindparam("uid"), DeviceSource.disabled_at.is_(None)
)


def _signed_source(uid: UUID, signature: str, body: bytes):
    source = run(_SOURCE, {"uid": uid}).one_or_none()
    # Whoever cannot sign learns nothing, not even which sources there are.
    sealed = source and Where("device_source", "secret_sealed", uid)
    secret = unseal(source.secret_sealed, sealed) if source else secrets.token_urlsafe()
    if not is_signed(secret, signature, body):
        raise Forbidden(_("签名不正确或已超过 10 分钟：X-Signature 应为 t=<时间>,v1=<HMAC-SHA256(t.正文)>"))
    return source


def is_signed(secret: str, signature: str, body: bytes) -> bool:
    """Is this header the secret's over time and body, and at most ten minutes old by the real clock?"""
    found = SIGNATURE.fullmatch(signature or "")
    if found is None:
        return False
    stamp, given = found.groups()
    expected = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    age = clock.real_now().timestamp() - int(stamp)
    return hmac.compare_digest(expected, given) and abs(age) <= SIGNED_WITHIN.total_seconds()


def _refuse_impossible(events: Sequence[Event]) -> None:
    now = clock.now()
    oldest, latest = now - OLDEST, now + EARLIEST
    errors = {
        n: {"at": [_("发生时间应在最近 30 天之内，且不晚于现在")]}
        for n, event in enumerate(events)
        if not oldest <= event.at <= latest
    }
    if errors:
        raise Invalid(errors=errors)


_DEVICES = select(Device.id, Device.serial, Device.unit_id, Device.last_event_at).where(
    Device.source_id == bindparam("source"), Device.serial.in_(bindparam("serials", expanding=True))
)


def _devices(source_id: int, events: Sequence[Event]) -> dict:
    found = run(_DEVICES, {"source": source_id, "serials": list({event.device for event in events})})
    return {row.serial: row for row in found}


def _keep_delivery(source_id: int, body: bytes, events: int) -> int | None:
    """The body as it came; None where the very same was here before."""
    row = {
        "source_id": source_id,
        "received_at": clock.real_now(),
        "sha256": hashlib.sha256(body).digest(),
        "body": zlib.compress(body, 1),
        "events": events,
    }
    return run(_kept_once(on_postgresql()), row).scalar()


@cache
def _kept_once(_postgresql: bool) -> Executable:
    table = DeviceDelivery.__table__
    made = dialect_insert(table).on_conflict_do_nothing(index_elements=["source_id", "sha256"])
    return made.returning(table.c.id)


COLUMNS = (
    *("vendor_event_id", "device_id", "unit_id", "stay_id", "action", "key_purpose", "key_ref"),
    *("occurred_at", "occurred_on", "occurred_minute"),
)


def _store(source_id: int, delivery: int, events: Sequence[Event], devices: dict) -> None:
    recorded_at, stays, hashes = clock.now(), _stays(events), _hashes(events)
    rows = {}
    for event in events:
        device = devices[event.device]
        what = event.action._value_, event.key_purpose._value_, hashes.get(event.key)
        whose = event.id, device.id, device.unit_id, stays.get(event.stay)
        rows[event.id] = (*whose, *what, *_when(event.at, recorded_at))
    shared = {"source_id": source_id, "delivery_id": delivery, "recorded_at": recorded_at}
    # An event that is known stays as it was.
    insert_new(LockEvent.__table__, shared, COLUMNS, list(rows.values()))
    seen = [devices[serial] for serial in {event.device for event in events}]
    touch.touch(*{(touch.Kind.UNIT, device.unit_id) for device in seen if device.unit_id})
    _note_seen([device for device in devices.values() if _is_due(device, recorded_at)], recorded_at)


def _hashes(events: Sequence[Event]) -> dict[str, bytes]:
    """Each key once: a key opens its door many times in a batch."""
    named = {event.key for event in events if event.key}
    return {key: keys.keyed_hash("lock-key", key.encode())[:16] for key in named}


def _when(said: datetime, recorded_at: datetime) -> tuple[datetime, date, int]:
    """What has reached us has happened, though the lock's clock be fast; its word stands in the delivery."""
    at = min(said, recorded_at)
    local = at.astimezone(clock.LOCAL)
    return at, local.date(), local.hour * 60 + local.minute


def _stays(events: Sequence[Event]) -> dict[UUID, int]:
    """The stays whose keys opened; the table by name, for stays are this room's sibling."""
    uids = {event.stay for event in events if event.stay}
    if not uids:
        return {}
    stay = Model.metadata.tables["stay"]
    return dict(session.execute(select(stay.c.uid, stay.c.id).where(stay.c.uid.in_(uids))).all())


def _is_due(device, at) -> bool:
    return device.last_event_at is None or at - device.last_event_at >= SEEN_EVERY


_SEEN = (
    update(Device.__table__)
    .where(Device.__table__.c.id == bindparam("device"))
    .values(last_event_at=bindparam("at"))
)


def _note_seen(devices: list, at) -> None:
    if len(devices) == 1:
        run(_SEEN, {"device": devices[0].id, "at": at})
    elif devices:
        ids = [device.id for device in devices]
        session.execute(update(Device.__table__).where(among(Device.id, ids)).values(last_event_at=at))
