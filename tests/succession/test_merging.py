"""One flat registered twice: what moves, what stays, who may, where the old plate leads."""

import pytest
from sqlalchemy import select

from rental_mgmt.alerts.models import Alert, AlertStatus, Verdict
from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.devices.models import Device, DeviceSource
from rental_mgmt.stays.models import Guest, Stay
from rental_mgmt.units.models import Unit, UnitListing, UnitStatus

from ..support.field import some
from ..support.forms import fill_in
from ..support.world_people import add


@pytest.fixture
def twins(world, block):
    """Both units are one party's, with locks and listings."""
    with unit_of_work():
        twin = session.get(Unit, block.twin.id)
        twin.party_id, twin.qr_token = block.owner.target.id, "twin-token"
        session.get(Unit, block.unit.id).qr_token = "unit-token"
    source = add(some(DeviceSource, community_id=block.unit.community_id))
    add(some(Device, source_id=source.id, serial="L1", unit_id=block.unit.id))
    for unit, url in ((block.unit, "a"), (block.unit, "b"), (block.twin, "b")):
        add(UnitListing(unit_id=unit.id, platform="tujia", url=f"https://www.tujia.com/{url}"))
    return block


def units_of(model) -> dict:
    return dict(session.execute(select(model.id, model.unit_id)).all())


def test_what_is_live_moves_and_what_is_over_stays(act, world, twins, in_house):
    alert = world.alert(twins.unit)
    done = act(twins.owner, twins.unit, "merge", into=str(twins.twin.uid))
    assert done.status_code == 200, done.json
    assert done.json["moved"] == {"stays": 2, "guests": 1, "devices": 1, "listings": 1, "alerts": 1}
    assert done.json["unit"]["uid"] == str(twins.twin.uid)
    stays, guests = units_of(Stay), units_of(Guest)
    assert stays[in_house.past.id] == guests[in_house.left.id] == twins.unit.id
    assert stays[in_house.stay.id] == stays[in_house.plan.id] == twins.twin.id
    assert {guests[in_house.guest.id], *units_of(Device).values()} == {twins.twin.id}
    followed = world.present(alert)
    assert (followed.unit_id, followed.status) == (twins.twin.id, AlertStatus.OPEN)
    merged = world.present(twins.unit)
    assert (merged.status, merged.merged_into_id) == (UnitStatus.CLOSED, twins.twin.id)
    assert merged.closing_reason == "同一套房"
    assert {"unit.merge", "unit.absorb"} <= set(session.scalars(select(AuditEntry.action)))


def test_an_open_double_of_an_alert_is_closed_as_such(act, world, twins):
    double = world.alert(twins.unit)
    kept = world.alert(twins.twin)
    assert act(twins.owner, twins.unit, "merge", into=str(twins.twin.uid)).status_code == 200
    assert (world.present(double).verdict, world.present(kept).status) == (Verdict.DUPLICATE, AlertStatus.OPEN)


def test_one_in_hand_goes_on_with_whoever_has_it(act, world, twins):
    for unit in (twins.unit, twins.twin):
        world.alert(unit)
    with unit_of_work():
        mine = session.scalars(select(Alert).where(Alert.unit_id == twins.unit.id)).one()
        mine.status, mine.claimed_by_id = AlertStatus.CLAIMED, twins.worker.user.id
    assert act(twins.owner, twins.unit, "merge", into=str(twins.twin.uid)).status_code == 200
    mine = world.present(mine)
    assert (mine.status, mine.unit_id) == (AlertStatus.CLAIMED, twins.twin.id)


def test_different_operators_need_the_liaison(act, world, block, in_house):
    for who in (block.worker, block.manager, block.officer):
        refused = act(who, block.unit, "merge", into=str(block.twin.uid))
        assert (refused.status_code, "民警联络员" in refused.json["title"]) == (409, True)
    # A landlord does not even reach the other's unit.
    assert act(block.owner, block.unit, "merge", into=str(block.twin.uid)).status_code == 404
    assert act(block.liaison, block.unit, "merge", into=str(block.twin.uid)).status_code == 200


def test_an_unclaimed_double_is_the_field_s_to_merge(act, world, block):
    with unit_of_work():
        spare = session.get(Unit, block.twin.id)
        spare.party_id, spare.status = None, UnitStatus.UNCLAIMED
    refused = act(block.worker, block.unit, "merge", into=str(block.twin.uid))
    assert (refused.status_code, "反过来合并" in refused.json["title"]) == (409, True)
    assert act(block.worker, block.twin, "merge", into=str(block.unit.uid)).status_code == 200


def test_nothing_is_merged_across_buildings_or_into_itself(act, world, block):
    elsewhere = world.flat(block.owner.target, world.building("2栋"), "0101")
    for into in (elsewhere, block.unit):
        assert act(block.owner, block.unit, "merge", into=str(into.uid)).status_code == 422
    assert act(block.owner, block.unit, "merge", into=str(block.unit.uid), version=99).status_code == 409


def test_the_old_plate_leads_to_the_unit_that_goes_on(client, act, world, twins):
    third = world.flat(twins.owner.target, twins.building, "1205")
    assert act(twins.owner, twins.unit, "merge", into=str(twins.twin.uid)).status_code == 200
    assert twins.twin.code in client.get("/q/unit-token", follow_redirects=True).text.replace(" ", "")
    # Merged once more: the first one points straight at the last of the line.
    assert act(twins.owner, twins.twin, "merge", into=str(third.uid)).status_code == 200
    assert world.present(twins.unit).merged_into_id == third.id
    assert third.code in client.get("/q/unit-token", follow_redirects=True).text.replace(" ", "")


def test_the_page_merges_and_both_pages_know_of_each_other(client, world, twins):
    world.sign_in(client, twins.owner)
    path = f"/units/{twins.unit.uid}/merge"
    assert path in client.get(f"/units/{twins.unit.uid}").text
    page = client.get(path).text
    assert all(words in page for words in (twins.twin.name, "没有一键撤回", "旧码牌"))
    assert fill_in(client, path, {"reason": "", "into": str(twins.twin.uid)}).status_code == 422
    done = fill_in(client, path, {"reason": "两个平台各登记一次", "into": str(twins.twin.uid)}, follow=True)
    assert all(words in done.text for words in ("已合并：转过来", "已并入本套的登记", str(twins.unit.uid)))
    old = client.get(f"/units/{twins.unit.uid}").text
    assert all(words in old for words in (str(twins.twin.uid), "并入另一套登记", "两个平台各登记一次"))
