"""A filing from the landlord's hand to the decision: each step by its role, seen by the landlord."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.core import clock
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import session
from rental_mgmt.core.touch import Kind, Touch
from rental_mgmt.notices.models import Notice
from rental_mgmt.units.codes import is_unit_code
from rental_mgmt.units.models import Filing, FilingStatus, Unit, UnitCapacity, UnitStatus


def post(client, world, who, path, **body):
    return client.post(f"/api/v1{path}", json=body, headers=world.key(who))


def told(kind):
    return set(session.scalars(select(Notice.user_id).where(Notice.kind == kind)))


def test_a_filing_lives_from_draft_to_plate(client, world, city):
    unit = world.draft(city.owner, city.building, "1203")
    assert (unit.status, unit.name) == (UnitStatus.DRAFT, "1栋 12层 1203")
    assert (unit.grid_id, unit.station_id) == (city.worker.target.id, city.station.id)
    world.paper(city.owner, unit)

    filing = post(client, world, city.owner, f"/units/{unit.uid}/filings", version=1)
    assert (filing.status_code, filing.json["status"]) == (201, "submitted")
    assert told("filing.submitted") == {city.worker.user.id}
    path = f"/filings/{filing.json['uid']}"

    checked = post(client, world, city.worker, f"{path}/check", version=filing.json["version"], note="一致")
    assert (checked.status_code, checked.json["status"]) == (200, "checked")
    assert told("filing.checked") == {city.liaison.user.id}

    decided = post(client, world, city.liaison, f"{path}/decide", version=checked.json["version"])
    assert (decided.status_code, decided.json["status"]) == (200, "decided")
    assert told("filing.decided") == {city.owner.user.id}

    unit = world.present(unit)
    assert unit.status is UnitStatus.ACTIVE
    assert is_unit_code(unit.code)
    assert unit.police_decided_at == clock.now()
    assert len(unit.qr_token) >= 20
    frozen = session.scalars(select(UnitCapacity).where(UnitCapacity.unit_id == unit.id)).one()
    assert (frozen.capacity, frozen.valid_to) == (unit.capacity, None) == (4, None)
    touched = set(session.execute(select(Touch.kind, Touch.key)))
    assert (Kind.UNIT, unit.id) in touched
    acts = [a for a in session.scalars(select(AuditEntry.action)) if a.startswith("filing.")]
    assert acts == ["filing.submit", "filing.check", "filing.decide"]

    shown = client.get(f"/api/v1/units/{unit.uid}", headers=world.key(city.owner)).json
    steps = shown["filings"][0]["steps"]
    assert [(s["step"], s["role"]) for s in steps] == [
        ("submitted", "landlord"),
        ("checked", "grid_worker"),
        ("decided", "police_liaison"),
    ]
    assert steps[1]["name"] == city.worker.name[0] + "*" * (len(city.worker.name) - 1)
    assert steps[1]["reason"] == "一致"


STEPS = {
    "check": ("submitted", Role.GRID_WORKER, {}),
    "return": ("checked", Role.POLICE_LIAISON, {"reason": "补交材料"}),
    "decide": ("checked", Role.POLICE_LIAISON, {}),
    "withdraw": ("submitted", Role.LANDLORD, {}),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_for_its_role_alone(client, world, city, step):
    _at, may, body = STEPS[step]
    filing = world.submitted(city.owner, city.building)
    others = [city.owner, city.worker, city.liaison, city.lead, city.manager, city.officer]
    others.append(world.helper(city.owner.target))
    for who in others:
        answer = post(client, world, who, f"/filings/{filing.uid}/{step}", version=filing.version, **body)
        if who.role is may:
            assert answer.status_code in (200, 409), (who.role, answer.json)
        else:
            assert answer.status_code == 403, (who.role, answer.json)


def test_a_filing_of_elsewhere_is_not_there(client, world, city):
    filing = world.submitted(city.owner, city.building)
    elsewhere = world.liaison(world.station(world.compound("别处")))
    stranger = world.landlord()
    for who in (elsewhere, stranger):
        answer = client.get(f"/api/v1/filings/{filing.uid}", headers=world.key(who))
        missing = client.get(f"/api/v1/filings/{city.owner.user.uid}", headers=world.key(who))
        assert (answer.status_code, answer.data) == (404, missing.data)


def test_what_is_missing_is_named(client, world, city):
    unit = world.draft(city.owner, city.building, safety_contact_name="", safety_contact_phone="")
    answer = post(client, world, city.owner, f"/units/{unit.uid}/filings", version=unit.version)
    assert answer.status_code == 422
    errors = {error["path"]: error["detail"] for error in answer.json["errors"]}
    assert set(errors) == {"safety_contact_name", "safety_contact_phone", "papers"}
    assert "治安责任保证书" in errors["papers"]


def test_a_returned_filing_is_mended_and_submitted_again(client, world, city):
    filing = world.checked(city.worker, world.submitted(city.owner, city.building))
    reason = "床位数与现场不符"
    back = post(
        client, world, city.liaison, f"/filings/{filing.uid}/return", version=filing.version, reason=reason
    )
    assert back.json["status"] == "returned"
    assert told("filing.returned") == {city.owner.user.id}
    unit = world.present(filing.unit)
    details = {"area": 60, "bedrooms": 2, "beds": 1, "declared_capacity": 2, "version": unit.version}
    details |= {"safety_contact_name": "王责任", "safety_contact_phone": "19000000009"}
    headers = world.key(city.owner)
    changed = client.put(f"/api/v1/units/{unit.uid}", json=details, headers=headers)
    assert (changed.status_code, changed.json["capacity"]) == (200, 2)
    again = post(client, world, city.owner, f"/units/{unit.uid}/filings", version=changed.json["version"])
    assert (again.json["uid"], again.json["status"]) == (str(filing.uid), "submitted")
    assert again.json["snapshot"]["beds"] == 1


def test_what_is_looked_at_does_not_change(client, world, city):
    filing = world.submitted(city.owner, city.building)
    unit = world.present(filing.unit)
    details = {"area": 60, "bedrooms": 2, "beds": 9, "declared_capacity": 9, "version": unit.version}
    answer = client.put(f"/api/v1/units/{unit.uid}", json=details, headers=world.key(city.owner))
    assert answer.status_code == 409
    assert "撤回" in answer.json["title"]


def test_an_undecided_filing_cannot_be_decided_unchecked(client, world, city):
    filing = world.submitted(city.owner, city.building)
    answer = post(client, world, city.liaison, f"/filings/{filing.uid}/decide", version=filing.version)
    assert answer.status_code == 409
    assert world.present(filing.unit).status is UnitStatus.DRAFT


def test_who_saw_an_older_state_is_told(client, world, city):
    filing = world.submitted(city.owner, city.building)
    world.checked(city.worker, filing)
    answer = post(client, world, city.worker, f"/filings/{filing.uid}/check", version=filing.version)
    assert (answer.status_code, answer.json["code"]) == (409, "conflict")


def test_two_clicks_at_once_decide_once(app, world, city):
    filing = world.checked(city.worker, world.submitted(city.owner, city.building))
    second = world.liaison(city.station)
    path = f"/api/v1/filings/{filing.uid}/decide"
    answers, keys = [], [world.key(city.liaison), world.key(second)]
    start = threading.Barrier(2)

    def click(headers):
        start.wait()
        answers.append(
            app.test_client().post(path, json={"version": filing.version}, headers=headers).status_code
        )

    clicks = [threading.Thread(target=click, args=(headers,)) for headers in keys]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert sorted(answers) == [200, 409]
    count = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "filing.decide")
    assert session.scalar(count) == 1


def test_a_change_of_what_was_decided_needs_a_new_filing(client, world, city):
    unit = world.decided(city.liaison, world.checked(city.worker, world.submitted(city.owner, city.building)))
    code = unit.code
    details = {"area": 80, "bedrooms": 2, "beds": 3, "declared_capacity": 6, "version": unit.version}
    details |= {
        "safety_contact_name": "王责任",
        "safety_contact_phone": "19000000009",
        "house_rules": "十点后安静",
    }
    changed = client.put(f"/api/v1/units/{unit.uid}", json=details, headers=world.key(city.owner)).json
    assert (changed["beds"], changed["capacity"], changed["status"]) == (2, 4, "active")
    assert world.present(unit).house_rules == "十点后安静"
    filed = post(client, world, city.owner, f"/units/{unit.uid}/filings", version=changed["version"])
    assert filed.status_code == 201, filed.json
    filing = session.scalars(select(Filing).order_by(Filing.id.desc())).first()
    clock.freeze(clock.now() + timedelta(days=2))
    unit = world.decided(city.liaison, world.checked(city.worker, filing))
    assert (unit.beds, unit.capacity, unit.area, unit.code) == (3, 6, 80.0, code)
    rows = session.scalars(select(UnitCapacity).order_by(UnitCapacity.id)).all()
    assert [(row.capacity, row.valid_to is None) for row in rows] == [(4, False), (6, True)]


def test_nothing_to_file_is_said(client, world, city):
    unit = world.decided(city.liaison, world.checked(city.worker, world.submitted(city.owner, city.building)))
    answer = post(client, world, city.owner, f"/units/{unit.uid}/filings", version=unit.version)
    assert answer.status_code == 409


def test_a_place_where_the_police_are_only_informed_decides_on_the_check(client, world, city, monkeypatch):
    from dataclasses import replace

    from rental_mgmt.places.pack import DecidedBy
    from rental_mgmt.units import packs

    national = packs.pack_at
    informed = lambda path, on: replace(national(path, on), decided_by=DecidedBy.INFORMED)  # noqa: E731
    monkeypatch.setattr(packs, "pack_at", informed)
    filing = world.checked(city.worker, world.submitted(city.owner, city.building))
    assert world.present(filing).status is FilingStatus.DECIDED
    assert world.present(filing.unit).status is UnitStatus.ACTIVE
    assert city.liaison.user.id in told("filing.informed")


def test_two_at_one_door_are_not_both_decided(client, world, city):
    first = world.submitted(city.owner, city.building)
    rival = world.landlord()
    second = world.submitted(rival, city.building)
    assert first.unit.door_id == second.unit.door_id
    world.decided(city.liaison, world.checked(city.worker, first))
    second = world.checked(city.worker, second)
    answer = post(client, world, city.liaison, f"/filings/{second.uid}/decide", version=second.version)
    assert answer.status_code == 409
    assert "门号" in answer.json["title"]
    assert session.scalar(select(func.count()).select_from(Unit).where(Unit.status == UnitStatus.ACTIVE)) == 1
