"""The doors of the police room: pages without JavaScript, the API, and what a stranger is told."""

import json
import re

import pytest

from rental_mgmt.core import keys
from rental_mgmt.core.access import FRESH_FOR
from rental_mgmt.core.db import new_uid, session, unit_of_work
from rental_mgmt.exports import building, download, seconds
from rental_mgmt.exports.models import Export, ExportStatus, Lookup
from rental_mgmt.exports.verify import verify

from ..support import browser as browsers
from ..support.forms import fill_in
from .conftest import again, approved, built, by_number, ordered
from .test_lookups import ask

WHY = {"purpose": "criminal_case", "case_number": "A5101042026060001"}


@pytest.fixture
def at(app, world):
    """at(somebody): that person's own browser."""
    return lambda somebody, **more: world.sign_in(app.test_client(), somebody, **more)


@pytest.fixture
def api(app, world, at):
    """api(somebody, "POST", path, {...}): a program with that person's session."""

    def call(somebody, method, path, body=None, **headers):
        client = at(somebody)
        page = client.get("/notices")
        token = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text).group(1)
        return client.open(
            f"/api/v1{path}", method=method, json=body, headers={"X-CSRF-Token": token, **headers}
        )

    return call


# --- look-ups -----------------------------------------------------------------------------------------------


def test_a_liaison_looks_up_on_a_page(room, at):
    client = at(room.liaison)
    answer = fill_in(client, "/lookups", WHY | {"kind": "number", "number": room.adult.id_number})
    assert answer.status_code == 303
    assert room.adult.id_number not in answer.location
    page = client.get(answer.location).text
    assert room.adult.name in page
    assert room.unit.name in page
    lookup = session.query(Lookup).one()
    assert lookup.receipt in page
    path = f"/lookups/{lookup.uid}"
    masked = room.adult.id_number[:3] + "*" * 11 + room.adult.id_number[-4:]
    assert masked in page
    revealed = fill_in(client, path, {}, at=f"/guests/{room.guest.uid}/reveal")
    assert room.adult.id_number in revealed.text


def test_what_was_typed_stays_when_something_is_missing(room, at):
    answer = fill_in(at(room.liaison), "/lookups", WHY | {"kind": "unit_date", "unit": "1203"})
    assert answer.status_code == 422
    assert 'value="1203"' in answer.text
    assert WHY["case_number"] in answer.text


def test_a_page_asks_for_the_step_before_anything_is_typed(room, at):
    for path in ("/lookups", "/exports/new"):
        answer = at(room.liaison, ago=FRESH_FOR * 2).get(path)
        assert (answer.status_code, "/step-up" in answer.location) == (303, True)


def test_the_page_of_a_minor_says_only_that_one_is_registered(room, at):
    lookup = ask(room.liaison, by_number(room.minor))
    page = at(room.liaison).get(f"/lookups/{lookup.uid}").text
    assert "未成年人，已登记" in page
    for secret in (room.minor.name, room.unit.name):
        assert secret not in page
    second = at(room.second)
    shown = second.get(f"/lookups/{lookup.uid}").text
    assert "请您审核" in shown
    assert room.minor.id_number not in shown
    fill_in(second, f"/lookups/{lookup.uid}", {"approve": "1"}, at="/decide")
    assert again(lookup).second_by_id == room.second.user.id
    assert room.minor.name in at(room.liaison).get(f"/lookups/{lookup.uid}").text


def test_a_program_looks_up_once_however_often_it_asks(room, api):
    body = WHY | {"kind": "number", "number": room.adult.id_number}
    first = api(room.liaison, "POST", "/lookups", body, **{"Idempotency-Key": "k1"})
    again_ = api(room.liaison, "POST", "/lookups", body, **{"Idempotency-Key": "k1"})
    assert (first.status_code, again_.status_code) == (201, 201)
    assert first.json == again_.json
    assert first.json["guests"][0]["name"] == room.adult.name
    assert session.query(Lookup).count() == 1


def test_a_program_gets_a_receipt_for_nothing(room, api):
    said = api(room.liaison, "POST", "/lookups", WHY | {"kind": "number", "number": "110105199003077475"}).json
    assert (said["found"], said["guests"]) == (0, [])
    assert said["receipt"].startswith("CX")


def test_every_bad_field_is_named(room, api):
    answer = api(room.liaison, "POST", "/lookups", {"kind": "number", "purpose": "curiosity", "x": 1})
    assert answer.status_code == 422
    assert {error["path"] for error in answer.json["errors"]} == {"purpose", "case_number", "x"}


# --- exports ------------------------------------------------------------------------------------------------


def test_from_the_list_on_screen_to_a_verified_file(room, at, tmp_path):
    client = at(room.liaison)
    listed = client.get(f"/exports/new?place={room.compound.uid}&from_day=2026-06-01&to_day=2026-06-10").text
    assert room.unit.name in listed
    assert room.adult.name not in listed
    answer = fill_in(client, "/exports/new", WHY | {"profile": "full", "file_format": "csv"}, at="/exports/new")
    assert answer.status_code == 303, answer.text
    path = answer.location
    assert client.get(path).status_code == 200
    fill_in(at(room.second), path, {}, at="/approve")
    assert 'http-equiv="refresh"' in client.get(path).text
    building.build_next()
    page = client.get(path).text
    assert 'http-equiv="refresh"' not in page
    begun = fill_in(client, path, {}, at="/download")
    (tmp_path / "file").write_bytes(client.get(begun.location).data)
    (tmp_path / "manifest").write_bytes(client.get(f"{path}/manifest.json").data)
    key = client.get("/exports/public-key.pem").text
    assert verify(tmp_path / "file", tmp_path / "manifest", key) == []
    assert room.adult.name in (tmp_path / "file").read_text("utf-8-sig")
    assert session.query(Export).one().status is ExportStatus.DOWNLOADED


def test_the_command_line_verifies_offline(room, app, tmp_path):
    from rental_mgmt.core import files
    from rental_mgmt.exports import manifest

    export = built(room)
    paths = [tmp_path / name for name in ("file", "manifest", "key")]
    paths[0].write_bytes(files.open_file(session.get(files.StoredFile, export.file_id)))
    paths[1].write_bytes(manifest.as_file(export.manifest))
    paths[2].write_text(keys.public_key_pem())
    run = app.test_cli_runner().invoke
    assert run(args=["export", "verify", *map(str, paths)]).exit_code == 0
    paths[0].write_bytes(paths[0].read_bytes() + b" ")
    assert run(args=["export", "verify", *map(str, paths)]).exit_code == 1


def test_a_refusal_needs_a_reason_and_is_shown(room, at):
    export = ordered(room)
    client, path = at(room.second), f"/exports/{export.uid}"
    assert fill_in(client, path, {"reason": ""}, at="/refuse").status_code == 422
    fill_in(client, path, {"reason": "没有立案"}, at="/refuse")
    assert "没有立案" in at(room.liaison).get(path).text
    assert again(export).status is ExportStatus.REFUSED


def test_whoever_asked_is_not_offered_to_approve(room, at):
    export = ordered(room)
    assert "/approve" not in at(room.liaison).get(f"/exports/{export.uid}").text
    assert "/approve" in at(room.second).get(f"/exports/{export.uid}").text


def test_a_bad_filter_in_the_address_is_said_on_the_page(room, at):
    client = at(room.liaison)
    for query in ("from_day=x", "from_day=2026-06-09&to_day=2026-06-01", "from_day=2026-06-09", "who=cats"):
        answer = client.get(f"/exports/new?place={room.compound.uid}&{query}")
        assert (answer.status_code, "notice bad" in answer.text) == (200, query != "from_day=2026-06-09"), query
    assert "notice bad" in client.get("/exports/new?place=none").text


def test_what_was_chosen_and_typed_stays_when_an_order_is_refused(room, at):
    path = f"/exports/new?place={room.building.uid}&from_day=2026-06-01&to_day=2026-06-10&who=minors"
    answer = fill_in(at(room.liaison), path, {"purpose": "rescue", "case_number": ""}, at="/exports/new")
    assert answer.status_code == 422
    chosen = ("minors", room.building.uid, "2026-06-01", "rescue")
    for kept in (f'value="{value}"' for value in chosen):
        assert kept in answer.text, kept


def test_a_program_goes_the_whole_way(room, api):
    body = WHY | {"place": str(room.compound.uid), "from_day": "2026-06-01", "to_day": "2026-06-10"}
    made = api(room.liaison, "POST", "/exports", body | {"profile": "full", "file_format": "csv"})
    assert made.status_code == 201, made.text
    path = f"/exports/{made.json['uid']}"
    assert api(room.liaison, "POST", f"{path}/approve").status_code == 403
    assert api(room.second, "POST", f"{path}/approve").json["status"] == "approved"
    building.build_next()
    said = api(room.liaison, "GET", path).json
    assert (said["status"], said["rows"], said["minors"]) == ("ready", 2, 1)
    assert api(room.liaison, "GET", f"{path}/file").status_code == 409
    assert api(room.liaison, "POST", f"{path}/download").status_code == 200
    assert api(room.liaison, "GET", f"{path}/file").data.startswith(b"\xef\xbb\xbf")
    assert api(room.liaison, "GET", f"{path}/file").status_code == 409
    assert json.loads(api(room.liaison, "GET", f"{path}/manifest").data)["rows"] == 2
    assert "PUBLIC KEY" in api(room.liaison, "GET", "/exports/public-key").text
    assert api(room.liaison, "GET", "/exports").json["items"][0]["uid"] == made.json["uid"]
    seen = api(room.auditor, "GET", f"/guests/{room.guest.uid}/seen").json
    assert [one["what"] for one in seen] == ["export.full"]


# --- strangers ----------------------------------------------------------------------------------------------

FOREIGN = [
    ("GET", "/exports/{export}"),
    ("GET", "/exports/{export}/file"),
    ("GET", "/exports/{export}/manifest"),
    ("POST", "/exports/{export}/approve"),
    ("POST", "/exports/{export}/retry"),
    ("POST", "/exports/{export}/download"),
    ("GET", "/lookups/{lookup}"),
    ("GET", "/lookups/{lookup}/answer"),
]


@pytest.mark.parametrize(("method", "path"), FOREIGN)
def test_what_is_elsewhere_and_what_is_nowhere_are_the_same_bytes(room, api, method, path):
    export, lookup = built(room), ask(room.liaison, by_number(room.adult))
    foreign = api(room.foreign, method, path.format(export=export.uid, lookup=lookup.uid))
    missing = api(room.foreign, method, path.format(export=new_uid(), lookup=new_uid()))
    assert foreign.status_code == missing.status_code == 404
    assert foreign.data == missing.data
    own = ("X-Request-Id", "Date")
    kept = [{name: value for name, value in answer.headers if name not in own} for answer in (foreign, missing)]
    assert kept[0] == kept[1]


@pytest.mark.parametrize("who", ["landlord", "helper", "manager", "worker", "officer", "auditor"])
def test_pages_of_the_police_room_are_for_the_police(room, at, who):
    export, client = built(room), at(getattr(room, who))
    for path in (
        "/lookups",
        "/exports",
        "/exports/new",
        f"/exports/{export.uid}",
        f"/exports/{export.uid}/file",
    ):
        assert client.get(path).status_code == 403, path


def test_counts_are_public_and_name_nobody(room, app):
    ask(room.liaison, by_number(room.adult))
    approved(room)
    page = app.test_client().get("/exports/counts")
    assert page.status_code == 200
    assert room.station.name in page.text
    for secret in (room.adult.name, room.liaison.name, WHY["case_number"]):
        assert secret not in page.text


# --- looked at ----------------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("size", [browsers.PHONE, browsers.DESK])
def test_the_pages_can_be_used_by_everybody(world, room, open_page, live_server, size, tmp_path):
    lookup = ask(room.liaison, by_number(room.adult))
    minor = ask(room.liaison, by_number(room.minor))
    export, waiting = built(room), ordered(room)
    with unit_of_work():
        seconds.decide_lookup(room.second.actor, minor.uid, True)
        download.begin_download(room.liaison.actor, export.uid)
    token = world.session(room.liaison)
    paths = [
        "/lookups",
        f"/lookups/{lookup.uid}",
        f"/lookups/{minor.uid}",
        "/exports",
        f"/exports/new?place={room.compound.uid}&from_day=2026-06-01&to_day=2026-06-10",
        f"/exports/{export.uid}",
        f"/exports/{waiting.uid}",
        "/exports/counts",
    ]
    with open_page(size=size) as page:
        page.context.add_cookies([{"name": "session", "value": token, "url": live_server}])
        for path in paths:
            page.goto(path)
            assert browsers.accessibility_faults(page) == [], path
            assert not browsers.is_wider_than_screen(page), path


def test_who_decides_sees_who_asked_and_how_many_the_file_would_hold(room, at):
    export = ordered(room)
    page = at(room.second).get(f"/exports/{export.uid}").text
    assert room.liaison.name in page
    assert "文件将有 2 行，其中未成年人 1" in page
    assert room.liaison.name in at(room.second).get("/exports").text
    lookup = ask(room.liaison, by_number(room.minor))
    assert room.liaison.name in at(room.second).get(f"/lookups/{lookup.uid}").text


def test_a_filter_that_cannot_be_says_which_field(room, at):
    page = at(room.liaison).get("/exports/new?place=x&nationality=zz").text
    assert "地点：" in page
    assert "国家或地区：请从列表中选择国家或地区" in page
