"""Signing in, the second step, remembered phones and shared desks, and what a stranger cannot do to others."""

import re
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import func, select, update

from rental_mgmt.accounts import passwords, trusted
from rental_mgmt.accounts.attempts import Try, note
from rental_mgmt.accounts.models import SignInAttempt, TrustedDevice, UserSession
from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.core import clock
from rental_mgmt.core.db import session, unit_of_work

from ..support.forms import fill_in, forms_on
from .conftest import PASSWORD, PIN, code_now, is_in, sign_in


def test_a_landlord_signs_in_with_phone_and_password(client, world, given):
    landlord = given(world.landlord())
    answer = sign_in(client, landlord)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/"
    assert is_in(client)


@pytest.mark.parametrize("typed", ["+86 {}", " {} ", "{}-"])
def test_a_phone_is_known_however_it_is_written(client, world, given, typed):
    landlord = given(world.landlord())
    answer = fill_in(client, "/sign-in", {"name": typed.format(landlord.phone), "password": PASSWORD})
    assert answer.status_code == 303


def test_the_way_on_stays_on_this_host(client, world, given):
    landlord = given(world.landlord())
    ways = {
        "/sessions": "/sessions",
        "//evil.example/": "/",
        "https://evil.example/": "/",
        "/\\evil.example": "/",
    }
    for asked, given_way in ways.items():
        browser = client.application.test_client()
        answer = fill_in(browser, f"/sign-in?next={asked}", {"name": landlord.phone, "password": PASSWORD})
        assert answer.headers["Location"] == given_way


def test_a_password_is_compared_exactly_as_typed(client, world, given):
    landlord = given(world.landlord())
    for almost in (PASSWORD + " ", " " + PASSWORD, PASSWORD.upper(), PASSWORD[:-1]):
        assert sign_in(client, landlord, almost).status_code == 422
    assert not is_in(client)


class Counting:
    """Counts how often a hash is made, which is what takes the time."""

    def __init__(self, hasher):
        self.hasher, self.hashes = hasher, 0

    def verify(self, kept, secret):
        self.hashes += 1
        return self.hasher.verify(kept, secret)


def test_an_unknown_name_costs_the_same(client, world, given, count_queries, monkeypatch):
    landlord, counted = given(world.landlord()), Counting(passwords.HASHER)
    monkeypatch.setattr(passwords, "HASHER", counted)

    def wrong(name):
        counted.hashes = 0
        with count_queries() as seen:
            answer = fill_in(client, "/sign-in", {"name": name, "password": "not this one at all"})
        words = [line for line in answer.text.splitlines() if name not in line and "csrf" not in line]
        return answer.status_code, [line for line in words if "form_key" not in line], counted.hashes, len(seen)

    wrong("19990008888")  # begins the audit chain
    known, unknown = wrong(landlord.phone), wrong("19990009999")
    assert known == unknown
    assert known[2] == 1


def test_a_disabled_account_is_an_unknown_one(client, world, given):
    landlord = given(world.landlord())
    with unit_of_work():
        session.execute(update(type(landlord.user)).values(status="disabled"))
    assert sign_in(client, landlord).status_code == 422


# --- too many failures --------------------------------------------------------------------------------------


def failed(somebody_uid, times: int, address: str = "203.0.113.9", device_id: int | None = None) -> None:
    with unit_of_work():
        for _ in range(times):
            note(Try.of(str(somebody_uid), address, device_id), succeeded=False)


def test_the_eleventh_try_waits(client, world, given):
    landlord = given(world.landlord())
    for _ in range(2):
        assert sign_in(client, landlord, "wrong wrong wrong").status_code == 422
    failed(landlord.user.uid, 8)
    assert sign_in(client, landlord).status_code == 429
    assert not is_in(client)


def test_a_failure_is_written_down_although_it_was_refused(client, world, given):
    landlord = given(world.landlord())
    sign_in(client, landlord, "wrong wrong wrong")
    assert session.scalar(select(func.count()).select_from(SignInAttempt)) == 1
    actions = session.scalars(select(AuditEntry.action)).all()
    assert actions == ["session.refuse"]
    assert landlord.phone not in str(session.execute(select(AuditEntry)).all())


def test_a_stranger_cannot_lock_out_a_remembered_phone(client, world, given):
    landlord = given(world.landlord(), pin=True)
    sign_in(client, landlord, remember="1")
    failed(landlord.user.uid, 300)
    assert sign_in(client.application.test_client(), landlord).status_code == 429
    client.delete_cookie("session")
    assert fill_in(client, "/sign-in", {"pin": PIN}).status_code == 303
    assert is_in(client)


def test_a_stranger_cannot_lock_out_a_browser_in_which_one_signed_in_before(client, world, given):
    landlord, other = given(world.landlord()), given(world.landlord())
    sign_in(client, landlord)
    client.delete_cookie("session")
    failed(landlord.user.uid, 300)
    failed(other.user.uid, 300)
    assert sign_in(client, other).status_code == 429, "the browser is known for one person alone"
    for _ in range(9):
        assert sign_in(client, landlord, "wrong wrong wrong").status_code == 422
    assert sign_in(client, landlord).status_code == 303


def test_a_known_browser_has_its_own_limit(client, world, given):
    landlord = given(world.landlord())
    sign_in(client, landlord)
    client.delete_cookie("session")
    for _ in range(10):
        sign_in(client, landlord, "wrong wrong wrong")
    assert sign_in(client, landlord).status_code == 429
    assert sign_in(client.application.test_client(), landlord).status_code == 303, "strangers are counted apart"


def test_a_stranger_cannot_lock_out_a_known_desk(client, world, given):
    manager = given(world.property_manager(world.compound()))
    world.sign_in(client, manager)
    fill_in(client, "/sessions", {"label": "前台"}, at="/sessions/desk")
    failed(manager.user.uid, 300)
    client.delete_cookie("session")
    assert sign_in(client, manager).status_code == 303


def test_a_stranger_at_one_address_does_not_stop_another(client, world, given):
    landlord = given(world.landlord())
    with unit_of_work():
        for n in range(100):
            note(Try.of(f"somebody {n}", "203.0.113.9"), succeeded=False)
    answer = sign_in(client, landlord)
    assert answer.status_code == 303
    with unit_of_work():
        session.execute(update(SignInAttempt).values(address_fp=Try.of("", "127.0.0.1").address_fp))
    stranger = client.application.test_client()
    assert sign_in(stranger, landlord).status_code == 429


# --- the time code ------------------------------------------------------------------------------------------


def liaison_of(world):
    return world.liaison(world.station(world.compound()))


def test_a_desk_role_is_asked_for_a_time_code(client, world, given):
    liaison = given(liaison_of(world), code=True)
    answer = sign_in(client, liaison)
    assert answer.headers["Location"].startswith("/sign-in/code")
    assert not is_in(client)
    assert fill_in(client, "/sign-in/code", {"code": code_now()}).status_code == 303
    assert is_in(client)


def test_a_time_code_works_once(client, world, given):
    liaison, code = given(liaison_of(world), code=True), code_now()
    for allowed in (True, False):
        browser = client.application.test_client()
        sign_in(browser, liaison)
        answer = fill_in(browser, "/sign-in/code", {"code": code})
        assert (answer.status_code == 303) is allowed
        assert is_in(browser) is allowed


def test_an_older_code_is_dead_after_a_newer_one(client, world, given):
    liaison = given(liaison_of(world), code=True)
    sign_in(client, liaison)
    older = code_now(-1)
    fill_in(client, "/sign-in/code", {"code": code_now()})
    browser = client.application.test_client()
    sign_in(browser, liaison)
    assert fill_in(browser, "/sign-in/code", {"code": older}).status_code == 422


@pytest.mark.parametrize(("steps", "fits"), [(-3, False), (-1, True), (1, True), (3, False)])
def test_a_phone_may_be_one_step_off(client, world, given, steps, fits):
    liaison = given(liaison_of(world), code=True)
    sign_in(client, liaison)
    answer = fill_in(client, "/sign-in/code", {"code": code_now(steps)})
    assert (answer.status_code == 303) is fits


def test_codes_run_in_real_time_whatever_the_demo_clock_says(client, world, given):
    liaison = given(liaison_of(world), code=True)
    clock.freeze(clock.now() + timedelta(days=3))
    sign_in(client, liaison)
    assert fill_in(client, "/sign-in/code", {"code": code_now()}).status_code == 303


def test_a_desk_role_without_a_code_enrols_first(client, world, given):
    liaison = given(liaison_of(world))
    answer = sign_in(client, liaison)
    assert answer.headers["Location"].startswith("/sign-in/totp")
    page = client.get("/sign-in/totp")
    assert "<svg" in page.text
    secret = re.search(r'value="([A-Z2-7]{32})"', page.text)[1]
    assert fill_in(client, "/sign-in/totp", {"code": "000000"}).status_code == 422
    assert fill_in(client, "/sign-in/totp", {"code": pyotp.TOTP(secret).now()}).status_code == 303
    assert is_in(client)


def test_a_ticket_of_the_first_step_is_not_made_by_hand(client, world, given):
    liaison = given(liaison_of(world), code=True)
    sign_in(client, liaison)
    ticket = client.get_cookie("pending").value
    client.set_cookie("pending", "A" + ticket[1:])
    assert fill_in(client, "/sign-in/code", {"code": code_now()}).status_code == 422
    assert not is_in(client)


# --- a phone that is remembered -----------------------------------------------------------------------------


def test_a_remembered_phone_is_asked_for_a_pin(client, world, given):
    landlord = given(world.landlord("王芳"), pin=True)
    sign_in(client, landlord, remember="1")
    client.delete_cookie("session")
    page = client.get("/sign-in")
    assert [form.names for form in forms_on(page.text) if "pin" in form.names]
    assert "王*" in page.text
    assert "王芳" not in page.text
    assert fill_in(client, "/sign-in", {"pin": "000000"}).status_code == 422
    assert fill_in(client, "/sign-in", {"pin": PIN}).status_code == 303


def test_without_a_pin_a_new_phone_asks_for_one(client, world, given):
    landlord = given(world.landlord())
    answer = sign_in(client, landlord, remember="1")
    assert answer.headers["Location"].startswith("/sessions/pin")
    for weak in ("123456", "111111", "199005", "121212"):
        assert fill_in(client, "/sessions/pin", {"pin": weak}).status_code == 422
    assert fill_in(client, "/sessions/pin", {"pin": PIN}).status_code == 303


def test_five_wrong_pins_and_the_phone_is_a_stranger(client, world, given):
    landlord = given(world.landlord(), pin=True)
    sign_in(client, landlord, remember="1")
    client.delete_cookie("session")
    for _ in range(5):
        fill_in(client, "/sign-in", {"pin": "000000"})
    page = client.get("/sign-in")
    assert not [form for form in forms_on(page.text) if "pin" in form.names]


def test_a_phone_is_forgotten_after_thirty_days(client, world, given):
    landlord = given(world.landlord(), pin=True)
    sign_in(client, landlord, remember="1")
    with unit_of_work():
        session.execute(update(TrustedDevice).values(created_at=clock.real_now() - timedelta(days=31)))
    assert trusted.find_phone(client.get_cookie("device").value) is None


def test_a_desk_role_is_never_remembered(client, world, given):
    liaison = given(liaison_of(world), code=True)
    sign_in(client, liaison, remember="1")
    fill_in(client, "/sign-in/code", {"code": code_now()})
    assert client.get_cookie("device") is None


# --- a shared desk ------------------------------------------------------------------------------------------


def test_people_change_at_a_shared_desk_in_two_taps(client, world, given):
    compound = world.compound()
    first, second = (given(world.property_manager(compound), pin=True) for _ in range(2))
    sign_in(client, first)
    fill_in(client, "/sessions", {"label": "物业前台"}, at="/sessions/desk")
    client.delete_cookie("session")
    sign_in(client, second)
    left = client.post("/change-person", data=forms_on(client.get("/sessions").text)[-1].values)
    assert left.headers["Location"] == "/change-person"
    assert not is_in(client)
    page = client.get("/change-person")
    assert first.name in page.text
    chosen = f"/change-person?person={first.user.uid}"
    assert fill_in(client, chosen, {"proof": "000000"}).status_code == 422
    assert fill_in(client, chosen, {"proof": PIN}).status_code == 303
    latest = session.scalars(select(UserSession).order_by(UserSession.id.desc())).first()
    assert latest.user_id == first.user.id


def test_nobody_takes_over_at_a_desk_where_they_gave_no_password(client, world, given):
    compound = world.compound()
    first, stranger = (given(world.property_manager(compound), pin=True) for _ in range(2))
    sign_in(client, first)
    fill_in(client, "/sessions", {"label": "物业前台"}, at="/sessions/desk")
    page = client.get(f"/change-person?person={stranger.user.uid}")
    assert not [form for form in forms_on(page.text) if "proof" in form.names]


def test_a_pin_at_the_desk_ends_with_the_shift(client, world, given):
    manager = given(world.property_manager(world.compound()), pin=True)
    sign_in(client, manager)
    fill_in(client, "/sessions", {"label": "物业前台"}, at="/sessions/desk")
    with unit_of_work():
        session.execute(update(UserSession).values(created_at=clock.real_now() - timedelta(hours=13)))
    desk = trusted.find_desk(client.get_cookie("desk").value)
    assert trusted.people_at_desk(desk.id) == []
