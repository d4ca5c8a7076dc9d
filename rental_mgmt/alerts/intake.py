"""What a rule found becomes alerts: opened, refreshed, risen, or let go when its cause is gone.

Set-based: a few statements for a thousand findings. Two engines at once are kept apart by the unique live_key:
the later one fails, and begins again with what the earlier one has opened.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Row, Select, func, insert, select

from ..core.access import Role
from ..core.clock import local_day
from ..core.db import run, session
from ..core.i18n import use_locale
from ..core.portable import among
from ..core.prepared import prepare
from ..core.touch import Kind
from ..places.law import in_force
from ..units.models import Unit
from . import flood
from .facts import RULE_BOOK, Finding, Item, RuleFacts, Taken, in_steps, rule_number
from .harbour import Harbours, is_spared
from .letting_go import close_as_gone, let_go
from .models import Alert, AlertUnit, Severity, Verdict
from .passing import open_alerts
from .rising import Pair, rise_all, see_again
from .turns import Turn, bits

__all__ = ["RULE_BOOK", "Finding", "Item", "RuleFacts", "Taken", "rule_number", "take_findings"]

# A note is the landlord's alone and passes on to nobody; what is about nobody's identity a helper reads too.
NOTE_TURNS = (Turn(timedelta(0), (Role.LANDLORD,)),)
BY_PEOPLE = (Verdict.TRUE, Verdict.FALSE, Verdict.DUPLICATE)
HELD_AGAIN_AFTER = timedelta(hours=1)
JUST_AFTER = timedelta(seconds=1)


def take_findings(
    source: RuleFacts, findings: Iterable[Finding], looked_at: Collection[int] | None, at: datetime
) -> Taken:
    """Bring a rule's alerts in line with what it found among the subjects `looked_at` (None: among all)."""
    taken = Taken()
    live = {row.live_key: row for row in _live(source, looked_at, at)}
    found = {finding.live_key: finding for finding in findings}
    units = {row.id: row for row in _units(found.values(), at)}
    harbours = Harbours(units)
    found = {key: one for key, each in found.items() if (one := _spared(source, each, harbours, at, taken))}
    known = [(live[key], finding) for key, finding in found.items() if key in live]
    new = [finding for key, finding in found.items() if key not in live]
    new = _unless_judged(source, new, at, taken) + _take_known(known, at, taken)
    to_open, held, over = flood.hold_back(source, new, units, live, looked_at is None)
    _open(source, to_open, units, at)
    flood.summarise(source, held, units, live, at)
    flood.end(over, at)
    taken.opened += [finding.subject_key for finding in to_open]
    taken.held = sum(map(len, held.values()))
    let_go(source, [row for key, row in live.items() if _is_gone(row, key, found)], at, taken)
    return taken


def _live(source: RuleFacts, looked_at: Collection[int] | None, at: datetime) -> Sequence[Row]:
    """The rule's live alerts about these subjects, and its summary alerts."""
    keys = None if looked_at is None else [*looked_at, source.number]
    rows = run(*prepare(("live alerts", source.code), lambda _at, ids: _live_ones(source, ids), at, keys)).all()
    return [
        row for row in rows if keys is None or row.subject_kind is Kind.RULE or row.subject_key in looked_at
    ]


def _live_ones(source: RuleFacts, keys: Collection[int] | None) -> Select:
    return select(
        Alert.id,
        Alert.live_key,
        Alert.subject_kind,
        Alert.subject_key,
        Alert.community_id,
        Alert.severity,
        Alert.status,
        Alert.text,
        Alert.text_en,
        Alert.evidence,
        Alert.clean_evaluations,
    ).where(Alert.rule == source.code, Alert.live_key.is_not(None), among(Alert.subject_key, keys))


def _units(findings: Iterable[Finding], at: datetime) -> Sequence[Row]:
    ids = {unit for finding in findings for unit in finding.unit_ids}
    return run(*prepare("units of findings", lambda _at, ids: _units_among(ids), at, ids)).all() if ids else []


def _units_among(ids: Collection[int]) -> Select:
    columns = ("id", "door_id", "compound_id", "community_id", "path", "grid_id", "station_id", "party_id")
    facts = ("legal_regime", "claimed_at", "created_at", "import_batch_id")
    return select(*(getattr(Unit, name) for name in columns + facts)).where(among(Unit.id, ids))


def _is_gone(row: Row, key: str, found: Mapping[str, Finding]) -> bool:
    return key not in found and row.subject_kind is not Kind.RULE


# --- what is not an alert -----------------------------------------------------------------------------------


def _spared(
    source: RuleFacts, finding: Finding, harbours: Harbours, at: datetime, taken: Taken
) -> Finding | None:
    """The finding, as a note where the safe harbour holds; None for a note that has nobody to read it."""
    unit = harbours.units[finding.unit_ids[0]]
    until = harbours.until(unit, at) if source.harbour else None
    if not finding.is_note and is_spared(finding.severity, until, at):
        taken.again.append((finding.subject_key, until))
        finding = replace(finding, is_note=True)
    if not finding.is_note:
        return finding
    if not unit.party_id:
        return None
    if finding.fades_at:
        # An alert that fades stays until somebody closes it; a note goes, so somebody has to look.
        taken.again.append((finding.subject_key, _last_seen(finding.fades_at, at)))
    return replace(finding, severity=Severity.P4, evidence=finding.evidence | {"note": True})


def _last_seen(fades_at: datetime, at: datetime) -> datetime:
    """The next moment at which a note may be found no longer: some windows hold their last instant."""
    return fades_at if fades_at > at else max(fades_at, at) + JUST_AFTER


def _unless_judged(source: RuleFacts, new: list[Finding], at: datetime, taken: Taken) -> list[Finding]:
    """Leave out what a person has judged already, unless there are newer facts and the rest is over."""
    judged = _judged(source, new) if new else {}
    to_open = []
    for finding in new:
        closed_at = judged.get((finding.subject_key, finding.part))
        if closed_at is None:
            to_open.append(finding)
        elif finding.newest_at and finding.newest_at > closed_at:
            rested_at = closed_at + source.rests_for
            if rested_at <= at:
                to_open.append(finding)
            else:
                taken.again.append((finding.subject_key, rested_at))
    return to_open


def _judged(source: RuleFacts, findings: Iterable[Finding]) -> dict[tuple[int, str], datetime]:
    query = (
        select(Alert.subject_key, Alert.subject_part, func.max(Alert.closed_at).label("closed_at"))
        .where(
            Alert.rule == source.code,
            among(Alert.subject_key, {finding.subject_key for finding in findings}),
            Alert.subject_kind != Kind.RULE,
            Alert.verdict.in_(BY_PEOPLE),
        )
        .group_by(Alert.subject_key, Alert.subject_part)
    )
    return {(row.subject_key, row.subject_part): row.closed_at for row in session.execute(query)}


# --- what is known ------------------------------------------------------------------------------------------


def _take_known(pairs: Sequence[Pair], at: datetime, taken: Taken) -> list[Finding]:
    """See live alerts again; returns the findings of notes that have become alerts, to be opened as such."""
    earnest, risen, same = [], [], []
    for row, finding in pairs:
        was_note = bool(row.evidence.get("note"))
        if was_note and not finding.is_note:
            earnest.append((row, finding))
        elif not was_note and finding.severity < row.severity:
            risen.append((row, finding))
        elif was_note or not finding.is_note:
            same.append((row, finding))
    see_again(same, at)
    taken.refreshed += [row.subject_key for row, _finding in same]
    taken.risen += rise_all(risen, at)
    # The note ends as it was said; the alert has its own turns and clocks from now on.
    close_as_gone([row.id for row, _finding in earnest], at)
    return [finding for _row, finding in earnest]


# --- opening ------------------------------------------------------------------------------------------------


def _open(source: RuleFacts, findings: Sequence[Finding], units: Mapping[int, Row], at: datetime) -> None:
    alerts = [_draft(source, finding, units[finding.unit_ids[0]], at) for finding in findings]
    notes = [alert for alert in alerts if alert.evidence.get("note")]
    if len(notes) < len(alerts):
        open_alerts([a for a in alerts if not a.evidence.get("note")], source.turns, source.resolve_within)
    if notes:
        open_alerts(notes, NOTE_TURNS, source.resolve_within)
        for note in notes:
            note.next_turn_at = None
            note.readers = bits({Role.LANDLORD} if note.is_identity else {Role.LANDLORD, Role.HELPER})
    several = [
        {"alert_id": alert.id, "unit_id": unit}
        for alert, finding in zip(alerts, findings, strict=True)
        if finding.subject_kind is not Kind.UNIT
        for unit in finding.unit_ids
    ]
    if several:
        session.execute(insert(AlertUnit), several)


def _draft(source: RuleFacts, finding: Finding, unit: Row, at: datetime) -> Alert:
    basis = source.basis_for(unit.legal_regime, finding.topic)
    return Alert(
        rule=source.code,
        rule_version=finding.version or source.version,
        severity=finding.severity,
        is_identity=source.is_identity,
        text=finding.text,
        text_en=finding.text_en,
        evidence=finding.evidence,
        basis=[law.id for law in in_force(basis, local_day(at))],
        subject_kind=finding.subject_kind,
        subject_key=finding.subject_key,
        subject_part=finding.part,
        place_id=unit.door_id,
        unit_id=unit.id,
        community_id=unit.community_id,
        path=unit.path,
        grid_id=unit.grid_id,
        station_id=unit.station_id,
        party_id=unit.party_id,
        first_seen_at=at,
        last_seen_at=at,
        clean_evaluations=0,
        **_words(source),
    )


def _words(source: RuleFacts) -> dict[str, str]:
    words = {}
    for code, ending in (("zh", ""), ("en", "_en")):
        with use_locale(code):
            words |= {f"title{ending}": str(source.title), f"advice{ending}": in_steps(str(source.advice))}
    return words
