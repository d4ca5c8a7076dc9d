"""D01 钟点高频：一套房源一天三次以上，或七天八次以上不超过六小时的入住。"""

from datetime import timedelta

from sqlalchemy import Select, func, or_, select

from ...alerts.models import Severity
from ...core.i18n import lazy
from ...core.portable import among, greatest, seconds_between
from ...stays.models import Stay
from ..base import AT_ONCE, POLICE, Item, Rule, Turn, fires, quiet
from ..bases import and_also, everywhere

DAY, WEEK = timedelta(days=1), timedelta(days=7)


class ManyShortStays(Rule):
    code = "D01"
    title = lazy("钟点高频")
    severity = Severity.P2
    turns = (Turn(AT_ONCE, POLICE),)
    resolve_within = timedelta(days=1)
    basis = and_also(
        everywhere("psal-2025-79", "psal-2025-82", "psal-2025-85-2"),
        hotel=("hotel-2020-12", "psal-2025-67-3-3"),
        rental=("psal-2025-68-2",),
    )
    # Whoever is sent to look learns the unit and nothing else: a suspicion is not to be read in the compound.
    is_identity = True
    closes_when_gone = False
    rests_for = timedelta(days=1)
    why = lazy("民宿被按钟点反复使用，有时是涉黄、赌博、吸毒的掩护；也可能是钟点房经营。")
    says = lazy("24 小时内 %(day)s 次、7 天内 %(week)s 次不超过 %(short_hours)s 小时的入住。")
    advice = lazy(
        "1. 查看是否经营钟点房、日租；2. 需要查看现场的，可派网格员以巡查名义查看，只告知房号；"
        "3. 有线索的按规定核查。"
    )
    false_alarms = (lazy("经营钟点房"), lazy("摄影、棋牌等合法短租"), lazy("反复登记又取消"))
    checklist = (
        Item("business", lazy("经营方式已由经营者说明")),
        Item("scene", lazy("现场正常")),
    )
    labels = {
        "day": lazy("24 小时内短住"),
        "week": lazy("7 天内短住"),
        "short_hours": lazy("几小时以内算短住"),
        "day_stays": lazy("24 小时几次算高频"),
        "week_stays": lazy("7 天几次算高频"),
    }

    def find(self, at, ids, short_hours=6, day_stays=3, week_stays=8) -> Select:
        today = Stay.checks_in_at > at - DAY
        day, week = func.count().filter(today), func.count()
        return (
            _short(at, ids, short_hours)
            .add_columns(
                Stay.unit_id,
                day.label("day"),
                week.label("week"),
                func.min(Stay.checks_in_at).filter(today).label("day_from"),
                func.min(Stay.checks_in_at).label("week_from"),
                func.max(greatest(Stay.checks_in_at, Stay.recorded_at)).label("newest_at"),
            )
            .where(Stay.checks_in_at <= at)
            .group_by(Stay.unit_id)
            .having(or_(day >= day_stays, week >= week_stays))
        )

    def due(self, ids, at, short_hours=6, day_stays=3, week_stays=8) -> Select:
        return (
            _short(at, ids, short_hours)
            .add_columns(Stay.unit_id.label("key"), Stay.checks_in_at.label("at"))
            .where(Stay.checks_in_at > at)
        )

    def fades_at(self, facts, settings):
        by_day = facts["day_from"] + DAY if facts["day"] >= settings["day_stays"] else None
        by_week = facts["week_from"] + WEEK if facts["week"] >= settings["week_stays"] else None
        return max(filter(None, (by_day, by_week)))

    cases = (
        fires(
            "一天三次短住", lambda w: [w.unit("A").stay(hours=h, ended=h + 3).guest() for h in (-20, -12, -5)]
        ),
        quiet("一天两次短住", lambda w: [w.unit("A").stay(hours=h, ended=h + 3).guest() for h in (-12, -5)]),
        fires(
            "六小时整也算", lambda w: [w.unit("A").stay(hours=h, ended=h + 6).guest() for h in (-20, -13, -6.5)]
        ),
        quiet(
            "六小时零一分不算",
            lambda w: [w.unit("A").stay(hours=h, ended=h + 6.02).guest() for h in (-20, -13, -6.5)],
        ),
        fires(
            "七天八次",
            lambda w: [w.unit("A").stay(hours=-20 * n - 1, ended=-20 * n + 1).guest() for n in range(1, 9)],
        ),
        quiet(
            "七天七次",
            lambda w: [w.unit("A").stay(hours=-20 * n - 1, ended=-20 * n + 1).guest() for n in range(1, 8)],
        ),
        quiet(
            "取消的不算", lambda w: [w.unit("A").stay(hours=h, ended=h + 3).cancelled() for h in (-20, -12, -5)]
        ),
    )


def _short(at, ids, short_hours) -> Select:
    """Stays of these units of a week that were short, or are by plan."""
    ends = func.coalesce(Stay.ended_at, Stay.checks_out_at)
    return (
        select()
        .select_from(Stay)
        .where(
            among(Stay.unit_id, ids),
            Stay.cancelled_at.is_(None),
            Stay.checks_in_at > at - WEEK,
            seconds_between(Stay.checks_in_at, ends) <= short_hours * 3600,
        )
    )
