"""What holds for a rule where, and its subjects divided by that.

What it ships with, what was tuned for everyone, what the place's pack says, what was tuned for the compound:
each is stronger than the one before.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import select

from ..core import clock
from ..core.db import session
from ..core.portable import among
from ..core.touch import Kind
from ..places.jurisdiction import NATIONAL
from ..places.models import Place, PlaceKind, PlacePack
from ..places.pack import Pack, pack_for
from ..places.tree import ids_of
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
    """What is tuned and where other packs hold, read once a tick."""

    def __init__(self):
        self.everywhere: dict[str, RuleSetting] = {}
        self.compounds: dict[str, dict[int, RuleSetting]] = defaultdict(dict)
        for row in session.scalars(select(RuleSetting)):
            if row.place_id is None:
                self.everywhere[row.rule] = row
            else:
                self.compounds[row.rule][row.place_id] = row
        self.packs = _packs(clock.local_day(clock.now()))

    def plans(self, rule: Rule, ids: Ids) -> list[Plan]:
        """The rule's subjects, divided by the settings that hold for them."""
        general = self._plan(rule, None, ids)
        own = self._own(rule)
        if not own:
            return [general]
        members = defaultdict(list)
        found = select(Unit.id, Unit.compound_id).where(among(Unit.compound_id, own), among(Unit.id, ids))
        for unit_id, compound_id in session.execute(found):
            members[compound_id].append(unit_id)
        special = {unit_id for unit_ids in members.values() for unit_id in unit_ids}
        rest = None if ids is None else [unit_id for unit_id in ids if unit_id not in special]
        plans = [self._plan(rule, compound, unit_ids) for compound, unit_ids in members.items()]
        if rest or rest is None:
            plans.append(Plan(rest, general.settings, general.version, general.is_on, special))
        return plans

    def _own(self, rule: Rule) -> set[int]:
        """The compounds in which this rule does not stand as it does elsewhere."""
        if rule.kind is not Kind.UNIT:
            return set()
        shipped = rule.settings
        by_pack = {place for place, pack in self.packs.items() if said_by(pack, rule).items() - shipped.items()}
        return by_pack | self.compounds.get(rule.code, {}).keys()

    def settings(self, rule: Rule, compound: int | None) -> tuple[dict[str, int], int, bool]:
        """The settings of a rule in a compound (None: elsewhere), how often it was tuned, is it on?"""
        general = self.everywhere.get(rule.code)
        own = self.compounds.get(rule.code, {}).get(compound)
        shipped = rule.settings
        settings = shipped | _known(general, shipped)
        if compound in self.packs:
            settings |= said_by(self.packs[compound], rule)
        settings |= _known(own, shipped)
        rows = [row for row in (general, own) if row]
        return settings, sum(row.version for row in rows), rows[-1].is_on if rows else True

    def _plan(self, rule: Rule, compound: int | None, ids: Ids) -> Plan:
        settings, version, is_on = self.settings(rule, compound)
        return Plan(ids, settings, rule.version * VERSION + version, is_on)


def _known(row: RuleSetting | None, shipped: dict[str, int]) -> dict[str, int]:
    """What was tuned, without what the rule knows no longer."""
    return {name: value for name, value in row.settings.items() if name in shipped} if row else {}


def said_by(pack: Pack, rule: Rule) -> dict[str, int]:
    """The settings of a rule that a pack sets, in the unit that the setting's name ends in."""
    said = {}
    for setting, name in rule.from_pack.items():
        value = getattr(pack.deadlines, name, None) or getattr(pack.ages, name)
        unit = timedelta(hours=1) if setting.endswith("_hours") else timedelta(minutes=1)
        said[setting] = value // unit if isinstance(value, timedelta) else value
    return said


def _packs(on: date) -> dict[int, Pack]:
    """The packs of the compounds in which another one than the national pack holds."""
    query = select(PlacePack.place_id, PlacePack.pack).where(PlacePack.effective_from <= on)
    codes = dict(session.execute(query.order_by(PlacePack.effective_from)).all())
    if set(codes.values()) <= {NATIONAL}:
        return {}
    found = {}
    for compound, path in session.execute(select(Place.id, Place.path).where(Place.kind == PlaceKind.COMPOUND)):
        code = next((codes[place] for place in reversed(ids_of(path)) if place in codes), NATIONAL)
        if code != NATIONAL:
            found[compound] = pack_for(code, on)
    return found
