"""Stays: planned, extended, ended, called off; who is present when; what an officer at the door is shown."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.core import clock
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.errors import Conflict, Forbidden, Invalid
from rental_mgmt.core.outbox import Outbox
from rental_mgmt.core.touch import Kind, Touch
from rental_mgmt.stays import registration, service
from rental_mgmt.stays.models import Guest, Shown, Stay
from rental_mgmt.stays.presence import is_present
from rental_mgmt.units.models import Unit, UnitStatus
from tests.support import people

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def later(**span) -> None:
    clock.freeze(clock.now() + timedelta(**span))


def act(operation, actor, stay, *values):
    """An operation on the present row, in a unit of its own."""
    with unit_of_work():
        return operation(actor, session.get(type(stay), stay.id), *values)


def present(unit, at=None) -> int:
    session.rollback()
    there = select(func.count()).select_from(Guest).join(Stay).where(Guest.unit_id == unit.id)
    return session.scalar(there.where(is_present(at or clock.now())))


def actions() -> list[str]:
    session.rollback()
    return session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()


# --- planning -----------------------------------------------------------------------------------------------


def test_a_stay_is_planned_before_its_guests_are_known(flat):
    stay = flat.stay(flat.owner, flat.unit, nights=2, planned_guests=3)
    assert (stay.checks_out_at - stay.checks_in_at, stay.planned_guests, stay.ended_at) == (2 * DAY, 3, None)
    assert actions() == ["stay.plan"]
    assert present(flat.unit) == 0


@pytest.mark.parametrize(
    ("begins", "lasts", "field"),
    [
        (-61 * DAY, DAY, "checks_in_at"),
        (400 * DAY, DAY, "checks_in_at"),
        (0 * DAY, 0 * DAY, "checks_out_at"),
        (0 * DAY, -HOUR, "checks_out_at"),
        (0 * DAY, 180 * DAY + HOUR, "checks_out_at"),
    ],
)
def test_times_that_cannot_be_are_refused_by_their_field(flat, begins, lasts, field):
    begins = clock.now() + begins

    def plan():
        with unit_of_work():
            service.plan_stay(flat.owner.actor, flat.unit, begins, begins + lasts)

    with pytest.raises(Invalid) as refused:
        plan()
    assert set(refused.value.errors) == {field}


@pytest.mark.parametrize("status", [UnitStatus.UNCLAIMED, UnitStatus.CLOSED])
def test_no_stay_in_a_unit_that_nobody_runs(flat, status):
    with unit_of_work():
        session.get(Unit, flat.unit.id).status = status
    with pytest.raises(Conflict):
        act(service.plan_stay, flat.owner.actor, flat.unit, clock.now(), clock.now() + DAY)


@pytest.mark.parametrize("status", [UnitStatus.DRAFT, UnitStatus.SUSPENDED])
def test_a_draft_and_a_suspended_unit_still_register_who_is_there(flat, status):
    with unit_of_work():
        session.get(Unit, flat.unit.id).status = status
    flat.guest(flat.owner, flat.stay(flat.owner, flat.unit))
    assert present(flat.unit) == 1


def test_a_helper_plans_registers_extends_and_checks_out(flat):
    helper = flat.helper(flat.owner.target)
    stay = flat.stay(helper, flat.unit)
    flat.guest(helper, stay)
    act(service.extend_stay, helper.actor, stay, stay.checks_out_at + DAY)
    later(hours=2)
    act(service.check_out, helper.actor, stay)
    assert actions()[-1] == "stay.check_out"


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.LANDLORD, Role.HELPER)])
def test_nobody_else_changes_a_stay(flat, role):
    stay, somebody = flat.stay(flat.owner, flat.unit), flat.user(role).actor
    for operation, values in (
        (service.extend_stay, (stay.checks_out_at,)),
        (service.check_out, ()),
        (service.cancel_stay, ()),
    ):
        with pytest.raises(Forbidden):
            act(operation, somebody, stay, *values)
    with pytest.raises(Forbidden):
        act(service.show_at_door, somebody, flat.unit)


# --- presence -----------------------------------------------------------------------------------------------


def test_an_overdue_stay_is_still_present_until_somebody_checks_it_out(flat):
    stay = flat.stay(flat.owner, flat.unit, nights=1)
    flat.guest(flat.owner, stay)
    later(days=9)
    assert present(flat.unit) == 1
    act(service.check_out, flat.owner.actor, stay)
    assert present(flat.unit) == 0
    assert present(flat.unit, clock.now() - HOUR) == 1


def test_each_guest_has_times_of_their_own(flat):
    stay = flat.stay(flat.owner, flat.unit, nights=3)
    first = flat.guest(flat.owner, stay)
    later(hours=20)
    flat.guest(flat.owner, stay)
    assert present(flat.unit) == 2
    later(hours=4)
    act(service.guest_left, flat.owner.actor, first)
    assert present(flat.unit) == 1
    assert present(flat.unit, clock.now() - timedelta(hours=5)) == 1


def test_a_guest_registered_ahead_is_present_from_their_arrival(flat):
    stay = flat.stay(flat.owner, flat.unit, begins=clock.now() + DAY)
    flat.guest(flat.owner, stay)
    assert present(flat.unit) == 0
    later(days=1)
    assert present(flat.unit) == 1


# --- extending ----------------------------------------------------------------------------------------------


def test_a_stay_is_extended_and_shortened_but_not_into_the_past(flat):
    stay = flat.stay(flat.owner, flat.unit, nights=2)
    for moment in (stay.checks_out_at + 2 * DAY, clock.now() + HOUR):
        assert act(service.extend_stay, flat.owner.actor, stay, moment).checks_out_at == moment
    for moment in (clock.now(), clock.now() - HOUR, clock.now() + 181 * DAY):
        with pytest.raises(Invalid) as refused:
            act(service.extend_stay, flat.owner.actor, stay, moment)
        assert set(refused.value.errors) == {"checks_out_at"}


# --- ending -------------------------------------------------------------------------------------------------


def test_checking_out_ends_the_stay_for_all_and_tells_rules_and_receivers(flat):
    stay = flat.stay(flat.owner, flat.unit)
    guests = [flat.guest(flat.owner, stay) for _ in range(2)]
    later(hours=20)
    act(service.check_out, flat.owner.actor, stay)
    assert present(flat.unit) == 0
    touched = {(touch.kind, touch.key) for touch in session.scalars(select(Touch))}
    assert {(Kind.PERSON, guest.person_id) for guest in guests} | {(Kind.UNIT, flat.unit.id)} <= touched
    assert session.scalars(select(Outbox.topic).order_by(Outbox.id)).all()[-1] == "stay.ended"
    for operation in (service.check_out, service.cancel_stay):
        with pytest.raises(Conflict, match="已退房"):
            act(operation, flat.owner.actor, stay)


def test_who_came_before_the_plan_may_leave_before_it_too(flat):
    """Guests arrive at ten for a stay planned from two, and leave at noon."""
    stay = flat.stay(flat.owner, flat.unit, begins=clock.now() + 4 * HOUR)
    flat.guest(flat.owner, stay, arrived_at=clock.now().astimezone(clock.LOCAL).isoformat())
    later(hours=2)
    assert act(service.check_out, flat.owner.actor, stay).ended_at == clock.now()


def test_a_stay_does_not_end_before_its_last_guest_came_or_left(flat):
    stay = flat.stay(flat.owner, flat.unit)
    flat.guest(flat.owner, stay)
    came = clock.now()
    later(hours=3)
    second = flat.guest(flat.owner, stay)
    later(hours=3)
    act(service.guest_left, flat.owner.actor, second)
    for moment in (came + HOUR, came + 5 * HOUR, clock.now() + HOUR):
        with pytest.raises(Invalid) as refused:
            act(service.check_out, flat.owner.actor, stay, moment)
        assert set(refused.value.errors) == {"at"}
    later(hours=1)
    assert act(service.check_out, flat.owner.actor, stay, clock.now() - HOUR / 2).ended_at < clock.now()


def test_a_plan_nobody_came_for_is_cancelled_and_one_with_guests_is_not(flat):
    plan, stay = flat.stay(flat.owner, flat.unit), flat.stay(flat.owner, flat.unit)
    flat.guest(flat.owner, stay)
    assert act(service.cancel_stay, flat.owner.actor, plan).has_ended
    with pytest.raises(Conflict, match="退房"):
        act(service.cancel_stay, flat.owner.actor, stay)
    with pytest.raises(Conflict, match="已取消"):
        act(service.extend_stay, flat.owner.actor, plan, clock.now() + DAY)
    with pytest.raises(Conflict):
        flat.guest(flat.owner, plan)


def test_a_guest_leaves_once_and_not_before_they_came(flat):
    stay = flat.stay(flat.owner, flat.unit)
    guest = flat.guest(flat.owner, stay)
    later(hours=2)
    for moment in (clock.now() - 3 * HOUR, clock.now() + HOUR):
        with pytest.raises(Invalid):
            act(service.guest_left, flat.owner.actor, guest, moment)
    act(service.guest_left, flat.owner.actor, guest, clock.now() - HOUR)
    with pytest.raises(Conflict):
        act(service.guest_left, flat.owner.actor, guest)


def test_nobody_is_registered_into_a_stay_that_ends_at_that_moment(flat):
    """The one who waits sees what the other did: registered and then ended, or ended and then refused."""
    for round_ in range(3):
        stay = flat.stay(flat.owner, flat.unit)
        flat.guest(flat.owner, stay, people.person(100 + round_))
        later(hours=1)
        session.remove()
        sent = flat.details(people.person(200 + round_))
        together(
            lambda stay=stay, sent=sent: registration.register_guest(flat.owner.actor, stay.uid, sent),
            lambda stay=stay: service.check_out(flat.owner.actor, session.get(Stay, stay.id)),
        )
        session.rollback()
        late = select(func.count()).join(Stay).where(Stay.id == stay.id, Guest.arrived_at > Stay.ended_at)
        assert session.scalar(late.select_from(Guest)) == 0


def together(*works) -> None:
    """Run each in a thread and a unit of its own; a refusal is one way to go."""
    gate = threading.Barrier(len(works))

    def run(work):
        gate.wait()
        try:
            with unit_of_work():
                work()
        except (Conflict, Invalid):
            pass
        finally:
            session.remove()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# --- the first guest of a stay made with it -----------------------------------------------------------------


def test_checking_in_makes_stay_and_guest_or_neither(flat):
    person = people.person(1)
    with unit_of_work():
        stay, made = service.check_in(
            flat.owner.actor, flat.unit, clock.now() + DAY, flat.details(person, phone=person.phone)
        )
    assert (made.missing, stay.planned_guests) == ([], 1)
    wrong = flat.details(person) | {"number": people.with_wrong_check_digit(person.id_number)}
    with pytest.raises(Invalid):
        act(service.check_in, flat.owner.actor, flat.unit, clock.now() + DAY, wrong)
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Stay)) == 1


def test_an_arrival_too_long_ago_is_an_error_of_the_arrival(flat):
    typed = flat.details(people.person(1)) | {"arrived_at": clock.now() - 70 * DAY}
    with pytest.raises(Invalid) as refused:
        act(service.check_in, flat.owner.actor, flat.unit, clock.now() + DAY, typed)
    assert set(refused.value.errors) == {"arrived_at"}


# --- late entries -------------------------------------------------------------------------------------------


def test_a_late_entry_is_counted_with_those_who_were_there_then(flat):
    """Four slept there last night and left; a fifth of that night is entered today: that was above capacity."""
    begin = clock.now()
    full = flat.stay(flat.owner, flat.unit)
    for n in range(4):
        flat.guest(flat.owner, full, people.person(n))
    other = flat.stay(flat.owner, flat.unit, nights=3)
    later(hours=20)
    act(service.check_out, flat.owner.actor, full)
    later(hours=2)
    last_night = (begin + HOUR).astimezone(clock.LOCAL).isoformat()
    with pytest.raises(Invalid) as refused:
        flat.guest(flat.owner, other, people.person(9), arrived_at=last_night)
    assert set(refused.value.errors) == {"explanation"}
    assert not flat.guest(flat.owner, other, people.person(10)).is_over_capacity
    explained = flat.guest(
        flat.owner, other, people.person(9), arrived_at=last_night, explanation="昨晚加了一张折叠床"
    )
    assert explained.is_over_capacity


# --- at the door --------------------------------------------------------------------------------------------


def test_one_tap_shows_how_many_are_registered_since_when_and_keeps_that_it_was_shown(flat):
    stay = flat.stay(flat.owner, flat.unit, nights=3)
    flat.guest(flat.owner, stay)
    came = clock.now()
    later(hours=5)
    flat.guest(flat.owner, stay, people.person(50, age=9))
    gone = flat.guest(flat.owner, stay)
    later(hours=1)
    act(service.guest_left, flat.owner.actor, gone)
    counts = act(service.show_at_door, flat.owner.actor, flat.unit)
    assert (counts["registered"], counts["minors"], counts["incomplete"]) == (2, 1, 1)
    assert (counts["since"], counts["capacity"]) == (came, flat.unit.capacity)
    assert session.scalars(select(Shown.registered)).all() == [2]
    assert actions()[-1] == "unit.show_at_door"


def test_what_is_shown_of_an_empty_flat_is_that_nobody_is_registered(flat):
    counts = act(service.registered_now, flat.owner.actor, flat.unit)
    assert (counts["registered"], counts["since"]) == (0, None)
