"""The flood guard: a wrong threshold opens one summary alert in a community, not ten thousand.

What is urgent (P0, P1) is never held back. While a summary alert lives, findings of its rule in its community
wait behind it; every hour all of them are looked at again, and once they are few they are opened singly.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Row, select

from ..core.access import Role
from ..core.db import session
from ..core.i18n import _, lazy, use_locale
from ..core.touch import Kind
from ..places.models import Place
from .facts import Finding, RuleFacts
from .letting_go import close_as_gone
from .models import Alert, Severity
from .passing import open_alerts
from .rising import see_again
from .turns import Turn

TITLE = lazy("命中过多：%(title)s")
TEXT = lazy("规则 %(rule)s 在本社区一次命中 %(found)s 处，超过 %(limit)s 处，已合并为这一条，未逐一开出。")
ADVICE = lazy(
    "1. 打开规则库核对该规则的设置；2. 设置有误的改正，系统随即重新判断；3. 确属实情的，逐批处理或调整上限。"
)
RESOLVE_WITHIN = timedelta(days=1)


def hold_back(
    source: RuleFacts,
    new: Iterable[Finding],
    units: Mapping[int, Row],
    live: Mapping[str, Row],
    everything: bool,
) -> tuple[list[Finding], dict[int, list[Finding]], list[Row]]:
    """Divide new findings: to open now; held back, by community; and summary alerts that are over.

    `live` holds the rule's live alerts by key; `everything`: the findings are all there are, not a part.
    """
    to_open, by_community = [], defaultdict(list)
    for finding in new:
        if finding.severity <= Severity.P1:
            to_open.append(finding)
        else:
            by_community[units[finding.unit_ids[0]].community_id].append(finding)
    held, over = {}, []
    for community, found in by_community.items():
        summary = live.get(_key(source, community))
        if len(found) > source.flood_limit or (summary and not everything):
            held[community] = found
        else:
            to_open += found
    if everything:
        over = [row for row in live.values() if _is_summary(row) and row.community_id not in held]
    return to_open, held, over


def summarise(
    source: RuleFacts,
    held: Mapping[int, Sequence[Finding]],
    units: Mapping[int, Row],
    live: Mapping[str, Row],
    at: datetime,
) -> None:
    """Open, or bring up to date, the summary alert of each community in which findings are held back."""
    new = []
    paths = dict(session.execute(select(Place.id, Place.path).where(Place.id.in_(held))).all()) if held else {}
    for community, found in held.items():
        said = _said(source, community, len(found))
        summary = live.get(said.live_key)
        if summary is None:
            new.append(_draft(source, said, units[found[0].unit_ids[0]], paths[community], at))
        elif len(found) > source.flood_limit:
            see_again([(summary, said)], at)
    if new:
        turns = (Turn(timedelta(0), (Role.POLICE_LIAISON if source.is_identity else Role.COMMUNITY_OFFICER,)),)
        open_alerts(new, turns, RESOLVE_WITHIN)


def end(summaries: Iterable[Row], at: datetime) -> None:
    """Summary alerts that are needed no longer."""
    close_as_gone([row.id for row in summaries], at)


def _key(source: RuleFacts, community: int) -> str:
    return f"{source.code}/{Kind.RULE}/{source.number}/{community}"


def _is_summary(row: Row) -> bool:
    return row.subject_kind is Kind.RULE


def _said(source: RuleFacts, community: int, found: int) -> Finding:
    numbers = {"rule": source.code, "found": found, "limit": source.flood_limit}
    words = {}
    for code in ("zh", "en"):
        with use_locale(code):
            words[code] = _(TEXT.message, **numbers)
    return Finding(
        rule=source.code,
        subject_kind=Kind.RULE,
        subject_key=source.number,
        part=str(community),
        unit_ids=(),
        severity=Severity.P3,
        text=words["zh"],
        text_en=words["en"],
        evidence={"numbers": numbers},
    )


def _draft(source: RuleFacts, said: Finding, unit: Row, path: str, at: datetime) -> Alert:
    words = {}
    for code, ending in (("zh", ""), ("en", "_en")):
        with use_locale(code):
            words[f"title{ending}"] = _(TITLE.message, title=source.title)
            words[f"advice{ending}"] = str(ADVICE)
    return Alert(
        rule=source.code,
        rule_version=source.version,
        severity=said.severity,
        is_identity=source.is_identity,
        text=said.text,
        text_en=said.text_en,
        evidence=said.evidence,
        basis=[],
        subject_kind=said.subject_kind,
        subject_key=said.subject_key,
        subject_part=said.part,
        place_id=unit.community_id,
        community_id=unit.community_id,
        path=path,
        station_id=unit.station_id,
        first_seen_at=at,
        last_seen_at=at,
        **words,
    )
