"""A request: refusals in words also without a database, reads, languages, nothing left from the one before."""

import re
import time

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from rental_mgmt.core import db
from rental_mgmt.core.web import HEADERS
from tests.support.forms import fill_in, forms_on

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def somebody(client, world):
    """A landlord at this browser."""
    world.owner = world.landlord()
    world.unit = world.flat(party=world.owner.target)
    return world.sign_in(client, world.owner)


@pytest.fixture
def away(house):
    """The database answers nothing until the test says it is back."""

    def refuse(_connection):
        raise OperationalError("BEGIN", {}, Exception("connection refused"))

    engine = db.engine()
    db.session.remove()
    event.listen(engine, "begin", refuse)
    yield lambda: event.remove(engine, "begin", refuse)
    if event.contains(engine, "begin", refuse):
        event.remove(engine, "begin", refuse)


@only_sqlite
def test_with_the_database_away_pages_and_api_say_try_later_and_recover(client, world, somebody, away):
    headers = {"Authorization": "Bearer x" * 10}
    for answer in (client.get("/"), client.get(f"/units/{world.unit.uid}"), client.get("/api/v1/x" * 3)):
        assert answer.status_code == 503, answer.status
        assert int(answer.headers["Retry-After"]) > 0
    page = client.get("/").text
    assert "系统正忙" in page
    assert world.owner.name not in page
    problem = client.get("/api/v1/units", headers=headers)
    assert (problem.status_code, problem.json["code"]) == (503, "unavailable")
    away()
    assert client.get("/").status_code == 200


@only_sqlite
def test_a_form_sent_while_another_writes_is_told_to_try_again(client, somebody):
    [form] = [f for f in forms_on(client.get("/").text) if "locale" in f.names]
    db.session.remove()
    with db._one_writer:
        answer = client.post("/stays/nights/same-as-yesterday", data=form.values | {"form_key": "a" * 20})
    assert answer.status_code == 503
    assert "系统正忙" in answer.text


@only_sqlite
def test_a_read_does_not_wait_for_another_writer_to_say_that_its_key_was_used(client, world, somebody):
    headers = world.key(world.owner)
    db.session.remove()
    with db._one_writer:
        begun = time.monotonic()
        answer = client.get("/api/v1/units", headers=headers)
    assert answer.status_code == 200
    assert time.monotonic() - begun < db.WRITER_WAIT_SECONDS


@only_sqlite
def test_a_body_that_is_too_large_is_refused_as_a_page(client, somebody):
    answer = client.post("/tonight", data={"csrf": "x", "note": "a" * (2 << 20)})
    assert answer.status_code == 413
    assert "1 MB" in answer.text


@only_sqlite
def test_head_is_get_without_its_body_and_options_changes_nothing(client, somebody):
    page, head = client.get("/"), client.head("/")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Type"] == page.headers["Content-Type"]
    assert client.options("/").status_code == 200
    assert client.open("/", method="TRACE").status_code in (403, 405)


@only_sqlite
def test_a_form_reads_text_whatever_json_came_before(client, world, somebody):
    """Both doors share the kinds of input; in JSON "2" is not 2."""
    headers = world.key(world.owner)
    assert client.post(f"/api/v1/units/{world.unit.uid}/stays", json={}, headers=headers).status_code == 422
    answer = fill_in(client, f"/stays/units/{world.unit.uid}/plan", {"planned_guests": "2"})
    assert answer.status_code == 303


@only_sqlite
def test_the_language_is_the_cookies_else_the_persons_else_the_browsers(client, world, app):
    def language(**headers) -> str:
        return client.get("/privacy", headers=headers).text.partition('<html lang="')[2][:2]

    assert language() == "zh"
    assert language(Accept_Language="en-GB,en;q=0.9") == "en"
    assert language() == "zh", "nothing is left of the request before"
    owner = world.landlord()
    with db.unit_of_work():
        db.session.merge(owner.user).locale = "en"
    world.sign_in(client, owner)
    assert language(Accept_Language="zh-CN") == "en"
    client.set_cookie("locale", "zh")
    assert language(Accept_Language="en") == "zh"
    client.set_cookie("locale", "xx")
    assert language(Accept_Language="en") == "zh"


@only_sqlite
def test_every_answer_carries_the_protecting_headers(client, world, somebody):
    for answer in (client.get("/"), client.get("/nowhere"), client.post("/tonight"), client.get("/api/v1/no")):
        for name in HEADERS:
            assert answer.headers.get(name), (answer.request.path, name)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Request-Id"]


@only_sqlite
@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/units/?status=active", "/units/?status=active"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("", "/"),
    ],
)
def test_who_has_to_show_themselves_comes_back_to_where_they_were(client, somebody, asked, led_to):
    """Browsers send us no referrer: the form says where it stood; and never leads away."""
    from urllib.parse import parse_qs, urlsplit

    client.delete_cookie("session")
    page = client.get("/sign-in")
    [form] = [f for f in forms_on(page.text) if "locale" in f.names]
    answer = client.post("/tonight", data={"csrf": form.values["csrf"], "here": asked})
    assert answer.status_code == 303
    there = urlsplit(answer.headers["Location"])
    assert "sign-in" in there.path
    assert parse_qs(there.query)["next"] == [led_to]


@only_sqlite
def test_style_sheet_and_script_are_kept_for_a_year_under_an_address_of_their_content(client):
    page = client.get("/privacy").text
    addresses = re.findall(r'(?:href|src)="(/static/(?:all.css|app.js)[^"]*)"', page)
    assert len(addresses) == 2
    for address in addresses:
        kept, asked_again = client.get(address), client.get(address.partition("?")[0])
        assert "immutable" in kept.headers["Cache-Control"]
        assert "max-age=31536000" in kept.headers["Cache-Control"]
        assert "no-cache" in asked_again.headers["Cache-Control"]
        assert "Set-Cookie" not in kept.headers
        unchanged = client.get(address.partition("?")[0], headers={"If-None-Match": kept.headers["ETag"]})
        assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert client.get("/static/nothing.css").status_code == 404
