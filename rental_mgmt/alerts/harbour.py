"""The safe harbour: who has just come hears of mistakes as notes, before they count as alerts.

It lasts as many days as the place's pack says from the day a unit was claimed or registered by its landlord,
and for a compound that has just joined until the day that was set for it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Row

from ..core.clock import local_day
from ..core.settings import get_setting
from ..places.jurisdiction import pack_at
from .models import Severity

SETTING = "safe_harbour"
# No pack shelters anybody for longer.
LONGEST = timedelta(days=366)


class Harbours:
    """The harbours of some units, looked up once for each compound and only where one may hold."""

    def __init__(self, units: Mapping[int, Row]):
        self.units = units
        self._days: dict[int, timedelta] = {}
        self._compounds: dict[int, datetime] | None = None

    def until(self, unit: Row, at: datetime) -> datetime | None:
        """Until when a unit's mistakes are notes; None where nobody declared it and nobody set a day."""
        declared_at = unit.claimed_at or (unit.created_at if unit.import_batch_id is None else None)
        is_new = declared_at is not None and at - declared_at < LONGEST
        ends = [declared_at + self._newcomer(unit, at) if is_new else None, self._set_for(unit.compound_id)]
        return max(filter(None, ends), default=None)

    def _newcomer(self, unit: Row, at: datetime) -> timedelta:
        if unit.compound_id not in self._days:
            pack = pack_at(unit.path, local_day(at))
            self._days[unit.compound_id] = timedelta(days=pack.safe_harbour_days)
        return self._days[unit.compound_id]

    def _set_for(self, compound_id: int) -> datetime | None:
        if self._compounds is None:
            stored = get_setting(SETTING, {})
            self._compounds = {int(key): datetime.fromisoformat(until) for key, until in stored.items()}
        return self._compounds.get(compound_id)


def is_spared(severity: Severity, until: datetime | None, at: datetime) -> bool:
    """Is this a note for the landlord only? What is urgent never is."""
    return severity > Severity.P1 and until is not None and at < until
