"""What every test may ask for: a clean database of both kinds, the app, the world, a browser, a gateway."""

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from flask import g
from jinja2 import BytecodeCache
from sqlalchemy import event

import config
from rental_mgmt.core import clock, db

from .support import browser as browsers
from .support import postgres
from .support.databases import Postgres, Sqlite
from .support.local_http import LocalHttp

# A Wednesday: nobody's month, night or holiday begins or ends here.
NOON = datetime(2026, 6, 10, 12, tzinfo=clock.LOCAL)
MASTER_KEY = base64.b64encode(bytes(range(32))).decode()
OWN_TO_A_TEST = ("DATABASE_URL", "DATA_DIR", "KEYS_DIR")
# What a transaction costs besides its statements is not what is counted.
NOT_COUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")


class TemplatesInMemory(BytecodeCache):
    """Templates are compiled once in a run and not once in every application."""

    def __init__(self):
        self.compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket):
        if bucket.key in self.compiled:
            bucket.bytecode_from_string(self.compiled[bucket.key])

    def dump_bytecode(self, bucket):
        self.compiled[bucket.key] = bucket.bytecode_to_string()


COMPILED_TEMPLATES = TemplatesInMemory()


# --- once per session ---------------------------------------------------------------------------------------


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """Tell each xdist worker who owns what all of them share."""
    node.workerinput["owner"] = os.getpid()


def pytest_report_header() -> list[str]:
    said = [
        f"postgresql: {postgres.find_binaries()}",
        f"browser: {browsers.find_chromium() or browsers.MISSING}",
    ]
    return said if "PYTEST_XDIST_WORKER" not in os.environ else []


@pytest.fixture(scope="session")
def worker(request) -> str:
    return getattr(request.config, "workerinput", {}).get("workerid", "main")


@pytest.fixture(scope="session")
def meeting_point(tmp_path_factory, worker) -> Path:
    """A folder that all workers of this run share."""
    own = tmp_path_factory.getbasetemp()
    return own if worker == "main" else own.parent


@pytest.fixture(scope="session")
def postgres_server(request, meeting_point) -> postgres.Server:
    """The one PostgreSQL of this run. A missing one fails the tests: they would prove half of what they say."""
    owner = getattr(request.config, "workerinput", {}).get("owner", os.getpid())
    return postgres.shared(meeting_point, owner)


@pytest.fixture(scope="session")
def sqlite(meeting_point, worker) -> Sqlite:
    return Sqlite.for_worker(meeting_point, worker)


@pytest.fixture(scope="session")
def postgresql(postgres_server, meeting_point, worker) -> Iterator[Postgres]:
    made = Postgres.for_worker(postgres_server, meeting_point, worker)
    yield made
    made.close()


@pytest.fixture(scope="session")
def browser():
    """Chromium; where it is missing a run of CI fails and any other says loudly what it left out."""
    path = browsers.find_chromium()
    if path is None:
        pytest.fail(browsers.MISSING) if os.environ.get("CI") == "true" else pytest.skip(browsers.MISSING)
    with browsers.launched(path) as launched:
        yield launched


# --- once per test ------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request) -> Sqlite | Postgres:
    """A migrated database without rows; every test that touches rows runs on both kinds."""
    found = request.getfixturevalue(request.param)
    found.put_back()
    return found


@pytest.fixture
def settings(database, tmp_path) -> dict:
    """The settings of the app under test; a test may change them before it asks for `app`."""
    return config.from_environment() | {
        "MODE": "test",
        "DEMO": False,
        "PRODUCTION": False,
        "HTTPS": False,
        "DATABASE_URL": database.url,
        "DATA_DIR": str(tmp_path / "data"),
        "KEYS_DIR": str(tmp_path / "keys"),
        "MASTER_KEY": MASTER_KEY,
        "SECRET_KEY": "t" * 32,
    }


@pytest.fixture
def house(settings) -> Iterator[dict]:
    """What every process of the product has: database, keys, audit; the clock stands. No doors yet."""
    # Here and not above, so that a room's own tests run while another room does not even import.
    import rental_mgmt

    clock.freeze(NOON)
    rental_mgmt.prepare(settings)
    yield settings
    clock.freeze(None)
    engine = db.engine()
    db.session.remove()
    engine.dispose()


@pytest.fixture
def app(house, doors):
    """The web application; its doors are made once for all tests with such settings, the rest for this test."""
    fixed = frozenset((name, value) for name, value in house.items() if name not in OWN_TO_A_TEST)
    if fixed not in doors:
        made = doors[fixed] = make_app(house)
        made.config_as_made = dict(made.config)
    app = doors[fixed]
    app.config.clear()
    app.config.update(app.config_as_made, **{name: house[name] for name in OWN_TO_A_TEST})
    with app.app_context():
        yield app


@pytest.fixture
def fresh_app(house):
    """An application of one's own, for a test that adds doors to it."""
    app = make_app(house)
    with app.app_context():
        yield app


@pytest.fixture(scope="session")
def doors() -> dict:
    """The applications made so far, by their settings."""
    return {}


def make_app(settings):
    import rental_mgmt

    connected = db.engine()
    app = rental_mgmt.create_app(settings)
    connected.dispose()
    app.jinja_env.bytecode_cache = COMPILED_TEMPLATES
    app.before_request_funcs.setdefault(None, []).insert(0, begin_anew)
    return app


def begin_anew() -> None:
    """Requests of a test share the context that `app` pushed, but not what the one before left in `g`."""
    for name in list(g):
        g.pop(name)


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def world(house):
    """A small city, empty as yet (support/world.py)."""
    from .support.world import World

    return World()


@pytest.fixture
def count_queries(house):
    """with count_queries() as seen: …; assert len(seen) == 1 — `seen` holds the statements."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        seen = []

        def note(_connection, _cursor, statement, *_rest):
            if not statement.lstrip().upper().startswith(NOT_COUNTED):
                seen.append(statement)

        engine = db.engine()
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", note)

    return counting


@pytest.fixture
def live_server(app) -> Iterator[str]:
    """The app on a real loopback port; its address."""
    with browsers.served(app) as address:
        yield address


@pytest.fixture
def open_page(browser, live_server):
    """with open_page(size=DESK) as page: … — for a second person or another screen."""
    return lambda **options: browsers.opened(browser, live_server, **options)


@pytest.fixture
def page(open_page):
    """A page on a phone that has just been taken out of the pocket."""
    with open_page() as page:
        yield page


@pytest.fixture
def local_http() -> Iterator[LocalHttp]:
    """A server of our own on loopback that writes down what it is asked."""
    server = LocalHttp()
    yield server
    server.close()
