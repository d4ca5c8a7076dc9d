"""A03 实数不符：同一时刻登记在住的人数超过核定人数。"""

from datetime import timedelta

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from ...alerts.models import Severity
from ...core.i18n import lazy
from ...core.portable import greatest, moment
from ...stays.models import Guest, Stay
from ...units.models import Unit
from ..base import AT_ONCE, FIELD, LANDLORD, Item, Rule, Turn, fires, quiet
from ..bases import REGISTER
from ..lodging import arrivals_ahead, gone_at, guests_of_judged, is_open


class OverCapacity(Rule):
    code = "A03"
    title = lazy("实数不符")
    severity = Severity.P2
    turns = (Turn(AT_ONCE, LANDLORD), Turn(timedelta(hours=1), FIELD))
    resolve_within = timedelta(hours=6)
    basis = REGISTER
    harbour = True
    why = lazy("超过核定人数的房屋，消防疏散和邻里安宁都没有保障；也常是群租的第一个迹象。")
    says = lazy("登记在住 %(guests)s 人，核定 %(capacity)s 人。")
    advice = lazy(
        "1. 请经营者核对：已离店的办理离店，走错房源的更正；2. 确实超员的请减少人数；"
        "3. 上门清点人数，看有无隔断、打地铺。"
    )
    false_alarms = (lazy("前一批住客未办退房"), lazy("婴幼儿同住"), lazy("核定人数填小了"))
    checklist = (
        Item("count", lazy("在场人数不超过核定人数（只数人数）")),
        Item("beds", lazy("床位数与备案一致"), needs_photo=True),
        Item("exits", lazy("门、窗、通道畅通")),
    )
    labels = {"guests": lazy("登记在住"), "capacity": lazy("核定人数")}

    def find(self, at, ids) -> Select:
        each = _counts(at, ids)
        return (
            select(
                each.c.unit_id,
                func.max(each.c.guests).label("guests"),
                func.max(Unit.capacity).label("capacity"),
                func.max(Guest.recorded_at).label("newest_at"),
            )
            .join(Unit, Unit.id == each.c.unit_id)
            .join(Guest, Guest.id == each.c.guest_id)
            .where(each.c.guests > Unit.capacity)
            .group_by(each.c.unit_id)
        )

    def due(self, ids, at) -> Select:
        """An arrival meets those who should have left by then and did not."""
        return arrivals_ahead(at, ids)

    cases = (
        fires("五人住四人房", lambda w: w.unit("A", capacity=4).stay(hours=-3).guest(times=5)),
        quiet("四人住四人房", lambda w: w.unit("A", capacity=4).stay(hours=-3).guest(times=4)),
        quiet("一人已离店", lambda w: w.unit("A", capacity=4).stay(hours=-3).guest(times=4).guest(left=0)),
        fires(
            "两次入住同时在住", lambda w: w.unit("A", capacity=1).stay(hours=-3).guest().stay(hours=-2).guest()
        ),
        quiet(
            "前一批已退房",
            lambda w: w.unit("A", capacity=1).stay(hours=-30, ended=-2).guest().stay(hours=-1).guest(),
        ),
        fires(
            "前一批逾期未退，后一批已到",
            lambda w: w.unit("A", capacity=1).stay(hours=-30, out=-5).guest().stay(hours=-1).guest(),
        ),
        quiet(
            "明天的住客在今天的离店之后到",
            lambda w: w.unit("A", capacity=1).stay(hours=-3, out=20).guest().stay(hours=24, out=48).guest(),
        ),
        fires(
            "明天的住客在今天的离店之前到",
            lambda w: w.unit("A", capacity=1).stay(hours=-3, out=30).guest().stay(hours=24, out=48).guest(),
        ),
        quiet("作废的不算", lambda w: w.unit("A", capacity=1).stay(hours=-3).guest().guest(voided=True)),
    )


def _counts(at, ids):
    """How many are there whenever somebody comes."""
    newcomer, other, stay = _spans(at, ids), aliased(Guest), aliased(Stay)
    gone, then = func.coalesce(other.left_at, stay.ended_at), newcomer.c.then
    return (
        select(newcomer.c.unit_id, newcomer.c.guest_id, func.count().label("guests"))
        .select_from(newcomer)
        .join(stay, stay.unit_id == newcomer.c.unit_id)
        .join(other, other.stay_id == stay.id)
        .where(
            is_open(at, ids, stay),
            other.voided_at.is_(None),
            other.arrived_at <= then,
            or_(gone.is_(None), gone > then),
            # Whoever is overdue is still there; who will be is not known, so plans count as kept.
            or_(then <= moment(at), stay.checks_out_at > then),
        )
        .group_by(newcomer.c.unit_id, newcomer.c.guest_id)
        .subquery()
    )


def _spans(at, ids):
    """The instants at which somebody comes: now for those who are there, else their arrival."""
    return (
        guests_of_judged(at, ids)
        .add_columns(
            Stay.unit_id, Guest.id.label("guest_id"), greatest(Guest.arrived_at, moment(at)).label("then")
        )
        .where(and_(or_(gone_at().is_(None), gone_at() > at)))
        .subquery()
    )
