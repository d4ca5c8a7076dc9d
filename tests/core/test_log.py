"""The log: one JSON line an event, without numbers of people, secrets or the values of an exception."""

import json
import logging
import sys

import pytest

from rental_mgmt.core.log import JsonLine, redact
from tests.support import people

PERSON = people.person(1)


def line(message: str, *args, exc_info=None, **extra) -> dict:
    record = logging.LogRecord("test", logging.INFO, "here.py", 1, message, args, exc_info)
    vars(record).update(extra)
    text = JsonLine().format(record)
    assert "\n" not in text
    return json.loads(text)


def test_an_event_is_one_line_with_its_extras():
    said = line("job done", job="run_rules", seconds=0.2)
    assert said["message"] == "job done"
    assert (said["level"], said["logger"], said["job"], said["seconds"]) == ("info", "test", "run_rules", 0.2)
    assert said["at"].endswith("+00:00")


@pytest.mark.parametrize(
    "secret",
    [
        PERSON.id_number,
        "51010019900101999x",
        PERSON.phone,
        "/i/8Jk2mN0pQrStUvWxYz12-_AbCd",
        "GET /units/claim?code=019a3c2e7bd57f0f8a1b2c3d4e5f6071",
        "Bearer 8Jk2mN0pQrStUvWxYz12AbCd",
    ],
)
def test_no_number_and_no_secret_is_written(secret):
    longest = max(secret.replace("/", " ").replace("=", " ").split(), key=len)
    said = line("asked %s", secret, note=secret)
    assert longest not in json.dumps(said)
    assert longest not in redact(secret)


def test_an_exception_is_told_by_kind_and_place_and_never_by_its_values():
    try:
        raise ValueError(f"{PERSON.name} {PERSON.id_number}")
    except ValueError:
        said = line("failed", exc_info=sys.exc_info())
    assert said["exception"] == "ValueError"
    assert "test_log.py" in said["where"][-1]
    assert PERSON.name not in json.dumps(said, ensure_ascii=False)
    assert PERSON.id_number not in json.dumps(said)


def test_line_breaks_in_a_message_forge_no_second_line():
    assert line('x\n{"level": "critical"}')["message"].startswith("x\n")


def test_request_ids_and_words_stay_readable():
    said = line("拒绝 3 次", request_id="0123456789abcdef0123456789abcdef")
    assert said["message"] == "拒绝 3 次"
    assert said["request_id"] == "0123456789abcdef0123456789abcdef"
