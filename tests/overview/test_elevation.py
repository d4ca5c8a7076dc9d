"""The building at night: what is known of each door, what is not, and what no wall may tell."""

from datetime import datetime, timedelta

import pytest

from rental_mgmt.alerts.models import Severity
from rental_mgmt.core import clock
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.overview.elevation import elevations, neediest
from rental_mgmt.places.models import Place
from rental_mgmt.stays import service
from rental_mgmt.stays.models import NightState
from rental_mgmt.stays.nights import mark_night, tonight
from rental_mgmt.units.models import Unit, UnitStatus
from tests.support import people
from tests.support.world_alerts import POLICE_ONLY

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
EVENING = datetime(2026, 6, 10, 20, tzinfo=clock.LOCAL)


@pytest.fixture
def night(block):
    """It is eight in the evening."""
    clock.freeze(EVENING)
    return block


def drawn(somebody) -> list:
    session.rollback()
    return elevations(somebody.actor, lambda uid: f"/units/{uid}")


def door(somebody, label: str = "1203"):
    [found] = [
        door for one in drawn(somebody) for floor in one.floors for door in floor.doors if door.label == label
    ]
    return found


def state(somebody, label: str = "1203") -> str:
    return door(somebody, label).state


def mark(block, said: NightState, on=None) -> None:
    with unit_of_work():
        mark_night(block.landlord.actor, block.unit, on or tonight(), said)


# --- what is known ------------------------------------------------------------------------------------------


def test_a_door_nobody_spoke_of_is_not_known_and_never_empty(night):
    assert (state(night.manager), door(night.manager).word) == ("unknown", "不明")


def test_empty_is_what_somebody_said_of_this_very_night(night):
    mark(night, NightState.EMPTY)
    assert state(night.manager) == "empty"
    clock.freeze(EVENING + DAY)
    assert state(night.manager) == "unknown"
    mark(night, NightState.EMPTY, on=tonight() - DAY)
    assert state(night.manager) == "unknown"


def test_guests_that_were_only_said_need_an_act(night):
    mark(night, NightState.OCCUPIED)
    assert (state(night.manager), door(night.manager).word) == ("act", "有客未登记")


def test_a_plan_for_tonight_outweighs_empty_and_a_registered_guest_outweighs_the_plan(world, night):
    mark(night, NightState.EMPTY)
    stay = world.stay(night.landlord, night.unit, planned_guests=2)
    assert state(night.manager) == "act"
    world.guest(night.landlord, stay)
    assert (state(night.manager), door(night.manager).word) == ("registered", "在住 1 人")


def test_a_plan_for_tomorrow_noon_is_nothing_tonight(world, night):
    world.stay(night.landlord, night.unit, begins=EVENING + timedelta(hours=18))
    assert state(night.manager) == "unknown"


def test_who_is_overdue_is_still_there(world, night):
    world.guest(night.landlord, world.stay(night.landlord, night.unit, nights=1))
    clock.freeze(EVENING + 5 * DAY)
    assert state(night.manager) == "registered"


def test_when_all_have_left_nothing_is_known(world, night):
    stay = world.stay(night.landlord, night.unit)
    world.guest(night.landlord, stay)
    clock.freeze(EVENING + timedelta(hours=1))
    with unit_of_work():
        service.check_out(night.landlord.actor, service.get_stay(night.landlord.actor, stay.uid))
    clock.freeze(EVENING + timedelta(hours=2))
    assert state(night.manager) == "unknown"


def test_an_alert_outweighs_everything(world, night):
    world.guest(night.landlord, world.stay(night.landlord, night.unit))
    world.alert(night.unit, severity=Severity.P1)
    world.pass_time(31 * MINUTE)
    assert (state(night.manager), door(night.manager).word) == ("act", "预警 1 条")


def test_a_door_does_not_colour_for_an_alert_its_reader_may_not_read(world, night):
    world.alert(night.unit, "B03", Severity.P0, POLICE_ONLY)
    assert state(night.liaison) == "act"
    assert {state(one) for one in (night.landlord, night.manager, night.worker, night.officer)} == {"unknown"}


# --- who sees which doors -----------------------------------------------------------------------------------


def test_everybody_sees_the_doors_in_their_scope_and_nobody_else_s(world, night):
    other = world.landlord()
    world.flat(other.target, night.building, "0501")
    seen = {
        name: [d.label for one in drawn(somebody) for floor in one.floors for d in floor.doors if d.label]
        for name, somebody in (
            ("landlord", night.landlord),
            ("other", other),
            ("manager", night.manager),
            ("stranger", world.property_manager(world.compound("别处小区"))),
            ("nowhere", world.user(night.officer.role)),
            ("auditor", world.auditor()),
        )
    }
    assert seen == {
        "landlord": ["1203"],
        "other": ["0501"],
        "manager": ["1203", "0501"],
        "stranger": [],
        "nowhere": [],
        "auditor": [],
    }


def test_closed_and_merged_units_are_no_doors_and_unclaimed_ones_are(world, night):
    closed, merged, unclaimed = (
        world.flat(night.landlord.target, night.building, n) for n in ("0101", "0201", "0301")
    )
    with unit_of_work():
        session.get(Unit, closed.id).status = UnitStatus.CLOSED
        session.get(Unit, merged.id).merged_into_id = night.unit.id
        session.get(Unit, unclaimed.id).status = UnitStatus.UNCLAIMED
    [building] = drawn(night.manager)
    assert [d.label for floor in building.floors for d in floor.doors if d.label] == ["1203", "0301"]
    assert building.units == 2


# --- how it is drawn ----------------------------------------------------------------------------------------


def test_doors_stand_one_above_the_other_from_the_top_with_gaps_where_no_unit_is(world, night):
    for number in ("901", "903", "302"):
        world.flat(night.landlord.target, night.building, number)
    [building] = drawn(night.manager)
    assert [(floor.label, [d.label for d in floor.doors]) for floor in building.floors] == [
        ("12层", ["", "", "1203"]),
        ("9层", ["901", "", "903"]),
        ("3层", ["", "302", ""]),
    ]
    gap = building.floors[0].doors[0]
    assert (gap.state, gap.href) == ("none", None)


def test_entrances_stand_side_by_side(world, night):
    tower = world.building("2栋", night.compound)
    for floor, number in ((3, "1-301"), (3, "2-301"), (4, "2-402")):
        unit = world.flat(night.landlord.target, tower)
        with unit_of_work():
            session.get(Unit, unit.id).door_id = world.door(tower, floor, number).id
    [building] = [one for one in drawn(night.manager) if one.name == "2栋"]
    assert [[d.label for d in floor.doors] for floor in building.floors] == [
        ["", "", "2-402"],
        ["1-301", "2-301", ""],
    ]


def test_the_tenth_building_stands_after_the_second(world, night):
    for name in ("10栋", "2栋"):
        world.flat(night.landlord.target, world.building(name, night.compound), "0101")
    assert [one.name for one in drawn(night.manager)] == ["1栋", "2栋", "10栋"]


def test_the_building_where_most_is_to_be_done_is_drawn_first_unless_another_is_asked_for(world, night, read):
    tower = world.building("2栋", night.compound)
    world.stay(night.landlord, world.flat(night.landlord.target, tower, "0707"), planned_guests=1)
    first, second = drawn(night.manager)
    assert (first.acts, second.acts) == (0, 1)
    assert neediest([first, second]) is second
    assert neediest([first, second], first.uid) is first
    assert neediest([first, second], night.unit.uid) is second, "no such building"
    assert neediest([]) is None
    page = read(night.manager, "/compound")
    assert "0707 待办" in page
    assert "1203" not in page
    assert "1203 不明" in read(night.manager, f"/compound?building={first.uid}")
    assert "0707 待办" in read(night.manager, "/compound?building=%00'--")


def test_the_page_counts_what_it_draws_and_says_it_as_a_table(world, night, read):
    second = world.flat(night.landlord.target, night.building, "0901")
    world.guest(night.landlord, world.stay(night.landlord, second))
    page = read(night.manager, "/compound")
    assert "需要处理 0 在住，已登记 1 情况不明 1 已知无人 0" in page
    assert "用表格看1栋" in page


def test_any_number_of_homes_takes_seven_statements(world, night, count_queries):
    for n in range(4):
        unit = world.flat(night.landlord.target, night.building)
        world.guest(night.landlord, world.stay(night.landlord, unit), people.person(50 + n))
    session.remove()
    with count_queries() as seen:
        elevations(night.manager.actor, str)
    assert len(seen) == 7


# --- the wall -----------------------------------------------------------------------------------------------


def test_a_wall_says_how_many_and_never_which_home_is_empty_let_or_watched(world, night, read, client):
    flats = [night.unit] + [world.flat(night.landlord.target, night.building) for _ in range(3)]
    mark(night, NightState.EMPTY)
    world.guest(night.landlord, world.stay(night.landlord, flats[1]))
    world.stay(night.landlord, flats[2], planned_guests=2)
    wall = read(night.manager, "/compound?wall=1")
    assert "1栋 1 项待办；登记房源 4 套" in wall
    html = world.sign_in(client, night.manager).get("/compound?wall=1").text
    doors = [session.get(Unit, flat.id).name.split()[-1] for flat in flats]
    assert not [number for number in doors if number in html]
    assert night.manager.name not in html
    assert not [flat for flat in flats if str(flat.uid) in html]
    assert not [word for word in ("空", "在住", "不明", "未登记", "短租") if word in wall]


def test_the_wall_reads_the_same_whether_homes_are_empty_or_not_known(world, night, read):
    before = read(night.manager, "/compound?wall=1")
    mark(night, NightState.EMPTY)
    assert read(night.manager, "/compound?wall=1") == before


def test_the_page_behind_the_lift_s_code_names_no_door(world, night, client):
    mark(night, NightState.EMPTY)
    with unit_of_work():
        session.get(Place, night.building.id).qr_token = "lift"
    page = client.get("/b/lift", follow_redirects=True)
    assert page.status_code == 200
    assert not [word for word in ("1203", str(night.unit.uid), night.unit.code) if word in page.text]
    assert "空置" not in page.text
