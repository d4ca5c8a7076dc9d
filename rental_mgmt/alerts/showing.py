"""An alert in words: what pages and programs show of it, in the reader's language, without anybody's name."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from ..core.access import POLICE_ROLES, Actor, Role
from ..core.i18n import locale
from ..places.law import sentence
from .facts import RULE_BOOK, RuleFacts
from .history import note_of
from .models import Alert, AlertHistory, AlertStatus, AnswerKind
from .service import HANDLERS, may_handle, minutes_of_landlord
from .spots import spot_of
from .turns import came, roles_of

LANDLORD_ROLES = (Role.LANDLORD, Role.HELPER)


def in_words(alert: Alert | Row, what: str) -> str:
    """Title, text or advice as said at the time, in the reader's language."""
    own = getattr(alert, f"{what}_en") if locale() == "en" else None
    return own or getattr(alert, what)


def words_in(said: Any) -> str:
    """Words of the evidence: a text, or {"words": …, "words_en": …}."""
    if isinstance(said, dict):
        return (said.get("words_en") if locale() == "en" else None) or said.get("words", "")
    return str(said)


def numbers_of(alert: Alert) -> list[tuple[str, Any]]:
    """The numbers compared, each with what it is called."""
    labels = RULE_BOOK[alert.rule].labels if alert.rule in RULE_BOOK else {}
    return [(str(labels.get(key, key)), value) for key, value in alert.evidence.get("numbers", {}).items()]


def timeline_of(alert: Alert) -> list[dict]:
    """What led to the alert: moments with words."""
    return [
        {"at": datetime.fromisoformat(line["at"]), "text": words_in(line), "kind": line.get("kind", "")}
        for line in alert.evidence.get("timeline", [])
    ]


def why_of(alert: Alert) -> str:
    return str(RULE_BOOK[alert.rule].why) if alert.rule in RULE_BOOK else ""


def false_alarms_of(alert: Alert) -> list[str]:
    return [str(words) for words in RULE_BOOK[alert.rule].false_alarms] if alert.rule in RULE_BOOK else []


def rules_read_by(role: Role) -> list[RuleFacts]:
    """The rules whose alerts a role may come to read, in order of their codes."""
    rules = [RULE_BOOK[code] for code in sorted(RULE_BOOK)]
    if role in POLICE_ROLES:
        return rules
    return [rule for rule in rules if not rule.is_identity or any(role in turn.roles for turn in rule.turns)]


def asks_to_register(alert: Alert) -> bool:
    """Is it about somebody whom nobody registered, rather than about those who are?"""
    return alert.rule in RULE_BOOK and RULE_BOOK[alert.rule].asks_to_register


def version_of(alert: Alert) -> str:
    """The rule's version as people say it: 1, or 1.2 where its settings were tuned twice."""
    own, tuned = divmod(alert.rule_version, 1000)
    return f"{own}.{tuned}" if tuned else str(own or alert.rule_version)


def laws_of(alert: Alert) -> list[tuple[str, str]]:
    """The legal basis that stood on the alert when it opened: (id, sentence)."""
    return [(law, sentence(law)) for law in alert.basis]


def whose_turn(alert: Alert | Row) -> list[Role]:
    return sorted(roles_of(alert.turns[alert.step])) if alert.turns else []


def may_answer(alert: Alert, actor: Actor) -> bool:
    """Is this somebody who may answer for the landlord, and may the alert still be answered?"""
    asked = Role.LANDLORD in came(alert.turns, alert.step) and alert.status is not AlertStatus.CLOSED
    return asked and actor.role in LANDLORD_ROLES and not (actor.role is Role.HELPER and alert.is_identity)


def may_claim(alert: Alert, actor: Actor) -> bool:
    return alert.status is AlertStatus.OPEN and may_handle(alert, actor)


def until(alert: Alert | Row, actor: Actor) -> datetime | None:
    """When the reader's time is over: a landlord's own turn, else the time to resolve it; None once closed."""
    if alert.status is AlertStatus.CLOSED:
        return None
    own_turn = actor.role in LANDLORD_ROLES and minutes_of_landlord(alert) is not None
    return alert.next_turn_at if own_turn else alert.resolve_by


def choices_of(alert: Alert) -> list[AnswerKind]:
    """The one-tap answers that fit: about somebody's identity nothing is said of vacancy or cleaning."""
    if alert.is_identity:
        return [AnswerKind.REGISTERING_NOW, AnswerKind.DISSUADED, AnswerKind.NOT_SURE]
    return list(AnswerKind)


def lines_in_words(lines: Sequence[AlertHistory], actor: Actor) -> list[dict]:
    """The history for a page; people's own words only for those who handle alerts."""
    return [
        {
            "at": line.at,
            "text": str(line.event.label),
            "who": str(line.role.label),
            "note": note_of(line) if actor.role in HANDLERS else None,
            "details": line.details,
            "kind": "key" if line.details.get("verdict") else "",
        }
        for line in lines
    ]


def row_of(row: Row, actor: Actor) -> dict:
    """One line of the queue, as the API gives it."""
    return {
        "uid": str(row.uid),
        "rule": row.rule,
        "severity": int(row.severity),
        "status": row.status.value,
        "title": in_words(row, "title"),
        "text": in_words(row, "text"),
        "where": row.unit_name or row.place_name,
        "unit": row.unit_uid and str(row.unit_uid),
        "turn": sorted(row.turns[row.step]["roles"]) if row.turns else [],
        "landlord_minutes": minutes_of_landlord(row),
        "answer": row.answer and row.answer.value,
        "claimed_role": row.claimed_role and row.claimed_role.value,
        "is_mine": row.claimed_by_id is not None and row.claimed_by_id == actor.user_id,
        "first_seen_at": _moment(row.first_seen_at),
        "sign_by": _moment(row.sign_by),
        "resolve_by": _moment(row.resolve_by),
        "waits_until": _moment(row.waits_until),
        "verdict": row.verdict and row.verdict.value,
        "closed_at": _moment(row.closed_at),
    }


def _moment(at: datetime | None) -> str | None:
    return at and at.isoformat(timespec="seconds")


def alert_in_full(alert: Alert, actor: Actor) -> dict:
    """Everything an alert says, as the API gives it."""
    spot = spot_of(alert)
    return {
        "uid": alert.uid,
        "rule": alert.rule,
        "rule_version": alert.rule_version,
        "severity": int(alert.severity),
        "status": alert.status,
        **{what: in_words(alert, what) for what in ("title", "text", "advice")},
        "why": why_of(alert),
        "numbers": [{"label": label, "value": str(value)} for label, value in numbers_of(alert)],
        "timeline": timeline_of(alert),
        "false_alarms": false_alarms_of(alert),
        "basis": [{"id": law, "sentence": words} for law, words in laws_of(alert)],
        "where": spot.name,
        "unit": spot.unit,
        "turn": whose_turn(alert),
        "landlord_minutes": minutes_of_landlord(alert),
        "answer": alert.answer,
        "claimed_role": alert.claimed_role,
        "is_mine": alert.claimed_by_id is not None and alert.claimed_by_id == actor.user_id,
        "may_answer": may_answer(alert, actor),
        "may_claim": may_claim(alert, actor),
        **{
            at: getattr(alert, at)
            for at in ("first_seen_at", "sign_by", "resolve_by", "waits_until", "closed_at")
        },
        "verdict": alert.verdict,
    }
