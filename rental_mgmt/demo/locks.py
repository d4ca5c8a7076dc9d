"""The locks of the demo compound: installed on some flats, and what they said, as signed deliveries."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from random import Random

from sqlalchemy import Row, select

from ..accounts.models import Party
from ..core import clock
from ..core.access import Role
from ..core.db import session
from ..core.seal import Where, fingerprint, unseal
from ..devices import service as devices
from ..devices.intake import take_events
from ..devices.models import Device, DeviceSource
from ..devices.vendors import generic
from ..stays.models import Guest, Stay
from ..units.models import Unit, UnitStatus
from .acting import actor_of
from .cast import ESTABLISHED, phone_of, player

PLATFORM = "安居智能门锁"
# The tour's landlord has a lock on every flat, of the others one flat in four.
ONE_IN = 4
KEPT = timedelta(days=29)
BATCH = 500


def install() -> None:
    """The platform's address and secret, and its locks."""
    manager = actor_of(player(Role.PROPERTY_MANAGER))
    source, _secret = devices.add_source(manager, PLATFORM)
    session.flush()
    host = fingerprint("phone", phone_of(ESTABLISHED))
    found = session.execute(
        select(Unit.uid, Unit.id, Party.phone_fp)
        .join(Party, Party.id == Unit.party_id)
        .where(Unit.status == UnitStatus.ACTIVE)
        .order_by(Unit.path)
    )
    for number, unit in enumerate(found.all()):
        if unit.phone_fp == host or number % ONE_IN == 0:
            devices.add_device(manager, source, f"AJ-{unit.id:06}", unit.uid)


def the_source() -> DeviceSource:
    return session.scalars(select(DeviceSource).where(DeviceSource.name == PLATFORM)).one()


def speak(since: datetime) -> int:
    """What the locks heard of the stays since a moment; the same events again change nothing."""
    now, since = clock.now(), max(since, clock.now() - KEPT)
    events = sorted(_events(_stays_with_locks(since), since, now), key=lambda event: event["at"])
    for first in range(0, len(events), BATCH):
        deliver(events[first : first + BATCH])
    return len(events)


def deliver(events: list[dict]) -> None:
    """Hand a delivery in, signed as the platform would sign it."""
    source = the_source()
    body = json.dumps(events).encode()
    take_events(source.uid, signature_of(secret_of(source), body), body, generic.parse)


def secret_of(source: DeviceSource) -> str:
    return unseal(source.secret_sealed, Where("device_source", "secret_sealed", source.uid))


def signature_of(secret: str, body: bytes) -> str:
    """The header X-Signature of a body sent now."""
    stamp = int(clock.real_now().timestamp())
    signed = hmac.new(secret.encode(), b"%d." % stamp + body, hashlib.sha256)
    return f"t={stamp},v1={signed.hexdigest()}"


def event(serial: str, at: datetime, purpose: str = "guest", stay: Row | None = None) -> dict:
    """One opening of a door; the same opening has the same id whenever it is told."""
    said = {
        "id": f"{serial}-{int(at.timestamp())}",
        "device": serial,
        "action": "unlock",
        "key_purpose": purpose,
        "at": at.isoformat(timespec="seconds"),
    }
    return said | ({"stay": str(stay.uid)} if stay else {})


# --- how people come and go ---------------------------------------------------------------------------------


def _stays_with_locks(since: datetime) -> Iterable[Row]:
    guests = select(Guest.id).where(Guest.stay_id == Stay.id, Guest.voided_at.is_(None)).exists()
    return session.execute(
        select(Stay.uid, Stay.checks_in_at, Stay.ended_at, Device.serial)
        .join(Device, Device.unit_id == Stay.unit_id)
        .where(Stay.cancelled_at.is_(None), guests, (Stay.ended_at.is_(None)) | (Stay.ended_at > since))
        .order_by(Stay.id)
    ).all()


def _events(stays: Iterable[Row], since: datetime, now: datetime) -> Iterator[dict]:
    for stay in stays:
        ends = stay.ended_at or now
        for at in _openings(stay, ends):
            if max(since, stay.checks_in_at) < at < min(ends, now):
                yield event(stay.serial, at, "guest", stay)
        cleaned_at = ends + timedelta(minutes=95)
        if stay.ended_at and cleaned_at < now:
            yield event(stay.serial, cleaned_at, "cleaner")


def _openings(stay: Row, ends: datetime) -> Iterator[datetime]:
    """On arrival, out in the morning, back in the evening."""
    chance = Random(f"{stay.serial} {stay.checks_in_at}")
    yield stay.checks_in_at + timedelta(minutes=chance.randint(2, 9))
    day = clock.local_day(stay.checks_in_at)
    while day <= clock.local_day(ends):
        for hour in (9, 18, 21):
            yield clock.local_time(day, time(hour, chance.randint(0, 59)))
        day += timedelta(days=1)
