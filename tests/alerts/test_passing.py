"""Alerts begin with those who are there, and pass on when nobody moves."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from rental_mgmt.alerts import jobs, passing
from rental_mgmt.alerts.models import AlertEvent, AlertHistory
from rental_mgmt.alerts.turns import roles_of
from rental_mgmt.core import clock
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.notices.models import Notice

from ..support.world_alerts import HOUR, POLICE_ONLY, USUAL

MINUTE = timedelta(minutes=1)


def roles_now(alert) -> set[Role]:
    return set(roles_of(alert.turns[alert.step]))


def told(alert) -> set[int]:
    session.rollback()
    return set(session.scalars(select(Notice.user_id).where(Notice.link == passing.link_to(alert))))


def run(world, minutes: int) -> None:
    clock.freeze(world.now + minutes * MINUTE)
    jobs.pass_turns()


def test_an_alert_begins_with_the_landlord_who_is_told(world, block):
    alert = world.again(world.alert(block.unit))
    assert roles_now(alert) == {Role.LANDLORD}
    assert alert.next_turn_at == world.now + 30 * MINUTE
    assert told(alert) == {block.landlord.user.id, block.helper.user.id}
    lines = session.scalars(select(AlertHistory).where(AlertHistory.alert_id == alert.id)).all()
    assert [line.event for line in lines] == [AlertEvent.OPENED]


def test_nobody_moved_so_property_and_grid_are_told(world, block):
    alert = world.alert(block.unit)
    run(world, 29)
    assert roles_now(world.again(alert)) == {Role.LANDLORD}
    run(world, 1)
    alert = world.again(alert)
    assert roles_now(alert) == {Role.PROPERTY_MANAGER, Role.GRID_WORKER}
    assert told(alert) >= {block.manager.user.id, block.worker.user.id}
    assert alert.version == 2


def test_a_turn_with_nobody_in_scope_passes_on_at_once(world, block):
    unclaimed = world.flat(None, block.building)
    alert = world.again(world.alert(unclaimed))
    assert roles_now(alert) == {Role.PROPERTY_MANAGER, Role.GRID_WORKER}
    assert alert.next_turn_at == world.now + 3.5 * HOUR


def test_a_landlord_without_anybody_who_signs_in_has_no_turn(world, block):
    alert = world.again(world.alert(world.flat(world.party(), block.building)))
    assert roles_now(alert) == {Role.PROPERTY_MANAGER, Role.GRID_WORKER}


@pytest.mark.parametrize(("rule", "last"), [("A01", Role.COMMUNITY_OFFICER), ("B03", Role.STATION_LEAD)])
def test_with_nobody_there_at_all_it_falls_to_the_last_resort(world, rule, last):
    alert = world.again(world.alert(world.flat(), rule, turns=POLICE_ONLY))
    assert roles_now(alert) == {last}
    assert alert.next_turn_at is None


def test_after_the_last_turn_and_the_limit_it_falls_to_the_last_resort(world, block):
    alert = world.alert(block.unit, "B03", turns=POLICE_ONLY, resolve_within=6 * HOUR)
    run(world, 359)
    assert roles_now(world.again(alert)) == {Role.POLICE_LIAISON}
    run(world, 1)
    assert roles_now(world.again(alert)) == {Role.STATION_LEAD}
    run(world, 10_000)
    assert roles_now(world.again(alert)) == {Role.STATION_LEAD}


def test_a_member_whose_time_is_over_is_nobody(world, block):
    world.membership(block.manager.user, Role.GRID_WORKER, block.grid, until=world.now)
    other = world.flat(None, world.building("9栋"))
    alert = world.again(world.alert(other, turns=((timedelta(0), {Role.GRID_WORKER}),)))
    assert roles_now(alert) == {Role.COMMUNITY_OFFICER}


def test_many_turns_pass_in_a_few_statements(world, block, count_queries):
    with unit_of_work():
        alerts = [world.alert_row(block.unit, part=str(n)) for n in range(40)]
        with count_queries() as opened:
            passing.open_alerts(alerts, USUAL, 12 * HOUR)
    assert len(opened) <= 10, opened
    clock.freeze(world.now + HOUR)
    with count_queries() as passed, unit_of_work():
        assert passing.pass_turns(world.now) == 40
    # Each row has moments of its own; everything else is read and written once for all of them.
    assert len([said for said in passed if not said.startswith("UPDATE alert SET")]) <= 11, passed
