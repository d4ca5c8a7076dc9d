"""One walk past the doors of a floor, and one decision on all that stood as filed."""

import pytest
from sqlalchemy import func, select

from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.core.db import session
from rental_mgmt.notices.models import Notice
from rental_mgmt.places.models import Place, PlaceKind
from rental_mgmt.units.codes import serial_of
from rental_mgmt.units.models import FilingStatus, FloorCheck, Unit, UnitStatus


def walk(client, world, who, place, checks, **given):
    body = {"place": str(place.uid), "checks": checks} | given
    return client.post("/api/v1/floor-lists", json=body, headers=world.key(who))


def seen(unit, result="as_filed", **given):
    return {"unit": str(unit.uid), "result": result} | given


@pytest.fixture
def floor(world, city):
    """Six filed units of one floor, of two landlords."""
    city.other = world.landlord()
    owners = [city.owner, city.other] * 3
    city.filings = [world.submitted(owner, city.building, f"120{n}") for n, owner in enumerate(owners, 1)]
    city.floor = session.scalars(select(Place).where(Place.kind == PlaceKind.FLOOR)).one()
    return city


def test_one_walk_and_one_decision(client, world, floor, count_queries):
    units = [filing.unit for filing in floor.filings]
    checks = [seen(unit) for unit in units[:4]]
    checks += [seen(units[4], "differs", note="多隔了一间"), seen(units[5], "nobody_in")]
    made = walk(client, world, floor.worker, floor.floor, checks, note="下午三点")
    assert made.status_code == 201, made.json
    states = [world.present(filing).status for filing in floor.filings]
    assert states == [FilingStatus.CHECKED] * 4 + [FilingStatus.SUBMITTED] * 2
    assert session.scalar(select(func.count()).select_from(FloorCheck)) == 6

    path = f"/api/v1/floor-lists/{made.json['uid']}"
    listed = client.get(path, headers=world.key(floor.liaison)).json["checks"]
    assert [one["result"] for one in listed] == ["as_filed"] * 4 + ["differs", "nobody_in"]
    headers = world.key(floor.liaison)
    client.get("/api/v1/units", headers=headers)
    with count_queries() as asked:
        decided = client.post(f"{path}/decide", headers=headers)
    assert (decided.status_code, len(decided.json["decided"])) == (200, 4), decided.json
    assert len(asked) <= 40
    active = session.scalars(select(Unit).where(Unit.status == UnitStatus.ACTIVE).order_by(Unit.code)).all()
    assert [serial_of(unit.code) for unit in active] == [1, 2, 3, 4]
    assert len({unit.qr_token for unit in active}) == 4
    told = session.scalars(select(Notice.user_id).where(Notice.kind == "filing.decided")).all()
    assert sorted(told) == sorted([floor.owner.user.id, floor.other.user.id])
    acts = session.scalars(select(AuditEntry.action)).all()
    assert acts.count("filing.decide") == 4
    again = client.post(f"{path}/decide", headers=world.key(floor.liaison))
    assert again.status_code == 409


def test_deciding_thirty_costs_what_deciding_three_costs(client, world, city, count_queries):
    asked = []
    for start, many in ((1, 3), (10, 30)):
        filings = [world.submitted(city.owner, city.building, f"{start + n}01") for n in range(many)]
        made = walk(client, world, city.worker, city.building, [seen(one.unit) for one in filings])
        path, headers = f"/api/v1/floor-lists/{made.json['uid']}/decide", world.key(city.liaison)
        client.get("/api/v1/units", headers=headers)
        with count_queries() as statements:
            assert len(client.post(path, headers=headers).json["decided"]) == many
        asked.append(len(statements))
    assert asked[1] - asked[0] <= 2, asked


def test_who_may_walk_and_decide(client, world, floor):
    checks = [seen(floor.filings[0].unit)]
    for who in (floor.owner, floor.manager, floor.officer, floor.liaison):
        assert walk(client, world, who, floor.floor, checks).status_code == 403, who.role
    elsewhere = world.grid_worker(world.grid(world.building("2栋"), name="第二网格"))
    assert walk(client, world, elsewhere, floor.floor, checks).status_code == 404
    made = walk(client, world, floor.worker, floor.floor, checks).json
    for who in (floor.owner, floor.manager, floor.worker, floor.officer, floor.lead):
        answer = client.post(f"/api/v1/floor-lists/{made['uid']}/decide", headers=world.key(who))
        assert answer.status_code == 403, who.role
    stranger = world.liaison(world.station(world.compound("别处")))
    answer = client.post(f"/api/v1/floor-lists/{made['uid']}/decide", headers=world.key(stranger))
    assert answer.status_code == 404


def test_what_a_walk_cannot_say(client, world, floor):
    unit = floor.filings[0].unit
    outside = world.draft(floor.owner, world.building("9栋"), "101")
    cases = {
        "checks[0].note": [seen(unit, "differs")],
        "checks[0].unit": [seen(outside)],
        "checks": [seen(unit), seen(unit)],
    }
    for path, checks in cases.items():
        answer = walk(client, world, floor.worker, floor.floor, checks)
        assert (answer.status_code, answer.json["errors"][0]["path"]) == (422, path)
    assert walk(client, world, floor.worker, floor.floor, []).status_code == 409


def test_a_list_leaves_the_door_that_another_answers_for(client, world, floor):
    first, rest = floor.filings[0], floor.filings[1:3]
    rival = world.submitted(world.landlord(), floor.building, "1201")
    world.decided(floor.liaison, world.checked(floor.worker, rival))
    made = walk(client, world, floor.worker, floor.floor, [seen(one.unit) for one in (first, *rest)]).json
    answer = client.post(f"/api/v1/floor-lists/{made['uid']}/decide", headers=world.key(floor.liaison))
    assert {one["uid"] for one in answer.json["decided"]} == {str(one.uid) for one in rest}
    assert world.present(first).status is FilingStatus.CHECKED
