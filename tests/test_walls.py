"""The walls of the house hold: each is tried on a file that breaks it and on one that does not."""

import pytest

from .support import walls

UPWARD = {
    "a higher room": ("stays/service.py", "from ..rules.engine import tick"),
    "a sibling": ("stays/service.py", "from ..alerts.models import Alert"),
    "a sibling as a module": ("stays/service.py", "from .. import alerts"),
    "the whole product": ("stays/service.py", "from .. import create_app"),
    "by its full name": ("core/db.py", "import rental_mgmt.audit.service"),
    "inside a function": ("units/service.py", "def f():\n    from ..stays import service"),
    "for types only": ("core/db.py", "if TYPE_CHECKING:\n    from ..places.models import Place"),
    "by a string": ("core/jobs.py", "importlib.import_module('rental_mgmt.stays.jobs')"),
    "by a relative string": ("core/jobs.py", "import_module('..stays.jobs', __package__)"),
    "a rule reads a service": ("rules/catalog/a01.py", "from ...stays.service import get_stay"),
    "a rule reads a scope": ("rules/catalog/a01.py", "from ...units import scope"),
    "a room reads settings": ("stays/service.py", "import config"),
    "a room leans on tests": ("demo/service.py", "from tests.support import people"),
    "places read accounts": ("places/service.py", "from ..accounts.models import User"),
    "audit reads places": ("audit/service.py", "from ..places.models import Place"),
    "the command line in a room": ("stays/service.py", "from ..cli import app"),
}
DOWNWARD = {
    "its own room": ("stays/service.py", "from .models import Stay\nfrom . import schemas"),
    "a lower room": ("stays/service.py", "from ..units.scope import visible\nfrom ..core import clock"),
    "a rule reads models": (
        "rules/catalog/a01.py",
        "from ...stays.models import Guest\nfrom ...workorders import models",
    ),
    "a rule is a rule": (
        "rules/catalog/a01.py",
        "from ..base import Rule\nfrom ...core.clock import local_time",
    ),
    "the top sees all": ("__init__.py", "from .stays import api\nimport config"),
    "another package": ("stays/service.py", "import flask_like\nfrom sqlalchemy import select"),
    "a file of core": ("core/http.py", "from ..core import db"),
}


@pytest.mark.parametrize("case", UPWARD)
def test_an_import_upstairs_or_of_a_sibling_is_found(case):
    assert walls.upward_imports(*UPWARD[case])


@pytest.mark.parametrize("case", DOWNWARD)
def test_an_import_downstairs_is_quiet(case):
    assert walls.upward_imports(*DOWNWARD[case]) == []


def test_a_room_on_no_floor_is_found():
    assert walls.unknown_rooms("cellar/service.py") == ["cellar"]
    assert not [place for place in ("cli.py", "__init__.py", "core/db.py") if walls.unknown_rooms(place)]


@pytest.mark.parametrize("place", ["stays/service.py", "stays/models.py", "core/db.py", "rules/engine.py"])
@pytest.mark.parametrize(
    "line", ["import flask", "from flask import g", "from werkzeug.exceptions import NotFound"]
)
def test_http_behind_a_door_is_found(place, line):
    assert walls.http_imports(place, f"def f():\n    {line}")


@pytest.mark.parametrize(
    "place", ["stays/api.py", "units/filing_web.py", "core/web.py", "accounts/auth.py", "cli.py"]
)
def test_http_in_a_door_is_quiet(place):
    assert walls.http_imports(place, "from flask import g") == []


def test_a_private_way_to_the_network_is_found():
    assert walls.network_imports("bookings/service.py", "import requests")
    assert walls.network_imports("bookings/service.py", "from urllib import request")
    assert walls.network_imports("core/outbound.py", "import requests") == []
    assert walls.network_imports("core/outbox.py", "from urllib.parse import quote") == []


@pytest.mark.parametrize(
    "line", ["session.commit()", "c = session.commit", "with engine().begin() as c: pass", "run('COMMIT')"]
)
def test_a_commit_outside_core_is_found(line):
    assert walls.commits("stays/service.py", line)
    assert walls.commits("core/db.py", line) == []


def test_a_savepoint_and_a_word_are_no_commit():
    assert walls.commits("stays/service.py", "session.begin_nested()\nx = 'we commit to it'") == []


@pytest.mark.parametrize("line", ["from ..core.db import keep_even_if_refused", "db.keep_even_if_refused(f)"])
def test_keeping_despite_a_refusal_is_found_outside_accounts_and_audit(line):
    assert walls.keepers("stays/service.py", line)
    assert walls.keepers("accounts/service.py", line) == []


NO_ONE_SAID = {
    "a verb": "def check_out(actor, stay): ...",
    "an empty allow": "@allow()\ndef check_out(actor, stay): ...",
    "a read past the scope": "def get_stay(actor, uid):\n    return session.get(Stay, uid)",
    "a list past the scope": "def list_stays(actor):\n    return select(Stay)",
}
SOMEONE_MAY = {
    "allowed": "@allow(Role.LANDLORD)\ndef check_out(actor, stay): ...",
    "allowed by its full name": "@access.allow(Role.LANDLORD)\ndef check_out(actor): ...",
    "a read in scope": "def get_stay(actor, uid):\n    return get_or_404(visible(actor, Stay), uid)",
    "a read through a read": "def list_guests(actor, uid):\n    return get_stay(actor, uid).guests",
    "private": "def _count(actor): ...",
    "without an actor": "def limit_of(unit): ...",
}


@pytest.mark.parametrize("case", NO_ONE_SAID)
def test_an_operation_for_anyone_is_found(case):
    assert walls.operations_for_anyone("stays/service.py", NO_ONE_SAID[case])


@pytest.mark.parametrize("case", SOMEONE_MAY)
def test_an_operation_that_says_who_may_is_quiet(case):
    assert walls.operations_for_anyone("stays/service.py", SOMEONE_MAY[case]) == []


def test_size_counts_code_and_nothing_else():
    source = '''"""What it is for.

More words.
"""
import os

# why
@decorated(
    "with",
)
def f(a,
      b):
    """Says."""

    text = """one
two"""
    return a
'''
    assert len(walls.code_lines(source)) == 6


def test_a_long_function_is_found_by_its_name():
    body = "\n".join(f"        x = {n}" for n in range(30))
    assert walls.long_functions(f"class A:\n    def f(self):\n{body}") == {"A.f": 31}
    assert walls.long_functions(f"class A:\n    def f(self):\n{body[:-16]}") == {}


BAD_TEMPLATES = [
    "<p style='color:red'>",
    "<style>p {}</style>",
    "<script>alert(1)</script>",
    "<script nonce='x'>alert(1)</script>",
    "<a onclick='x()'>",
    "<a {{ attr }} onclick=x>",
    "<a href='javascript:x()'>",
    "<script src='https://cdn.example/x.js'></script>",
    "<link href=//cdn.example/x.css>",
    "{{ words | safe }}",
]


@pytest.mark.parametrize("template", BAD_TEMPLATES)
def test_inline_code_is_found(template):
    assert walls.inline_code(template)


def test_a_clean_template_is_quiet():
    template = """{# style="" #}<script src="{{ url_for('static', filename='a.js') }}" defer></script>
    <p class="{{ 'on' if a > b }}">on = 1</p><svg xmlns="http://www.w3.org/2000/svg" width="3"></svg>
    <a href="/style=1">style</a>"""
    assert walls.inline_code(template) == []
