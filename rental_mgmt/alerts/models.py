"""Alerts: what a rule found, kept as it was said at the time, and everything that happened to it since."""

from datetime import datetime
from enum import IntEnum, StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, SmallInteger, TypeDecorator, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ..core.access import Role
from ..core.db import LongText, Model, Path, Sealed, Uid, Words
from ..core.errors import Conflict
from ..core.i18n import _, lazy
from ..core.touch import Kind


class Severity(IntEnum):
    """P0 is the most urgent."""

    P0 = 0
    P1 = 1
    P2 = 2
    P3 = 3
    P4 = 4

    @property
    def label(self):
        return SEVERITY_LABELS[self]


SEVERITY_LABELS = {
    Severity.P0: lazy("特急"),
    Severity.P1: lazy("紧急"),
    Severity.P2: lazy("重要"),
    Severity.P3: lazy("一般"),
    Severity.P4: lazy("提示"),
}


class SeverityNumber(TypeDecorator[Severity]):
    impl = SmallInteger
    cache_ok = True

    @property
    def python_type(self) -> type[int]:
        return int

    def process_bind_param(self, value, dialect):
        return None if value is None else int(value)

    def result_processor(self, dialect, coltype):
        return {None: None, **{severity.value: severity for severity in Severity}}.__getitem__


class AlertStatus(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    CLOSED = "closed"

    @property
    def label(self):
        return ALERT_STATUS_LABELS[self]


ALERT_STATUS_LABELS = {
    AlertStatus.OPEN: lazy("待处理"),
    AlertStatus.CLAIMED: lazy("处理中"),
    AlertStatus.CLOSED: lazy("已办结"),
}

MOVES = {
    AlertStatus.OPEN: {AlertStatus.CLAIMED, AlertStatus.CLOSED},
    AlertStatus.CLAIMED: {AlertStatus.OPEN, AlertStatus.CLOSED},
    AlertStatus.CLOSED: {AlertStatus.OPEN},
}


class Verdict(StrEnum):
    """What the alert turned out to be; the precision of each rule comes from these."""

    TRUE = "true"
    FALSE = "false"
    DUPLICATE = "duplicate"
    CAUSE_GONE = "cause_gone"

    @property
    def label(self):
        return VERDICT_LABELS[self]


VERDICT_LABELS = {
    Verdict.TRUE: lazy("属实"),
    Verdict.FALSE: lazy("误报"),
    Verdict.DUPLICATE: lazy("重复"),
    Verdict.CAUSE_GONE: lazy("原因已消除"),
}


class AnswerKind(StrEnum):
    """The landlord's one-tap answers."""

    REGISTERING_NOW = "registering_now"
    CLEANING_OR_SELF = "cleaning_or_self"
    VACANT = "vacant"
    DISSUADED = "dissuaded"
    NOT_SURE = "not_sure"

    @property
    def label(self):
        return ANSWER_LABELS[self]


ANSWER_LABELS = {
    AnswerKind.REGISTERING_NOW: lazy("现在补登"),
    AnswerKind.CLEANING_OR_SELF: lazy("保洁或本人"),
    AnswerKind.VACANT: lazy("空置"),
    AnswerKind.DISSUADED: lazy("已劝止"),
    AnswerKind.NOT_SURE: lazy("不清楚"),
}


# A role's bit in Alert.readers, so that "may this role read it now" needs no join.
ROLE_BITS = {role: 1 << n for n, role in enumerate(Role)}

_LIVE = text("live_key is not null")


BY_URGENCY = ("severity", "resolve_by", "uid")


def _live_index(name: str, *columns: str) -> Index:
    """An index over the few alerts that still need somebody, whatever lies closed behind them."""
    return Index(f"ix_alert_live_{name}", *columns, postgresql_where=_LIVE, sqlite_where=_LIVE)


class Alert(Uid, Model):
    """Something a rule found about a place. Text, numbers, law and rule version stand as said at the time.

    `turns` is a list of {"at": iso moment, "roles": [...]}: from that moment these roles may act; `step` is
    the turn that has come; `readers` has the bit of every role that may read it by now.
    """

    __tablename__ = "alert"
    __table_args__ = (
        _live_index("grid", "grid_id", *BY_URGENCY),
        _live_index("station", "station_id", *BY_URGENCY),
        _live_index("party", "party_id", *BY_URGENCY),
        _live_index("path", "path", *BY_URGENCY, "readers"),
        _live_index("turn", "next_turn_at"),
        Index(None, "grid_id", "uid"),
        Index(None, "station_id", "uid"),
        Index(None, "party_id", "uid"),
        # The closed ones of a community in their order; whose compound it is stands in the entry itself.
        Index("ix_alert_community_uid", "community_id", "uid", "path", "status", "readers"),
        Index(None, "unit_id", "uid"),
        Index(None, "rule", "first_seen_at"),
        Index(None, "rule", "subject_key"),
    )

    rule: Mapped[str]
    rule_version: Mapped[int]
    severity: Mapped[Severity] = mapped_column(SeverityNumber)
    is_identity: Mapped[bool]
    title: Mapped[str]
    title_en: Mapped[str]
    text: Mapped[LongText]
    text_en: Mapped[LongText]
    advice: Mapped[LongText]
    advice_en: Mapped[LongText]
    evidence: Mapped[dict]
    basis: Mapped[list]

    subject_kind: Mapped[Kind] = mapped_column(Words(Kind))
    subject_key: Mapped[int] = mapped_column(BigInteger)
    # Tells several live alerts of one rule about one subject apart (a guest, a stay); "" where there is one.
    subject_part: Mapped[str] = mapped_column(default="")
    live_key: Mapped[str | None] = mapped_column(unique=True)

    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    community_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    path: Mapped[Path]
    grid_id: Mapped[int | None] = mapped_column(ForeignKey("grid.id"))
    station_id: Mapped[int | None] = mapped_column(ForeignKey("police_station.id"))
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))

    status: Mapped[AlertStatus] = mapped_column(Words(AlertStatus), default=AlertStatus.OPEN)
    turns: Mapped[list]
    step: Mapped[int] = mapped_column(default=0)
    readers: Mapped[int]
    next_turn_at: Mapped[datetime | None]
    sign_by: Mapped[datetime]
    resolve_by: Mapped[datetime]
    # While set, the clocks stand still: until then nobody is late ("nobody in, again on …").
    waits_until: Mapped[datetime | None]

    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    clean_evaluations: Mapped[int] = mapped_column(default=0)
    claimed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    # The role in which it was claimed: a list says who has it without a join and without a name.
    claimed_role: Mapped[Role | None] = mapped_column(Words(Role))
    claimed_at: Mapped[datetime | None]
    # What the landlord answered last.
    answer: Mapped[AnswerKind | None] = mapped_column(Words(AnswerKind))
    closed_at: Mapped[datetime | None]
    verdict: Mapped[Verdict | None] = mapped_column(Words(Verdict))
    closing_note_sealed: Mapped[Sealed | None]
    reopened: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}

    def move_to(self, status: AlertStatus) -> None:
        if status not in MOVES[self.status]:
            now, then = self.status.label, status.label
            raise Conflict(_("预警当前为“%(now)s”，不能变为“%(then)s”", now=now, then=then))
        self.status = status
        self.live_key = None if status is AlertStatus.CLOSED else self.key

    @property
    def key(self) -> str:
        return f"{self.rule}/{self.subject_kind}/{self.subject_key}/{self.subject_part}"

    @property
    def roles_now(self) -> frozenset[Role]:
        """The roles whose turn it is at this step."""
        return frozenset(Role(role) for role in self.turns[self.step]["roles"]) if self.turns else frozenset()

    @property
    def chain(self) -> str:
        return f"place:{self.community_id}"


class AlertUnit(Model):
    """The units of an alert that is about several (B03)."""

    __tablename__ = "alert_unit"
    __table_args__ = (UniqueConstraint("alert_id", "unit_id"),)

    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)


class AlertEvent(StrEnum):
    OPENED = "opened"
    RISEN = "risen"
    ANSWERED = "answered"
    TURN_PASSED = "turn_passed"
    CLAIMED = "claimed"
    GIVEN_BACK = "given_back"
    WAITS = "waits"
    REPORTED = "reported"
    RETURNED = "returned"
    APPROVED = "approved"
    CLOSED = "closed"
    REOPENED = "reopened"

    @property
    def label(self):
        return EVENT_LABELS[self]


EVENT_LABELS = {
    AlertEvent.OPENED: lazy("系统发现"),
    AlertEvent.RISEN: lazy("级别上升"),
    AlertEvent.ANSWERED: lazy("经营者答复"),
    AlertEvent.TURN_PASSED: lazy("转到下一方"),
    AlertEvent.CLAIMED: lazy("认领"),
    AlertEvent.GIVEN_BACK: lazy("放回"),
    AlertEvent.WAITS: lazy("等待"),
    AlertEvent.REPORTED: lazy("反馈"),
    AlertEvent.RETURNED: lazy("退回"),
    AlertEvent.APPROVED: lazy("审核通过"),
    AlertEvent.CLOSED: lazy("办结"),
    AlertEvent.REOPENED: lazy("重新打开"),
}


class AlertHistory(Uid, Model):
    """One thing that happened to an alert. `details` holds counts and words of ours, no names."""

    __tablename__ = "alert_history"

    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"), index=True)
    event: Mapped[AlertEvent] = mapped_column(Words(AlertEvent))
    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    role: Mapped[Role] = mapped_column(Words(Role))
    details: Mapped[dict] = mapped_column(default=dict)
    note_sealed: Mapped[Sealed | None]


class AlertAnswer(Uid, Model):
    """What the landlord answered; evidence, not a verdict."""

    __tablename__ = "alert_answer"

    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"), index=True)
    answer: Mapped[AnswerKind] = mapped_column(Words(AnswerKind))
    note_sealed: Mapped[Sealed | None]
    answered_at: Mapped[datetime]
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
