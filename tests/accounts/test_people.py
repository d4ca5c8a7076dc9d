"""Who may invite, see, reset and disable whom: the cells of the matrix, and what lies beyond each edge."""

from contextlib import suppress
from dataclasses import replace
from itertools import product

import pytest
from sqlalchemy import select

from rental_mgmt.accounts import confirming, keys, people
from rental_mgmt.accounts.actors import actor_by_key
from rental_mgmt.accounts.models import ApiKey, Membership, OneTimeCode, User, UserStatus
from rental_mgmt.core import clock
from rental_mgmt.core.access import DESK_ROLES, Role
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.errors import Conflict, Forbidden, Invalid, NotFound, StepUpNeeded
from rental_mgmt.places import grids
from rental_mgmt.places.models import GridKind, Place

from ..support.forms import fill_in

MAY_INVITE = {
    Role.LANDLORD: {Role.HELPER},
    Role.PROPERTY_MANAGER: {Role.LANDLORD, Role.HELPER, Role.GRID_WORKER},
    Role.COMMUNITY_OFFICER: {Role.LANDLORD, Role.HELPER, Role.GRID_WORKER, Role.PROPERTY_MANAGER},
    Role.SYSTEM_ADMIN: DESK_ROLES | {Role.PROPERTY_MANAGER},
}
HUMANS = [role for role in Role if role is not Role.SYSTEM]


class Town:
    """One compound with everybody in it."""

    def __init__(self, world):
        self.world = world
        self.building = world.building()
        self.compound = self.building.parent
        self.community = self.compound.parent
        self.grid, self.station = world.grid(self.building), world.station(self.compound)
        self.party = world.party()
        world.flat(self.party, self.building)
        targets = {
            Role.LANDLORD: self.party,
            Role.HELPER: self.party,
            Role.PROPERTY_MANAGER: self.compound,
            Role.GRID_WORKER: self.grid,
            Role.COMMUNITY_OFFICER: self.community,
            Role.POLICE_LIAISON: self.station,
            Role.STATION_LEAD: self.station,
        }
        self.targets = targets
        self.people = {role: world.user(role, targets.get(role)) for role in HUMANS}


@pytest.fixture
def town(world):
    return Town(world)


def test_who_may_invite_whom(town):
    found = {(inviter, role) for inviter, role in product(HUMANS, HUMANS) if lets_invite(town, inviter, role)}
    assert found == {(inviter, role) for inviter, roles in MAY_INVITE.items() for role in roles}


def lets_invite(town, inviter: Role, role: Role) -> bool:
    """Tries it and takes it back; an administrator gets no code before the other has confirmed."""
    target = town.targets.get(role)
    wanted = people.Invitation(role, "新人", "19990007777", over=target and target.uid)
    with suppress(Forbidden, ZeroDivisionError), unit_of_work():
        found = people.invite(town.people[inviter].actor, wanted)
        assert (found.code is None) is (inviter is Role.SYSTEM_ADMIN)
        raise ZeroDivisionError
    return "found" in locals()


def test_nobody_invites_beyond_their_place(town):
    world = town.world
    elsewhere = world.building("9栋", world.compound("别处"))
    manager = town.people[Role.PROPERTY_MANAGER].actor
    for role, target in ((Role.GRID_WORKER, world.grid(elsewhere)), (Role.HELPER, world.party())):
        wanted = people.Invitation(role, "新人", "19990007777", over=target.uid)
        with pytest.raises(NotFound), unit_of_work():
            people.invite(manager, wanted)


def test_an_invitation_needs_a_fresh_sign_in(town):
    stale = replace(town.people[Role.LANDLORD].actor, verified_at=None)
    with pytest.raises(StepUpNeeded), unit_of_work():
        people.invite(stale, people.Invitation(Role.HELPER, "新人", "19990007777"))


def seen_by(somebody) -> set:
    return {user.id for user in session.scalars(people.list_people(somebody.actor))}


def test_each_sees_those_they_look_after_and_nobody_else(town):
    world = town.world
    far = world.building("9栋", world.compound("别处", world.community("别的社区")))
    strangers = [world.landlord(), world.grid_worker(world.grid(far)), world.property_manager(far.parent)]
    ids = {role: person.user.id for role, person in town.people.items()}
    field = {ids[Role.LANDLORD], ids[Role.HELPER], ids[Role.GRID_WORKER]}
    assert seen_by(town.people[Role.LANDLORD]) == {ids[Role.HELPER]}
    assert seen_by(town.people[Role.PROPERTY_MANAGER]) == field
    assert seen_by(town.people[Role.COMMUNITY_OFFICER]) == field | {ids[Role.PROPERTY_MANAGER]}
    desk = {ids[role] for role in DESK_ROLES} | {ids[Role.PROPERTY_MANAGER], strangers[2].user.id}
    assert seen_by(town.people[Role.SYSTEM_ADMIN]) == desk - {ids[Role.SYSTEM_ADMIN]}


def test_a_role_beyond_ones_own_hides_the_person(town):
    """A grid worker who is also an officer elsewhere is not for a property manager to reset."""
    worker, manager = town.people[Role.GRID_WORKER], town.people[Role.PROPERTY_MANAGER]
    town.world.membership(worker.user, Role.COMMUNITY_OFFICER, town.community)
    assert worker.user.id not in seen_by(manager)
    with pytest.raises(NotFound):
        people.get_person(manager.actor, worker.user.uid)


def test_a_known_phone_gets_the_role_at_once_and_is_told(town):
    manager, landlord = town.people[Role.PROPERTY_MANAGER], town.people[Role.LANDLORD]
    wanted = people.Invitation(Role.GRID_WORKER, "随便", landlord.phone, over=town.grid.uid)
    with unit_of_work():
        found = people.invite(manager.actor, wanted)
    assert (found.user.id, found.is_new, found.code) == (landlord.user.id, False, None)
    roles = select(Membership.role).where(Membership.user_id == landlord.user.id)
    assert set(session.scalars(roles)) == {Role.LANDLORD, Role.GRID_WORKER}


def test_desk_roles_have_accounts_of_their_own(town):
    system, landlord = town.people[Role.SYSTEM_ADMIN], town.people[Role.LANDLORD]
    for role, known in ((Role.AUDITOR, landlord), (Role.AUDITOR, town.people[Role.SECURITY_ADMIN])):
        with pytest.raises(Conflict), unit_of_work():
            people.invite(system.actor, people.Invitation(role, "甲", known.phone))


def test_an_invited_desk_role_counts_once_a_security_administrator_agrees(town):
    system, security = town.people[Role.SYSTEM_ADMIN], town.people[Role.SECURITY_ADMIN]
    wanted = people.Invitation(Role.POLICE_LIAISON, "新警", None, "new.liaison", town.station.uid)
    with unit_of_work():
        found = people.invite(system.actor, wanted)
    held = select(Membership.awaits_confirmation).where(Membership.user_id == found.user.id)
    assert session.scalar(held) is True
    row = session.scalars(select(OneTimeCode)).one()
    with unit_of_work():
        confirming.confirm(security.actor, row.uid)
    assert session.scalar(held) is False


def test_a_sign_in_name_is_given_once(town):
    system = town.people[Role.SYSTEM_ADMIN]
    wanted = people.Invitation(Role.AUDITOR, "甲", None, "audit.one")
    with unit_of_work():
        people.invite(system.actor, wanted)
    with pytest.raises(Invalid), unit_of_work():
        people.invite(system.actor, wanted)


def test_a_disabled_person_keeps_nothing(town, client):
    manager, worker = town.people[Role.PROPERTY_MANAGER], town.people[Role.GRID_WORKER]
    key = town.world.key(worker)
    other = client.application.test_client()
    town.world.sign_in(other, worker)
    town.world.sign_in(client, manager)
    assert fill_in(client, f"/people/{worker.user.uid}", {}, at="/disable").status_code == 303
    assert other.get("/sessions").status_code == 303
    assert client.get("/api/v1/me", headers=key).status_code == 401
    assert session.scalar(select(User.status).where(User.id == worker.user.id)) is UserStatus.DISABLED


def test_an_ended_role_is_history(town, client):
    officer, worker = town.people[Role.COMMUNITY_OFFICER], town.people[Role.GRID_WORKER]
    held = session.scalars(select(Membership).where(Membership.user_id == worker.user.id)).one()
    with unit_of_work():
        people.end_role(officer.actor, people.get_person(officer.actor, worker.user.uid), held.uid)
    ended = select(Membership.valid_to).where(Membership.uid == held.uid)
    assert session.scalar(ended) == clock.now(), "it stays, with its end"
    assert client.get("/api/v1/me", headers=town.world.key(worker)).status_code == 401


def test_the_people_page_masks_phones(town, client):
    town.world.sign_in(client, town.people[Role.PROPERTY_MANAGER])
    page = client.get("/people").text
    landlord = town.people[Role.LANDLORD]
    assert landlord.name in page
    assert landlord.phone not in page


def test_every_role_gets_a_page_or_a_clear_no(town, client):
    for role, path in product(HUMANS, ("/people", "/people/new", "/people/waiting", "/sessions", "/api-keys")):
        town.world.sign_in(client, town.people[role])
        assert client.get(path).status_code in (200, 403), (role, path)


# --- keys ---------------------------------------------------------------------------------------------------


def key_of(somebody, **said):
    values = {"label": "门店", "role": somebody.role, "expires_at": clock.real_now().replace(year=2027)} | said
    with unit_of_work():
        return keys.make_key(somebody.actor, **values)


def test_a_key_acts_in_its_role_until_its_day(town, client):
    manager = town.people[Role.PROPERTY_MANAGER]
    _key, text = key_of(manager)
    headers = {"Authorization": f"Bearer {text}"}
    found = client.get("/api/v1/me", headers=headers).json
    assert (found["role"], found["by_api_key"], found["is_fresh"]) == ("property_manager", True, False)
    expired = town.world.key(manager, lasts=-clock.timedelta(seconds=1))
    assert client.get("/api/v1/me", headers=expired).status_code == 401


def test_a_key_below_one_place_reaches_no_further(town, client):
    world, manager = town.world, town.people[Role.PROPERTY_MANAGER]
    second = world.building("2栋", town.compound)
    _key, text = key_of(manager, place_uid=second.uid)
    headers = {"Authorization": f"Bearer {text}"}
    names = [one["name"] for one in client.get("/api/v1/places", headers=headers).json["items"]]
    assert names == ["2栋"]
    elsewhere = world.building("9栋", world.compound("别处"))
    _key, text = key_of(manager, place_uid=elsewhere.uid)
    headers = {"Authorization": f"Bearer {text}"}
    assert client.get("/api/v1/places", headers=headers).json["items"] == []


def test_the_page_keeps_a_key_within_a_place_and_shows_it(town, client):
    manager = town.people[Role.PROPERTY_MANAGER]
    town.world.sign_in(client, manager)
    page = client.get("/api-keys").text
    (_uid, place), *_more = keys.list_key_places(manager.actor)
    uid = keys.list_key_places(manager.actor)[-1][0]
    assert place in page
    made = fill_in(client, "/api-keys", {"label": "门店", "place_uid": str(uid)})
    assert "rk_" in made.text, made.text
    name = session.scalar(select(Place.name).where(Place.uid == uid))
    kept = session.scalar(select(ApiKey.place_id))
    assert kept == session.scalar(select(Place.id).where(Place.uid == uid))
    assert name in client.get("/api-keys").text
    landlord = town.people[Role.LANDLORD]
    assert keys.list_key_places(landlord.actor) == []


def test_a_key_does_no_act_that_needs_a_fresh_sign_in(town, client):
    _key, text = key_of(town.people[Role.LANDLORD])
    body = {"role": "helper", "name": "帮手", "phone": "19990001111"}
    answer = client.post("/api/v1/people", json=body, headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == 403
    assert answer.json["code"] == "step-up-needed"


def test_a_revoked_key_opens_nothing(town, client):
    landlord = town.people[Role.LANDLORD]
    key, text = key_of(landlord)
    with unit_of_work():
        keys.revoke_key(landlord.actor, key.uid)
    answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_key_of_a_role_one_does_not_have_is_not_made(town):
    landlord = town.people[Role.LANDLORD]
    with pytest.raises(Invalid):
        key_of(landlord, role=Role.GRID_WORKER)
    with pytest.raises(Invalid):
        key_of(landlord, expires_at=clock.real_now().replace(year=2030))
    with pytest.raises(Invalid):
        key_of(landlord, place_uid=town.compound.uid)


def test_a_key_costs_one_statement(town, client, count_queries):
    headers = town.world.key(town.people[Role.GRID_WORKER])
    client.get("/api/v1/me", headers=headers)
    with count_queries() as seen:
        assert client.get("/api/v1/me", headers=headers).status_code == 200
    assert len(seen) == 1


def test_a_grid_worker_has_the_grids_nested_in_theirs(world, client):
    compound = world.building().parent
    with unit_of_work():
        top = grids.make_grid(compound, GridKind.GENERAL, "总网格")
        mid = grids.make_grid(compound, GridKind.ORDINARY, "一", top)
        low = grids.make_grid(compound, GridKind.MICRO, "一甲", mid)
        other = grids.make_grid(compound, GridKind.ORDINARY, "二", top)
    headers = world.key(world.grid_worker(mid))
    actor, _due = actor_by_key(headers["Authorization"].removeprefix("Bearer "))
    assert set(actor.grid_ids) == {mid.id, low.id}
    assert other.id not in actor.grid_ids
