"""The ground that all tests stand on: databases come back clean, figures are judged."""

import json

import pytest
import requests
from sqlalchemy import func, inspect, select
from sqlalchemy.exc import OperationalError

import rental_mgmt.models
from rental_mgmt.core import db
from rental_mgmt.core.settings import Setting

from .bench import Measure, bare, load, report
from .support import browser as browsers
from .support import postgres
from .support.local_http import Answer

assert rental_mgmt.models  # imported for the tables


@pytest.fixture
def connected(database):
    engine = db.connect(database.url)
    yield database
    db.session.remove()
    engine.dispose()


def count_settings() -> int:
    return db.session.scalar(select(func.count()).select_from(Setting))


# --- databases ----------------------------------------------------------------------------------------------


def test_a_database_comes_back_clean(connected):
    before = count_settings()
    db.session.rollback()
    with db.unit_of_work():
        db.session.add(Setting(name="left behind", value={}))
    db.session.remove()
    db.engine().dispose()
    connected.put_back()
    assert count_settings() == before


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_database_comes_back_from_a_test_that_forgot_its_transaction(connected):
    db.session.add(Setting(name="never committed", value={}))
    db.session.flush()
    connected.put_back()
    with pytest.raises(OperationalError):
        db.session.remove()
    db.session.registry.clear()
    db.engine().dispose()
    assert count_settings() == 0


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_database_comes_back_from_a_test_that_dropped_a_table(connected):
    connected.connection.execute("DROP TABLE setting")
    connected.put_back()
    assert inspect(db.engine()).has_table("setting")


def test_an_empty_database_has_no_tables(database, tmp_path):
    engine = db.connect(database.empty(tmp_path))
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_a_missing_postgresql_says_what_to_install(monkeypatch):
    monkeypatch.setattr(postgres.Path, "glob", lambda *_: [])
    monkeypatch.setattr(postgres.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(postgres.NoPostgres, match="apt install postgresql"):
        postgres.find_binaries()


# --- gateways, browsers -------------------------------------------------------------------------------------


def test_a_gateway_writes_down_what_it_is_asked(local_http):
    local_http.answer = lambda received: Answer(503 if received.path == "/away" else 200)
    assert requests.post(f"{local_http.url}/away", data="x", timeout=5).status_code == 503
    assert requests.get(f"{local_http.url}/here", timeout=5).status_code == 200
    assert [(r.method, r.path, r.body) for r in local_http.received] == [
        ("POST", "/away", b"x"),
        ("GET", "/here", b""),
    ]


def test_a_missing_browser_is_not_found(monkeypatch):
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    assert browsers.find_chromium() is None


# --- figures ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("figure", "floor", "bounds", "reached"),
    [
        (45, 100, {"at_least": 0.45}, True),
        (44, 100, {"at_least": 0.45}, False),
        (150, 100, {"at_most": 1.5}, True),
        (151, 100, {"at_most": 1.5}, False),
        (60, None, {"at_most": 60}, True),
        (61, None, {"at_most": 60}, False),
        (1, None, {}, True),
    ],
)
def test_a_goal_is_for_the_ratio_where_there_is_a_floor(figure, floor, bounds, reached):
    assert Measure("registrations", figure, "/s", floor=floor, **bounds).is_reached is reached


def test_a_report_shows_table_growth_and_machine():
    rows = [
        ("B3", "sqlite", Measure("首页", 1000, "/s", floor=2000, at_least=0.4)),
        ("B3", "sqlite", Measure("首页", 900, "/s", floor=2000, at_least=0.4, size=10)),
        ("B8", "sqlite", Measure("<page>", 12, "kB", at_most=60)),
    ]
    assert "0.50" in report.table(rows)
    assert report.sparklines(rows).startswith("█▇  B3 首页, sqlite (/s)  1×: 1,000, 10×: 900")
    assert report.svg(rows).count("<polyline") == 1
    written = json.loads(report.as_json("small", {"cpu": "2 × x"}, rows, {}))
    assert [m["reached"] for m in written["measures"]] == [True, True, True]


def test_the_floor_stores_and_shows(database, tmp_path, monkeypatch):
    url = database.empty(tmp_path)
    bare.fill(url, owners=3, each=60)
    monkeypatch.setenv("DATABASE_URL", url)
    app = bare.create_app()
    client = app.test_client()
    assert client.post("/", json={"owner": 1, "name": "newest"}).status_code == 201
    assert client.post("/many", json=[{"owner": 2, "name": "x"}] * 3).json == {"stored": 3}
    page = client.get("/?owner=1").json["items"]
    assert (len(page), page[0]["name"]) == (50, "newest")
    app.config["ENGINE"].dispose()


def test_a_load_is_counted_and_an_error_is_no_figure(local_http):
    port = int(local_http.url.rsplit(":", 1)[1])
    seen = load.drive(port, load.always("GET", "/"), clients=2, seconds=0.2, warm_up=0.1)
    assert set(seen.answers) == {200}
    assert 0 < seen.rate <= len(local_http.received) / 0.2
    local_http.answer = Answer(500)
    with pytest.raises(load.NotServed, match="500"):
        load.drive(port, load.always("GET", "/"), clients=1, seconds=0.2, warm_up=0)
