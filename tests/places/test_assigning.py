"""Grids, stations, duty hours, packs and contacts: who may set them, what follows, what was true before."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from rental_mgmt.alerts.models import Alert
from rental_mgmt.core import clock
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.errors import Forbidden, Invalid, NotFound
from rental_mgmt.places import contacts, duty, grids, jurisdiction, stations
from rental_mgmt.places.models import GridKind
from rental_mgmt.units.models import Unit

from ..support.forms import fill_in


@pytest.fixture
def building(world):
    return world.building("2栋")


@pytest.fixture
def officer(world, building):
    return world.community_officer(building.parent.parent)


def present(model, column, row):
    return session.scalar(select(getattr(model, column)).where(model.uid == row.uid))


def test_units_and_live_alerts_follow_their_building_into_a_grid(world, officer, building):
    unit = world.flat(building=building)
    live, closed = world.alert(unit), world.alert(unit, "A02")
    with unit_of_work():
        session.get(Alert, closed.id).live_key = None
        grid = grids.make_grid(building.parent, GridKind.ORDINARY, "新网格")
        grids.assign_building(officer.actor, grid, building)
    assert present(Unit, "grid_id", unit) == grid.id
    assert present(Alert, "grid_id", live) == grid.id
    assert present(Alert, "grid_id", closed) != grid.id, "what is closed keeps the grid of its time"


def test_a_units_own_grid_wins_over_its_buildings(world, officer, building):
    unit, other = world.flat(building=building), world.flat(building=building)
    with unit_of_work():
        one, two, three = (grids.make_grid(building.parent, GridKind.MICRO, name) for name in "甲乙丙")
        grids.assign_building(officer.actor, one, building)
        grids.assign_unit(officer.actor, two, unit.uid)
        grids.assign_building(officer.actor, three, building)
    assert present(Unit, "grid_id", unit) == two.id
    assert present(Unit, "grid_id", other) == three.id
    assert grids.grid_at(building.id, clock.now(), unit.id).id == two.id
    assert grids.grid_at(building.id, clock.now()).id == three.id


def test_last_months_grid_is_still_known(building):
    with unit_of_work():
        old, new = (grids.make_grid(building.parent, GridKind.ORDINARY, name) for name in ("旧", "新"))
        grids.give_building(old, building, clock.now() - timedelta(days=90))
        grids.give_building(new, building, clock.now() - timedelta(days=10))
    assert grids.grid_at(building.id, clock.now() - timedelta(days=30)).id == old.id
    assert grids.grid_at(building.id, clock.now()).id == new.id
    assert grids.grid_at(building.id, clock.now() - timedelta(days=100)) is None
    assert [b.id for b in grids.buildings_of(new)] == [building.id]
    assert grids.buildings_of(old) == []


def test_a_grid_takes_nothing_of_another_compound(world, officer, building):
    elsewhere = world.flat(building=world.building("9栋", world.compound("别处")))
    with unit_of_work():
        grid = grids.make_grid(building.parent, GridKind.ORDINARY, "甲")
    with pytest.raises(Invalid), unit_of_work():
        grids.assign_unit(officer.actor, grid, elsewhere.uid)
    with pytest.raises(Invalid), unit_of_work():
        grids.assign_building(officer.actor, grid, elsewhere.door.parent.parent)
    with pytest.raises(Forbidden), unit_of_work():
        grids.assign_building(world.property_manager(building.parent).actor, grid, building)


def test_units_and_live_alerts_follow_the_station(world, building):
    compound = building.parent
    before, station, admin = world.station(compound), world.station(), world.user(Role.SYSTEM_ADMIN)
    unit = world.flat(building=building)
    alert = world.alert(unit)
    with unit_of_work():
        stations.assign_station(admin.actor, station, compound)
    assert present(Unit, "station_id", unit) == station.id
    assert present(Alert, "station_id", alert) == station.id
    assert stations.station_at(compound.id, clock.now()).id == station.id
    assert stations.station_at(compound.id, clock.now() - timedelta(days=1)).id == before.id


# --- duty ---------------------------------------------------------------------------------------------------


def at(hour: int, minute: int = 0):
    return clock.now().astimezone(clock.LOCAL).replace(hour=hour, minute=minute)


def test_without_a_row_the_defaults_hold(world):
    compound = world.compound()
    for role in (Role.LANDLORD, Role.HELPER, Role.POLICE_LIAISON, Role.STATION_LEAD):
        assert duty.on_duty(compound.id, role, at(3))
        assert duty.duty_end(compound.id, role, at(3)) is None
    for role in (Role.PROPERTY_MANAGER, Role.GRID_WORKER, Role.COMMUNITY_OFFICER):
        found = [duty.on_duty(compound.id, role, at(*when)) for when in ((7, 59), (8,), (19, 59), (20,))]
        assert found == [False, True, True, False]
        assert duty.duty_end(compound.id, role, at(9)) == at(20)
    assert duty.on_duty(compound.id, Role.PROPERTY_MANAGER, at(3), urgent=True)
    assert not duty.on_duty(compound.id, Role.GRID_WORKER, at(3), urgent=True)


def test_a_night_shift_ends_in_the_morning(officer, building):
    compound = building.parent
    with unit_of_work():
        duty.set_duty_hours(officer.actor, compound, Role.PROPERTY_MANAGER, 20, 8)
    assert duty.duty_end(compound.id, Role.PROPERTY_MANAGER, at(23)) == at(8) + timedelta(days=1)
    assert duty.duty_end(compound.id, Role.PROPERTY_MANAGER, at(3)) == at(8)
    assert not duty.on_duty(compound.id, Role.PROPERTY_MANAGER, at(12))
    with unit_of_work():
        duty.set_duty_hours(officer.actor, compound, Role.PROPERTY_MANAGER, 0, 0)
    assert duty.duty_end(compound.id, Role.PROPERTY_MANAGER, at(12)) is None
    with pytest.raises(Invalid):
        duty.set_duty_hours(officer.actor, compound, Role.POLICE_LIAISON, 8, 20)


# --- packs --------------------------------------------------------------------------------------------------


def test_the_nearest_pack_in_force_holds(world):
    admin, compound = world.user(Role.SYSTEM_ADMIN), world.compound()
    community = compound.parent
    with unit_of_work():
        jurisdiction.set_pack(admin.actor, community, "chengdu", date(2026, 3, 1))
    assert jurisdiction.code_at(compound.path, date(2026, 2, 28)) == "national"
    assert jurisdiction.code_at(compound.path, date(2026, 3, 1)) == "chengdu"
    assert jurisdiction.pack_at(compound.path, date(2026, 3, 1)).code == "chengdu"
    with unit_of_work():
        jurisdiction.set_pack(admin.actor, compound, "national", date(2026, 4, 1))
    assert jurisdiction.code_at(compound.path, date(2026, 5, 1)) == "national"
    assert jurisdiction.code_at(community.path, date(2026, 5, 1)) == "chengdu"
    with pytest.raises(Invalid):
        jurisdiction.set_pack(admin.actor, compound, "atlantis", date(2026, 4, 1))


# --- contacts -----------------------------------------------------------------------------------------------


def test_only_oneself_agrees_and_withdraws(world, officer, building):
    worker, manager = world.grid_worker(world.grid(building)), world.property_manager(building.parent)
    with unit_of_work():
        one = contacts.agree_to_be_shown(worker.actor, building, "小陈", "网格员", "每天 8:00–20:00")
    assert [(c.name, c.public_phone) for c in contacts.contacts_of(building)] == [("小陈", None)]
    assert one.name_sealed != "小陈".encode()
    with pytest.raises(NotFound), unit_of_work():
        contacts.withdraw(manager.actor, building, one.uid)
    with unit_of_work():
        contacts.withdraw(worker.actor, building, one.uid)
    assert contacts.contacts_of(building) == []
    with unit_of_work():
        again = contacts.agree_to_be_shown(manager.actor, building, "前台", "物业", "全天", "028-12345678")
        contacts.withdraw(officer.actor, building, again.uid)
    assert contacts.contacts_of(building) == []


# --- pages --------------------------------------------------------------------------------------------------


def test_an_officer_draws_a_grid_and_sets_hours_on_the_pages(world, officer, building, client):
    compound = building.parent
    world.sign_in(client, officer)
    assert compound.parent.name in client.get("/places").text
    answers = {"kind": "ordinary", "name": "第七网格"}
    assert fill_in(client, f"/places/{compound.uid}/grids/new", answers).status_code == 303
    page = client.get(f"/places/{building.uid}/grid").text
    grid = session.scalars(select(grids.Grid)).one()
    assert "第七网格" in page
    assert fill_in(client, f"/places/{building.uid}/grid", {"grid": str(grid.uid)}).status_code == 303
    hours = {"role": "grid_worker", "from_hour": "9", "to_hour": "18"}
    assert fill_in(client, f"/places/{compound.uid}/duty", hours).status_code == 303
    shown = client.get(f"/places/{compound.uid}").text
    assert "9:00–18:00" in shown
    assert "第七网格" in shown


def test_a_manager_agrees_to_be_shown_and_builds_nothing(world, building, client):
    world.sign_in(client, world.property_manager(building.parent))
    answers = {"name": "李经理", "duty": "楼栋管家", "hours": "工作日"}
    assert fill_in(client, f"/places/{building.uid}/contacts/new", answers).status_code == 303
    assert "李经理" in client.get(f"/places/{building.uid}").text
    assert client.get(f"/places/{building.uid}/add").status_code == 403


def test_an_administrator_builds_from_the_street_down(world, client):
    world.sign_in(client, world.user(Role.SYSTEM_ADMIN))
    assert fill_in(client, "/places/new", {"name": "保和街道", "code": "bh"}).status_code == 303
    assert (
        fill_in(client, "/places/stations/new", {"name": "保和所", "code": "510108000009"}).status_code == 303
    )
    assert "保和街道" in client.get("/places").text


def test_landlords_have_no_business_there(world, client):
    world.sign_in(client, world.landlord())
    assert client.get("/places").status_code == 403


# --- ending -------------------------------------------------------------------------------------------------


def test_a_building_leaves_its_grid_and_history_stays(client, world, officer, building):
    unit = world.flat(building=building)
    live = world.alert(unit)
    with unit_of_work():
        grid = grids.make_grid(building.parent, GridKind.ORDINARY, "甲")
        grids.give_building(grid, building, clock.now() - timedelta(days=90))
    key = world.key(officer)
    yesterday = (clock.local_day(clock.now()) - timedelta(days=1)).isoformat()
    end = {"building": str(building.uid), "on": yesterday}
    assert client.post("/api/v1/grid-assignments/end", json=end, headers=key).status_code == 204
    assert present(Unit, "grid_id", unit) is None
    assert present(Alert, "grid_id", live) is None
    assert grids.grid_at(building.id, clock.now()) is None
    assert grids.grid_at(building.id, clock.now() - timedelta(days=2)).id == grid.id
    assert client.post("/api/v1/grid-assignments/end", json=end, headers=key).status_code == 409


def test_a_unit_follows_its_building_again(client, world, officer, building):
    unit = world.flat(building=building)
    with unit_of_work():
        one, two = (grids.make_grid(building.parent, GridKind.MICRO, name) for name in "甲乙")
        grids.assign_building(officer.actor, one, building)
    key = world.key(officer)
    path = f"/api/v1/grids/{two.uid}/assignments"
    assert client.post(path, json={"unit": str(unit.uid)}, headers=key).status_code == 204
    assert present(Unit, "grid_id", unit) == two.id
    assert client.post(path, json={}, headers=key).status_code == 422
    end = {"unit": str(unit.uid)}
    late = end | {"on": (clock.local_day(clock.now()) + timedelta(days=1)).isoformat()}
    assert client.post("/api/v1/grid-assignments/end", json=late, headers=key).status_code == 422
    manager = world.key(world.property_manager(building.parent))
    assert client.post("/api/v1/grid-assignments/end", json=end, headers=manager).status_code == 403
    assert client.post("/api/v1/grid-assignments/end", json=end, headers=key).status_code == 204
    assert present(Unit, "grid_id", unit) == one.id


def test_another_communitys_unit_is_not_there(client, world, officer):
    far = world.building("9栋", world.compound("别处", world.community("远方社区")))
    unit = world.flat(building=far)
    answer = client.post(
        "/api/v1/grid-assignments/end", json={"unit": str(unit.uid)}, headers=world.key(officer)
    )
    assert answer.status_code == 404


def test_a_station_gives_up_a_compound(client, world, building):
    unit, compound = world.flat(building=building), building.parent
    station, admin = world.station(compound), world.user(Role.SYSTEM_ADMIN)
    key, end = world.key(admin), {"compound": str(compound.uid)}
    with unit_of_work():
        stations.give_compound(station, compound)
    assert present(Unit, "station_id", unit) == station.id
    assert [one["code"] for one in client.get("/api/v1/stations", headers=key).json["items"]] == [station.code]
    assert client.post("/api/v1/station-assignments/end", json=end, headers=key).status_code == 204
    assert present(Unit, "station_id", unit) is None
    path = f"/api/v1/stations/{station.uid}/compounds"
    assert client.post(path, json=end, headers=key).status_code == 204
    assert present(Unit, "station_id", unit) == station.id


def test_assignments_end_on_pages(client, world, officer, building):
    unit = world.flat(building=building)
    with unit_of_work():
        grid = grids.make_grid(building.parent, GridKind.ORDINARY, "南区网格")
        grids.give_building(grid, building)
    world.sign_in(client, officer)
    page = f"/places/{building.uid}"
    answers = {"unit": str(unit.uid), "grid": str(grid.uid)}
    assert fill_in(client, f"{page}/grid/units", answers).status_code == 303
    assert f"/grid/units/{unit.uid}/end" in client.get(page).text
    assert fill_in(client, f"{page}/grid/units/{unit.uid}/end", {}).status_code == 303
    assert fill_in(client, f"{page}/grid/end", {"on": "2099-01-01"}).status_code == 422
    assert fill_in(client, f"{page}/grid/end", {}).status_code == 303
    assert "还没有划入网格" in client.get(page).text
    admin = world.user(Role.SYSTEM_ADMIN)
    world.station(building.parent)
    world.sign_in(client, admin)
    compound = f"/places/{building.parent.uid}"
    assert "结束派出所归属" in client.get(compound).text
    assert fill_in(client, f"{compound}/station/end", {}).status_code == 303
    assert "结束派出所归属" not in client.get(compound).text
