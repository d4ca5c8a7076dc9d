"""The same request twice: one effect and one answer, on pages and in the API; nothing secret is said again."""

from datetime import timedelta

import pytest
from flask import Blueprint, Response, g
from sqlalchemy import func, select, update

from rental_mgmt.accounts import auth
from rental_mgmt.core import http
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.housekeeping import keep_house
from rental_mgmt.core.idempotency import IdempotencyKey
from rental_mgmt.core.settings import Setting, get_setting, put_setting
from rental_mgmt.core.web import csrf_token
from rental_mgmt.stays.models import Guest, Stay
from tests.support import people
from tests.support.forms import forms_on


@pytest.fixture
def evening(world):
    world.owner = world.landlord()
    world.unit = world.flat(party=world.owner.target)
    return world


def count(model) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model))


# --- a form on a page ---------------------------------------------------------------------------------------


@pytest.fixture
def typed(client, evening):
    """The registration form as a browser has it, filled in."""
    path = f"/stays/units/{evening.unit.uid}/register"
    evening.sign_in(client, evening.owner)
    person = people.person(1)
    [form] = [f for f in forms_on(client.get(path).text) if "number" in f.names]
    return path, form.values | {"name": person.name, "number": person.id_number}


def test_a_form_sent_twice_is_one_registration_and_says_so_both_times(client, typed):
    path, sent = typed
    first = client.post(path, data=sent)
    # The browser shows the answer to the second press; the cookies of the first never arrived.
    client.delete_cookie("flash")
    again = client.post(path, data=sent)
    assert (first.status_code, first.headers["Location"]) == (again.status_code, again.headers["Location"])
    assert again.headers["Idempotency-Replayed"] == "true"
    assert count(Guest) == count(Stay) == 1
    assert "住客已登记" in client.get(again.headers["Location"]).text


def test_a_form_sent_again_with_other_content_shows_the_first_result(client, typed):
    path, sent = typed
    first = client.post(path, data=sent)
    other = client.post(path, data=sent | {"name": "另一位"})
    assert (other.status_code, other.headers["Location"]) == (303, first.headers["Location"])
    page = client.get(other.headers["Location"]).text
    assert "已提交，如需更改请用更正" in page
    assert "另一位" not in page
    assert count(Guest) == 1


def test_a_refused_form_may_be_sent_again_with_the_same_key(client, typed):
    path, sent = typed
    refused = client.post(path, data=sent | {"number": "1"})
    assert refused.status_code == 422
    assert count(Guest) == count(IdempotencyKey) == 0
    assert client.post(path, data=sent).status_code == 303
    assert count(Guest) == 1


def test_two_people_at_one_browser_do_not_share_keys(client, evening, typed):
    path, sent = typed
    client.post(path, data=sent)
    stranger = evening.landlord()
    evening.sign_in(client, stranger)
    [form] = [f for f in forms_on(client.get("/").text) if "locale" in f.names]
    answer = client.post(path, data=sent | {"csrf": form.values["csrf"]})
    assert answer.status_code == 404


# --- doors of the test's own --------------------------------------------------------------------------------


@pytest.fixture
def own_doors(fresh_app, monkeypatch):
    """Doors that count how often they were opened."""
    web = Blueprint("doors", __name__)

    def opened() -> int:
        times = get_setting("opened", 0) + 1
        put_setting("opened", times)
        return times

    @web.post("/api/v1/doors/secret")
    @web.post("/doors/secret")
    def secret():
        http.answer_is_secret()
        return f"code 123456 no {opened()}"

    @web.post("/doors/refuses")
    def refuses():
        return f"no {opened()}", 404

    @web.post("/doors/file")
    def file():
        opened()
        return Response(iter([b"a", b"b"]), content_type="application/octet-stream")

    @web.post("/doors/anybody")
    def anybody():
        return f"times {opened()}"

    fresh_app.register_blueprint(web)
    monkeypatch.setattr(auth, "PUBLIC", auth.PUBLIC | {"doors.anybody"})
    return fresh_app


@pytest.fixture
def client_at_doors(own_doors, world):
    client = own_doors.test_client()
    world.owner = world.landlord()
    world.sign_in(client, world.owner)
    [form] = [f for f in forms_on(client.get("/").text) if "locale" in f.names]
    client.form = {"csrf": form.values["csrf"], "form_key": "k" * 20, "here": "/units/?status=draft"}
    return client


def times_opened() -> int:
    session.rollback()
    return get_setting("opened", 0)


def test_a_secret_is_not_shown_again_on_a_page(client_at_doors):
    first = client_at_doors.post("/doors/secret", data=client_at_doors.form)
    assert "123456" in first.text
    again = client_at_doors.post("/doors/secret", data=client_at_doors.form)
    assert (again.status_code, again.headers["Location"]) == (303, "/units/?status=draft")
    assert "123456" not in again.text
    assert "已显示过" in client_at_doors.get("/").text
    assert times_opened() == 1


def test_a_secret_is_not_shown_again_by_the_api(own_doors, world):
    client, headers = own_doors.test_client(), world.key(world.landlord()) | {"Idempotency-Key": "a"}
    assert "123456" in client.post("/api/v1/doors/secret", headers=headers).text
    again = client.post("/api/v1/doors/secret", headers=headers)
    assert "123456" not in again.text
    assert "已显示过" in again.text
    assert times_opened() == 1


def test_a_secret_is_not_stored_in_its_answer(client_at_doors):
    client_at_doors.post("/doors/secret", data=client_at_doors.form)
    assert b"123456" not in session.scalar(select(IdempotencyKey.answer))


def test_an_answer_that_refuses_gives_the_key_back(client_at_doors):
    """A view may keep what it did and still answer 404: the next try is a new one."""
    for _ in range(2):
        assert client_at_doors.post("/doors/refuses", data=client_at_doors.form).status_code == 404
    assert times_opened() == 2
    assert count(IdempotencyKey) == 0


def test_a_file_is_never_kept_to_be_sent_again(client_at_doors):
    assert client_at_doors.post("/doors/file", data=client_at_doors.form).data == b"ab"
    assert count(IdempotencyKey) == 0


def at_browser(app, visitor: str):
    """A browser without an account, and the form it sends."""
    client = app.test_client()
    client.set_cookie("visitor", visitor)
    with app.test_request_context(headers={"Cookie": f"visitor={visitor}"}):
        g.pop("visitor", None)
        return client, {"csrf": csrf_token()}


def test_nobody_in_particular_has_no_keys_and_a_visitor_has_their_own(own_doors):
    headers = {"Idempotency-Key": "b"}
    client, form = at_browser(own_doors, "somebody")
    other, other_form = at_browser(own_doors, "another")
    for _ in range(2):
        assert client.post("/doors/anybody", data=form, headers=headers).text == "times 1"
    assert other.post("/doors/anybody", data=other_form, headers=headers).text == "times 2"
    assert own_doors.test_client().post("/doors/anybody", data=form, headers=headers).status_code == 403


def test_keys_are_kept_for_a_week(client_at_doors):
    client_at_doors.post("/doors/secret", data=client_at_doors.form)
    keep_house(None)
    assert count(IdempotencyKey) == 1
    with unit_of_work():
        earlier = IdempotencyKey.created_at
        [at] = session.scalars(select(earlier))
        session.execute(update(IdempotencyKey).values(created_at=at - timedelta(days=7, minutes=1)))
    keep_house(None)
    assert count(IdempotencyKey) == 0
    assert count(Setting) == 1
