"""From the rows a rule selects to findings: numbers, and the sentence in both languages. Counts, no names."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache

from ..alerts.facts import Finding
from ..core.clock import LOCAL
from ..core.db import run
from ..core.i18n import Lazy, _, use_locale
from ..core.prepared import prepare
from .base import Ids, Rule


def find(rule: Rule, at: datetime, ids: Ids, settings: Mapping[str, int] | None = None) -> list[Finding]:
    """What a rule finds at a moment among these subjects (None: among all); one query."""
    settings = rule.settings | (settings or {})
    name = ("find", rule.find, tuple(settings.items()))
    rows = run(*prepare(name, lambda at, ids: rule.find(at, ids, **settings), at, ids)).mappings()
    grouped: dict[tuple[int, str], list] = {}
    for row in rows:
        key = row["key"] if "key" in row else row["unit_id"]
        grouped.setdefault((key, str(row.get("part", ""))), []).append(row)
    return [_finding(rule, subject, found, settings, at) for subject, found in grouped.items()]


def _finding(rule: Rule, subject: tuple[int, str], rows: list, settings: Mapping, at: datetime) -> Finding:
    row = {name: _plain(value) for name, value in rows[0].items()}
    units = tuple(dict.fromkeys(row["unit_id"] for row in rows))
    facts = rule.refine(settings | row | {"places": len(units)}, at)
    fades_at = rule.fades_at(facts, settings)
    zh, en = _said(rule, facts)
    return Finding(
        rule=rule.code,
        subject_kind=rule.kind,
        subject_key=subject[0],
        part=subject[1],
        unit_ids=units,
        severity=rule.grade(facts, at),
        text=zh,
        text_en=en,
        evidence=_evidence(rule, facts, fades_at),
        is_note=rule.is_note(facts),
        topic=rule.topic(facts),
        newest_at=facts.get("newest_at"),
        fades_at=fades_at,
    )


def _plain(value):
    """PostgreSQL counts sums and seconds in decimals."""
    return (int(value) if value == int(value) else float(value)) if isinstance(value, Decimal) else value


def _said(rule: Rule, facts: Mapping) -> Iterable[str]:
    shown = {name: _shown(value) for name, value in facts.items()}
    for code in ("zh", "en"):
        with use_locale(code):
            yield _(rule.sentence(facts).message, **shown)


def _shown(value):
    return value.astimezone(LOCAL).strftime("%m-%d %H:%M") if isinstance(value, datetime) else value


def _evidence(rule: Rule, facts: Mapping, fades_at: datetime | None) -> dict:
    """What the alert keeps: the numbers compared, the moments that led to it, what to look at on site."""
    named = {name: facts[name] for name in rule.labels if facts.get(name) is not None}
    moments = {name: value for name, value in named.items() if isinstance(value, datetime)}
    evidence = {
        "numbers": {name: value for name, value in named.items() if name not in moments},
        "timeline": [
            {"at": at.isoformat(), **_in_both(rule.labels[name])}
            for name, at in sorted(moments.items(), key=lambda moment: moment[1])
        ],
        "checklist": [
            {"item": item.key, "photo": item.needs_photo, **_in_both(item.words)} for item in rule.checklist
        ],
    }
    return evidence | ({"fades_at": fades_at.isoformat()} if fades_at else {})


@cache
def _in_both(words: Lazy) -> dict[str, str]:
    """The same words in both languages; said once a process."""
    said = {}
    for code, name in (("zh", "words"), ("en", "words_en")):
        with use_locale(code):
            said[name] = str(words)
    return said
