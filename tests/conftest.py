"""What every test may ask for: a clean database of both kinds, the app, the world, a browser, a gateway."""

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
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
# What a transaction costs besides its statements is not what is counted.
NOT_COUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")


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
def app(house):
    """The web application with all its doors."""
    import rental_mgmt

    unused = db.engine()
    app = rental_mgmt.create_app(house)
    unused.dispose()
    with app.app_context():
        yield app


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
