"""B03 一人多地同时在住：同一证件在两处房源登记，时间重叠超过一小时。"""

from datetime import timedelta

from sqlalchemy import Select, func, select, true, union_all

from ...alerts.models import Severity
from ...core.i18n import lazy
from ...core.portable import among, greatest, later_by, least, moment, seconds_between
from ...core.touch import Kind
from ...devices.models import LockEvent
from ...stays.models import Guest, Stay
from ...units.models import Unit
from ..base import AT_ONCE, JUDGED_FOR, POLICE, Item, Rule, Turn, fires, quiet
from ..bases import REGISTER, and_also
from ..lodging import is_judged, one_flat

JUST_AFTER = timedelta(seconds=1)
NEVER = timedelta(days=36500)
SIDE = ("unit_id", "stay_id", "planned", "ended")


class TwoPlacesAtOnce(Rule):
    code = "B03"
    kind = Kind.PERSON
    title = lazy("一人多地同时在住")
    severity = Severity.P2
    turns = (Turn(AT_ONCE, POLICE),)
    resolve_within = timedelta(hours=4)
    basis = and_also(REGISTER, "pipl-2021-34")
    is_identity = True
    why = lazy("一个人不会同时睡在两处：要么一处是冒用，要么已经离店没有注销。")
    says = lazy("同一证件同时登记在 %(places)s 处房源，重叠 %(overlap)s 分钟，超过 %(overlap_minutes)s 分钟。")
    advice = lazy("1. 联系两处经营者核对住客本人；2. 已离店的一处补办离店；3. 冒用证件的依法处理。")
    false_alarms = (lazy("前一处已离店，没有及时退房"), lazy("代订人被登记为住客"))
    checklist = (
        Item("persons", lazy("两处住客的身份已核清（由民警核验）")),
        Item("times", lazy("离店时间已问清并更正")),
    )
    labels = {
        "places": lazy("同时登记的房源"),
        "overlap": lazy("重叠（分钟）"),
        "overlap_minutes": lazy("允许重叠（分钟）"),
    }

    def find(self, at, ids, overlap_minutes=60) -> Select:
        pairs = _pairs(at, ids)
        ends = least(pairs.c.one_ends, pairs.c.other_ends, moment(at))
        overlap = seconds_between(pairs.c.both_at, ends)
        found = select(pairs, overlap.label("seconds")).where(overlap > overlap_minutes * 60).subquery()
        sides = union_all(*(_side(found, unit) for unit in ("one_unit_id", "other_unit_id"))).subquery()
        return (
            select(
                sides.c.key,
                sides.c.unit_id,
                func.max(sides.c.seconds).label("seconds"),
                func.max(sides.c.recorded_at).label("newest_at"),
                func.min(sides.c.ends).label("counted_until"),
            )
            .group_by(sides.c.key, sides.c.unit_id)
            .order_by(sides.c.key, func.max(sides.c.seconds).desc(), sides.c.unit_id)
        )

    def due(self, ids, at, overlap_minutes=60) -> Select:
        pairs = _pairs(at, ids, ahead=True)
        then = later_by(pairs.c.both_at, timedelta(minutes=overlap_minutes) + JUST_AFTER)
        return select(pairs.c.key, then.label("at")).where(
            then > moment(at), then <= pairs.c.one_ends, then <= pairs.c.other_ends
        )

    def refine(self, facts, at):
        return facts | {"overlap": int(facts["seconds"]) // 60}

    def fades_at(self, facts, settings):
        return facts["counted_until"] + JUDGED_FOR

    cases = (
        fires(
            "两处重叠六十一分钟",
            lambda w: (
                w.unit("A").stay(hours=-9).guest("甲", minutes=-61),
                w.unit("B").stay(hours=-9).guest("甲"),
            ),
            finds=("A", "B"),
        ),
        quiet(
            "两处重叠六十分钟",
            lambda w: (
                w.unit("A").stay(hours=-9).guest("甲", minutes=-60),
                w.unit("B").stay(hours=-9).guest("甲"),
            ),
        ),
        quiet(
            "前一处已退房",
            lambda w: (
                w.unit("A").stay(hours=-30, ended=-5).guest("甲"),
                w.unit("B").stay(hours=-5).guest("甲"),
            ),
        ),
        quiet(
            "前一处过了预计离店没有退房，归 A05",
            lambda w: (w.unit("A").stay(hours=-30, out=-5).guest("甲"), w.unit("B").stay(hours=-5).guest("甲")),
        ),
        fires(
            "过了预计离店，那次入住的钥匙还在开门",
            lambda w: (
                w.unit("A").stay(hours=-30, out=-5).guest("甲").opens("11:00", key_of_stay=True),
                w.unit("B").stay(hours=-5).guest("甲"),
            ),
            finds=("A", "B"),
        ),
        quiet(
            "同一套房的两个挂牌",
            lambda w: (
                w.unit("A").stay(hours=-5).guest("甲"),
                w.unit("B", merged_into="A").stay(hours=-5).guest("甲"),
            ),
        ),
        quiet(
            "两位不同的住客",
            lambda w: (w.unit("A").stay(hours=-5).guest("甲"), w.unit("B").stay(hours=-5).guest("乙")),
        ),
        quiet(
            "一处已作废",
            lambda w: (
                w.unit("A").stay(hours=-5).guest("甲"),
                w.unit("B").stay(hours=-5).guest("甲", voided=True),
            ),
        ),
    )


def _lodged(at, ids, ahead: bool):
    """Where these persons are registered, and until when by the register alone."""
    # Open ends lie far ahead, so that the least of several is a known one.
    never = moment(at + NEVER)
    really = least(func.coalesce(Guest.left_at, never), func.coalesce(Stay.ended_at, never))
    return (
        select(
            Guest.id,
            Guest.person_id,
            Guest.unit_id,
            Guest.stay_id,
            Guest.arrived_at,
            Guest.recorded_at,
            one_flat().label("flat"),
            least(really, Stay.checks_out_at).label("planned"),
            func.coalesce(Stay.ended_at, never).label("ended"),
        )
        .join(Stay, Stay.id == Guest.stay_id)
        .join(Unit, Unit.id == Guest.unit_id)
        .where(
            among(Guest.person_id, ids),
            Guest.person_id.is_not(None),
            Guest.voided_at.is_(None),
            is_judged(at),
            true() if ahead else Guest.arrived_at <= at,
        )
        .cte("lodged")
    )


def _pairs(at, ids, ahead: bool = False):
    """Every two lodgings of one person in different flats, and from when on they coincide."""
    lodged = _lodged(at, ids, ahead)
    one, other = lodged.alias(), lodged.alias()
    paired = (
        select(
            one.c.person_id.label("key"),
            greatest(one.c.arrived_at, other.c.arrived_at).label("both_at"),
            greatest(one.c.recorded_at, other.c.recorded_at).label("recorded_at"),
            *(
                side.c[name].label(f"{word}_{name}")
                for word, side in (("one", one), ("other", other))
                for name in SIDE
            ),
        )
        .join(other, other.c.person_id == one.c.person_id)
        .where(one.c.id < other.c.id, one.c.flat != other.c.flat)
        # Pairs are few: what comes after is asked of them alone.
        .cte("paired")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    counted = select(
        paired, _ends(paired, "one", at).label("one_ends"), _ends(paired, "other", at).label("other_ends")
    ).subquery()
    since = moment(at - JUDGED_FOR)
    return select(counted).where(counted.c.one_ends >= since, counted.c.other_ends >= since).subquery()


def _ends(paired, word: str, at):
    """Until when one of two lodgings counts: overdue is A05's case, unless a key of that stay still opens."""
    unit_id, stay_id, planned = (paired.c[f"{word}_{name}"] for name in SIDE[:3])
    last_key = (
        select(func.max(LockEvent.occurred_at))
        .where(
            LockEvent.unit_id == unit_id,
            LockEvent.occurred_at > planned,
            LockEvent.occurred_at <= at,
            LockEvent.stay_id == stay_id,
        )
        .correlate(paired)
        .scalar_subquery()
    )
    return func.coalesce(last_key, planned)


def _side(found, unit: str) -> Select:
    return select(
        found.c.key,
        found.c[unit].label("unit_id"),
        found.c.seconds,
        found.c.recorded_at,
        # A key may open after the stay has ended, but stays are judged by their end.
        least(found.c.one_ends, found.c.other_ends, found.c.one_ended, found.c.other_ended).label("ends"),
    )
