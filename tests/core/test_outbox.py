"""The outbox: in order about one thing, again after a pause, failed in sight after a day, never dropped."""

import threading
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select, update

from rental_mgmt.core import clock, outbox
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.outbox import GIVE_UP_AFTER, LONGEST_WAIT, Delivery, Outbox, enqueue
from rental_mgmt.core.outbox_job import pause, send_outbox, send_slice

pytestmark = pytest.mark.usefixtures("house")


@pytest.fixture
def gateway(monkeypatch):
    """A receiver that writes down what it gets and can be away."""

    class Gateway:
        def __init__(self):
            self.got, self.refuses = [], set()

        def take(self, topic, event_uid, payload):
            if payload["n"] in self.refuses:
                raise ConnectionError("13800138000 is not reachable")
            self.got.append(payload["n"])

    made = Gateway()
    monkeypatch.setitem(outbox.SENDERS, "test", made.take)
    return made


def put(n: int, about: str | None = None, topic: str = "test") -> None:
    with unit_of_work():
        enqueue(topic, {"n": n}, ordered_by=about)


def messages() -> list[Outbox]:
    session.rollback()
    return session.scalars(select(Outbox).order_by(Outbox.id).execution_options(populate_existing=True)).all()


def let_time_pass(**span) -> None:
    session.rollback()
    with unit_of_work():
        for message in session.scalars(select(Outbox)):
            message.next_try_at -= timedelta(**span)
            message.created_at -= timedelta(**span)


def test_what_was_refused_leaves_no_message(gateway):
    def refused():
        with unit_of_work():
            enqueue("test", {"n": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        refused()
    assert messages() == []


def test_messages_are_delivered_once_in_order(gateway):
    for n in range(5):
        put(n, about="stay:1")
    assert send_outbox(clock.now()) == 5
    assert send_outbox(clock.now()) == 0
    assert gateway.got == [0, 1, 2, 3, 4]
    assert {message.state for message in messages()} == {Delivery.DELIVERED}


def test_a_message_that_fails_holds_back_what_follows_about_the_same_thing_only(gateway):
    put(1, about="stay:1")
    put(2, about="stay:1")
    put(3, about="stay:2")
    put(4)
    gateway.refuses = {1}
    send_outbox(clock.now())
    assert gateway.got == [3, 4]
    gateway.refuses = set()
    let_time_pass(minutes=6)
    send_outbox(clock.now())
    assert gateway.got == [3, 4, 1, 2]


def test_pauses_grow_to_five_minutes_and_never_beyond():
    pauses = [max(pause(tries) for _ in range(50)) for tries in range(1, 9)]
    assert all(later > earlier for earlier, later in pairwise(pauses))
    assert pauses[0] <= timedelta(seconds=2)
    assert LONGEST_WAIT * 0.8 <= pause(20) <= LONGEST_WAIT
    assert len({pause(20) for _ in range(20)}) > 1, "not all at once"
    assert pause(10_000) <= LONGEST_WAIT


def test_a_failure_says_its_kind_and_waits(gateway):
    put(1)
    gateway.refuses = {1}
    send_outbox(clock.now())
    [message] = messages()
    assert (message.state, message.tries, message.last_error) == (Delivery.WAITING, 1, "ConnectionError")
    assert message.next_try_at > clock.real_now()
    send_outbox(clock.now())
    assert messages()[0].tries == 1


def test_after_a_day_it_is_failed_in_sight_and_still_there(gateway):
    put(1, about="stay:1")
    put(2, about="stay:1")
    gateway.refuses = {1}
    send_outbox(clock.now())
    let_time_pass(seconds=GIVE_UP_AFTER.total_seconds() + 1)
    send_outbox(clock.now())
    first, second = messages()
    assert (first.state, first.payload) == (Delivery.FAILED, {"n": 1})
    assert second.state is Delivery.DELIVERED


def test_a_moved_clock_makes_no_message_late(gateway):
    clock.freeze(clock.now() - timedelta(days=300))
    put(1)
    gateway.refuses = {1}
    send_outbox(clock.now())
    assert messages()[0].state is Delivery.WAITING
    gateway.refuses = set()
    clock.freeze(clock.now() + timedelta(days=3000))
    put(2)
    let_time_pass(minutes=6)
    send_outbox(clock.now())
    assert sorted(gateway.got) == [1, 2]


def test_a_topic_that_nobody_sends_yet_waits_and_holds_up_nobody(gateway):
    put(1, topic="of a later release")
    put(2)
    send_outbox(clock.now())
    assert [message.state for message in messages()] == [Delivery.WAITING, Delivery.DELIVERED]


def test_what_a_sender_wrote_before_it_failed_is_undone(gateway, monkeypatch):
    def half(_topic, _uid, _payload):
        session.execute(update(Outbox).values(topic="spoiled"))
        raise ConnectionError

    monkeypatch.setitem(outbox.SENDERS, "test", half)
    put(1)
    send_outbox(clock.now())
    assert messages()[0].topic == "test"


def test_two_senders_at_once_deliver_each_message_once(gateway):
    for n in range(30):
        put(n, about=f"stay:{n % 3}")
    session.remove()

    def work():
        try:
            while send_slice():
                pass
        finally:
            session.remove()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    send_outbox(clock.now())
    assert sorted(gateway.got) == list(range(30))
    for about in range(3):
        own = [n for n in gateway.got if n % 3 == about]
        assert own == sorted(own)
