"""Bad input: every way in answers 4xx with words, never a 500, whatever arrives (security traps M6–M8, M14)."""

import json

import pytest
from sqlalchemy import func, select

from rental_mgmt.core.db import session
from rental_mgmt.stays.models import Guest
from tests.support import people

DEEP = b"[" * 100_000 + b"]" * 100_000
BROKEN = {
    "nothing": b"",
    "not json": b"name=x",
    "deep": DEEP,
    "deep objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "NaN": b'{"name": NaN}',
    "Infinity": b'{"name": -Infinity}',
    "float beyond range": b'{"name": 1e999}',
    "repeated key": b'{"name": "a", "name": "b"}',
    "lone surrogate": b'{"name": "\\ud800"}',
    "NUL": b'{"name": "a\\u0000b"}',
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "a list": b"[]",
    "a number": b"5",
    "null": b"null",
    "unfinished": b'{"name": ',
    "5,000 digits": b'{"name": ' + b"9" * 5_000 + b"}",
    "BOM": b'\xef\xbb\xbf{"name": "a"}',
    "unknown field": b'{"nmae": "a"}',
    "huge": b'{"name": "' + b"a" * (2 << 20) + b'"}',
}


@pytest.fixture
def door(world):
    world.owner = world.landlord()
    world.unit = world.flat(party=world.owner.target)
    world.headers = world.key(world.owner)
    world.url = f"/api/v1/stays/{world.stay(world.owner, world.unit).uid}/guests"
    return world


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_a_broken_body_is_refused_with_words(client, door, body):
    answer = client.post(door.url, data=body, headers=door.headers, content_type="application/json")
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.content_type.startswith("application/problem+json")
    assert answer.json["title"]
    assert answer.json["status"] == answer.status_code
    assert session.scalar(select(func.count()).select_from(Guest)) == 0


@pytest.mark.parametrize("host", ["a b", "[::1", "a" * 400, "x:y", ""])
def test_a_host_that_is_none_is_refused(client, host):
    for answer in (client.get("/", headers={"Host": host}), client.post("/sign-in", headers={"Host": host})):
        assert answer.status_code in (303, 400, 403)


@pytest.mark.parametrize(
    "origin", ["http://[::1", "//", "x", "http://evil.example", "http://localhost.evil.example"]
)
def test_a_form_from_elsewhere_is_refused_however_it_says_so(client, origin):
    assert client.post("/sign-in", headers={"Origin": origin}).status_code == 403


def test_another_content_type_is_refused(client, door):
    answer = client.post(door.url, data=b'{"name": "a"}', headers=door.headers, content_type="text/plain")
    assert answer.status_code == 415


def test_every_bad_field_is_listed_with_its_path(client, door):
    sent = {"name": "", "document_kind": "library_card", "phone": "123", "arrived_at": "yesterday", "sex": 1}
    answer = client.post(door.url, json=sent, headers=door.headers)
    assert answer.status_code == 422
    assert {error["path"] for error in answer.json["errors"]} == {
        *("name", "document_kind", "phone", "arrived_at", "sex")
    }
    assert all(error["detail"] for error in answer.json["errors"])


WRONG_TYPES = [1, True, None, [], {}, 1.5, "x" * 10_000, "²", "１２", "1_000", "\u202e", "'; drop table guest"]
FIELDS = (
    *("name", "number", "phone", "birth_on", "valid_until", "nationality"),
    *("relation", "arrived_at", "explanation"),
)
QUERIES = [
    *("size=0", "size=-1", "size=201", "size=²", "size=1_000", "size=" + "9" * 5000, "size=1&size=2"),
    *("nope=1", "cursor=x", "cursor=" + "A" * 900, "cursor=bnVsbA", "cursor=WzFd"),
]
STRANGE = [
    *("/api/v1/stays/1", "/api/v1/stays/x/guests", "/api/v1/nothing"),
    *("/stays/%00", "/stays/" + "a" * 3000),
]


@pytest.mark.parametrize("field", FIELDS)
def test_no_value_of_any_type_breaks_a_field(client, door, field):
    good = {"name": "王某", "number": people.person(1).id_number}
    for value in WRONG_TYPES:
        answer = client.post(door.url, json=good | {field: value}, headers=door.headers)
        assert answer.status_code in (201, 409, 422), (value, answer.text)


@pytest.mark.parametrize("query", QUERIES)
def test_queries_are_read_strictly(client, door, query):
    answer = client.get(f"/api/v1/units/{door.unit.uid}/stays?{query}", headers=door.headers)
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("path", STRANGE)
def test_strange_paths_are_not_found(client, door, path):
    assert client.get(path, headers=door.headers).status_code == 404


def test_a_wrong_method_says_which_are_right(client, door):
    answer = client.delete(door.url, headers=door.headers)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("key", ["a" * 201, "ä", "a\tb"])
def test_an_unusable_idempotency_key_is_refused(client, door, key):
    sent = {"name": "王某", "number": people.person(1).id_number}
    headers = door.headers | {"Idempotency-Key": key}
    assert client.post(door.url, json=sent, headers=headers).status_code == 422


def test_answers_say_nothing_they_should_not(client, door):
    """P14 in small: no identity number in an error, none in a log line (capsys reads what was logged)."""
    person = people.person(4)
    answer = client.post(
        door.url, json={"name": person.name, "number": person.id_number[:-1] + "Y"}, headers=door.headers
    )
    assert person.id_number[:-1] not in answer.text
    assert person.name not in answer.text


def test_security_headers_stand_on_every_answer(client, door):
    for path in ("/", "/privacy", "/api/v1/nothing", "/static/base.css"):
        with client.get(path) as answer:
            assert answer.data is not None
        assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_the_openapi_document_loads_and_says_problem_json(app):
    from rental_mgmt.core.api import the_api

    document = json.loads(json.dumps(the_api().document()))
    assert document["openapi"].startswith("3.1")
    for operations in document["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict):
                assert operation.get("summary"), operation
