"""The figures: what each counts, in one sentence and one set-based SELECT over all places of a kind at once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true

from ..alerts.models import Alert, Severity, Verdict
from ..core.i18n import Lazy, lazy
from ..core.portable import later_by, seconds_between
from ..stays.models import MINOR, Guest, OverseasReport, Stay
from ..units.models import Unit
from .nights import nights, occupied, registered

ON_TIME = timedelta(minutes=30)
REPORT_WITHIN = timedelta(hours=24)
# A count below this of something rare could point at one person: pages and files show “<3”.
FEWEST_SHOWN = 3


@dataclass(frozen=True)
class Span:
    """A month: its first moment, the first of the next, the column of the place; perhaps one place only."""

    begins: datetime
    ends: datetime
    place: str
    only: int | None = None

    @property
    def of_unit(self) -> ColumnElement[int]:
        """The place a unit counts for: its compound or its community."""
        return getattr(Unit, self.place)

    @property
    def here(self) -> ColumnElement[bool]:
        """All places at once for a month to freeze; one place for the month that runs."""
        return true() if self.only is None else self.of_unit == self.only


@dataclass(frozen=True)
class Figure:
    """A frozen count. A changed definition gets the next version; months keep the one they were counted by."""

    name: str
    version: int
    title: Lazy
    sentence: Lazy
    count: Callable[[Span], Select]
    is_rare: bool = False


@dataclass(frozen=True)
class Share:
    """One count out of another, in percent."""

    name: str
    title: Lazy
    part: str
    whole: str


# --- guests and stays ---------------------------------------------------------------------------------------


def _guests(*conditions: ColumnElement[bool]) -> Callable[[Span], Select]:
    def count(span: Span) -> Select:
        return (
            select(span.of_unit, func.count())
            .select_from(Guest)
            .join(Unit, Unit.id == Guest.unit_id)
            .where(_arrived(span), span.here, *conditions)
            .group_by(span.of_unit)
        )

    return count


def _arrived(span: Span) -> ColumnElement[bool]:
    return and_(Guest.arrived_at >= span.begins, Guest.arrived_at < span.ends, Guest.voided_at.is_(None))


# Rows of a ledger say nothing about how quickly somebody registered.
_AT_THE_DOOR = Guest.import_batch_id.is_(None)
_IS_MINOR = Guest.age_at_check_in < MINOR


def _stays(span: Span) -> Select:
    return (
        select(span.of_unit, func.count(Guest.stay_id.distinct()))
        .select_from(Guest)
        .join(Unit, Unit.id == Guest.unit_id)
        .where(_arrived(span), span.here)
        .group_by(span.of_unit)
    )


def _nobody_registered(span: Span) -> Select:
    guests = select(Guest.id).where(Guest.stay_id == Stay.id, Guest.voided_at.is_(None)).exists()
    return (
        select(span.of_unit, func.count())
        .select_from(Stay)
        .join(Unit, Unit.id == Stay.unit_id)
        .where(Stay.checks_in_at >= span.begins, Stay.checks_in_at < span.ends)
        .where(Stay.cancelled_at.is_(None), ~guests, span.here)
        .group_by(span.of_unit)
    )


def _median_minutes(span: Span) -> Select:
    """The middle one (the mean of the middle two) of the minutes between arrival and registration."""
    minutes = seconds_between(Guest.arrived_at, Guest.recorded_at) / 60
    place = span.of_unit.label("place")
    ranked = (
        select(
            place,
            minutes.label("minutes"),
            func.row_number().over(partition_by=place, order_by=minutes).label("rank"),
            func.count().over(partition_by=place).label("all"),
        )
        .select_from(Guest)
        .join(Unit, Unit.id == Guest.unit_id)
        .where(_arrived(span), _AT_THE_DOOR, Guest.recorded_at >= Guest.arrived_at, span.here)
        .subquery()
    )
    middle = (ranked.c.rank * 2 >= ranked.c.all) & (ranked.c.rank * 2 <= ranked.c.all + 2)
    return select(ranked.c.place, func.avg(ranked.c.minutes)).where(middle).group_by(ranked.c.place)


def _reported_in_time(span: Span) -> Select:
    in_time = OverseasReport.reported_at <= later_by(Guest.arrived_at, REPORT_WITHIN)
    return _guests(Guest.is_overseas.is_(True), in_time)(span).join(
        OverseasReport, OverseasReport.guest_id == Guest.id
    )


# --- alerts and units ---------------------------------------------------------------------------------------


def _alerts(at: str, *conditions: ColumnElement[bool]) -> Callable[[Span], Select]:
    """Alerts by the place of their unit, by the moment in a column."""

    def count(span: Span) -> Select:
        moment = getattr(Alert, at)
        return (
            select(span.of_unit, func.count())
            .select_from(Alert)
            .join(Unit, Unit.id == Alert.unit_id)
            .where(moment >= span.begins, moment < span.ends, span.here, *conditions)
            .group_by(span.of_unit)
        )

    return count


def _units(span: Span) -> Select:
    """Units in operation at the end of the month."""
    return (
        select(span.of_unit, func.count())
        .where(
            Unit.activated_at < span.ends,
            or_(Unit.closed_at.is_(None), Unit.closed_at >= span.ends),
            Unit.merged_into_id.is_(None),
            span.here,
        )
        .group_by(span.of_unit)
    )


def _known_units(span: Span) -> Select:
    """All that are known, claimed or not."""
    return (
        select(span.of_unit, func.count())
        .where(
            Unit.created_at < span.ends,
            or_(Unit.closed_at.is_(None), Unit.closed_at >= span.ends),
            Unit.merged_into_id.is_(None),
            span.here,
        )
        .group_by(span.of_unit)
    )


_URGENT = Alert.severity.in_((Severity.P0, Severity.P1))

BY_SEVERITY = (
    (Severity.P0, lazy("新预警：特急")),
    (Severity.P1, lazy("新预警：紧急")),
    (Severity.P2, lazy("新预警：重要")),
    (Severity.P3, lazy("新预警：一般")),
    (Severity.P4, lazy("新预警：提示")),
)

FIGURES: tuple[Figure, ...] = (
    Figure("units_known", 1, lazy("已知房源"), lazy("月末系统中未注销的房源，含待认领。"), _known_units),
    Figure("units_active", 1, lazy("正常房源"), lazy("月末已备案且未注销的房源。"), _units),
    Figure("stays", 1, lazy("登记入住"), lazy("当月有住客到达的入住次数。"), _stays),
    Figure(
        "stays_unregistered",
        1,
        lazy("未登记入住"),
        lazy("当月计划入住而始终没有住客登记的次数。"),
        _nobody_registered,
    ),
    Figure(
        "nights_occupied",
        1,
        lazy("已知有人住的夜晚"),
        lazy(
            "每套每晚计一次：当晚 24 时有住客登记在住，或有未取消的入住覆盖，或经营者标记有客；没人说过的不计。"
        ),
        nights(occupied),
    ),
    Figure(
        "nights_registered",
        1,
        lazy("有登记的夜晚"),
        lazy("已知有人住的夜晚中，当晚 24 时至少有一位住客登记在住的。"),
        nights(registered),
    ),
    Figure("guests", 1, lazy("登记的住客"), lazy("当月到达的住客，不含作废。"), _guests()),
    Figure(
        "guests_at_door",
        1,
        lazy("当场登记住客"),
        lazy("当月到达、不是由台账导入的住客。"),
        _guests(_AT_THE_DOOR),
    ),
    Figure(
        "guests_on_time",
        1,
        lazy("按时登记"),
        lazy("当场登记的住客中，到达后 30 分钟内登记的人数。"),
        _guests(_AT_THE_DOOR, Guest.recorded_at <= later_by(Guest.arrived_at, ON_TIME)),
    ),
    Figure(
        "median_minutes",
        1,
        lazy("登记用时中位数（分钟）"),
        lazy("当场登记的住客，从到达到登记的分钟数，取中位数。"),
        _median_minutes,
    ),
    Figure(
        "over_capacity",
        1,
        lazy("超出核定人数"),
        lazy("登记时超出核定人数、附有说明的住客。"),
        _guests(Guest.is_over_capacity.is_(True)),
    ),
    Figure(
        "minors", 1, lazy("未成年住客"), lazy("到达当日未满 18 周岁的住客。"), _guests(_IS_MINOR), is_rare=True
    ),
    Figure(
        "minors_complete",
        1,
        lazy("未成年人登记齐全"),
        lazy("未成年住客中，监护人联系方式和同住人关系都已记录的人数。"),
        _guests(_IS_MINOR, Guest.guardian_contact_given.is_(True), Guest.relation_given.is_(True)),
        is_rare=True,
    ),
    Figure(
        "overseas",
        1,
        lazy("境外住客"),
        lazy("须申报住宿登记的境外住客。"),
        _guests(Guest.is_overseas.is_(True)),
        is_rare=True,
    ),
    Figure(
        "overseas_in_time",
        1,
        lazy("境外 24 小时内申报"),
        lazy("境外住客中，到达后 24 小时内申报并留有回执的人数。"),
        _reported_in_time,
        is_rare=True,
    ),
    Figure(
        "alerts_urgent",
        1,
        lazy("新预警：特急、紧急"),
        lazy("当月新开的特急、紧急预警。"),
        _alerts("first_seen_at", _URGENT),
    ),
    Figure(
        "alerts_other",
        1,
        lazy("新预警：其他"),
        lazy("当月新开的重要、一般、提示预警。"),
        _alerts("first_seen_at", ~_URGENT),
    ),
    *(
        Figure(
            f"alerts_{severity.name.lower()}",
            1,
            title,
            lazy("当月新开、现为这一级别的预警（级别上升的按上升后的计）。"),
            _alerts("first_seen_at", Alert.severity == severity),
        )
        for severity, title in BY_SEVERITY
    ),
    Figure("alerts_closed", 1, lazy("办结预警"), lazy("当月办结的预警。"), _alerts("closed_at")),
    Figure(
        "alerts_in_time",
        1,
        lazy("按期办结"),
        lazy("当月办结的预警中，在限期内办结的。"),
        _alerts("closed_at", Alert.closed_at <= Alert.resolve_by),
    ),
    Figure(
        "alerts_judged",
        1,
        lazy("已判定预警"),
        lazy("当月办结、经人判定为属实或误报的预警。"),
        _alerts("closed_at", Alert.verdict.in_((Verdict.TRUE, Verdict.FALSE))),
    ),
    Figure(
        "alerts_true",
        1,
        lazy("判定属实"),
        lazy("当月办结、经人判定属实的预警。"),
        _alerts("closed_at", Alert.verdict == Verdict.TRUE),
    ),
)

SHARES: tuple[Share, ...] = (
    Share("registration_rate", lazy("登记率"), "nights_registered", "nights_occupied"),
    Share("on_time_share", lazy("按时登记率"), "guests_on_time", "guests_at_door"),
    Share("minors_share", lazy("未成年人登记齐全率"), "minors_complete", "minors"),
    Share("overseas_share", lazy("境外 24 小时申报率"), "overseas_in_time", "overseas"),
    Share("in_time_share", lazy("按期办结率"), "alerts_in_time", "alerts_closed"),
    Share("precision", lazy("预警准确率"), "alerts_true", "alerts_judged"),
)

BY_NAME = {figure.name: figure for figure in FIGURES}
