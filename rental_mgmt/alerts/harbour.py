"""The safe harbour: who has just come hears of mistakes as notes, before they count as alerts.

It lasts as many days as the pack says (30) from the day a unit was claimed or registered by its landlord, and
for a compound that has just joined until the day that was set for it.
"""

from datetime import datetime, timedelta

from ..core.settings import get_setting
from .models import Severity

SETTING = "safe_harbour"
NEWCOMER = timedelta(days=30)


def compound_harbours() -> dict[int, datetime]:
    """Until when each compound that joined lately is in the safe harbour."""
    return {int(key): datetime.fromisoformat(until) for key, until in get_setting(SETTING, {}).items()}


def harbour_until(unit, compounds: dict[int, datetime]) -> datetime | None:
    """Until when a unit's mistakes are notes; None for a unit that nobody declared."""
    declared_at = unit.claimed_at or (unit.created_at if unit.import_batch_id is None else None)
    ends = [declared_at and declared_at + NEWCOMER, compounds.get(unit.compound_id)]
    return max(filter(None, ends), default=None)


def is_spared(severity: Severity, until: datetime | None, at: datetime) -> bool:
    """Is this a note for the landlord only? What is urgent never is."""
    return severity > Severity.P1 and until is not None and at < until
