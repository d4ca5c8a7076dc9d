"""A06 提前离店未注销：预计还在住，门却已三十六小时没有住客开过。"""

from datetime import timedelta

from sqlalchemy import Select, func, select, union_all

from ...alerts.models import Severity
from ...core.i18n import lazy
from ...core.portable import among, greatest, later_by
from ...devices.models import Device, LockEvent
from ...stays.models import Guest, Stay
from ..base import AT_ONCE, FIELD, LANDLORD, Item, Rule, Turn, fires, quiet
from ..bases import everywhere
from ..lodging import arrivals_ahead, is_guests_opening, is_open

# A lock that has said nothing for so long proves nothing by its silence.
SPEAKS = timedelta(days=14)
JUST_AFTER = timedelta(seconds=1)


class LeftEarly(Rule):
    code = "A06"
    title = lazy("提前离店未注销")
    severity = Severity.P4
    turns = (Turn(AT_ONCE, LANDLORD), Turn(timedelta(hours=24), FIELD))
    resolve_within = timedelta(days=2)
    basis = everywhere("pipl-2021-46")
    harbour = True
    why = lazy("人走了登记还在，今晚在住的人数就多算了；此人在别处入住还会被误认为一人两地。")
    says = lazy(
        "自 %(silent_since)s 起门没有被住客打开过，超过 %(silence_hours)s 小时；"
        "预计 %(planned_at)s 离店，仍有 %(guests)s 位登记在住。"
    )
    advice = lazy("1. 请经营者联系住客：已离店的按真实时间办理退房；2. 仍在住的不用处理，答复即可。")
    false_alarms = (lazy("住客没有出门"), lazy("走其他门或门没有锁上"))
    checklist = (
        Item("present", lazy("住客仍在住（电话核实即可）")),
        Item("times", lazy("离店时间已问清并更正")),
    )
    from_pack = {"silence_hours": "left_early_silence"}
    labels = {
        "silent_since": lazy("最近一次开门或到达"),
        "planned_at": lazy("预计离店"),
        "guests": lazy("登记在住"),
        "silence_hours": lazy("多久没有开门（小时）"),
    }

    def find(self, at, ids, silence_hours=36) -> Select:
        quiet_from = at - timedelta(hours=silence_hours)
        arrived_at = func.max(Guest.arrived_at)
        return (
            _stays_with_a_lock(at, ids)
            .add_columns(
                Stay.unit_id,
                Stay.id.label("part"),
                Stay.checks_out_at.label("planned_at"),
                func.count(Guest.id).label("guests"),
                greatest(arrived_at, func.coalesce(_last_opening(at), arrived_at)).label("silent_since"),
            )
            .where(~_opened_since(quiet_from, at))
            .group_by(Stay.id, Stay.unit_id, Stay.checks_in_at, Stay.checks_out_at)
            .having(arrived_at < quiet_from)
        )

    def due(self, ids, at, silence_hours=36) -> Select:
        silence = timedelta(hours=silence_hours) + JUST_AFTER
        arrived_at = func.max(Guest.arrived_at)
        silent_since = greatest(arrived_at, func.coalesce(_last_opening(at), arrived_at))
        stays = _stays_with_a_lock(at, ids).group_by(
            Stay.id, Stay.unit_id, Stay.checks_in_at, Stay.checks_out_at
        )
        silent = stays.add_columns(
            Stay.unit_id.label("key"), later_by(silent_since, silence).label("at")
        ).subquery()
        # Then it is A05's, or the lock has been silent for too long to prove anything.
        ends = stays.add_columns(Stay.unit_id.label("key"), Stay.checks_out_at.label("at")).subquery()
        mute = select(
            Device.unit_id.label("key"), later_by(Device.last_event_at, SPEAKS + JUST_AFTER).label("at")
        )
        return union_all(
            select(silent).where(silent.c.at > at),
            select(ends),
            # Whoever comes then is there, whatever the door says.
            arrivals_ahead(at, ids),
            mute.where(
                among(Device.unit_id, ids), Device.unit_id.is_not(None), Device.last_event_at >= at - SPEAKS
            ),
        )

    def refine(self, facts, at):
        return facts | {"newest_at": facts["silent_since"]}

    cases = (
        fires(
            "三十六小时多没有开门",
            lambda w: w.unit("A").stay(hours=-60, out=20).guest(hours=-60).opens_ago(36.1),
        ),
        quiet("三十六小时整", lambda w: w.unit("A").stay(hours=-60, out=20).guest(hours=-60).opens_ago(36)),
        fires("到达后从未开过门", lambda w: w.unit("A").stay(hours=-40, out=20).guest(hours=-40).lock()),
        quiet("刚到不久", lambda w: w.unit("A").stay(hours=-20, out=20).guest(hours=-20).lock()),
        fires(
            "只有保洁开过门",
            lambda w: w.unit("A").stay(hours=-60, out=20).guest(hours=-60).opens_ago(3, purpose="cleaner"),
        ),
        quiet("没有门锁", lambda w: w.unit("A").stay(hours=-60, out=20).guest(hours=-60)),
        quiet(
            "门锁十四天没有消息",
            lambda w: w.unit("A").stay(hours=-400, out=20).guest(hours=-400).opens_ago(337),
        ),
        quiet(
            "已过预计离店，归 A05", lambda w: w.unit("A").stay(hours=-60, out=-1).guest(hours=-60).opens_ago(50)
        ),
        quiet(
            "已退房", lambda w: w.unit("A").stay(hours=-60, out=20, ended=-10).guest(hours=-60).opens_ago(50)
        ),
    )


def _stays_with_a_lock(at, ids) -> Select:
    """Stays that go on by plan, with somebody there, behind a lock that speaks."""
    speaks = (
        select(Device.id).where(Device.unit_id == Stay.unit_id, Device.last_event_at >= at - SPEAKS).exists()
    )
    return (
        select()
        .select_from(Stay)
        .join(Guest, Guest.stay_id == Stay.id)
        .where(
            is_open(at, ids),
            Stay.checks_out_at > at,
            Guest.voided_at.is_(None),
            Guest.left_at.is_(None),
            Guest.arrived_at <= at,
            speaks,
        )
    )


def _last_opening(at):
    return (
        select(func.max(LockEvent.occurred_at))
        .where(
            LockEvent.unit_id == Stay.unit_id,
            LockEvent.occurred_at >= Stay.checks_in_at,
            LockEvent.occurred_at <= at,
            is_guests_opening(),
        )
        .correlate(Stay)
        .scalar_subquery()
    )


def _opened_since(since, at):
    return (
        select(LockEvent.id)
        .where(
            LockEvent.unit_id == Stay.unit_id,
            LockEvent.occurred_at >= since,
            LockEvent.occurred_at <= at,
            is_guests_opening(),
        )
        .exists()
    )
