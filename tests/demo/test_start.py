"""The demo from nothing: the compound as README describes it, the next day, and nothing of it elsewhere."""

import time
from datetime import timedelta

import pytest
import requests
from sqlalchemy import create_engine, func, select

from rental_mgmt.alerts import service as alerts
from rental_mgmt.alerts.models import Alert, AlertStatus, Verdict
from rental_mgmt.audit.verify import verify
from rental_mgmt.core import clock
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import session
from rental_mgmt.core.errors import Refusal
from rental_mgmt.demo import starting
from rental_mgmt.demo.acting import actor_of
from rental_mgmt.demo.cast import find_player, player, players
from rental_mgmt.reporting.models import MonthFigure
from rental_mgmt.stays.models import Guest, Stay
from rental_mgmt.stays.nights import Tile, tiles, tonight
from rental_mgmt.units.models import Unit, UnitStatus

from ..flows.guide import started
from ..support.forms import forms_on

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def count(model, *conditions) -> int:
    return session.scalar(select(func.count()).select_from(model).where(*conditions))


def test_the_compound_is_alive_and_lives_on_the_next_day(house):
    assert len(list(starting.prepare())) == len(starting.STEPS) + 1
    _is_alive()
    _landlord_has_an_evening()
    stays = set(session.scalars(select(Stay.uid)))
    session.remove()
    assert list(starting.prepare()) == [], "nothing to do within a day"
    clock.freeze(clock.now() + timedelta(days=1))
    assert len(list(starting.prepare())) == 1
    later = set(session.scalars(select(Stay.uid)))
    assert stays < later, "stays remain, tonight's are added"
    assert count(Unit) == 180
    late = Stay.ended_at.is_(None), Stay.cancelled_at.is_(None), Stay.checks_out_at < clock.now()
    assert count(Stay, *late) <= 6, "only those that the ledger forgot to check out"


def _is_alive() -> None:
    assert count(Unit) == 180
    assert count(Unit, Unit.status == UnitStatus.UNCLAIMED) == 13
    first = session.scalar(select(func.min(Guest.arrived_at)))
    assert timedelta(days=58) < clock.now() - first < timedelta(days=62)
    worker = actor_of(player(Role.GRID_WORKER))
    at_worker = [a for a in session.scalars(alerts.list_alerts(worker)) if Role.GRID_WORKER in a.roles_now]
    assert "A01" in {alert.rule for alert in at_worker if alert.status is AlertStatus.OPEN}
    judged = session.scalars(select(Alert.verdict).where(Alert.status == AlertStatus.CLOSED)).all()
    assert {Verdict.TRUE, Verdict.FALSE} <= set(judged)
    assert {"2026-04", "2026-05"} <= set(session.scalars(select(MonthFigure.month)))
    assert verify().faults == []


def _landlord_has_an_evening() -> None:
    seen = [night.tile for night in tiles(actor_of(find_player("孔磊雨")), tonight())]
    assert len(seen) == 6
    assert {Tile.REGISTERED, Tile.UNREGISTERED, Tile.EMPTY, Tile.NOT_KNOWN} == set(seen)


@only_sqlite
def test_a_start_that_broke_off_goes_on_where_it_stood(house, monkeypatch):
    def break_off(_today):
        raise KeyboardInterrupt

    steps = starting.STEPS
    monkeypatch.setattr(starting, "STEPS", (*steps[:2], ("landlords", "", break_off), *steps[3:]))
    with pytest.raises(KeyboardInterrupt):
        list(starting.prepare())
    monkeypatch.setattr(starting, "STEPS", steps)
    said = list(starting.prepare())
    assert len(said) == len(steps) - 2 + 1, "what was done is not done again"
    assert count(Unit, Unit.status == UnitStatus.ACTIVE) > 150


@only_sqlite
def test_it_keeps_away_from_other_peoples_databases(house, world):
    world.compound()
    with pytest.raises(Refusal):
        list(starting.prepare())


@only_sqlite
def test_everybody_has_secrets_of_this_installation_only(house):
    said = [one.password for one in players()]
    assert len(set(said)) == len(said)
    assert min(map(len, said)) >= 12
    assert {len(one.totp_secret) for one in players() if one.totp_secret} == {32}


# --- elsewhere ------------------------------------------------------------------------------------------------


@only_sqlite
def test_outside_demo_mode_there_is_nothing_of_it(app, client):
    assert client.get("/demo").status_code == 404
    assert "演示" not in client.get("/sign-in").text
    for command in (["demo", "start"], ["demo", "code", "police.qin"]):
        answer = app.test_cli_runner().invoke(args=command)
        assert answer.exit_code == 1
        assert "演示只在演示模式运行" in answer.output


# --- as a process ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_from_nothing_on_postgresql_to_an_alert(database, tmp_path):
    """On SQLite the flows do the same in a browser."""
    address = database.empty(tmp_path)
    with started(tmp_path / "data", DATABASE_URL=address) as demo:
        assert len(demo.people) == len(players())
        code = demo.flask("demo", "code", "police.qin", DATABASE_URL=address)
        assert code.stdout.strip().isdigit()
        visitor = requests.Session()
        assert _submit(visitor, f"{demo.address}/sign-in", demo.people["孔磊雨"]).url == f"{demo.address}/"
        assert "已发送" in _press(visitor, f"{demo.address}/demo").text
        assert _appears(address, 30)


def _submit(visitor, page: str, person) -> requests.Response:
    form = _form_on(visitor.get(page).text, "")
    said = form.values | {"name": person.signs_in_as, "password": person.password}
    return visitor.post(page, said, timeout=20)


def _press(visitor, page: str) -> requests.Response:
    form = _form_on(visitor.get(page).text, "door-events")
    return visitor.post(page.removesuffix("/demo") + form.action, form.values, timeout=20)


def _form_on(html: str, action: str):
    posting = [form for form in forms_on(html) if form.method == "post"]
    return next(form for form in posting if (action in form.action if action else form.action == ""))


def _appears(address: str, seconds: int) -> bool:
    """Is there a second A01 alert, beside the one that stood from the beginning?"""
    engine = create_engine(address.replace("postgresql://", "postgresql+psycopg://"))
    try:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with engine.connect() as connection:
                live = select(func.count()).where(Alert.rule == "A01", Alert.live_key.is_not(None))
                if connection.scalar(live) > 1:
                    return True
            time.sleep(0.5)
        return False
    finally:
        engine.dispose()
