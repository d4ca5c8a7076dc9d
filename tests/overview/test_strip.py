"""A unit's last thirty days on one axis: plans, registered stays, doors and alerts, each where it belongs."""

from datetime import date, timedelta

import pytest

from rental_mgmt.alerts.models import Severity
from rental_mgmt.core import clock
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import session
from rental_mgmt.core.i18n import use_locale
from rental_mgmt.overview import strip
from rental_mgmt.units.models import Unit
from tests.support.field import Field, moment

WEDNESDAY = date(2026, 6, 10)


@pytest.fixture
def field(house):
    return Field()


def days(field, flat, somebody=None) -> dict:
    session.rollback()
    return strip.last_days((somebody or field.landlord).actor, session.get(Unit, flat.row.id))


def marks(field, flat, kind: str, somebody=None) -> list[dict]:
    [row] = [row for row in days(field, flat, somebody)["rows"] if row["kind"] == kind]
    return row["marks"]


def test_the_axis_ends_with_today_and_begins_thirty_local_days_ago(field):
    axis = days(field, field.unit("A"))
    assert (len(axis["days"]), axis["days"][0], axis["days"][-1]) == (30, date(2026, 5, 12), WEDNESDAY)
    assert axis["start"] == clock.day_bounds(date(2026, 5, 12))[0]
    assert axis["end"] == clock.day_bounds(WEDNESDAY)[1]
    assert [row["label"] for row in axis["rows"]] == ["计划", "已登记", "门锁", "预警"]
    assert [row["marks"] for row in axis["rows"]] == [[], [], [], []], "nothing known is nothing drawn"


def test_a_plan_without_guests_is_a_plan_alone(field):
    flat = field.unit("A").stay(days=-3, ended=-24)
    assert [mark["word"] for mark in marks(field, flat, "plan")] == ["计划 ? 人"]
    assert marks(field, flat, "stay") == []


def test_a_registered_stay_runs_from_arrival_to_its_end_or_to_now(field):
    flat = field.unit("A").stay(days=-9, ended=-24 * 7).guest(times=2, hours=-24 * 9 + 3)
    flat.stay(days=-1).guest(hours=-20)
    first, second = marks(field, flat, "stay")
    assert (first["start"], first["end"], first["word"]) == (moment(-9, 3), moment(-7), "登记 2 人")
    assert (second["start"], second["end"]) == (moment(hours=-20), clock.now())


def test_what_began_before_the_axis_is_cut_and_what_ended_before_it_is_not_there(field):
    flat = field.unit("A").stay(days=-40, ended=-24 * 28).guest()
    field.unit("B").stay(days=-40, ended=-24 * 31).guest()
    [mark] = marks(field, flat, "stay")
    assert mark["start"] == clock.day_bounds(date(2026, 5, 12))[0]
    assert marks(field, field.unit("B"), "stay") == []


def test_cancelled_stays_voided_guests_and_other_homes_are_not_there(field):
    flat = field.unit("A").stay(days=-3, ended=-24).guest(voided=True)
    flat.stay(days=-6).cancelled()
    field.unit("B").stay(days=-2).guest().opens("09:00")
    assert [len(marks(field, flat, kind)) for kind in ("plan", "stay", "door")] == [1, 0, 0]


def test_doors_are_marks_in_their_order_and_the_owner_s_and_cleaner_s_are_quiet(field):
    flat = field.unit("A").opens("11:00").opens("09:00", purpose="cleaner").opens("10:00", purpose="owner")
    flat.opens_ago(24 * 31)
    found = marks(field, flat, "door")
    assert [(mark["start"].astimezone(clock.LOCAL).hour, mark["tone"]) for mark in found] == [
        (9, "quiet"),
        (10, "quiet"),
        (11, ""),
    ]


def test_of_very_many_openings_the_newest_are_drawn(field, monkeypatch):
    monkeypatch.setattr(strip, "MOST_EVENTS", 2)
    flat = field.unit("A").opens("08:00", "09:00", "10:00")
    hours = [mark["start"].astimezone(clock.LOCAL).hour for mark in marks(field, flat, "door")]
    assert hours == [9, 10]


def test_alerts_are_those_the_reader_reads_in_the_reader_s_language(field):
    flat = field.unit("A")
    field.world.alert(flat.row, "A01", Severity.P2)
    field.world.alert(flat.row, "B03", Severity.P0, ((timedelta(0), {Role.POLICE_LIAISON}),))
    assert [mark["tone"] for mark in marks(field, flat, "alert")] == ["p2"]
    assert {mark["tone"] for mark in marks(field, flat, "alert", field.liaison)} >= {"p0"}
    with use_locale("en"):
        assert marks(field, flat, "alert")[0]["word"] == "Occupied without registration"


def test_a_month_takes_as_many_statements_as_an_empty_one(field, count_queries):
    def statements(flat) -> int:
        session.remove()
        actor, unit = field.landlord.actor, session.get(Unit, flat.row.id)
        with count_queries() as seen:
            strip.last_days(actor, unit)
        return len(seen)

    full = field.unit("A")
    for n in range(1, 6):
        full.stay(days=-n, ended=-24 * n + 12).guest()
    full.opens("08:00", "09:00")
    field.world.alert(full.row)
    assert statements(full) == statements(field.unit("B")) == 3


@pytest.mark.parametrize("role", ["landlord", "property_manager", "grid_worker", "liaison"])
def test_the_page_is_there_for_those_in_scope_and_tells_no_name(field, client, role):
    flat = field.unit("A").stay(days=-1).guest("不该见到").opens("09:00")
    answer = field.world.sign_in(client, getattr(field, role)).get(f"/units/{flat.row.uid}/days")
    assert answer.status_code == 200
    assert "登记 1 人" in answer.text
    assert "不该见到" not in answer.text


def test_a_home_out_of_scope_is_not_there(field, client):
    flat = field.unit("A")
    stranger = field.world.landlord()
    assert field.world.sign_in(client, stranger).get(f"/units/{flat.row.uid}/days").status_code == 404
