"""Alerts whose cause is gone: after two clean evaluations an unclaimed one closes, if its rule says so."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Row, insert, update

from ..audit.service import record
from ..core.access import SYSTEM
from ..core.db import new_uid, session
from ..core.portable import among
from .facts import RuleFacts, Taken
from .models import Alert, AlertEvent, AlertHistory, AlertStatus, Verdict


def let_go(source: RuleFacts, gone: Iterable[Row], at: datetime, taken: Taken) -> None:
    """Count a clean evaluation of these live alerts; the second one closes."""
    clean = [row for row in gone if not _has_faded(row, at)]
    first = [row for row in clean if row.clean_evaluations == 0]
    second = [row for row in clean if row.clean_evaluations > 0 and _closes(source, row)]
    if first:
        # The count is part of the condition, so that two engines at once count one evaluation.
        counted = update(Alert).where(among(Alert.id, [row.id for row in first]), Alert.clean_evaluations == 0)
        session.execute(counted.values(clean_evaluations=1).execution_options(synchronize_session=False))
    taken.cleaned += [row.subject_key for row in first if _closes(source, row)]
    close_as_gone([row.id for row in second], at)
    taken.closed += [row.subject_key for row in second]


def _has_faded(row: Row, at: datetime) -> bool:
    """Is it not found any more only because time has passed? A note may end so, an alert may not."""
    fades_at = row.evidence.get("fades_at")
    return bool(fades_at) and not row.evidence.get("note") and datetime.fromisoformat(fades_at) <= at


def _closes(source: RuleFacts, row: Row) -> bool:
    return row.status is AlertStatus.OPEN and (source.closes_when_gone or bool(row.evidence.get("note")))


def close_as_gone(alert_ids: Sequence[int], at: datetime) -> None:
    """Close alerts that nobody has claimed: what they said is so no longer."""
    if not alert_ids:
        return
    closed = (
        update(Alert)
        .where(among(Alert.id, alert_ids), Alert.status == AlertStatus.OPEN)
        .values(
            status=AlertStatus.CLOSED,
            live_key=None,
            verdict=Verdict.CAUSE_GONE,
            closed_at=at,
            version=Alert.version + 1,
        )
        .returning(Alert.id, Alert.uid, Alert.community_id)
    )
    rows = session.execute(closed.execution_options(synchronize_session=False)).all()
    if rows:
        session.execute(insert(AlertHistory), [_line(row.id, at) for row in rows])
    for row in rows:
        record(
            SYSTEM, "alert.close", f"alert:{row.uid}", f"place:{row.community_id}", verdict=Verdict.CAUSE_GONE
        )


def _line(alert_id: int, at: datetime) -> dict:
    details = {"verdict": Verdict.CAUSE_GONE.value}
    return {
        "uid": new_uid(),
        "alert_id": alert_id,
        "event": AlertEvent.CLOSED,
        "at": at,
        "role": SYSTEM.role,
        "details": details,
    }
