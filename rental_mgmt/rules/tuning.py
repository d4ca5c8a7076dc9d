"""What of a rule was tuned, for everyone or for one compound, and how its subjects are divided by that."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import select

from ..core.db import session
from ..core.portable import among
from ..core.touch import Kind
from ..units.models import Unit
from .base import VERSION, Ids, Rule
from .models import RuleSetting


@dataclass(frozen=True)
class Plan:
    """Subjects that are judged by the same settings; `besides` are left out where `ids` is None (all)."""

    ids: Ids
    settings: dict[str, int]
    version: int
    is_on: bool = True
    besides: Collection[int] = field(default=())


class Tuning:
    """What is tuned, read once a tick."""

    def __init__(self):
        self.everywhere: dict[str, RuleSetting] = {}
        self.compounds: dict[str, dict[int, RuleSetting]] = defaultdict(dict)
        for row in session.scalars(select(RuleSetting)):
            if row.place_id is None:
                self.everywhere[row.rule] = row
            else:
                self.compounds[row.rule][row.place_id] = row

    def plans(self, rule: Rule, ids: Ids) -> list[Plan]:
        """The rule's subjects, divided by the settings that hold for them."""
        general = self._plan(rule, None, ids)
        own = self.compounds.get(rule.code) if rule.kind is Kind.UNIT else None
        if not own:
            return [general]
        members = defaultdict(list)
        found = select(Unit.id, Unit.compound_id).where(Unit.compound_id.in_(own), among(Unit.id, ids))
        for unit_id, compound_id in session.execute(found):
            members[compound_id].append(unit_id)
        special = {unit_id for unit_ids in members.values() for unit_id in unit_ids}
        rest = None if ids is None else [unit_id for unit_id in ids if unit_id not in special]
        plans = [self._plan(rule, own[compound], unit_ids) for compound, unit_ids in members.items()]
        if rest or rest is None:
            plans.append(Plan(rest, general.settings, general.version, general.is_on, special))
        return plans

    def _plan(self, rule: Rule, own: RuleSetting | None, ids: Ids) -> Plan:
        general = self.everywhere.get(rule.code)
        settings, version, is_on = rule.settings, 0, True
        for row in filter(None, (general, own)):
            # A setting that the rule knows no longer is left aside.
            settings |= {name: value for name, value in row.settings.items() if name in rule.settings}
            version, is_on = version + row.version, row.is_on
        return Plan(ids, settings, rule.version * VERSION + version, is_on)
