"""B2: signed events of locks over HTTP, one by one and 500 at a time, against bare INSERTs of as many rows."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import event as on
from sqlalchemy import func, select

import rental_mgmt
from rental_mgmt.core import clock
from rental_mgmt.core.db import engine, new_uid, session, unit_of_work
from rental_mgmt.core.seal import Retention, Where, seal
from rental_mgmt.devices.models import Device, DeviceSource, LockEvent
from tests.support.world import World
from tests.support.world_people import add

from . import Measure, Place, Scale, bare, inside, line, load, servers
from .ratios import in_turns

CLIENTS = 4
LOCKS = 200
BATCH = 500
SECRET = "not-a-real-secret"
NOT_COUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")
JSON = {"Content-Type": "application/json"}
BARE = json.dumps({"owner": 1, "name": "王伟"}).encode()
BARE_MANY = json.dumps([{"owner": n, "name": "王伟"} for n in range(BATCH)]).encode()


@dataclass(frozen=True)
class Platform:
    """A locks' platform: its signed address and the locks that hang on flats."""

    source: UUID
    locks: list[str]

    def request(self, run: str, first: int, how_many: int) -> load.Request:
        """Events nobody sent before, each of another lock, signed now."""
        at = clock.real_now().isoformat()
        events = [
            {
                "id": f"{run}-{n}",
                "device": self.locks[n % len(self.locks)],
                "action": "unlock",
                "at": at,
                "key_purpose": "guest",
                "key": "7",
            }
            for n in range(first, first + how_many)
        ]
        body = json.dumps(events).encode()
        return "POST", f"/hooks/generic/{self.source}", JSON | {"X-Signature": signature(body)}, body


def signature(body: bytes) -> str:
    stamp = str(int(time.time()))
    return f"t={stamp},v1={hmac.new(SECRET.encode(), stamp.encode() + b'.' + body, hashlib.sha256).hexdigest()}"


@line("B2", "signed device events over HTTP")
def take_events(scale: Scale, place: Place) -> Iterator[Measure]:
    with inside.opened(place) as settings:
        platform = _platform()
        for how_many in (1, BATCH):
            statements = _count_statements(settings, platform.request(f"counted {how_many}", 0, how_many))
            yield Measure(f"SQL statements of a delivery of {how_many}", statements, "")
    bare.fill(place.url, owners=1, each=1)
    one = load.always("POST", "/", JSON, BARE)
    yield _measure("one event", scale, place, _Scripts(platform, 1), one, 0.45)
    many = load.always("POST", "/many", JSON, BARE_MANY)
    batch = _measure(f"a batch of {BATCH}", scale, place, _Scripts(platform, BATCH), many, 0.50)
    yield batch
    yield Measure("events in batches", batch.figure * BATCH, "/s", at_least=10_000)
    with inside.opened(place):
        stored = session.scalar(select(func.count()).select_from(LockEvent))
    yield Measure("lock events stored in the end", stored, "")


class _Scripts:
    """A script for each round: made while it is sent, for a signature is good for ten minutes only."""

    def __init__(self, platform: Platform, how_many: int):
        self.platform, self.how_many, self.round = platform, how_many, 0

    def following(self) -> load.Script:
        self.round += 1
        name = f"{self.how_many}-{self.round}"

        def make(client: int, n: int) -> load.Request:
            return self.platform.request(f"{name}-{client}", n * self.how_many, self.how_many)

        return load.each(make)


def _measure(
    what: str, scale: Scale, place: Place, scripts: _Scripts, floor: load.Script, goal: float
) -> Measure:
    drive: Callable = load.drive
    with servers.bare(place) as theirs, servers.product(place) as ours:
        mine, least = in_turns(
            lambda: drive(theirs.port, floor, clients=CLIENTS, seconds=scale.seconds),
            lambda: drive(ours.port, scripts.following(), clients=CLIENTS, seconds=scale.seconds),
        )
    note = f"p95 {mine.percentile(0.95):.0f} ms"
    return Measure(what, mine.rate, "/s", least.rate, at_least=goal, note=note)


# --- laid out before ----------------------------------------------------------------------------------------


def _platform() -> Platform:
    """One platform whose locks hang on the flats of one landlord, a lock each."""
    world, uid = World(), new_uid()
    owner, building = world.landlord(), world.building()
    flats = [world.flat(owner.target, building, f"{1 + n // 50:02}{n % 50:02}") for n in range(LOCKS)]
    sealed = seal(SECRET, Where("device_source", "secret_sealed", uid), Retention.ACCOUNT)
    made = {"name": "锁", "community_id": flats[0].community_id, "created_at": clock.now()}
    source = add(DeviceSource(uid=uid, secret_sealed=sealed, **made))
    serials = [f"SN-{n}" for n in range(LOCKS)]
    since = clock.now() - timedelta(days=30)
    with unit_of_work():
        for serial, flat in zip(serials, flats, strict=True):
            session.add(Device(source_id=source.id, serial=serial, unit_id=flat.id, installed_at=since))
    return Platform(uid, serials)


def _count_statements(settings: dict, request: load.Request) -> int:
    web, seen = rental_mgmt.create_app(settings).test_client(), []

    @on.listens_for(engine(), "before_cursor_execute")
    def note(_connection, _cursor, statement, *_rest):
        if not statement.lstrip().upper().startswith(NOT_COUNTED):
            seen.append(statement)

    method, path, headers, body = request
    answer = web.open(path, method=method, headers=headers, data=body)
    if answer.status_code != 202:
        raise load.NotServed(answer.text)
    return len(seen)
