"""Live alerts found again: seen once more, said anew while nobody has taken them, risen when it got worse."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, bindparam, select, update

from ..audit.service import record
from ..core.access import SYSTEM
from ..core.db import session
from ..core.portable import among
from .facts import Finding
from .history import note_down
from .models import Alert, AlertEvent, AlertStatus
from .passing import Course, tell_whose_turn
from .turns import sign_by

Pair = tuple[Row, Finding]
SAID = ("text", "text_en", "evidence")


def see_again(pairs: Sequence[Pair], at: datetime) -> None:
    """Note that these alerts are still so; what an unclaimed one says is brought up to date."""
    if not pairs:
        return
    seen = update(Alert).where(among(Alert.id, [row.id for row, _finding in pairs]))
    seen = seen.values(last_seen_at=at, clean_evaluations=0)
    session.execute(seen.execution_options(synchronize_session=False))
    # What somebody has taken in hand stays as it was said to them.
    changed = [
        {"alert": row.id} | {f"new_{name}": getattr(found, name) for name in SAID}
        for row, found in pairs
        if row.status is AlertStatus.OPEN and any(getattr(row, n) != getattr(found, n) for n in SAID)
    ]
    if changed:
        table = Alert.__table__
        said = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in SAID}
        session.execute(update(table).where(table.c.id == bindparam("alert")).values(said), changed)


def rise_all(pairs: Sequence[Pair], at: datetime) -> list[int]:
    """Take over a more urgent severity and what is said with it; the subjects whose alerts rose.

    Basis: an alert only rises (decisions.md 6.2); each rise is a line of its history.
    """
    found = {row.id: finding for row, finding in pairs}
    if not found:
        return []
    query = select(Alert).where(among(Alert.id, found), Alert.live_key.is_not(None)).with_for_update()
    rows = session.scalars(query.execution_options(populate_existing=True))
    alerts = [alert for alert in rows if found[alert.id].severity < alert.severity]
    course = Course(alerts)
    for alert in alerts:
        _rise(alert, found[alert.id], course, at)
    tell_whose_turn(alerts, course)
    return [alert.subject_key for alert in alerts]


def _rise(alert: Alert, finding: Finding, course: Course, at: datetime) -> None:
    before, alert.severity = int(alert.severity), finding.severity
    urgent = sign_by(alert.severity, alert.turns, alert.step, course.duty(alert))
    alert.sign_by = min(alert.sign_by, max(urgent, at))
    alert.text, alert.text_en, alert.evidence = finding.text, finding.text_en, finding.evidence
    alert.last_seen_at, alert.clean_evaluations = at, 0
    note_down(alert, AlertEvent.RISEN, before=before, after=int(alert.severity))
    record(SYSTEM, "alert.rise", alert, alert.chain, before=before, after=int(alert.severity))
