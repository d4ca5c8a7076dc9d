"""A rule in words for a page or a program."""

from dataclasses import dataclass
from datetime import timedelta

from ..alerts.facts import in_steps
from ..alerts.precision import Precision
from ..core.i18n import _
from ..places.law import sentence
from ..places.pack_parts import LegalRegime
from ..units.models import REGIME_LABELS
from .base import Rule
from .settings import Tuned


@dataclass(frozen=True)
class Shown:
    """What is said of one rule."""

    rule: Rule
    precision: Precision | None
    tuned: Tuned | None = None

    @property
    def share(self) -> float | None:
        return self.precision.share if self.precision else None


def laws_by_regime(rule: Rule) -> dict[LegalRegime, list[str]]:
    """The ids of the laws a rule names, by regime; regimes that name the same stand once."""
    named = {}
    for regime in LegalRegime:
        ids = dict.fromkeys(law for basis in rule.every_basis() for law in basis[regime])
        named[regime] = list(ids)
    return named


def laws_in_words(rule: Rule) -> list[tuple[str, list[tuple[str, str]]]]:
    """(“all”, or the regime's name; its laws as (id, sentence)): first what binds everyone."""
    named = laws_by_regime(rule)
    common = [law for law in named[LegalRegime.UNDECIDED] if all(law in laws for laws in named.values())]
    groups = [(_("不论何种经营类别"), common)]
    for regime, laws in named.items():
        groups.append((str(REGIME_LABELS[regime]), [law for law in laws if law not in common]))
    return [(name, [(law, sentence(law)) for law in laws]) for name, laws in groups if laws]


def turns_in_words(rule: Rule) -> list[str]:
    """Who handles it from when on."""
    return [
        _(
            "%(when)s：%(who)s",
            when=_span(turn.after) if turn.after else _("发现时"),
            who=_("、").join(str(role.label) for role in turn.roles),
        )
        for turn in rule.turns
    ]


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes % 60:
        return _("%(n)s 分钟后", n=minutes)
    return _("%(n)s 小时后", n=minutes // 60)


def advice_of(rule: Rule) -> list[str]:
    return in_steps(str(rule.advice)).splitlines()


def resolve_in_words(rule: Rule) -> str:
    return _("%(n)s 小时内办结", n=int(rule.resolve_within.total_seconds() // 3600))


def as_row(shown: Shown) -> dict:
    rule = shown.rule
    return {
        "code": rule.code,
        "title": str(rule.title),
        "severity": int(rule.severity),
        "is_identity": rule.is_identity,
        "precision": shown.share,
    }


def in_full(shown: Shown) -> dict:
    rule = shown.rule
    return as_row(shown) | {
        "why": str(rule.why),
        "advice": str(rule.advice),
        "false_alarms": [str(words) for words in rule.false_alarms],
        "basis": {
            regime.value: [{"id": law, "sentence": sentence(law)} for law in laws]
            for regime, laws in laws_by_regime(rule).items()
        },
        "turns": [
            {
                "after_minutes": int(turn.after.total_seconds() // 60),
                "roles": [role.value for role in turn.roles],
            }
            for turn in rule.turns
        ],
        "tuned": vars(shown.tuned),
    }
