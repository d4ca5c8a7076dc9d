"""Whoever asks at a door: a person in a browser, a program with a key, nobody. Nothing they do lasts."""

import re
from dataclasses import dataclass
from uuid import UUID, uuid4

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from rental_mgmt.core import db
from rental_mgmt.core.web import csrf_token

from .doors import Door, sent

# What an answer repeats of the question or draws by lot, and tells nothing of.
OF_THE_QUESTION = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|name=\"form_key\" value=\"[^\"]+\""
)
# The moment and the signature of a message in a cookie; what the message says stays.
STAMP = re.compile(r"(flash=\.?[\w-]+)\.[\w-]+\.[\w-]+")


@dataclass
class Asker:
    """One who asks. `things` are those of their own side, `foreign` those of the other."""

    client: FlaskClient
    csrf: str
    things: dict
    foreign: dict
    headers: dict[str, str]

    @property
    def missing(self) -> dict:
        """As many things that are nowhere."""
        return {kind: uuid4() for kind, named in self.things.items() if isinstance(named, UUID)}

    def ask(self, door: Door, named: dict | None = None, said: dict | None = None) -> TestResponse:
        """Knock with the right form token; address and body name these things, else own ones."""
        how = sent(door, self.things | (said or {}), self.csrf)
        how["headers"] = how.get("headers", {}) | self.headers
        address = door.address(self.client.application, self.things | (named or {}))
        return self.client.open(address, method=door.method, buffered=True, **how)


def in_browser(app: Flask, token: str | None, things: dict, foreign: dict) -> Asker:
    """Somebody with that session, or nobody with a browser of their own."""
    cookie = {"Cookie": f"session={token}" if token else "visitor=some-visitor"}
    with app.test_request_context(headers=cookie):
        csrf = csrf_token()
    # A jar would keep what an answer sets: every question comes from the same browser as the first.
    return Asker(app.test_client(use_cookies=False), csrf, things, foreign, cookie)


def with_key(app: Flask, headers: dict, things: dict, foreign: dict) -> Asker:
    return Asker(app.test_client(use_cookies=False), "", things, foreign, headers)


def as_told(answer: TestResponse) -> tuple:
    """An answer without what repeats the question: two of them are equal byte for byte, or they tell."""
    kept = {
        name: value for name, value in answer.headers.items() if name not in ("X-Request-Id", "Content-Length")
    }
    body = OF_THE_QUESTION.sub("…", answer.text)
    kept = {name: STAMP.sub(r"\1", OF_THE_QUESTION.sub("…", value)) for name, value in kept.items()}
    return answer.status_code, kept, body


def nothing_lasts(monkeypatch) -> None:
    """Each act is carried out to its commit and then taken back: the next one finds the city as it was."""

    def carry_out_and_take_back():
        db.session.flush()
        db.session.rollback()

    monkeypatch.setattr(db.session, "commit", carry_out_and_take_back)
