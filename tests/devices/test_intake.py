"""Signed events: each stored once, in any order and however often; forged and old ones change nothing."""

import hashlib
import hmac
import json
import random
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from rental_mgmt.core import clock
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import new_uid, session, unit_of_work
from rental_mgmt.core.seal import Retention, Where, seal
from rental_mgmt.core.touch import Touch
from rental_mgmt.devices import service
from rental_mgmt.devices.models import Device, DeviceDelivery, DeviceSource, LockEvent
from tests.support.world_people import add

SECRET = "not-a-real-secret"


@pytest.fixture
def lock(world):
    """A flat with one lock of one platform."""
    world.owner = world.landlord()
    world.unit = world.flat(party=world.owner.target)
    uid = new_uid()
    sealed = seal(SECRET, Where("device_source", "secret_sealed", uid), Retention.ACCOUNT)
    world.source = add(
        DeviceSource(
            uid=uid,
            name="锁",
            community_id=world.unit.community_id,
            secret_sealed=sealed,
            created_at=clock.now(),
        )
    )
    world.device = add(
        Device(source_id=world.source.id, serial="SN-1", unit_id=world.unit.id, installed_at=clock.now())
    )
    return world


def event(n=0, **given):
    at = clock.now() - timedelta(minutes=n)
    return {"id": f"e{n}", "device": "SN-1", "action": "unlock", "at": at.isoformat()} | given


def signed(body: bytes, secret=SECRET, ago=0) -> str:
    stamp = str(int(clock.real_now().timestamp()) - ago)
    return f"t={stamp},v1={hmac.new(secret.encode(), stamp.encode() + b'.' + body, hashlib.sha256).hexdigest()}"


def send(client, lock, events, **how):
    body = events if isinstance(events, bytes) else json.dumps(events).encode()
    return client.post(
        f"/hooks/generic/{how.pop('source', lock.source.uid)}",
        data=how.pop("sent", body),
        content_type="application/json",
        headers={"X-Signature": how.pop("signature", None) or signed(body, **how)},
    )


def count(model) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model))


def test_an_event_is_stored_once_and_touches_its_unit(client, lock):
    for _n in range(3):
        answer = send(client, lock, [event(key_purpose="guest", key="7")])
        assert answer.status_code == 202
        assert answer.json == {"received": 1, "known": 1}
    stored = session.scalars(select(LockEvent)).one()
    assert (stored.unit_id, stored.key_purpose.value) == (lock.unit.id, "guest")
    assert stored.occurred_minute == 12 * 60
    assert count(Touch) == 1
    assert count(DeviceDelivery) == 1


def test_the_same_events_in_other_deliveries_and_orders_give_the_same_state(client, lock):
    events = [event(n) for n in range(6)]
    chance = random.Random(5)
    for _n in range(8):
        some = chance.sample(events, chance.randint(1, 6))
        assert send(client, lock, some).status_code == 202
    send(client, lock, events)
    assert sorted(session.scalars(select(LockEvent.vendor_event_id))) == [f"e{n}" for n in range(6)]


def test_a_fast_clock_in_a_lock_does_not_tell_the_future(client, lock):
    send(client, lock, [event(-9), event(3)])
    times = session.scalars(select(LockEvent.occurred_at).order_by(LockEvent.occurred_at)).all()
    assert times == [clock.now() - timedelta(minutes=3), clock.now()]


def test_one_body_may_repeat_an_event(client, lock):
    assert send(client, lock, [event(1), event(1)]).status_code == 202
    assert count(LockEvent) == 1


@pytest.mark.parametrize(
    "how",
    [
        {"secret": "another"},
        {"ago": 601},
        {"ago": -601},
        {"signature": "t=1,v1=" + "0" * 64},
        {"signature": "nonsense"},
        {"sent": b'[{"id":"e0"}]'},
    ],
    ids=["forged", "old", "ahead", "made up", "nonsense", "altered"],
)
def test_what_is_not_signed_changes_nothing(client, lock, how):
    answer = send(client, lock, [event()], **how)
    assert answer.status_code == 403
    assert count(LockEvent) == count(DeviceDelivery) == count(Touch) == 0


def test_an_unknown_source_is_refused_as_a_wrong_signature_is(client, lock):
    unknown = send(client, lock, [event()], source=lock.unit.uid)
    forged = send(client, lock, [event()], secret="another secret")
    assert (unknown.status_code, unknown.data) == (forged.status_code, forged.data)
    assert unknown.status_code == 403


@pytest.mark.parametrize(
    ("events", "path"),
    [
        ([event | {"at": "yesterday"} for event in [{"id": "1", "device": "S", "action": "unlock"}]], "[0].at"),
        ([{"id": "1", "device": "S", "action": "dance", "at": "2026-06-10T12:00:00+08:00"}], "[0].action"),
        ([{"id": "1", "device": "S", "action": "unlock", "at": "2020-06-10T12:00:00+08:00"}], "[0].at"),
        ([{"id": "1", "device": "S", "action": "unlock", "at": "2026-06-10T12:00:00+08:00", "x": 1}], "[0].x"),
        ([{"device": "S", "action": "unlock", "at": "2026-06-10T12:00:00+08:00"}], "[0].id"),
    ],
)
def test_a_bad_event_is_named_by_its_path(client, lock, events, path):
    answer = send(client, lock, events)
    assert answer.status_code == 422, answer.text
    assert path in {error["path"] for error in answer.json["errors"]}
    assert count(LockEvent) == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"5", b"[1]", b"nonsense", b"[" * 5000, b'[{"id":NaN}]'])
def test_a_broken_body_is_refused(client, lock, body):
    assert 400 <= send(client, lock, body).status_code < 500


def test_an_unknown_device_is_counted_and_no_error(client, lock):
    answer = send(client, lock, [event(0), event(1, device="SN-9")])
    assert answer.json == {"received": 2, "known": 1}
    assert count(LockEvent) == 1


def test_a_full_batch_takes_few_statements(client, lock, count_queries):
    with count_queries() as seen:
        assert send(client, lock, [event(n) for n in range(500)]).status_code == 202
    assert len(seen) <= 7, "\n".join(statement[:80] for statement in seen)
    assert count(LockEvent) == 500
    assert send(client, lock, [event(n) for n in range(501)]).status_code == 422


def test_a_landlord_hangs_a_lock_and_the_desk_opens_a_platform(lock, client):
    manager = lock.property_manager(lock.find_place(lock.unit.compound_id))
    with unit_of_work():
        source, secret = service.add_source(manager.actor, "新平台")
    assert len(secret) > 30
    sent = {"source": str(source.uid), "serial": "SN-2", "unit": str(lock.unit.uid)}
    headers = lock.key(lock.owner)
    assert client.post("/api/v1/devices", json=sent, headers=headers).status_code == 201
    assert client.post("/api/v1/devices", json=sent, headers=headers).status_code == 409
    stranger = lock.landlord()
    lock.flat(party=stranger.target, building=lock.find_place(lock.unit.building_id))
    assert client.post("/api/v1/devices", json=sent, headers=lock.key(stranger)).status_code == 404
    worker = lock.user(Role.GRID_WORKER, None)
    assert client.post("/api/v1/devices", json=sent, headers=lock.key(worker)).status_code in (403, 404)
    body = json.dumps([event(3, device="SN-2")]).encode()
    answer = send(client, lock, body, source=source.uid, secret=secret)
    assert answer.json == {"received": 1, "known": 1}


def test_the_page_lists_locks_without_their_secret(lock, client):
    lock.sign_in(client, lock.owner)
    page = client.get("/devices/")
    assert page.status_code == 200
    assert "SN-1" in page.text
    assert SECRET not in page.text
