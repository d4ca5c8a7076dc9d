"""The shape of the house: who imports whom, where a transaction ends, which doors are open, what has a name.

The walls themselves stand in support/walls.py and are proven to find a breach in test_walls.py.
"""

import re
import uuid
from pathlib import Path

import pytest
from sqlalchemy import CheckConstraint, func, inspect, select

import rental_mgmt.models
from rental_mgmt.core import db, migrate, web
from rental_mgmt.core.db import Model
from rental_mgmt.core.settings import Setting

from .support import walls
from .support.databases import differences
from .support.glossary import NOT_OUR_WORDS, TABLES

ROOT = Path(rental_mgmt.models.__file__).parent
SOURCES = {str(path.relative_to(ROOT)): path.read_text() for path in sorted(ROOT.rglob("*.py"))}
TEMPLATES = {str(path.relative_to(ROOT)): path.read_text() for path in sorted(ROOT.rglob("*.html"))}

# "place": why it speaks to the network itself.
OWN_WAY_OUT = {
    "audit/anchor.py": "sends heads to the one address that the administrator set, with a time limit",
    "demo/ringing.py": "rings at this very process's own door, on loopback and in demo mode only",
}
# "place:function": why it is open to any actor without a list of roles.
FOR_ANYONE: dict[str, str] = {
    "accounts/care.py:below_any": "a condition on paths, the scope itself",
    "accounts/care.py:grids_in_reach": "the scope of a form's choices",
    "accounts/care.py:looked_after": "the scope of accounts: which users this role looks after",
    "accounts/care.py:parties_in_reach": "the scope of a form's choices",
    "accounts/keys.py:roles_of": "one's own roles",
    "accounts/sessions.py:renew_token": "one's own session, after any role has shown who it is",
    "overview/elevation.py:elevations": "reads units in scope",
    "overview/homes.py:home_of": "everyone has a home; it is made of lists in scope",
    "overview/strip.py:last_days": "reads about a unit that was fetched in scope",
    "stays/nights.py:tiles": "reads units in scope",
    "stays/shown.py:cells_of": "what the masking table says for a role",
}
# "place:function": why it is longer than 30 lines of code and better so.
LONG: dict[str, str] = {}
# "place": why the file is longer than 250 lines of code and better so.
LONG_FILES: dict[str, str] = {}

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def breaches(wall) -> dict[str, list[str]]:
    return {place: found for place, source in SOURCES.items() if (found := wall(place, source))}


# --- walls --------------------------------------------------------------------------------------------------


def test_every_room_stands_on_a_floor():
    assert [place for place in SOURCES if walls.unknown_rooms(place)] == []


def test_rooms_import_downstairs_only():
    assert breaches(walls.upward_imports) == {}


def test_only_doors_know_http():
    assert breaches(walls.http_imports) == {}


def test_only_one_door_leads_to_the_network():
    assert set(breaches(walls.network_imports)) == set(OWN_WAY_OUT)


def test_only_core_commits():
    assert breaches(walls.commits) == {}


def test_only_accounts_and_audit_keep_what_is_refused():
    assert breaches(walls.keepers) == {}


def test_every_operation_says_who_may():
    open_to_all = {
        f"{place}:{name}" for place, names in breaches(walls.operations_for_anyone).items() for name in names
    }
    assert open_to_all - set(FOR_ANYONE) == set()
    assert set(FOR_ANYONE) - open_to_all == set(), "no longer an exception"


def test_files_stay_short():
    sizes = {place: len(walls.code_lines(source)) for place, source in SOURCES.items()}
    long = {place: size for place, size in sizes.items() if size > walls.SHORT_FILE}
    assert {place: size for place, size in long.items() if place not in LONG_FILES} == {}
    assert set(LONG_FILES) - set(long) == set(), "no longer an exception"


def test_functions_stay_short():
    long = {
        f"{place}:{name}": size
        for place, source in SOURCES.items()
        for name, size in walls.long_functions(source).items()
    }
    assert {name: size for name, size in long.items() if name not in LONG} == {}
    assert set(LONG) - set(long) == set(), "no longer an exception"


def test_pages_hold_no_inline_code():
    assert {place: found for place, text in TEMPLATES.items() if (found := walls.inline_code(text))} == {}


# --- words --------------------------------------------------------------------------------------------------


def test_every_table_is_a_word_of_the_glossary():
    assert set(Model.metadata.tables) - set(TABLES) == set()
    assert set(TABLES) - set(Model.metadata.tables) == set(), "the glossary names a table that is not there"
    assert [name for name in Model.metadata.tables if NOT_OUR_WORDS & set(name.split("_"))] == []


def test_every_operation_of_the_api_is_documented_in_chinese(documented):
    spoken = re.compile(r"[\u4e00-\u9fff]")
    operations = {
        (path, method): said for path, methods in documented.items() for method, said in methods.items()
    }
    assert [where for where, said in operations.items() if not spoken.search(said.get("summary", ""))] == []


def test_every_address_of_the_api_is_in_the_document(app, documented):
    served = {_as_documented(r.rule) for r in app.url_map.iter_rules() if r.rule.startswith("/api/")}
    assert served - set(documented) == set()


@pytest.fixture
def documented(app) -> dict[str, dict[str, dict]]:
    """Path → method → operation, without what holds for all methods of a path."""
    paths = app.extensions["api"].document()["paths"]
    methods = {"get", "post", "put", "patch", "delete"}
    return {path: {m: said for m, said in item.items() if m in methods} for path, item in paths.items()}


def _as_documented(rule: str) -> str:
    return re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", rule)


for _test in (
    test_every_operation_of_the_api_is_documented_in_chinese,
    test_every_address_of_the_api_is_in_the_document,
):
    only_sqlite(_test)


# --- doors --------------------------------------------------------------------------------------------------


@only_sqlite
def test_every_door_but_the_public_ones_asks_who_is_there(app, client):
    from rental_mgmt.accounts.auth import PUBLIC

    client.set_cookie("visitor", "v")
    with app.test_request_context(headers={"Cookie": "visitor=v"}):
        form = {"csrf": web.csrf_token()}
    open_doors = [
        f"{method} {rule.rule} → {answer.status_code}"
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in PUBLIC
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
        if not _asks_who_is_there(answer := client.open(_some_path(rule.rule), method=method, data=form))
    ]
    assert open_doors == []


@only_sqlite
def test_every_public_door_is_there(app):
    from rental_mgmt.accounts.auth import PUBLIC

    assert set(PUBLIC) - {rule.endpoint for rule in app.url_map.iter_rules()} == set()


def _some_path(rule: str) -> str:
    filled = re.sub(r"<uuid:\w+>", str(uuid.UUID(int=7)), rule)
    return re.sub(r"<(?:[^<>]+:)?\w+>", "1", filled)


def _asks_who_is_there(answer) -> bool:
    return answer.status_code == 401 or (answer.status_code == 303 and "/sign-in" in answer.headers["Location"])


# --- the database -------------------------------------------------------------------------------------------


@pytest.fixture
def emptied(database, tmp_path):
    """A connection's engine over a database that has seen the migrations and nothing else."""
    engine = db.connect(database.empty(tmp_path))
    migrate.upgrade()
    yield engine
    db.session.remove()
    engine.dispose()


def test_migrations_make_exactly_the_models(emptied):
    assert differences(emptied) == []


def test_migrations_make_every_check_of_the_models(emptied):
    """Alembic does not compare these."""
    there = inspect(emptied)
    for table in Model.metadata.sorted_tables:
        declared = {c.name for c in table.constraints if isinstance(c, CheckConstraint) and c.name}
        assert declared - {c["name"] for c in there.get_check_constraints(table.name)} == set(), table.name


def test_a_savepoint_dies_with_its_transaction(house):
    @db.unit_of_work()
    def refused():
        with db.session.begin_nested():
            db.session.add(Setting(name="kept by nobody", value={}))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        refused()
    assert db.session.scalar(select(func.count()).select_from(Setting)) == 0
