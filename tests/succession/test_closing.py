"""Closing a unit: refused while guests are in house or expected, unless they end with it on purpose."""

import pytest
from sqlalchemy import select

from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.core.db import session
from rental_mgmt.stays.models import Stay
from rental_mgmt.units.models import UnitStatus

from ..support.forms import fill_in


def test_a_unit_with_guests_in_house_is_not_closed_by_the_way(act, world, block, in_house):
    refused = act(block.owner, block.unit, "close")
    assert refused.status_code == 409
    assert "1 位住客登记在住" in refused.json["title"]
    assert world.present(block.unit).status is UnitStatus.ACTIVE


def test_a_plan_alone_holds_it_too(act, world, block, in_house):
    assert act(block.owner, block.unit, "close", end_stays=True).status_code == 200
    world.stay(block.other, block.twin)
    refused = act(block.other, block.twin, "close")
    assert (refused.status_code, "1 次计划中的入住" in refused.json["title"]) == (409, True)


def test_on_purpose_everything_ends_with_it(act, world, block, in_house):
    assert act(block.owner, block.unit, "close", end_stays=True).json["status"] == "closed"
    ended = {stay.id: (stay.ended_at, stay.cancelled_at) for stay in session.scalars(select(Stay))}
    assert ended[in_house.stay.id][0] == world.now
    assert ended[in_house.plan.id] == (None, world.now)
    assert world.present(block.unit).closing_reason == "同一套房"
    actions = set(session.scalars(select(AuditEntry.action)))
    assert {"unit.close", "stay.check_out", "stay.cancel"} <= actions


def test_only_its_landlord_closes(act, world, block):
    for who in (block.other, block.worker, block.manager, block.officer, block.liaison):
        expected = 404 if who is block.other else 403
        assert act(who, block.unit, "close").status_code == expected


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_page_lists_who_is_still_there(client, world, block, in_house):
    world.sign_in(client, block.owner)
    path = f"/units/{block.unit.uid}/close"
    assert path in client.get(f"/units/{block.unit.uid}").text
    shown = client.get(path).text
    assert f"/stays/{in_house.stay.uid}" in shown
    assert "登记 1 人，在住 1 人" in shown
    refused = fill_in(client, path, {"reason": "不租了"})
    assert (refused.status_code, "不租了" in refused.text) == (409, True)
    assert fill_in(client, path, {"reason": "不租了", "end_stays": "1"}).status_code == 303
    assert "原因：不租了" in client.get(f"/units/{block.unit.uid}").text
