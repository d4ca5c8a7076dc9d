"""What a rule is: the set it selects, the sentence it says, who handles it and by when, the law behind it.

A rule is one file in catalog/: subclassing Rule is the registration. What an administrator may tune are the
keyword arguments of `find`.
"""

import inspect
import pkgutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module

from sqlalchemy import Select

from ..alerts.facts import RULE_BOOK, Item, RuleFacts
from ..alerts.models import Severity
from ..alerts.turns import Turn
from ..core.access import Role
from ..core.i18n import Lazy
from ..core.touch import Kind
from ..places.law import get_law
from ..places.pack_parts import LegalRegime

__all__ = ["RULES", "Case", "Item", "Rule", "Turn", "fires", "load_rules", "quiet"]

LANDLORD = (Role.LANDLORD,)
FIELD = (Role.PROPERTY_MANAGER, Role.GRID_WORKER)
POLICE = (Role.POLICE_LIAISON,)
AT_ONCE = timedelta(0)
# Stays are judged while somebody is there and for so long after; older ones only feed windows.
JUDGED_FOR = timedelta(days=7)
# A rule's own version times this, plus the version of what was tuned.
VERSION = 1000

Ids = Collection[int] | None
Basis = Mapping[LegalRegime, tuple[str, ...]]

RULES: dict[str, "Rule"] = {}


@dataclass(frozen=True)
class Case:
    """What stands in the field, and the units about which the rule then speaks."""

    name: str
    given: Callable
    finds: tuple[str, ...]
    severity: Severity | None = None
    is_note: bool = False


def fires(
    name: str, given: Callable, finds=("A",), severity: Severity | None = None, is_note: bool = False
) -> Case:
    return Case(name, given, tuple(finds), severity, is_note)


def quiet(name: str, given: Callable) -> Case:
    return Case(name, given, ())


class Rule:
    """One rule. Words are `lazy`; `says` names the columns of `find`."""

    code: str
    version = 1
    kind = Kind.UNIT
    title: Lazy
    severity: Severity
    turns: tuple[Turn, ...]
    resolve_within: timedelta
    basis: Basis
    why: Lazy
    says: Lazy
    advice: Lazy
    false_alarms: tuple[Lazy, ...]
    checklist: tuple[Item, ...]
    # Only the roles in its turns read it: what it says is about who somebody is or was with.
    is_identity = False
    closes_when_gone = True
    # Somebody is there whom nobody registered: a landlord who answers 现在补登 goes straight to the form.
    asks_to_register = False
    # In the safe harbour it is a note.
    harbour = False
    # After a person's verdict nothing new opens for so long.
    rests_for = timedelta(0)
    flood_limit = 100
    # Settings that the jurisdiction pack of a place may set: the setting's name, and where the pack has it.
    from_pack: Mapping[str, str] = {}
    # What its settings and numbers are called.
    labels: Mapping[str, Lazy] = {}
    cases: tuple[Case, ...] = ()

    def __init_subclass__(cls) -> None:
        rule = cls()
        for law in {law for basis in rule.every_basis() for laws in basis.values() for law in laws}:
            get_law(law)
        RULES[rule.code] = rule
        RULE_BOOK[rule.code] = rule.facts()

    # --- what it selects ------------------------------------------------------------------------------------

    def find(self, at: datetime, ids: Ids, **settings: int) -> Select:
        """Select what is wrong at a moment among these subjects (None: among all), one row a finding.

        Columns: `unit_id`; `key`, the subject, where that is not the unit; `part` where a subject may have
        several; `newest_at`, when its newest fact was; `ended_at`, when the stay it is about ended; and the
        numbers that the sentence names. Rows of one subject and part are one finding about several units.
        """
        raise NotImplementedError

    def due(self, ids: Ids, at: datetime, **settings: int) -> Select | None:
        """Select `key` and `at`: the next moments at which time alone can change the answer about a subject."""
        return None

    # --- what it makes of a row -----------------------------------------------------------------------------

    def refine(self, facts: dict, at: datetime) -> dict:
        """Numbers that are easier counted here than in SQL."""
        return facts

    def grade(self, facts: dict, at: datetime) -> Severity:
        return self.severity

    def is_note(self, facts: dict) -> bool:
        """Is this only a word to the landlord?"""
        return False

    def sentence(self, facts: dict) -> Lazy:
        return self.says

    def topic(self, facts: dict) -> str:
        """What the basis depends on besides the regime."""
        return ""

    def fades_at(self, facts: dict, settings: Mapping[str, int]) -> datetime | None:
        """When time alone takes the finding out of the rule's sight."""
        return facts["ended_at"] + JUDGED_FOR if facts.get("ended_at") else None

    # --- what it is -----------------------------------------------------------------------------------------

    def basis_for(self, regime: LegalRegime, topic: str = "") -> tuple[str, ...]:
        return self.basis[regime]

    def every_basis(self) -> tuple[Basis, ...]:
        return (self.basis,)

    @property
    def settings(self) -> dict[str, int]:
        """What may be tuned, with the values it ships with."""
        parameters = list(inspect.signature(self.find).parameters.values())[2:]
        return {p.name: p.default for p in parameters}

    def facts(self, settings_version: int = 0) -> RuleFacts:
        """What alerts know of this rule, as tuned."""
        return RuleFacts(
            code=self.code,
            version=self.version * VERSION + settings_version,
            title=self.title,
            advice=self.advice,
            turns=self.turns,
            basis_for=self.basis_for,
            resolve_within=self.resolve_within,
            is_identity=self.is_identity,
            closes_when_gone=self.closes_when_gone,
            harbour=self.harbour,
            asks_to_register=self.asks_to_register,
            rests_for=self.rests_for,
            flood_limit=self.flood_limit,
            why=self.why,
            false_alarms=self.false_alarms,
            checklist=self.checklist,
            labels=dict(self.labels),
        )


def load_rules() -> dict[str, Rule]:
    """Every rule of the catalogue by its code, in order."""
    from . import catalog

    for module in sorted(pkgutil.iter_modules(catalog.__path__), key=lambda module: module.name):
        import_module(f"{catalog.__name__}.{module.name}")
    return RULES
