"""Alerts in people's hands: who reads, answers, claims, gives back, makes wait, closes and reopens."""

import threading
from datetime import time, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm.exc import StaleDataError

from rental_mgmt.alerts import service
from rental_mgmt.alerts.models import (
    Alert,
    AlertAnswer,
    AlertEvent,
    AlertHistory,
    AlertStatus,
    AnswerKind,
    Verdict,
)
from rental_mgmt.alerts.turns import at_of
from rental_mgmt.core import clock
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.errors import Conflict, Forbidden, Invalid, NotFound

from ..support.world_alerts import HOUR, POLICE_ONLY

MINUTE = timedelta(minutes=1)


def readers(block, alert) -> set[str]:
    """Which people of the block may read the alert."""
    found = set()
    for name in ("landlord", "helper", "manager", "worker", "officer", "liaison", "lead"):
        try:
            service.get_alert(getattr(block, name).actor, alert.uid)
            found.add(name)
        except NotFound:
            pass
    session.rollback()
    return found


def test_who_reads_grows_with_the_turns(world, block):
    alert = world.alert(block.unit)
    assert readers(block, alert) == {"landlord", "helper", "manager"}
    world.pass_time(31 * MINUTE)
    assert readers(block, alert) == {"landlord", "helper", "manager", "worker"}
    world.pass_time(4 * HOUR)
    assert readers(block, alert) == {"landlord", "helper", "manager", "worker", "liaison"}


def test_only_the_roles_of_its_turns_read_what_is_about_identity(world, block):
    assert readers(block, world.alert(block.unit, "B03", turns=POLICE_ONLY)) == {"liaison"}


def test_another_compound_does_not_see_it(world, block):
    alert = world.alert(block.unit)
    elsewhere = world.compound("锦绣花园")
    for somebody in (
        world.property_manager(elsewhere),
        world.landlord(),
        world.liaison(world.station(elsewhere)),
    ):
        with pytest.raises(NotFound):
            service.get_alert(somebody.actor, alert.uid)


# --- the landlord -------------------------------------------------------------------------------------------


def answer(world, somebody, alert, kind, note=None):
    with unit_of_work():
        return service.answer(somebody.actor, service.get_alert(somebody.actor, alert.uid), kind, note)


def test_an_answer_is_evidence_and_closes_nothing(world, block):
    alert = world.alert(block.unit)
    answer(world, block.landlord, alert, AnswerKind.VACANT, "昨天就退房了")
    alert = world.again(alert)
    assert (alert.status, alert.answer, alert.verdict) == (AlertStatus.OPEN, AnswerKind.VACANT, None)
    [(given, note)] = service.answers_of(alert)
    assert (given.answer, note) == (AnswerKind.VACANT, "昨天就退房了")
    assert "退房".encode() not in session.scalar(select(AlertAnswer.note_sealed))


def test_not_sure_passes_the_turn_on_at_once(world, block):
    alert = world.alert(block.unit)
    answer(world, block.landlord, alert, AnswerKind.NOT_SURE)
    assert world.again(alert).step == 1
    assert "worker" in readers(block, alert)


def test_a_helper_answers_but_not_about_identity(world, block):
    alert = world.alert(block.unit)
    answer(world, block.helper, alert, AnswerKind.CLEANING_OR_SELF)
    about_somebody = world.alert(block.unit, "C01")
    with pytest.raises(NotFound):
        answer(world, block.helper, about_somebody, AnswerKind.DISSUADED)
    with pytest.raises(Forbidden), unit_of_work():
        service.answer(block.helper.actor, session.get(Alert, about_somebody.id), AnswerKind.DISSUADED)


def test_a_closed_alert_takes_no_answer(world, block):
    alert = world.alert(block.unit)
    with unit_of_work():
        service.close(block.manager.actor, session.get(Alert, alert.id), Verdict.FALSE)
    with pytest.raises(Conflict):
        answer(world, block.landlord, alert, AnswerKind.VACANT)


# --- taking it ----------------------------------------------------------------------------------------------


def claim(somebody, alert) -> None:
    with unit_of_work():
        service.claim(somebody.actor, service.get_alert(somebody.actor, alert.uid))


def test_before_ones_turn_one_is_told_how_long_the_landlord_has(world, block):
    alert = world.alert(block.unit)
    with pytest.raises(Forbidden, match="经营者处理中，剩 30 分"):
        claim(block.manager, alert)


def test_the_second_claimer_is_refused(world, block):
    alert = world.alert(block.unit)
    world.pass_time(31 * MINUTE)
    claim(block.worker, alert)
    with pytest.raises(Conflict, match="网格员"):
        claim(block.manager, alert)


def test_of_two_claims_at_the_same_moment_one_wins(world, block):
    alert = world.alert(block.unit)
    world.pass_time(31 * MINUTE)
    ready, won, refused = threading.Barrier(2), [], []

    def try_it(somebody):
        try:
            with unit_of_work():
                ready.wait(5)
                service.claim(somebody.actor, service.get_alert(somebody.actor, alert.uid))
            won.append(somebody)
        except (Conflict, StaleDataError) as error:
            refused.append(error)
        finally:
            session.remove()

    threads = [threading.Thread(target=try_it, args=(who,)) for who in (block.worker, block.manager)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == len(refused) == 1
    assert world.again(alert).claimed_by_id == won[0].user.id


def test_a_claimed_alert_passes_on_only_after_its_limit(world, block):
    alert = world.alert(block.unit)
    world.pass_time(31 * MINUTE)
    claim(block.worker, alert)
    world.pass_time(4 * HOUR)
    assert world.again(alert).step == 1
    limit = world.again(alert).resolve_by
    world.pass_time(limit - world.now)
    assert world.again(alert).step == 2
    assert world.again(alert).status is AlertStatus.CLAIMED


def test_what_is_given_back_is_open_for_others_and_goes_on_as_planned(world, block):
    alert = world.alert(block.unit)
    planned = at_of(alert.turns[2])
    world.pass_time(31 * MINUTE)
    claim(block.worker, alert)
    with unit_of_work():
        service.give_back(block.worker.actor, session.get(Alert, alert.id), "不在我的网格")
    alert = world.again(alert)
    assert (alert.status, alert.claimed_by_id, alert.next_turn_at) == (AlertStatus.OPEN, None, planned)
    claim(block.manager, alert)


def test_only_the_holder_gives_back_or_waits(world, block):
    alert = world.alert(block.unit)
    world.pass_time(31 * MINUTE)
    claim(block.worker, alert)
    with pytest.raises(Conflict), unit_of_work():
        service.give_back(block.manager.actor, session.get(Alert, alert.id), "x")
    with pytest.raises(Conflict), unit_of_work():
        service.wait(
            block.manager.actor, session.get(Alert, alert.id), world.now + HOUR, service.WaitReason.NOBODY_IN
        )


def test_many_are_claimed_at_once_and_what_is_not_free_is_left_alone(world, block, count_queries):
    alerts = [world.alert(block.unit, part=str(n)) for n in range(12)]
    world.pass_time(31 * MINUTE)
    claim(block.worker, alerts[0])
    fresh = world.alert(block.unit, part="fresh")
    stranger = world.alert(world.flat(None, world.building("5栋", world.compound("别处"))))
    asked = [alert.uid for alert in (*alerts, fresh, stranger)]
    with count_queries() as seen, unit_of_work():
        taken, left = service.claim_many(block.manager.actor, asked)
    assert {alert.uid for alert in taken} == {alert.uid for alert in alerts[1:]}
    assert set(left) == {alerts[0].uid, fresh.uid, stranger.uid}
    assert len([said for said in seen if not said.startswith("UPDATE alert SET")]) <= 6


# --- clocks -------------------------------------------------------------------------------------------------


def wait(world, somebody, alert, until) -> None:
    with unit_of_work():
        service.wait(somebody.actor, session.get(Alert, alert.id), until, service.WaitReason.NOBODY_IN)


def test_nobody_in_stops_the_clocks(world, block):
    alert = world.alert(block.unit)
    world.pass_time(31 * MINUTE)
    claim(block.worker, alert)
    before = world.again(alert)
    limit, left = before.resolve_by, at_of(before.turns[2]) - world.now
    tomorrow = clock.local_time(clock.local_day(world.now) + timedelta(days=1), time(10))
    wait(world, block.worker, alert, tomorrow)
    after = world.again(alert)
    assert after.waits_until == tomorrow
    assert at_of(after.turns[2]) == tomorrow + left
    assert after.resolve_by > limit
    assert after.next_turn_at >= tomorrow


def test_a_wait_is_within_fourteen_days(world, block):
    alert = world.alert(block.unit)
    world.pass_time(31 * MINUTE)
    claim(block.worker, alert)
    for until in (world.now - HOUR, world.now + timedelta(days=15)):
        with pytest.raises(Invalid):
            wait(world, block.worker, alert, until)


# --- the end, and again -------------------------------------------------------------------------------------


def test_a_reopened_alert_begins_its_turn_anew(world, block):
    alert = world.alert(block.unit)
    world.pass_time(31 * MINUTE)
    claim(block.worker, alert)
    with unit_of_work():
        service.close(block.worker.actor, session.get(Alert, alert.id), Verdict.FALSE, "保洁")
    assert service.closing_note(world.again(alert)) == "保洁"
    clock.freeze(world.now + timedelta(days=3))
    with unit_of_work():
        service.reopen(block.manager.actor, session.get(Alert, alert.id), "邻居又看到有人")
    alert = world.again(alert)
    assert (alert.status, alert.verdict, alert.claimed_by_id, alert.reopened) == (
        AlertStatus.OPEN,
        None,
        None,
        1,
    )
    assert alert.live_key == alert.key
    assert alert.next_turn_at > world.now
    assert alert.resolve_by > world.now
    events = session.scalars(select(AlertHistory.event).order_by(AlertHistory.id.desc())).first()
    assert events is AlertEvent.REOPENED


def test_it_is_not_reopened_beside_a_live_one_of_the_same_subject(world, block):
    first = world.alert(block.unit)
    world.pass_time(31 * MINUTE)
    with unit_of_work():
        service.close(block.manager.actor, session.get(Alert, first.id), Verdict.FALSE)
    world.alert(block.unit)
    with pytest.raises(Conflict, match="未办结的同类预警"), unit_of_work():
        service.reopen(block.manager.actor, session.get(Alert, first.id), "再看看")
