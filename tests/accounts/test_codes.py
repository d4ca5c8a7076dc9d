"""Invitations, claim codes and resets: looking spends nothing, a POST spends once, desk roles need two."""

import re

import pytest
from sqlalchemy import select, update

from rental_mgmt.accounts import codes, confirming, people
from rental_mgmt.accounts.actors import actor_by_session
from rental_mgmt.accounts.models import CodePurpose, Membership, OneTimeCode, User, UserStatus
from rental_mgmt.core import clock
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import Model, session, unit_of_work
from rental_mgmt.core.errors import Conflict, Invalid

from ..support.forms import fill_in
from .conftest import NEW_PASSWORD, PASSWORD, is_in, sign_in

CODE = re.compile(r"(?:[0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}")


def invited(world, role=Role.GRID_WORKER, phone="19990001234"):
    """A grid worker whom a property manager has invited, and the code to hand over."""
    building = world.building()
    manager = world.property_manager(building.parent)
    grid = world.grid(building)
    with unit_of_work():
        return people.invite(manager.actor, people.Invitation(role, "陈新", phone, over=grid.uid))


def test_an_invitation_opens_an_account(client, world):
    code = invited(world).code
    assert CODE.fullmatch(code)
    assert client.get(f"/i/{code.replace('-', '')}").headers["Location"] == "/invitation"
    page = client.get("/invitation")
    assert "网格员" in page.text
    assert "陈*" in page.text
    assert "陈新" not in page.text
    assert fill_in(client, "/invitation", {"password": PASSWORD}).status_code == 303
    assert client.get("/api/v1/me").json["role"] == "grid_worker"


def test_a_code_leaves_the_address_at_once(client, world):
    code = invited(world).code
    answer = client.get(f"/i/{code}")
    assert code not in answer.headers["Location"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert code not in client.get("/invitation").text


def test_looking_at_a_link_spends_nothing(client, world):
    code = invited(world).code
    for _ in range(3):
        preview = client.application.test_client()
        preview.get(f"/i/{code}", follow_redirects=True)
        preview.head(f"/i/{code}", follow_redirects=True)
    assert session.scalar(select(OneTimeCode.used_at)) is None
    client.get(f"/i/{code}")
    assert fill_in(client, "/invitation", {"password": PASSWORD}).status_code == 303


def test_a_code_is_spent_once(client, world):
    code = invited(world).code
    client.get(f"/i/{code}")
    fill_in(client, "/invitation", {"password": PASSWORD})
    second = client.application.test_client()
    second.get(f"/i/{code}")
    assert second.get("/invitation").headers["Location"] == "/invitation"
    with unit_of_work():
        row = session.scalars(select(OneTimeCode)).one()
        with pytest.raises(Conflict):
            codes.spend_code(row.uid)


def test_a_refused_password_spends_nothing(client, world):
    code = invited(world).code
    client.get(f"/i/{code}")
    for weak in ("short", "password12345", "aaaaaaaaaaaaaa", "19990001234陈新", "wangyuefang2026"):
        assert fill_in(client, "/invitation", {"password": weak}).status_code == 422
    assert session.scalar(select(OneTimeCode.used_at)) is None


def test_a_code_is_read_however_it_is_typed(client, world):
    code = invited(world).code
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert fill_in(client, "/invitation", {"code": typed}).status_code == 303
    assert fill_in(client, "/invitation", {"password": PASSWORD}).status_code == 303


def test_a_code_lasts_a_day(client, world):
    code = invited(world).code
    with unit_of_work():
        session.execute(update(OneTimeCode).values(expires_at=clock.real_now()))
    assert fill_in(client, "/invitation", {"code": code}).status_code == 422


def test_guessing_codes_is_made_to_wait(client, world):
    invited(world)
    answers = [fill_in(client, "/invitation", {"code": f"AAAA-{n:04}"}).status_code for n in range(11)]
    assert answers == [422] * 10 + [429]


# --- resets -------------------------------------------------------------------------------------------------


def test_a_desk_printed_code_sets_a_new_password_and_ends_the_rest(client, world, given):
    building = world.building()
    worker = given(world.grid_worker(world.grid(building)), pin=True)
    manager = world.property_manager(building.parent)
    elsewhere = world.session(worker)
    with unit_of_work():
        code = people.reset(manager.actor, people.get_person(manager.actor, worker.user.uid))
    assert actor_by_session(elsewhere) is not None
    assert fill_in(client, "/reset", {"code": code, "password": NEW_PASSWORD}).status_code == 303
    assert is_in(client)
    assert actor_by_session(elsewhere) is None
    assert sign_in(client.application.test_client(), worker, PASSWORD).status_code == 422
    assert sign_in(client.application.test_client(), worker, NEW_PASSWORD).status_code == 303
    told = Model.metadata.tables["notice"]
    assert session.execute(select(told.c.user_id)).scalars().all() == [worker.user.id] * 2


def test_a_newer_reset_code_kills_the_older(client, world, given):
    building = world.building()
    worker, manager = given(world.grid_worker(world.grid(building))), world.property_manager(building.parent)
    printed = []
    for _ in range(2):
        with unit_of_work():
            printed.append(people.reset(manager.actor, people.get_person(manager.actor, worker.user.uid)))
    assert fill_in(client, "/reset", {"code": printed[0], "password": NEW_PASSWORD}).status_code == 422
    assert fill_in(client, "/reset", {"code": printed[1], "password": NEW_PASSWORD}).status_code == 303


def test_the_reset_page_shows_the_code_once(client, world):
    building = world.building()
    worker, manager = world.grid_worker(world.grid(building)), world.property_manager(building.parent)
    world.sign_in(client, manager)
    page = fill_in(client, f"/people/{worker.user.uid}", {}, at="/reset")
    assert page.status_code == 200
    assert CODE.search(page.text)
    assert not CODE.search(client.get(f"/people/{worker.user.uid}").text)


def test_a_desk_role_is_reset_by_two_administrators(client, world, given):
    liaison = given(world.liaison(world.station(world.compound())), code=True)
    system, security = world.user(Role.SYSTEM_ADMIN), world.user(Role.SECURITY_ADMIN)
    with unit_of_work():
        assert people.reset(system.actor, people.get_person(system.actor, liaison.user.uid)) is None
    row = session.scalars(select(OneTimeCode)).one()
    with pytest.raises(Conflict), unit_of_work():
        confirming.confirm(system.actor, row.uid)
    another = world.user(Role.SYSTEM_ADMIN)
    with pytest.raises(Conflict), unit_of_work():
        confirming.confirm(another.actor, row.uid)
    with unit_of_work():
        _row, code = confirming.confirm(security.actor, row.uid)
    answer = fill_in(client, "/reset", {"code": code, "password": NEW_PASSWORD})
    assert answer.headers["Location"].startswith("/sign-in/totp"), "the time code is enrolled anew"
    assert session.scalar(select(User.totp_sealed).where(User.id == liaison.user.id)) is None


def test_the_second_administrator_confirms_through_the_api(client, world, given):
    """Signed in and fresh: a key for programs never shows who a person is, so it never confirms."""
    liaison = given(world.liaison(world.station(world.compound())), code=True)
    system, security = world.user(Role.SYSTEM_ADMIN), world.user(Role.SECURITY_ADMIN)
    with unit_of_work():
        people.reset(system.actor, people.get_person(system.actor, liaison.user.uid))
    assert client.get("/api/v1/people/waiting", headers=world.key(system)).json == {"codes": [], "roles": []}
    key = world.key(security)
    waiting = client.get("/api/v1/people/waiting", headers=key).json
    (code,) = waiting["codes"]
    assert (code["purpose"], code["person"]) == ("reset", str(liaison.user.uid))
    path = f"/api/v1/people/waiting/{code['uid']}/confirm"
    assert client.post(path, headers=key).status_code == 403
    world.sign_in(client, security)
    token = re.search(r'name="csrf" value="(\w+)"', client.get("/people/waiting").text)[1]
    signed_in = {"Accept": "application/json", "X-CSRF-Token": token}
    confirmed = client.post(path, headers=signed_in)
    assert confirmed.status_code == 200, confirmed.text
    with client.application.test_client() as visitor:
        answer = fill_in(visitor, "/reset", {"code": confirmed.json["code"], "password": NEW_PASSWORD})
        assert answer.headers["Location"].startswith("/sign-in/totp")
    assert client.post(path, headers=signed_in).status_code == 409


def test_what_one_administrator_asks_for_the_other_is_told_and_reads_in_full(client, world):
    station = world.station(world.compound())
    system, security = world.user(Role.SYSTEM_ADMIN), world.user(Role.SECURITY_ADMIN)
    wanted = people.Invitation(Role.POLICE_LIAISON, "吴丽", sign_in_name="police.wu", over=station.uid)
    with unit_of_work():
        people.invite(system.actor, wanted)
    told = Model.metadata.tables["notice"]
    assert session.scalars(select(told.c.user_id).where(told.c.link == "/people/waiting")).all() == [
        security.user.id
    ]
    world.sign_in(client, security)
    page = client.get("/people/waiting").text
    for words in ("吴丽", "police.wu", station.name, system.name):
        assert words in page
    uid = session.scalar(select(OneTimeCode.uid))
    sheet = fill_in(client, "/people/waiting", {}, at=f"/people/waiting/{uid}/confirm").text
    assert "police.wu" in sheet
    visitor = client.application.test_client()
    visitor.get(f"/i/{CODE.search(sheet)[0].replace('-', '')}")
    page = visitor.get("/invitation").text
    assert "police.wu" in page
    assert 'name="remember"' not in page, "a desk role is never remembered on a phone"


def test_an_administrator_takes_back_what_was_not_confirmed(client, world):
    liaison = world.liaison(world.station(world.compound()))
    system, security = world.user(Role.SYSTEM_ADMIN), world.user(Role.SECURITY_ADMIN)
    with unit_of_work():
        people.reset(system.actor, people.get_person(system.actor, liaison.user.uid))
    uid = session.scalar(select(OneTimeCode.uid))
    with pytest.raises(Conflict), unit_of_work():
        confirming.withdraw(security.actor, uid)
    world.sign_in(client, system)
    assert fill_in(client, "/people/waiting", {}, at=f"/people/waiting/{uid}/withdraw").status_code == 303
    with pytest.raises(Conflict), unit_of_work():
        confirming.confirm(security.actor, uid)


def test_an_administrator_does_not_confirm_the_own_reset(world):
    system, security = world.user(Role.SYSTEM_ADMIN), world.user(Role.SECURITY_ADMIN)
    with unit_of_work():
        people.reset(system.actor, people.get_person(system.actor, security.user.uid))
    row = session.scalars(select(OneTimeCode)).one()
    with pytest.raises(Conflict), unit_of_work():
        confirming.confirm(security.actor, row.uid)


def test_an_unconfirmed_code_is_an_empty_envelope(world):
    liaison = world.liaison(world.station(world.compound()))
    system = world.user(Role.SYSTEM_ADMIN)
    with unit_of_work():
        people.reset(system.actor, people.get_person(system.actor, liaison.user.uid))
    with pytest.raises(Invalid):
        codes.find_code("", (CodePurpose.RESET,))


# --- a landlord's claim code --------------------------------------------------------------------------------


def test_a_claim_code_opens_one_account_and_stays_good_for_the_claim(client, world):
    manager = world.property_manager(world.compound())
    with unit_of_work():
        _row, code = codes.make_code(CodePurpose.CLAIM, manager.user.id)
    client.get(f"/i/{code}")
    answers = {"name": "赵敏", "phone": "19990005678", "password": PASSWORD}
    assert fill_in(client, "/invitation", answers).status_code == 303
    assert client.get("/api/v1/me").json["role"] == "landlord"
    row = session.scalars(select(OneTimeCode)).one()
    assert row.used_at is None
    new = session.scalars(select(User).where(User.id == row.user_id)).one()
    assert new.status is UserStatus.ACTIVE
    held = session.scalars(select(Membership).where(Membership.user_id == new.id)).one()
    assert held.role is Role.LANDLORD
    assert held.party_id is not None
    second = client.application.test_client()
    second.get(f"/i/{code}")
    assert second.get("/invitation").status_code == 303
