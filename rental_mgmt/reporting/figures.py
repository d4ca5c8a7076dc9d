"""The figures: what each counts, in one sentence and one set-based SELECT over all places of a kind at once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select

from ..alerts.models import Alert, Severity, Verdict
from ..core.i18n import Lazy, lazy
from ..core.portable import later_by
from ..stays.models import Guest
from . import counting
from .counting import Span
from .nights import nights, occupied, registered

ON_TIME = timedelta(minutes=30)
# A count below this of something rare could point at one person: pages and files show “<3”.
FEWEST_SHOWN = 3


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


_URGENT = Alert.severity.in_((Severity.P0, Severity.P1))

BY_SEVERITY = (
    (Severity.P0, lazy("新预警：特急")),
    (Severity.P1, lazy("新预警：紧急")),
    (Severity.P2, lazy("新预警：重要")),
    (Severity.P3, lazy("新预警：一般")),
    (Severity.P4, lazy("新预警：提示")),
)

FIGURES: tuple[Figure, ...] = (
    Figure(
        "units_known", 1, lazy("已知房源"), lazy("月末系统中未注销的房源，含待认领。"), counting.known_units
    ),
    Figure("units_active", 1, lazy("正常房源"), lazy("月末已备案且未注销的房源。"), counting.units),
    Figure("stays", 1, lazy("登记入住"), lazy("当月有住客到达的入住次数。"), counting.stays),
    Figure(
        "stays_unregistered",
        1,
        lazy("未登记入住"),
        lazy("当月计划入住而始终没有住客登记的次数。"),
        counting.nobody_registered,
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
    Figure("guests", 1, lazy("登记的住客"), lazy("当月到达的住客，不含作废。"), counting.guests()),
    Figure(
        "guests_at_door",
        1,
        lazy("当场登记住客"),
        lazy("当月到达、不是由台账导入的住客。"),
        counting.guests(counting.AT_THE_DOOR),
    ),
    Figure(
        "guests_on_time",
        1,
        lazy("按时登记"),
        lazy("当场登记的住客中，到达后 30 分钟内登记的人数。"),
        counting.guests(counting.AT_THE_DOOR, Guest.recorded_at <= later_by(Guest.arrived_at, ON_TIME)),
    ),
    Figure(
        "median_minutes",
        1,
        lazy("登记用时中位数（分钟）"),
        lazy("当场登记的住客，从到达到登记的分钟数，取中位数。"),
        counting.median_minutes,
    ),
    Figure(
        "over_capacity",
        1,
        lazy("超出核定人数"),
        lazy("登记时超出核定人数、附有说明的住客。"),
        counting.guests(Guest.is_over_capacity.is_(True)),
    ),
    Figure(
        "minors",
        1,
        lazy("未成年住客"),
        lazy("到达当日未满 18 周岁的住客。"),
        counting.guests(counting.IS_MINOR),
        is_rare=True,
    ),
    Figure(
        "minors_complete",
        1,
        lazy("未成年人登记齐全"),
        lazy("未成年住客中，监护人联系方式和同住人关系都已记录的人数。"),
        counting.guests(
            counting.IS_MINOR, Guest.guardian_contact_given.is_(True), Guest.relation_given.is_(True)
        ),
        is_rare=True,
    ),
    Figure(
        "overseas",
        1,
        lazy("境外住客"),
        lazy("须申报住宿登记的境外住客。"),
        counting.guests(Guest.is_overseas.is_(True)),
        is_rare=True,
    ),
    Figure(
        "overseas_in_time",
        1,
        lazy("境外 24 小时内申报"),
        lazy("境外住客中，到达后 24 小时内申报并留有回执的人数。"),
        counting.reported_in_time,
        is_rare=True,
    ),
    Figure(
        "alerts_urgent",
        1,
        lazy("新预警：特急、紧急"),
        lazy("当月新开的特急、紧急预警。"),
        counting.alerts("first_seen_at", _URGENT),
    ),
    Figure(
        "alerts_other",
        1,
        lazy("新预警：其他"),
        lazy("当月新开的重要、一般、提示预警。"),
        counting.alerts("first_seen_at", ~_URGENT),
    ),
    *(
        Figure(
            f"alerts_{severity.name.lower()}",
            1,
            title,
            lazy("当月新开、现为这一级别的预警（级别上升的按上升后的计）。"),
            counting.alerts("first_seen_at", Alert.severity == severity),
        )
        for severity, title in BY_SEVERITY
    ),
    Figure("alerts_closed", 1, lazy("办结预警"), lazy("当月办结的预警。"), counting.alerts("closed_at")),
    Figure(
        "alerts_in_time",
        1,
        lazy("按期办结"),
        lazy("当月办结的预警中，在限期内办结的。"),
        counting.alerts("closed_at", Alert.closed_at <= Alert.resolve_by),
    ),
    Figure(
        "alerts_judged",
        1,
        lazy("已判定预警"),
        lazy("当月办结、经人判定为属实或误报的预警。"),
        counting.alerts("closed_at", Alert.verdict.in_((Verdict.TRUE, Verdict.FALSE))),
    ),
    Figure(
        "alerts_true",
        1,
        lazy("判定属实"),
        lazy("当月办结、经人判定属实的预警。"),
        counting.alerts("closed_at", Alert.verdict == Verdict.TRUE),
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
