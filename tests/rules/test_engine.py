"""The engine: what was touched and what is due is judged, once, and nothing is lost on the way."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from rental_mgmt.alerts.models import AlertEvent, AlertHistory, AlertStatus, AlertUnit, Severity, Verdict
from rental_mgmt.alerts.service import give_back
from rental_mgmt.core import clock
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.touch import Due, Kind, Touch, touch
from rental_mgmt.notices.models import Notice
from rental_mgmt.rules import engine
from rental_mgmt.rules.base import RULES, load_rules
from rental_mgmt.rules.command import run_now, would_find
from rental_mgmt.rules.models import SweepRun
from rental_mgmt.rules.sweep import SweepFailed, sweep
from rental_mgmt.stays.models import Stay

load_rules()


def count(model, *where) -> int:
    session.rollback()
    return session.query(model).filter(*where).count()


def test_an_alert_opens_at_the_next_tick_with_all_it_has_to_say(field, later, live):
    flat = field.unit("A").opens("11:20", "11:55")
    assert later().opened == 1
    (alert,) = live("A01")
    assert (alert.status, alert.severity, alert.rule_version) == (AlertStatus.OPEN, Severity.P2, 1000)
    assert alert.text == "06-10 11:20 至 06-10 11:55 门被打开 2 次，最早与最晚相隔 35 分钟，其间没有住客登记。"
    limits = {"gap_minutes": 30, "window_hours": 24, "grace_minutes": 120}
    assert alert.evidence["numbers"] == {"openings": 2, "gap": 35, "planned": 0} | limits
    assert [line["words"] for line in alert.evidence["timeline"]] == ["第一次开门", "最近一次开门"]
    assert [item["item"] for item in alert.evidence["checklist"]] == ["present", "registered", "reason"]
    assert alert.basis == ["ctl-2018-21", "mpl-2024-57", "wpl-2022-26"]
    assert (alert.unit_id, alert.place_id, alert.path) == (flat.row.id, flat.row.door_id, flat.row.path)
    assert (alert.grid_id, alert.station_id, alert.party_id) == (
        field.grid.id,
        field.station.id,
        field.landlord.target.id,
    )
    assert alert.roles_now == {Role.LANDLORD}
    assert count(AlertHistory, AlertHistory.event == AlertEvent.OPENED) == 1
    assert session.scalars(select(Notice.user_id)).all() == [field.landlord.user.id]
    assert count(Touch) == 0


def test_a_second_tick_changes_nothing(field, later, live):
    field.unit("A").opens("11:20", "11:55")
    later()
    again = later(seconds=10)
    assert (again.touches, again.opened, again.closed) == (0, 0, 0)
    with unit_of_work():
        touch((Kind.UNIT, field.unit("A").row.id))
    later(seconds=10)
    (alert,) = live("A01")
    assert alert.last_seen_at == clock.now() > alert.first_seen_at
    assert count(AlertHistory) == 1


def test_a_true_registration_closes_it_after_two_clean_evaluations(field, later, live):
    flat = field.unit("A").opens("11:20", "11:55")
    later()
    flat.stay(hours=-2).guest(recorded=0)
    later(seconds=10)
    (alert,) = live("A01")
    assert alert.clean_evaluations == 1
    # No new fact: the engine looks again by itself.
    later(seconds=10)
    assert live("A01") == []
    session.refresh(alert)
    assert (alert.status, alert.verdict) == (AlertStatus.CLOSED, Verdict.CAUSE_GONE)
    assert count(AlertHistory, AlertHistory.event == AlertEvent.CLOSED) == 1


def test_a_claimed_alert_is_left_to_whoever_claimed_it(field, later, live):
    flat = field.unit("A").opens("11:20", "11:55")
    later()
    with unit_of_work():
        alert = live("A01")[0]
        alert.move_to(AlertStatus.CLAIMED)
        said = alert.text
    flat.opens("11:58")
    later(seconds=10)
    assert live("A01")[0].text == said
    flat.stay(hours=-2).guest(recorded=0)
    for _ in range(4):
        later(seconds=10)
    assert live("A01")[0].status is AlertStatus.CLAIMED


def test_what_is_given_back_after_its_cause_has_gone_closes_at_once(field, later, live):
    flat = field.unit("A").opens("11:20", "11:55")
    later()
    worker = field.grid_worker.actor
    with unit_of_work():
        alert = live("A01")[0]
        alert.move_to(AlertStatus.CLAIMED)
        alert.claimed_by_id = worker.user_id
    flat.stay(hours=-2).guest(recorded=0)
    later(seconds=10)
    with unit_of_work():
        give_back(worker, live("A01")[0], "不在我的网格")
    later(seconds=10)
    assert live("A01") == []


def test_a_moment_comes_without_anybody_doing_anything(field, later, live):
    field.unit("A").stay(hours=0)
    assert later().opened == 0
    assert later(minutes=119, seconds=59).opened == 0
    assert later(seconds=1).opened == 1
    assert live("A01")[0].evidence["numbers"]["planned"] == 1


def test_every_step_of_an_overstay_comes_by_time_alone(field, later, live):
    field.unit("A").stay(hours=-20, out=1).guest()
    assert later().opened == 0
    later(hours=4)
    (note,) = live("A05")
    assert (note.severity, note.evidence["note"], note.next_turn_at) == (Severity.P4, True, None)
    later(hours=9)
    (alert,) = live("A05")
    assert (alert.severity, alert.first_seen_at, "note" in alert.evidence) == (Severity.P3, clock.now(), False)
    assert later(hours=12).risen == 1
    (risen,) = live("A05")
    assert (risen.id, risen.severity) == (alert.id, Severity.P2)
    rise = session.query(AlertHistory).filter_by(alert_id=risen.id, event=AlertEvent.RISEN).one()
    assert rise.details == {"before": 3, "after": 2}


def test_the_overseas_report_counts_twelve_twenty_and_twenty_four_hours(field, later, live):
    flat = field.unit("A").stay(hours=0, out=100).guest(nationality="DEU")
    seen = []
    for hours in (0, 12, 8, 4):
        later(hours=hours)
        (alert,) = live("F05")
        seen.append((alert.severity, alert.basis, "超过" in alert.text))
    assert seen == [
        (Severity.P4, ["eel-2012-39-2"], False),
        (Severity.P2, ["eel-2012-39-2"], False),
        (Severity.P1, ["eel-2012-39-2"], False),
        (Severity.P1, ["eel-2012-39-2"], True),
    ]
    flat.reported()
    later(seconds=10)
    later(seconds=10)
    assert live("F05") == []


def test_a_child_first_and_its_mother_a_minute_later(field, later, live):
    flat = field.unit("A").stay(hours=-1).guest(age=9)
    later(seconds=10)
    assert {alert.rule for alert in live()} == {"C01", "C06"}
    flat.guest(age=35)
    later(seconds=10)
    later(seconds=10)
    assert {alert.rule for alert in live()} == {"C06"}


def test_one_person_in_two_places_is_one_alert_about_both(field, later, live):
    field.unit("A").stay(hours=-9).guest("甲", hours=-1)
    field.unit("B").stay(hours=-9).guest("甲", hours=-1)
    assert later().opened == 0
    # The overlap grows past an hour by time alone.
    assert later(seconds=1).opened == 1
    (alert,) = live("B03")
    units = session.scalars(select(AlertUnit.unit_id).where(AlertUnit.alert_id == alert.id)).all()
    assert set(units) == {field.unit("A").row.id, field.unit("B").row.id}
    assert alert.is_identity
    assert alert.roles_now == {Role.POLICE_LIAISON}
    # Only the unit is touched when its stay ends; the person is looked at all the same.
    with unit_of_work():
        session.merge(field.unit("A").last_stay).ended_at = clock.now() - timedelta(minutes=30)
        touch((Kind.UNIT, field.unit("A").row.id))
    later(seconds=10)
    later(seconds=10)
    assert live("B03") == []


def test_time_alone_does_not_close_what_nobody_has_looked_at(field, later, live):
    field.unit("A").opens("11:20", "11:55")
    later()
    field.unit("A").opens_ago(0, purpose="cleaner")
    for _ in range(3):
        later(days=1)
    assert [alert.clean_evaluations for alert in live("A01")] == [0]


def test_what_a_person_judged_stays_judged_until_something_newer(field, later, live):
    flat = field.unit("A").opens("11:20", "11:55")
    later()
    with unit_of_work():
        alert = live("A01")[0]
        alert.move_to(AlertStatus.CLOSED)
        alert.verdict, alert.closed_at = Verdict.FALSE, clock.now()
    flat.is_cleaned("20:00", "20:30")
    assert later(minutes=5).opened == 0
    # The same person leaving again within two hours is still part of what was judged.
    flat.opens("12:04")
    assert later(minutes=5).opened == 0
    assert later(hours=2).opened == 1


@pytest.fixture
def broken(monkeypatch):
    def find(*_args, **_settings):
        raise ZeroDivisionError

    monkeypatch.setattr(RULES["A03"], "find", find)
    yield
    monkeypatch.undo()


def test_a_rule_that_fails_holds_up_no_other_and_keeps_its_subjects(field, later, live, broken, caplog):
    field.unit("A", capacity=1).opens("10:20", "10:55").stay(minutes=-10).guest(times=2)
    ticked = later()
    assert ticked.failed == ["A03"]
    assert "rule failed" in caplog.text
    assert {alert.rule for alert in live()} == {"A01"}
    assert count(Touch) == 0


def test_a_mended_rule_catches_up(field, later, live, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(RULES["A03"], "find", None)
        field.unit("A", capacity=1).stay(minutes=-10).guest(times=2)
        later()
    assert later(minutes=1).opened == 1
    assert live("A03")


@pytest.mark.parametrize("engines", [2, 4])
def test_several_engines_at_once_open_each_alert_once(field, live, engines):
    for n in range(12):
        field.unit(f"A{n}").opens("11:20", "11:55")
    at, barrier, wrong = clock.now(), threading.Barrier(engines), []

    def run():
        try:
            barrier.wait(10)
            wrong.extend(engine.tick(at).failed)
        except Exception as problem:
            wrong.append(problem)
        finally:
            session.remove()

    threads = [threading.Thread(target=run) for _ in range(engines)]
    [thread.start() for thread in threads]
    [thread.join(60) for thread in threads]
    assert wrong == []
    assert len(live("A01")) == 12
    assert count(AlertHistory, AlertHistory.event == AlertEvent.OPENED) == 12
    assert count(Touch) == 0


def test_nothing_touched_costs_two_looks(field, later, count_queries):
    field.unit("A").stay(hours=-2).guest()
    later()
    with count_queries() as seen:
        later(seconds=10)
    assert len(seen) == 2


# --- the sweep ----------------------------------------------------------------------------------------------


def test_a_sweep_after_ticks_finds_no_difference(field, later, live):
    field.unit("A").opens("11:20", "11:55")
    field.unit("B", capacity=1).stay(hours=-3).guest(times=2, age=12)
    later()
    assert not any(run.missed or run.stale for run in sweep(clock.now()))
    assert count(SweepRun, SweepRun.missed + SweepRun.stale > 0) == 0


def test_a_sweep_finds_what_no_touch_told_and_applies_it(field, later, live):
    flat = field.unit("A").stay(hours=-20, out=-13).guest()
    later()
    with unit_of_work():
        session.query(Touch).delete()
        session.query(Due).delete()
        session.merge(flat.last_stay).checks_out_at = clock.now() + timedelta(days=1)
        session.merge(field.unit("B").stay(hours=-3, recorded=-10).last_stay)
        session.query(Touch).delete()
    runs = {run.rule: (run.missed, run.stale) for run in sweep(clock.now())}
    assert runs["A05"] == (0, 1)
    assert runs["A01"] == (1, 0)
    assert count(SweepRun, SweepRun.missed + SweepRun.stale > 0) == 2
    assert [alert.rule for alert in live("A01")] == ["A01"]
    later(seconds=10)
    assert live("A05") == []
    assert count(SweepRun) == len(RULES)


def test_a_question_about_a_past_moment_is_answered_and_changes_nothing(field, live):
    field.unit("A").stay(hours=-60, out=-20, ended=-2).guest()
    lines = {line.split("\t")[0]: line.split("\t")[2] for line in would_find(clock.now() - timedelta(hours=6))}
    assert lines["A05"] == "1 处"
    assert {code for code, found in lines.items() if found != "0 处"} == {"A05"}
    assert live() == []


def test_a_run_by_hand_says_rule_by_rule_what_it_did(field, live):
    field.unit("A").opens("11:20", "11:55")
    lines = list(run_now())
    assert len(lines) == len(RULES)
    assert lines[0].startswith("A01\t无登记入住\t补开 0 条")
    assert len(live("A01")) == 1


def test_a_sweep_with_a_rule_that_fails_compares_the_others_and_says_so(field, live, broken):
    with pytest.raises(SweepFailed, match="A03"):
        sweep(clock.now())
    assert count(SweepRun) == len(RULES) - 1


def test_imported_history_opens_what_it_should_and_nothing_else(field, later, live):
    for n in range(20):
        field.unit("A").stay(days=-40 + n, ended=-24 * (40 - n) + 20).guest(
            f"旅客{n}", recorded=0, imported=True, age=9, nationality="DEU", document="expired"
        )
    assert later().opened == 0
    field.unit("B").stay(days=-3, ended=-50).guest(recorded=0, imported=True, document="bad_check_digit")
    later()
    assert [alert.rule for alert in live()] == ["B01"]
    assert count(Stay) == 21
