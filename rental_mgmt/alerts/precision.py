"""How often each rule was right: counted from the verdicts people gave, in one query."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from ..accounts.scope import within
from ..core.access import Actor, Role, allow
from ..core.db import session
from .models import Alert, Verdict


@dataclass(frozen=True)
class Precision:
    """The verdicts on one rule's alerts."""

    rule: str
    true: int
    false: int
    duplicate: int
    cause_gone: int

    @property
    def share(self) -> float | None:
        """Of the alerts that somebody checked, how many were true; None before the first verdict."""
        checked = self.true + self.false
        return self.true / checked if checked else None


@allow(Role.COMMUNITY_OFFICER, Role.POLICE_LIAISON, Role.STATION_LEAD)
def list_precision(actor: Actor, since: datetime | None = None) -> list[Precision]:
    """Each rule's verdicts within the actor's scope, of alerts closed since a moment, in order of the codes."""
    counted = [func.count().filter(Alert.verdict == verdict).label(verdict.value) for verdict in Verdict]
    query = select(Alert.rule, *counted).where(within(actor, Alert), Alert.verdict.is_not(None))
    if since:
        query = query.where(Alert.closed_at >= since)
    return [
        Precision(**row._mapping) for row in session.execute(query.group_by(Alert.rule).order_by(Alert.rule))
    ]
