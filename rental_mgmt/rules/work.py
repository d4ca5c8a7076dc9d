"""What a tick has to look at: touches and dues, expanded to the kind of subject each rule speaks about."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import or_, select

from ..alerts.facts import rule_number
from ..alerts.models import Alert, AlertUnit
from ..core.db import session
from ..core.portable import among
from ..core.touch import Due, Kind, Touch
from ..stays.models import Guest, Stay
from ..units.models import Unit
from .base import Ids, Rule
from .lodging import is_judged

# So many touches at once; what is left waits for the next tick, which comes at once.
MOST = 20_000


@dataclass
class Work:
    """What was read for one tick."""

    touches: list[int] = field(default_factory=list)
    dues: int = 0
    # Subjects by kind that were touched, and by rule whose time has come.
    touched: dict[Kind, set[int]] = field(default_factory=lambda: defaultdict(set))
    due: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    # Rules that look at everything: tuned, or with findings held back.
    whole: set[str] = field(default_factory=set)

    def subjects(self, rule: Rule) -> Ids:
        """The ids this rule looks at; None means all there are."""
        return None if rule.code in self.whole else self.touched[rule.kind] | self.due[rule.code]


def read_work(at: datetime, rules: Iterable[Rule]) -> Work:
    """Read what was touched and what is due by a moment."""
    work = Work()
    by_number = {rule_number(rule.code): rule for rule in rules}
    for touch in session.execute(select(Touch.id, Touch.kind, Touch.key).order_by(Touch.id).limit(MOST)):
        work.touches.append(touch.id)
        if touch.kind is not Kind.RULE:
            work.touched[touch.kind].add(touch.key)
        elif touch.key in by_number:
            work.whole.add(by_number[touch.key].code)
    for due in session.execute(select(Due.rule, Due.kind, Due.key).where(Due.at <= at).limit(MOST)):
        work.dues += 1
        work.whole.add(due.rule) if due.kind is Kind.RULE else work.due[due.rule].add(due.key)
    _expand(work, at)
    return work


def _expand(work: Work, at: datetime) -> None:
    """Buildings and parties to their units, units to the persons who lodge there."""
    touched = work.touched
    if touched[Kind.BUILDING] or touched[Kind.PARTY]:
        of = or_(among(Unit.building_id, touched[Kind.BUILDING]), among(Unit.party_id, touched[Kind.PARTY]))
        touched[Kind.UNIT] |= set(session.scalars(select(Unit.id).where(of)))
    units = touched[Kind.UNIT]
    if units:
        touched[Kind.PERSON] |= set(session.scalars(_persons_of(units, at)))
        touched[Kind.PERSON] |= set(session.scalars(_persons_with_alerts(units)))


def _persons_of(units: set[int], at: datetime):
    return (
        select(Guest.person_id)
        .join(Stay, Stay.id == Guest.stay_id)
        .where(is_judged(at, units), Guest.voided_at.is_(None), Guest.person_id.is_not(None))
    )


def _persons_with_alerts(units: set[int]):
    """Persons about whom something is said that names these units, though they may be there no longer."""
    return (
        select(Alert.subject_key)
        .join(AlertUnit, AlertUnit.alert_id == Alert.id)
        .where(among(AlertUnit.unit_id, units), Alert.live_key.is_not(None), Alert.subject_kind == Kind.PERSON)
    )
