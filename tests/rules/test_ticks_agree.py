"""Whatever happens in whatever order, the ticks have found what a full sweep finds.

Random facts of two flats and two people, the clock moved on between them; at the end every rule is asked about
everything, and there must be nothing to add and nothing to take away.
"""

import os
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rental_mgmt.alerts.models import Alert, AlertAnswer, AlertHistory, AlertStatus, AlertUnit, Verdict
from rental_mgmt.core import clock
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.outbox import Outbox
from rental_mgmt.core.touch import Due, Touch, touch
from rental_mgmt.devices.models import LockEvent
from rental_mgmt.notices.models import Notice
from rental_mgmt.rules import engine
from rental_mgmt.rules.models import SweepRun
from rental_mgmt.rules.sweep import sweep
from rental_mgmt.stays.models import Guest, OverseasReport, Stay

from ..conftest import NOON

EXAMPLES = int(os.environ.get("EXAMPLES", "25"))
UNDONE = (
    *(AlertHistory, AlertUnit, AlertAnswer, Notice, Outbox, Alert, Due, Touch),
    *(SweepRun, OverseasReport, LockEvent, Guest, Stay),
)

HOURS = st.sampled_from([-30, -8, -3, -2, -1, -0.5, 0, 1, 5])
FACTS = st.one_of(
    st.tuples(st.just("stay"), HOURS, st.sampled_from([2, 5, 20, 60])),
    st.tuples(
        st.just("guest"),
        st.sampled_from(["甲", "乙"]),
        st.sampled_from([9, 15, 16, 40, None]),
        st.sampled_from(["CHN", "DEU", "HKG"]),
        st.sampled_from(["ok", "expired"]),
        st.booleans(),
    ),
    st.tuples(st.just("late_guest"), st.sampled_from(["丙", "丁"]), HOURS),
    st.tuples(st.just("opens"), st.sampled_from(["guest", "unknown", "cleaner"]), st.booleans()),
    st.tuples(
        st.sampled_from(
            ["ends", "cancelled", "leaves", "voided", "reported", "judged", "claimed", "given_back"]
        )
    ),
    st.tuples(st.just("extended"), st.sampled_from([1, 8, 40])),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("A"), FACTS),
        st.tuples(st.just("B"), FACTS),
        # Sheltered for one more day.
        st.tuples(st.just("C"), FACTS),
        st.tuples(st.just("later"), st.sampled_from([0.2, 1, 29, 31, 61, 119, 121, 600, 1500, 6000, 11000])),
        st.tuples(st.just("tick"), st.none()),
    ),
    min_size=1,
    max_size=24,
)


def happens(flat, fact) -> None:
    """One fact, as far as it can happen now."""
    what, *rest = fact
    match what:
        case "stay":
            flat.last_guest = None
            flat.stay(hours=rest[0], out=rest[0] + rest[1], recorded=0)
        case "guest" if _may_register(flat, rest[0]):
            name, age, nationality, document, complete = rest
            flat.guest(
                name,
                recorded=0,
                age=age,
                nationality=nationality,
                document=document,
                guardian=complete,
                relation=complete,
            )
        case "late_guest" if _may_register(flat, rest[0]):
            flat.guest(rest[0], hours=rest[1], recorded=0)
        case "opens":
            flat.opens_ago(0, purpose=rest[0], key_of_stay=rest[1] and flat.last_stay is not None)
        case "leaves" | "voided" if flat.last_guest and not flat.last_guest.left_at:
            getattr(flat, what)()
        case "reported" if (
            flat.last_guest and not session.query(OverseasReport).filter_by(guest_id=flat.last_guest.id).first()
        ):
            flat.reported()
        case "judged" | "claimed" | "given_back":
            _people_do(flat, what)
        case _ if _is_open(flat):
            _stay_changes(flat, what, *rest)


def _stay_changes(flat, what: str, *by) -> None:
    """What an open stay comes to."""
    match what:
        case "ends" if flat.last_stay.checks_in_at <= clock.now():
            flat.ends()
        case "cancelled" if flat.last_guest is None:
            flat.cancelled()
        case "extended":
            flat.extended(*by)


def _people_do(flat, what: str) -> None:
    """Somebody closes, takes or gives back the alerts about a flat."""
    closed = {"status": AlertStatus.CLOSED, "verdict": Verdict.TRUE, "closed_at": clock.now(), "live_key": None}
    done = {"judged": closed, "claimed": {"status": AlertStatus.CLAIMED}}.get(
        what, {"status": AlertStatus.OPEN}
    )
    before = AlertStatus.CLAIMED if what == "given_back" else AlertStatus.OPEN
    with unit_of_work():
        there = session.query(Alert).filter_by(unit_id=flat.row.id, status=before)
        if what == "given_back":
            touch(*((alert.subject_kind, alert.subject_key) for alert in there))
        there.update(done, synchronize_session=False)


def _is_open(flat) -> bool:
    stay = flat.last_stay
    return stay is not None and stay.ended_at is None and stay.cancelled_at is None


def _may_register(flat, name: str) -> bool:
    if not _is_open(flat):
        return False
    there = session.query(Guest).filter_by(stay_id=flat.last_stay.id, person_id=flat.field.person(name))
    return not any(guest.voided_at is None for guest in there)


@pytest.fixture
def flats(field):
    established = {name: field.unit(name, capacity=2) for name in "AB"}
    return established | {"C": field.unit("C", capacity=2, claimed_at=NOON - timedelta(days=29))}


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_ticks_find_what_a_sweep_finds(flats, steps):
    start_anew(flats)
    for who, what in steps:
        if who == "tick":
            engine.tick(clock.now())
        elif who == "later":
            clock.freeze(clock.now() + timedelta(minutes=what))
            engine.tick(clock.now())
        else:
            happens(flats[who], what)
    assert engine.tick(clock.now()).failed == []
    differs = [(run.rule, run.missed, run.stale) for run in sweep(clock.now()) if run.missed or run.stale]
    assert differs == [], steps


def start_anew(flats) -> None:
    clock.freeze(NOON)
    with unit_of_work():
        for model in UNDONE:
            session.query(model).delete()
    for flat in flats.values():
        flat.last_stay = flat.last_guest = None
