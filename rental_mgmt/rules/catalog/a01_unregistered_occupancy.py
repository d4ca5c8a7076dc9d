"""A01 无登记入住：门被反复打开，或计划入住已过两小时，却没有登记。"""

from datetime import datetime, timedelta

from sqlalchemy import Select, case, cast, func, literal, null, or_, select, union_all
from sqlalchemy.orm import aliased

from ...alerts.models import Severity
from ...core.clock import LOCAL
from ...core.db import UtcDateTime
from ...core.i18n import lazy
from ...core.portable import among, greatest, later_by, least, moment, seconds_between
from ...devices.models import LockEvent
from ...stays.models import Guest, Stay
from ..base import AT_ONCE, FIELD, LANDLORD, POLICE, Ids, Item, Rule, Turn, fires, quiet
from ..bases import REGISTER
from ..lodging import gone_at, is_guests_opening, is_judged, is_open

# A guest who was let in a little before the registered time is no stranger.
EARLY = timedelta(minutes=30)
NIGHT_BEGINS, NIGHT_ENDS = 22, 6


class UnregisteredOccupancy(Rule):
    code = "A01"
    title = lazy("无登记入住")
    severity = Severity.P2
    turns = (
        Turn(AT_ONCE, LANDLORD),
        Turn(timedelta(minutes=30), FIELD),
        Turn(timedelta(hours=4), POLICE),
    )
    resolve_within = timedelta(hours=12)
    basis = REGISTER
    harbour = True
    asks_to_register = True
    rests_for = timedelta(hours=2)
    why = lazy("有人出入而无人登记，谁住在里面就没有人知道；这是住宿登记义务的核心。")
    says = lazy(
        "%(first_at)s 至 %(last_at)s 门被打开 %(openings)s 次，最早与最晚相隔 %(gap)s 分钟，其间没有住客登记。"
    )
    says_planned = lazy("计划 %(planned_at)s 入住，已过 %(grace_minutes)s 分钟，没有登记任何住客。")
    says_both = lazy(
        "计划 %(planned_at)s 入住，已过 %(grace_minutes)s 分钟仍无登记；"
        "%(first_at)s 至 %(last_at)s 门被打开 %(openings)s 次。"
    )
    advice = lazy(
        "1. 电话或消息请经营者说明：有客即刻补登，保洁或本人说明即可；2. 半小时无答复的，"
        "当班人员上门查看是否有人；3. 有人且拒绝登记的，移交派出所。"
    )
    false_alarms = (lazy("保洁或房东使用了用途不明的钥匙"), lazy("维修、看房"), lazy("客人未到，计划未取消"))
    checklist = (
        Item("present", lazy("房内没有未登记的人（只数人数）")),
        Item("registered", lazy("在场人数与登记一致")),
        Item("reason", lazy("没有住客的，已看清是空房、保洁或维修"), needs_photo=True),
    )
    from_pack = {"grace_minutes": "planned_start_grace"}
    labels = {
        "openings": lazy("开门次数"),
        "gap": lazy("最早与最晚相隔（分钟）"),
        "planned": lazy("到时未登记的计划"),
        "first_at": lazy("第一次开门"),
        "last_at": lazy("最近一次开门"),
        "planned_at": lazy("计划入住"),
        "gap_minutes": lazy("两次开门至少相隔（分钟）"),
        "window_hours": lazy("只看最近（小时）"),
        "grace_minutes": lazy("计划入住后等待（分钟）"),
    }

    def find(self, at, ids, gap_minutes=30, window_hours=24, grace_minutes=120) -> Select:
        since, grace = at - timedelta(hours=window_hours), timedelta(minutes=grace_minutes)
        found = union_all(_doors(at, ids, since, gap_minutes, grace), _plans(at, ids, grace)).subquery()
        return select(
            found.c.unit_id,
            func.sum(found.c.openings).label("openings"),
            func.sum(found.c.planned).label("planned"),
            func.min(found.c.first_at).label("first_at"),
            func.max(found.c.last_at).label("last_at"),
            func.min(found.c.planned_at).label("planned_at"),
            func.max(found.c.ended_at).label("ended_at"),
            func.max(found.c.newest_at).label("newest_at"),
        ).group_by(found.c.unit_id)

    def due(self, ids, at, gap_minutes=30, window_hours=24, grace_minutes=120) -> Select:
        """Until then a plan explains an opening, also after its guests have left again."""
        grace = timedelta(minutes=grace_minutes)
        begins = _begins()
        return select(Stay.unit_id.label("key"), later_by(begins, grace).label("at")).where(
            is_open(at, ids), begins > at - grace
        )

    def refine(self, facts, at):
        if facts["first_at"]:
            facts["gap"] = int((facts["last_at"] - facts["first_at"]).total_seconds() // 60)
        return facts

    def grade(self, facts, at):
        moments = [each for each in (facts["last_at"], facts["newest_at"]) if each]
        return Severity.P1 if any(map(_is_night, moments)) else Severity.P2

    def sentence(self, facts):
        if facts["openings"] and facts["planned"]:
            return self.says_both
        return self.says if facts["openings"] else self.says_planned

    def fades_at(self, facts, settings):
        if facts["planned"]:
            return super().fades_at(facts, settings)
        return facts["first_at"] + timedelta(hours=settings["window_hours"])

    cases = (
        fires(
            "两次开门相隔三十分钟，无人登记",
            lambda w: w.unit("A").opens("11:00", "11:30"),
            severity=Severity.P2,
        ),
        quiet("两次开门相隔二十九分钟", lambda w: w.unit("A").opens("11:00", "11:29")),
        fires("夜里两次开门", lambda w: w.unit("A").opens("02:00", "02:40"), severity=Severity.P1),
        quiet("保洁钥匙", lambda w: w.unit("A").opens("10:00", "11:00", purpose="cleaner")),
        quiet("房东钥匙", lambda w: w.unit("A").opens("10:00", "11:00", purpose="owner")),
        quiet("在保洁时段内", lambda w: w.unit("A").is_cleaned("09:30", "11:30").opens("10:00", "11:00")),
        fires("保洁时段刚过", lambda w: w.unit("A").is_cleaned("09:30", "11:00").opens("09:00", "11:00")),
        quiet("有人登记在住", lambda w: w.unit("A").stay(hours=-20).guest().opens("10:00", "11:00")),
        fires(
            "登记的住客后来才到", lambda w: w.unit("A").opens("09:00", "09:40").stay(hours=-1).guest(hours=-1)
        ),
        quiet(
            "补登了真实的到达时间", lambda w: w.unit("A").opens("09:00", "09:40").stay(hours=-4).guest(hours=-4)
        ),
        fires("计划入住已满两小时", lambda w: w.unit("A").stay(hours=-2, recorded=-48)),
        quiet("计划入住差一分钟到两小时", lambda w: w.unit("A").stay(minutes=-119, recorded=-48)),
        quiet("刚补录的计划，先等登记", lambda w: w.unit("A").stay(hours=-30, recorded=0)),
        quiet("计划已取消", lambda w: w.unit("A").stay(hours=-5, recorded=-48).cancelled()),
        quiet("计划入住后开门，还在两小时内", lambda w: w.unit("A").stay(hours=-1).opens("11:05", "11:50")),
        fires("取消了计划却有人出入", lambda w: w.unit("A").stay(hours=-3).cancelled().opens("10:00", "11:00")),
    )


def _begins():
    """A plan written down afterwards waits for its guests from then on: late entry is no worse than silence."""
    return greatest(Stay.checks_in_at, Stay.recorded_at)


def _has_guests():
    return select(Guest.id).where(Guest.stay_id == Stay.id, Guest.voided_at.is_(None)).exists()


def _doors(at, ids, since, gap_minutes, grace) -> Select:
    """Units whose door was opened twice or more, far enough apart, while nobody registered was there."""
    first, last = func.min(LockEvent.occurred_at), func.max(LockEvent.occurred_at)
    return (
        select(
            LockEvent.unit_id,
            func.count().label("openings"),
            literal(0).label("planned"),
            first.label("first_at"),
            last.label("last_at"),
            cast(null(), UtcDateTime).label("planned_at"),
            cast(null(), UtcDateTime).label("ended_at"),
            last.label("newest_at"),
        )
        .where(
            among(LockEvent.unit_id, ids),
            LockEvent.unit_id.is_not(None),
            LockEvent.occurred_at > since,
            LockEvent.occurred_at <= at,
            is_guests_opening(),
            ~_somebody_registered(ids, since),
            ~_somebody_expected(ids, at - grace),
        )
        .group_by(LockEvent.unit_id)
        .having(seconds_between(first, last) >= gap_minutes * 60)
    )


def _somebody_registered(ids: Ids, since: datetime):
    """Was a registered guest there when the door opened?"""
    came_at = least(Stay.checks_in_at, Guest.arrived_at)
    return (
        select(Guest.id)
        .join(Stay, Stay.id == Guest.stay_id)
        .where(
            Stay.unit_id == LockEvent.unit_id,
            # Said once more of the stays themselves, so that their index serves it.
            among(Stay.unit_id, ids),
            Stay.cancelled_at.is_(None),
            or_(Stay.ended_at.is_(None), Stay.ended_at > since),
            Guest.voided_at.is_(None),
            came_at <= later_by(LockEvent.occurred_at, EARLY),
            or_(gone_at().is_(None), gone_at() > LockEvent.occurred_at),
        )
        .exists()
    )


def _somebody_expected(ids: Ids, still_waiting_after: datetime):
    """Was a plan running whose guests may still be registered in time?"""
    return (
        select(Stay.id)
        .where(
            Stay.unit_id == LockEvent.unit_id,
            # Said once more of the stays themselves, so that their index serves it.
            among(Stay.unit_id, ids),
            Stay.cancelled_at.is_(None),
            Stay.ended_at.is_(None),
            Stay.checks_in_at <= later_by(LockEvent.occurred_at, EARLY),
            _begins() > moment(still_waiting_after),
        )
        .exists()
    )


def _plans(at, ids, grace) -> Select:
    """Units with a plan whose guests are still not registered so long after it began."""
    begins = _begins()
    return (
        select(
            Stay.unit_id,
            literal(0).label("openings"),
            func.count().label("planned"),
            cast(null(), UtcDateTime).label("first_at"),
            cast(null(), UtcDateTime).label("last_at"),
            func.min(Stay.checks_in_at).label("planned_at"),
            # Only where none of them goes on.
            case((func.count() == func.count(Stay.ended_at), func.max(Stay.ended_at))).label("ended_at"),
            func.max(later_by(begins, grace)).label("newest_at"),
        )
        .where(
            is_judged(at, ids),
            ~_has_guests(),
            begins <= at - grace,
            or_(is_open(at), ~_is_settled(at)),
        )
        .group_by(Stay.unit_id)
    )


def _is_settled(at: datetime):
    """A plan that was ended instead of called off is settled by whoever was registered in that time."""
    other, guest = aliased(Stay), aliased(Guest)
    return (
        select(guest.id)
        .join(other, other.id == guest.stay_id)
        .where(
            other.unit_id == Stay.unit_id,
            guest.voided_at.is_(None),
            guest.arrived_at < Stay.ended_at,
            func.coalesce(guest.left_at, other.ended_at, moment(at)) > Stay.checks_in_at,
            or_(other.ended_at.is_(None), other.ended_at > Stay.checks_in_at),
        )
        .exists()
    )


def _is_night(at: datetime) -> bool:
    hour = at.astimezone(LOCAL).hour
    return hour >= NIGHT_BEGINS or hour < NIGHT_ENDS
