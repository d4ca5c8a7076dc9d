"""What happened to an alert, line by line: counts and words of ours in the clear, people's words sealed."""

from collections.abc import Sequence

from sqlalchemy import select

from ..core import clock
from ..core.access import SYSTEM, Actor
from ..core.db import new_uid, session
from ..core.seal import Retention, Where, seal, unseal_or_none
from .models import Alert, AlertEvent, AlertHistory


def note_down(
    alert: Alert, event: AlertEvent, actor: Actor = SYSTEM, note: str | None = None, **details
) -> None:
    """Add a line to the history of a stored alert; `note` is sealed, `details` hold no names."""
    uid = new_uid()
    line = AlertHistory(
        uid=uid,
        alert_id=alert.id,
        event=event,
        at=clock.now(),
        user_id=actor.user_id,
        role=actor.role,
        details=details,
        note_sealed=seal(note, _where(uid), Retention.CASE) if note else None,
    )
    session.add(line)


def lines_of(alert: Alert) -> Sequence[AlertHistory]:
    """Everything that happened to an alert, oldest first."""
    return session.scalars(
        select(AlertHistory).where(AlertHistory.alert_id == alert.id).order_by(AlertHistory.id)
    ).all()


def note_of(line: AlertHistory) -> str | None:
    """The note in clear; None where nothing was written or its key was destroyed."""
    return unseal_or_none(line.note_sealed, _where(line.uid))


def _where(uid) -> Where:
    return Where("alert_history", "note_sealed", uid)
