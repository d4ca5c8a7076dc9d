"""A unit goes to another party: dated roles, guests stay, alerts follow, older guests are masked."""

import pytest
from sqlalchemy import select

from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.notices.models import Notice
from rental_mgmt.stays.models import Guest
from rental_mgmt.stays.shown import shown_guests
from rental_mgmt.units.models import PartyRole, PartyRoleKind, Unit

from ..support.forms import fill_in
from ..support.world_people import add

CONTACT = {"safety_contact_name": "新责任人", "safety_contact_phone": "19000000001"}


@pytest.fixture
def run_by_owner(world, block):
    role = PartyRole(
        unit_id=block.unit.id, party_id=block.owner.target.id, role=PartyRoleKind.OWNER, valid_from=world.now
    )
    add(role)
    return block


def accept(client, world, who, code):
    body = {"code": code, "party_role": "sublessor"} | CONTACT
    return client.post("/api/v1/transfers/accept", json=body, headers=world.key(who))


def test_the_old_role_ends_as_the_new_one_begins(client, act, world, run_by_owner, in_house):
    block = run_by_owner
    alert = world.alert(block.unit)
    offered = act(block.owner, block.unit, "transfers")
    assert offered.status_code == 201, offered.json
    # Until somebody types the code nothing has changed.
    assert world.present(block.unit).party_id == block.owner.target.id
    taken = accept(client, world, block.other, offered.json["code"])
    assert (taken.status_code, taken.json["status"]) == (200, "active")
    unit = world.present(block.unit)
    assert (unit.party_id, unit.code) == (block.other.target.id, block.unit.code)
    roles = session.execute(select(PartyRole.party_id, PartyRole.role, PartyRole.valid_to)).all()
    assert roles == [
        (block.owner.target.id, PartyRoleKind.OWNER, world.now),
        (block.other.target.id, PartyRoleKind.SUBLESSOR, None),
    ]
    assert world.present(alert).party_id == block.other.target.id
    assert session.get(Guest, in_house.guest.id).left_at is None
    actions = set(session.scalars(select(AuditEntry.action)))
    assert {"unit.offer_transfer", "unit.accept_transfer"} <= actions
    told = set(session.scalars(select(Notice.user_id).where(Notice.kind == "unit.transferred")))
    assert told == {one.user.id for one in (block.owner, block.worker, block.manager, block.liaison)}
    assert client.get(f"/api/v1/units/{block.unit.uid}", headers=world.key(block.owner)).status_code == 404
    listed = client.get(f"/api/v1/units/{block.unit.uid}/transfers", headers=world.key(block.other)).json
    assert [(one["party_role"], one["reason"]) for one in listed] == [("sublessor", "同一套房")]


def test_who_left_before_is_not_the_new_partys_to_read(client, act, world, run_by_owner, in_house):
    block = run_by_owner
    code = act(block.owner, block.unit, "transfers").json["code"]
    assert accept(client, world, block.other, code).status_code == 200
    with unit_of_work():
        stays = {stay: session.merge(stay) for stay in (in_house.past, in_house.stay)}
        past, present = (shown_guests(block.other.actor, stay)[0] for stay in stays.values())
    assert ("*" in past.name, "*" in present.name) == (True, False)


def test_a_code_is_used_once_and_withdrawn_ones_open_nothing(client, act, world, block):
    first = act(block.owner, block.unit, "transfers").json
    second = act(block.owner, block.unit, "transfers").json
    assert accept(client, world, block.other, first["code"]).status_code == 422
    key = world.key(block.owner)
    assert client.post(f"/api/v1/transfers/{second['uid']}/withdraw", headers=key).status_code == 200
    assert accept(client, world, block.other, second["code"]).status_code == 422
    third = act(block.owner, block.unit, "transfers").json
    assert accept(client, world, block.other, third["code"]).status_code == 200
    assert accept(client, world, world.landlord(), third["code"]).status_code == 422


def test_a_party_does_not_take_over_from_itself(client, act, world, block):
    code = act(block.owner, block.unit, "transfers").json["code"]
    assert accept(client, world, block.owner, code).status_code == 409


def test_the_community_offers_it_where_the_landlord_is_gone(client, act, world, block):
    for who in (block.worker, block.manager, block.liaison):
        assert act(who, block.unit, "transfers").status_code == 403
    offered = act(block.officer, block.unit, "transfers", reason="原经营者失联，业主已核实")
    assert offered.status_code == 201
    assert set(session.scalars(select(Notice.user_id).where(Notice.kind == "unit.offer_transfer"))) == {
        block.owner.user.id
    }
    assert accept(client, world, block.other, offered.json["code"]).status_code == 200


def test_a_unit_the_police_suspended_stays_with_its_party(act, world, block):
    with unit_of_work():
        session.get(Unit, block.unit.id).suspension_decision = "锦公决字 12 号"
    for verb, more in (("transfers", {}), ("close", {}), ("merge", {"into": str(block.unit.uid)})):
        assert act(block.owner, block.unit, verb, **more).status_code in (409, 422), verb


def test_pages_from_the_code_to_the_new_landlord(client, world, block, in_house):
    world.sign_in(client, block.owner)
    path = f"/units/{block.unit.uid}/hand-over"
    assert path in client.get(f"/units/{block.unit.uid}").text
    sheet = fill_in(client, path, {"reason": "转租"})
    code = sheet.text.split('<p class="mono"><b>')[1].split("<")[0]
    assert "撤回" in client.get(path).text
    world.sign_in(client, block.other)
    assert "/units/take-over" in client.get("/units/claim").text
    answers = CONTACT | {"code": code, "party_role": "sublessor"}
    refused = fill_in(client, "/units/take-over", answers | {"safety_contact_phone": "12"})
    assert (refused.status_code, "新责任人" in refused.text) == (422, True)
    taken = fill_in(client, "/units/take-over", answers, follow=True)
    assert all(words in taken.text for words in ("已接收", block.unit.name, "二房东"))
