"""What alerts know of a rule and of what it found: the words handed down by the rules, a floor above."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..core.i18n import Lazy
from ..core.touch import Kind
from ..places.pack_parts import LegalRegime
from .models import Severity
from .turns import Turn

# Between "…；" or "…; " and the "2. " of the next step.
_STEP = re.compile(r"(?<=[；;])\s*(?=[0-9]\. )")
# Law ids by regime; some rules choose by a topic too (from where an overseas guest comes).
Basis = Callable[[LegalRegime, str], tuple[str, ...]]


@dataclass(frozen=True)
class Item:
    """One thing to look at on site for this rule; `needs_photo` where only a picture proves it."""

    key: str
    words: Lazy
    needs_photo: bool = False


@dataclass(frozen=True)
class RuleFacts:
    """A rule as alerts and work orders need it.

    `asks_to_register`: somebody is there whom nobody registered; else those who are registered are looked at.
    `harbour`: during the safe harbour its findings are notes (P0 and P1 never are). `rests_for`: so long after
    a person's verdict the same subject opens no new alert. `flood_limit`: so many new findings in one community
    at once open one summary alert.
    """

    code: str
    version: int
    title: Lazy
    advice: Lazy
    turns: tuple[Turn, ...]
    basis_for: Basis
    resolve_within: timedelta
    is_identity: bool = False
    closes_when_gone: bool = True
    harbour: bool = False
    asks_to_register: bool = False
    rests_for: timedelta = timedelta(0)
    flood_limit: int = 100
    why: Lazy | str = ""
    false_alarms: tuple[Lazy, ...] = ()
    checklist: tuple[Item, ...] = ()
    # What the numbers in the evidence are called.
    labels: dict[str, Lazy] = field(default_factory=dict)

    @property
    def number(self) -> int:
        return rule_number(self.code)


def in_steps(advice: str) -> str:
    """Advice with each numbered step on a line of its own."""
    return _STEP.sub("\n", advice)


# Filled by the rules when they are loaded, so that rooms below need not look upstairs.
RULE_BOOK: dict[str, RuleFacts] = {}


def rule_number(code: str) -> int:
    """A rule as the key of a touch: A01 is 6501."""
    return ord(code[0]) * 100 + int(code[1:])


@dataclass(frozen=True)
class Finding:
    """What a rule selected once, in words, before it is an alert.

    `part` tells several findings about one subject apart; `unit_ids` has the unit it is about first.
    `newest_at` is the moment of its newest fact: after a person's verdict only something newer opens it again.
    After `fades_at` it is found no longer by the passing of time alone, which is no reason to close it.
    """

    rule: str
    subject_kind: Kind
    subject_key: int
    part: str
    unit_ids: tuple[int, ...]
    severity: Severity
    text: str
    text_en: str
    evidence: dict
    is_note: bool = False
    topic: str = ""
    newest_at: datetime | None = None
    fades_at: datetime | None = None
    # The rule's version as tuned where it was found.
    version: int | None = None

    @property
    def live_key(self) -> str:
        return f"{self.rule}/{self.subject_kind}/{self.subject_key}/{self.part}"


@dataclass
class Taken:
    """What became of some findings: keys of subjects, by what happened to their alerts."""

    opened: list[int] = field(default_factory=list)
    refreshed: list[int] = field(default_factory=list)
    risen: list[int] = field(default_factory=list)
    cleaned: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    # Found, but not opened singly: a summary alert stands for them.
    held: int = 0
    # Subjects to look at again at a moment: a rest or a safe harbour ends.
    again: list[tuple[int, datetime]] = field(default_factory=list)
