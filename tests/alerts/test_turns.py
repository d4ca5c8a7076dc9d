"""Turns are arithmetic: who, when, and how clocks stand still."""

from datetime import datetime, timedelta

import pytest

from rental_mgmt.alerts import turns
from rental_mgmt.alerts.models import ROLE_BITS, Severity
from rental_mgmt.core.access import Role
from rental_mgmt.core.clock import LOCAL

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
A01 = (
    turns.Turn(0 * HOUR, {Role.LANDLORD}),
    turns.Turn(30 * MINUTE, {Role.PROPERTY_MANAGER, Role.GRID_WORKER}),
    turns.Turn(4 * HOUR, {Role.POLICE_LIAISON}),
)
P2 = turns.duty_of(Severity.P2, {})
P1 = turns.duty_of(Severity.P1, {})


def at(clock: str, day: int = 10) -> datetime:
    return datetime(2026, 6, day, *map(int, clock.split(":")), tzinfo=LOCAL)


def moments(planned) -> list[datetime]:
    return [turns.at_of(turn) for turn in planned]


def test_by_day_turns_follow_each_other_as_the_rule_says():
    assert moments(turns.plan(A01, at("12:00"), P2)) == [at("12:00"), at("12:30"), at("16:00")]


def test_at_night_the_clock_of_grid_and_property_stands_until_eight():
    assert moments(turns.plan(A01, at("22:00"), P2)) == [at("22:00"), at("22:30"), at("11:30", day=11)]


def test_an_urgent_alert_finds_the_property_manager_at_night_too():
    assert moments(turns.plan(A01, at("22:00"), P1)) == [at("22:00"), at("22:30"), at("02:00", day=11)]


def test_a_compound_may_set_a_night_shift():
    duty = turns.duty_of(Severity.P2, {Role.GRID_WORKER: (20, 8), Role.PROPERTY_MANAGER: (20, 8)})
    assert moments(turns.plan(A01, at("19:00"), duty))[2] == at("23:30")
    assert moments(turns.plan(A01, at("07:00"), duty))[2] == at("23:00"), (
        "half an hour before eight, the rest at night"
    )


def test_duty_time_between_two_moments_counts_only_duty():
    assert turns.duty_between(at("19:00"), at("09:00", day=11), ((480, 1200),)) == 2 * HOUR
    assert turns.duty_between(at("09:00", day=11), at("19:00"), ((480, 1200),)) == 0 * HOUR
    assert turns.duty_between(at("21:00"), at("23:00"), ((480, 1200),)) == 0 * HOUR


@pytest.mark.parametrize("span", [MINUTE, 5 * HOUR, 13 * HOUR, 50 * HOUR])
@pytest.mark.parametrize("start", ["00:00", "07:59", "08:00", "13:37", "20:00", "23:59"])
def test_adding_duty_time_and_counting_it_agree(span, start):
    end = turns.after_duty(at(start), span, ((480, 1200),))
    assert turns.duty_between(at(start), end, ((480, 1200),)) == span


def test_a_wait_keeps_what_was_left():
    planned = turns.plan(A01, at("12:00"), P2)
    waiting = turns.postponed(planned, 1, at("14:00"), at("10:00", day=11), P2)
    assert moments(waiting) == [at("12:00"), at("12:30"), at("12:00", day=11)]


def test_a_turn_that_begins_early_leaves_the_next_its_span():
    planned = turns.plan(A01, at("12:00"), P2)
    assert moments(turns.begun(planned, 1, at("12:00"), P2)) == [at("12:00"), at("12:00"), at("15:30")]


def test_the_limit_counts_the_duty_time_of_each_turn():
    planned = turns.plan(A01, at("22:00"), P2)
    assert turns.limit(planned, 20 * MINUTE, P2) == at("22:20")
    assert turns.limit(planned, HOUR, P2) == at("08:30", day=11)
    assert turns.limit(planned, 6 * HOUR, P2) == at("13:30", day=11)


def test_a_limit_that_passed_stays_passed_while_waiting():
    assert turns.later(at("12:00"), at("13:00"), at("15:00"), turns.ALWAYS) == at("12:00")
    assert turns.later(at("14:00"), at("13:00"), at("15:00"), turns.ALWAYS) == at("16:00")


@pytest.mark.parametrize(
    ("severity", "begins", "signs"),
    [
        (Severity.P0, "23:00", at("23:03")),
        (Severity.P1, "23:00", at("23:10")),
        (Severity.P2, "19:30", at("08:30", day=11)),
        (Severity.P3, "15:00", at("11:00", day=11)),
    ],
)
def test_sign_by_comes_from_severity_and_duty(severity, begins, signs):
    duty = turns.duty_of(severity, {})
    planned = turns.plan([(0 * HOUR, {Role.PROPERTY_MANAGER})], at(begins), duty)
    assert turns.sign_by(severity, planned, 0, duty) == signs


# --- who may ------------------------------------------------------------------------------------------------


def roles_with(bits: int) -> set[Role]:
    return {role for role, bit in ROLE_BITS.items() if bits & bit}


def test_the_property_manager_reads_from_the_beginning_what_is_no_identity():
    planned = turns.plan(A01, at("12:00"), P2)
    assert roles_with(turns.readers(planned, 0, False)) == {Role.LANDLORD, Role.HELPER, Role.PROPERTY_MANAGER}
    assert roles_with(turns.readers(planned, 0, True)) == {Role.LANDLORD}


def test_whose_turn_was_may_still_act_and_others_not_yet():
    planned = turns.plan(A01, at("12:00"), P2)
    may = {role for role in Role if turns.may_act(role, planned, 1, False)}
    assert may == {Role.LANDLORD, Role.PROPERTY_MANAGER, Role.GRID_WORKER}


def test_the_property_manager_may_take_over_only_after_the_landlord():
    to_police = turns.plan([(0 * HOUR, {Role.LANDLORD}), (HOUR, {Role.POLICE_LIAISON})], at("12:00"), P2)
    assert not turns.may_act(Role.PROPERTY_MANAGER, to_police, 0, False)
    assert turns.may_act(Role.PROPERTY_MANAGER, to_police, 1, False)
    assert not turns.may_act(Role.PROPERTY_MANAGER, to_police, 1, True)


def test_what_only_the_police_have_is_not_the_property_managers():
    police = turns.plan([(0 * HOUR, {Role.POLICE_LIAISON})], at("12:00"), P2)
    assert not turns.may_act(Role.PROPERTY_MANAGER, police, 0, False)
