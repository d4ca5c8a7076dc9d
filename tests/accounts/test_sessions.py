"""Sessions: listed, ended everywhere at once, renewed at every step up, idle at a desk."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from rental_mgmt.accounts.actors import actor_by_session
from rental_mgmt.accounts.models import Membership, TrustedDevice, User, UserSession
from rental_mgmt.core import clock
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import session, unit_of_work

from ..support.forms import fill_in, forms_on
from .conftest import NEW_PASSWORD, PASSWORD, PIN, code_now, is_in, sign_in


def press(client, part: str, page: str = "/sessions"):
    """Press the button whose form's action holds this part."""
    return fill_in(client, page, {}, at=part)


def test_signing_out_ends_the_session_on_the_server(client, world):
    token = world.session(world.landlord())
    client.set_cookie("session", token)
    assert press(client, "/sign-out").status_code == 303
    assert actor_by_session(token) is None


def test_a_session_ended_elsewhere_is_ended_on_every_worker(client, world):
    landlord = world.landlord()
    here, there = world.session(landlord), world.session(landlord)
    client.set_cookie("session", here)
    other = client.application.test_client()
    other.set_cookie("session", there)
    assert is_in(other)
    assert press(client, "/end").status_code == 303
    assert not is_in(other)
    assert is_in(client)


def test_nobody_ends_anothers_session(client, world):
    theirs = world.session(world.landlord())
    world.sign_in(client, world.landlord())
    uid = session.scalars(select(UserSession.uid).order_by(UserSession.id)).first()
    form = forms_on(client.get("/sessions").text)[-1].values
    assert client.post(f"/sessions/{uid}/end", data=form).status_code == 404
    assert actor_by_session(theirs) is not None


def test_all_others_end_together(client, world):
    landlord = world.landlord()
    others = [world.session(landlord) for _ in range(3)]
    world.sign_in(client, landlord)
    press(client, "/end-others")
    assert [actor_by_session(token) for token in others] == [None, None, None]
    assert is_in(client)


@pytest.mark.parametrize(
    "values",
    [
        {"last_seen_at": timedelta(minutes=-16)},
        {"expires_at": timedelta(seconds=-1)},
    ],
)
def test_a_session_ends_by_itself(client, world, values):
    token = world.session(world.landlord())
    with unit_of_work():
        changed = {name: clock.real_now() + by for name, by in values.items()}
        session.execute(update(UserSession).values(changed))
    assert actor_by_session(token) is None


MINUTE, HOUR, DAY = 60, 3600, 86400


def test_how_long_a_session_lasts(client, world, given):
    """15 minutes idle at desks, 30 elsewhere, 12 hours at most; 30 days on a landlord's or worker's phone."""
    building = world.building()
    landlord, manager = given(world.landlord()), given(world.property_manager(building.parent))
    worker = given(world.grid_worker(world.grid(building)))
    officer = given(world.community_officer(building.parent.parent), code=True)
    found = {}
    for somebody, remember in (
        (landlord, None),
        (landlord, "1"),
        (worker, "1"),
        (manager, "1"),
        (officer, "1"),
    ):
        browser = client.application.test_client()
        sign_in(browser, somebody, remember=remember)
        if somebody is officer:
            fill_in(browser, "/sign-in/code", {"code": code_now()})
        row = session.scalars(select(UserSession).order_by(UserSession.id.desc())).first()
        absolute = round((row.expires_at - row.created_at).total_seconds())
        found[somebody.role, remember] = (round(row.idle_seconds, -1), round(absolute, -1))
    assert found == {
        (Role.LANDLORD, None): (30 * MINUTE, 12 * HOUR),
        (Role.LANDLORD, "1"): (30 * DAY, 30 * DAY),
        (Role.GRID_WORKER, "1"): (30 * DAY, 30 * DAY),
        (Role.PROPERTY_MANAGER, "1"): (15 * MINUTE, 12 * HOUR),
        (Role.COMMUNITY_OFFICER, "1"): (15 * MINUTE, 12 * HOUR),
    }


def test_a_moved_clock_prolongs_no_session(client, world):
    world.sign_in(client, world.landlord())
    with unit_of_work():
        session.execute(update(UserSession).values(expires_at=clock.real_now()))
    clock.freeze(clock.now() - timedelta(days=3))
    assert not is_in(client)


def test_a_forgotten_phone_ends_its_sessions(client, world, given):
    sign_in(client, given(world.landlord(), pin=True), remember="1")
    with unit_of_work():
        session.execute(update(TrustedDevice).values(revoked_at=clock.real_now()))
    assert not is_in(client)


def test_last_seen_is_written_at_most_once_a_minute(client, world, count_queries):
    world.sign_in(client, world.landlord())
    with count_queries() as seen:
        client.get("/api/v1/me")
    assert [line.split()[0] for line in seen] == ["SELECT", "SELECT"]
    with unit_of_work():
        session.execute(update(UserSession).values(last_seen_at=clock.real_now() - timedelta(minutes=2)))
    client.get("/api/v1/me")
    assert clock.real_now() - session.scalar(select(UserSession.last_seen_at)) < timedelta(seconds=30)


# --- stepping up --------------------------------------------------------------------------------------------


def test_stepping_up_gives_a_new_token_and_the_old_one_dies(client, world, given):
    landlord = given(world.landlord())
    old = world.session(landlord, ago=timedelta(hours=1))
    client.set_cookie("session", old)
    assert client.get("/api/v1/me").json["is_fresh"] is False
    assert fill_in(client, "/step-up?next=/sessions", {"proof": PASSWORD}).headers["Location"] == "/sessions"
    assert client.get("/api/v1/me").json["is_fresh"] is True
    assert actor_by_session(old) is None


def test_a_desk_role_steps_up_with_a_code_never_a_password(client, world, given):
    liaison = given(world.liaison(world.station(world.compound())), code=True)
    world.sign_in(client, liaison, ago=timedelta(hours=1))
    assert fill_in(client, "/step-up", {"proof": PASSWORD}).status_code == 422
    assert fill_in(client, "/step-up", {"proof": code_now()}).status_code == 303


def test_a_stale_session_is_sent_to_the_step_up_page(client, world, given):
    world.sign_in(client, given(world.landlord()), ago=timedelta(hours=1))
    answer = fill_in(client, "/sessions/pin", {"pin": PIN})
    assert answer.headers["Location"].startswith("/step-up")


def test_a_new_password_ends_everything_else(client, world, given):
    landlord = given(world.landlord())
    elsewhere, key = world.session(landlord), world.key(landlord)
    world.sign_in(client, landlord)
    answers = {"present": PASSWORD, "password": NEW_PASSWORD}
    assert fill_in(client, "/sessions/password", answers | {"present": "wrong wrong wrong"}).status_code == 422
    assert fill_in(client, "/sessions/password", answers).status_code == 303
    assert actor_by_session(elsewhere) is None
    assert client.get("/api/v1/me", headers=key).status_code == 401
    assert sign_in(client.application.test_client(), landlord, NEW_PASSWORD).status_code == 303


# --- roles --------------------------------------------------------------------------------------------------


def test_a_person_with_two_roles_changes_between_them(client, world):
    landlord = world.landlord()
    world.membership(landlord.user, Role.GRID_WORKER, world.grid(world.building()))
    world.sign_in(client, landlord)
    assert client.get("/api/v1/me").json["other_roles"] == ["grid_worker"]
    press(client, "/sessions/role")
    page = client.get("/sessions")
    form = next(form for form in forms_on(page.text) if form.action.endswith("/sessions/role"))
    answer = client.post("/sessions/role", data=form.values | {"role": "grid_worker"})
    assert answer.status_code == 303
    assert client.get("/api/v1/me").json["role"] == "grid_worker"


def test_a_role_ended_is_gone_at_the_next_request(client, world):
    landlord = world.landlord()
    world.sign_in(client, landlord)
    assert is_in(client)
    with unit_of_work():
        session.execute(update(Membership).values(valid_to=clock.now()))
    assert not is_in(client)


def test_a_role_that_awaits_confirmation_counts_for_nothing(client, world):
    landlord = world.landlord()
    with unit_of_work():
        session.execute(update(Membership).values(awaits_confirmation=True))
    assert not is_in(world.sign_in(client, landlord))


def test_a_disabled_person_is_out_at_once(client, world):
    landlord = world.landlord()
    key = world.key(landlord)
    world.sign_in(client, landlord)
    with unit_of_work():
        session.execute(update(User).values(status="disabled"))
    assert not is_in(client)
    assert client.get("/api/v1/me", headers=key).status_code == 401


# --- the form token -----------------------------------------------------------------------------------------


def test_a_script_with_the_cookie_needs_the_pages_token(client, world):
    world.sign_in(client, world.landlord())
    uid = client.get("/api/v1/sessions").json["items"][0]["uid"]
    assert client.delete(f"/api/v1/sessions/{uid}").status_code == 403
    token = forms_on(client.get("/sessions").text)[-1].values["csrf"]
    assert client.delete(f"/api/v1/sessions/{uid}", headers={"X-CSRF-Token": token}).status_code == 204
    assert not is_in(client)


def test_preferences_are_kept_for_the_browser_and_the_person(client, world):
    landlord = world.landlord()
    world.sign_in(client, landlord)
    answer = fill_in(client, "/sessions", {"theme": "dark", "locale": "en"}, at="/preferences")
    assert answer.status_code == 303
    assert client.get_cookie("theme").value == "dark"
    session.expire_all()
    assert session.scalar(select(User.locale)) == "en"
    assert 'lang="en"' in client.get("/sessions").text
