"""Suspending, resuming and closing: who may, and who is told."""

import pytest
from sqlalchemy import select

from rental_mgmt.core.db import session
from rental_mgmt.notices.models import Notice
from rental_mgmt.units.models import PartyRole, UnitStatus


@pytest.fixture
def active(world, city):
    """An active unit."""
    city.helper = world.helper(city.owner.target)
    filing = world.checked(city.worker, world.submitted(city.owner, city.building))
    city.unit = world.decided(city.liaison, filing)
    return city


def act(client, world, who, unit, verb, **given):
    body = {"version": world.present(unit).version} | given
    return client.post(f"/api/v1/units/{unit.uid}/{verb}", json=body, headers=world.key(who))


def told(kind):
    return set(session.scalars(select(Notice.user_id).where(Notice.kind == kind)))


def test_a_landlord_pauses_and_resumes(client, world, active):
    paused = act(client, world, active.owner, active.unit, "suspend", reason="装修")
    assert (paused.json["status"], paused.json["suspension_decision"]) == ("suspended", None)
    assert told("unit.suspend") == {active.manager.user.id, active.worker.user.id}
    assert act(client, world, active.liaison, active.unit, "resume").status_code == 403
    resumed = act(client, world, active.owner, active.unit, "resume")
    assert (resumed.json["status"], resumed.json["suspension_reason"]) == ("active", None)


def test_the_police_suspend_with_a_decision_number_only(client, world, active):
    refused = act(client, world, active.liaison, active.unit, "suspend", reason="隐患未整改")
    assert (refused.status_code, refused.json["errors"][0]["path"]) == (422, "decision_number")
    number = "锦公决字〔2026〕第12号"
    done = act(
        client, world, active.liaison, active.unit, "suspend", reason="隐患未整改", decision_number=number
    )
    assert done.json["suspension_decision"] == number
    assert told("unit.suspend") == {
        who.user.id for who in (active.owner, active.helper, active.manager, active.worker)
    }
    assert act(client, world, active.owner, active.unit, "resume").status_code == 403
    assert act(client, world, active.owner, active.unit, "close", reason="不租了").status_code == 409
    assert act(client, world, active.liaison, active.unit, "resume").json["status"] == "active"


def test_civilians_never_suspend(client, world, active):
    for who in (active.manager, active.worker, active.officer, active.helper, active.lead):
        answer = act(client, world, who, active.unit, "suspend", reason="投诉多", decision_number="1")
        assert answer.status_code == 403, who.role
    assert world.present(active.unit).status is UnitStatus.ACTIVE


def test_a_landlords_number_is_no_decision(client, world, active):
    act(client, world, active.owner, active.unit, "suspend", reason="装修", decision_number="自编 1 号")
    assert world.present(active.unit).suspension_decision is None


def test_the_police_may_take_over_a_pause(client, world, active):
    act(client, world, active.owner, active.unit, "suspend", reason="装修")
    done = act(client, world, active.liaison, active.unit, "suspend", reason="隐患", decision_number="12")
    assert done.json["suspension_decision"] == "12"
    again = act(client, world, active.liaison, active.unit, "suspend", reason="隐患", decision_number="13")
    assert again.status_code == 409


def test_closing_ends_the_role_and_the_open_filing(client, world, active):
    draft = world.submitted(active.owner, active.building, "1301")
    closed = act(client, world, active.owner, draft.unit, "close", reason="不再出租")
    assert closed.json["status"] == "closed"
    assert world.present(draft).status.value == "withdrawn"
    role = session.scalars(select(PartyRole).where(PartyRole.unit_id == draft.unit_id)).one()
    assert role.valid_to is not None
    assert act(client, world, active.owner, draft.unit, "resume").status_code == 409
    details = {"area": 60, "bedrooms": 2, "beds": 2, "declared_capacity": 4}
    details["version"] = world.present(draft.unit).version
    answer = client.put(f"/api/v1/units/{draft.unit.uid}", json=details, headers=world.key(active.owner))
    assert answer.status_code == 409


def test_a_draft_cannot_be_suspended(client, world, city):
    unit = world.draft(city.owner, city.building)
    answer = act(client, world, city.owner, unit, "suspend", reason="装修")
    assert answer.status_code == 409
    assert "填报中" in answer.json["title"]
