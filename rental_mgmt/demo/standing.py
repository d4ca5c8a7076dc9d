"""One alert that its landlord let pass, so that it stands with the grid worker when the demo opens."""

from datetime import timedelta

from sqlalchemy import Row, select

from ..accounts.models import Party
from ..alerts.models import Alert
from ..alerts.passing import pass_turns
from ..core import clock
from ..core.clock import freeze_at
from ..core.db import session, unit_of_work
from ..core.seal import fingerprint
from ..devices.models import Device
from ..rules.base import load_rules
from ..rules.engine import run_rule
from ..rules.tuning import Tuning
from ..stays.models import NightMark, Stay
from ..stays.nights import tonight
from ..units.models import CleaningWindow, Unit
from . import locks
from .cast import ESTABLISHED, phone_of

RULE = "A01"
OPENED_AGO = (timedelta(minutes=96), timedelta(minutes=51))
FOUND_AGO, PASSED_AGO = timedelta(minutes=50), timedelta(minutes=19)


def leave_one_to_the_grid_worker() -> None:
    """Two openings of an unregistered flat, the alert they led to, and half an hour without an answer."""
    now = clock.now()
    with unit_of_work():
        flat = next_flat(of_host=False)
        if flat is None:
            return
        locks.deliver([locks.event(flat.serial, now - ago) for ago in OPENED_AGO])
    with freeze_at(now - FOUND_AGO):
        run_rule(load_rules()[RULE], [flat.unit_id], clock.now(), Tuning())
    with freeze_at(now - PASSED_AGO), unit_of_work():
        pass_turns(clock.now())


def next_flat(of_host: bool) -> Row | None:
    """A flat with a lock, nobody registered or expected and no alert; one of which nothing is known first."""
    now = clock.now()
    host = Party.phone_fp == fingerprint("phone", phone_of(ESTABLISHED))
    stays = Stay.unit_id == Unit.id, Stay.cancelled_at.is_(None), Stay.checks_in_at < now + timedelta(hours=6)
    open_or_late = (Stay.ended_at.is_(None)) | (Stay.ended_at > now - timedelta(hours=30))
    lately = (Alert.live_key.is_not(None)) | (Alert.closed_at > now - timedelta(hours=3))
    alerts = Alert.unit_id == Unit.id, Alert.rule == RULE, lately
    return session.execute(
        select(Unit.id.label("unit_id"), Unit.name, Device.serial)
        .join(Device, Device.unit_id == Unit.id)
        .join(Party, Party.id == Unit.party_id)
        .outerjoin(NightMark, (NightMark.unit_id == Unit.id) & (NightMark.night_on == tonight()))
        .where(
            host if of_host else ~host,
            ~select(Stay.id).where(*stays, open_or_late).exists(),
            ~select(Alert.id).where(*alerts).exists(),
            ~select(CleaningWindow.id).where(CleaningWindow.unit_id == Unit.id).exists(),
        )
        .order_by(NightMark.id.is_not(None), Unit.path.desc())
        .limit(1)
    ).one_or_none()
