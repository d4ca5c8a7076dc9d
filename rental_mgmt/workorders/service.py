"""Work orders: every visit for an alert, from claiming it to giving it back. Reports stand in reports.py."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import contains_eager

from ..accounts.actors import name_of
from ..accounts.models import User
from ..accounts.scope import within
from ..alerts import service as alerts
from ..alerts.models import Alert, AlertStatus
from ..alerts.recipients import People
from ..alerts.service import HANDLERS, WaitReason
from ..alerts.spots import spot_of
from ..audit.service import record
from ..core import clock
from ..core.access import POLICE_ROLES, Actor, Role, allow
from ..core.db import session
from ..core.errors import Conflict, Forbidden, Invalid, NotFound
from ..core.i18n import _, lazy
from ..core.lookup import get_or_404
from ..core.seal import Retention, Where, seal, unseal_or_none
from ..notices.service import notify
from .models import OrderStatus, WorkOrder

# More than anybody has on hand; the list is a day's work, not a record.
AT_ONCE = 200
ON_HAND = (OrderStatus.ASSIGNED, OrderStatus.SIGNED, OrderStatus.RETURNED)
# What a grid worker looks at where the police ordered the visit: the unit and nothing of the reason.
VISIT_CHECKLIST = (
    ("present", "在场人数与登记人数一致（只点人数）", "As many people present as are registered (count only)"),
    ("as_filed", "房源使用情况与备案一致", "The unit is used as it was filed"),
)


# --- reading ------------------------------------------------------------------------------------------------


@allow(*HANDLERS)
def list_orders(actor: Actor) -> Select:
    """The orders the actor has or ordered, and those of alerts that the actor may read."""
    own = and_(WorkOrder.assigned_to_id == actor.user_id, WorkOrder.assigned_role == actor.role)
    readable = and_(within(actor, Alert), alerts.is_read_by(actor.role))
    return (
        select(WorkOrder)
        .join(Alert, Alert.id == WorkOrder.alert_id)
        .where(or_(own, WorkOrder.ordered_by_id == actor.user_id, readable))
        .options(contains_eager(WorkOrder.alert))
    )


@allow(*HANDLERS)
def list_my_orders(actor: Actor) -> Select:
    """What the actor has on hand in this role, the most urgent and shortest of time first."""
    return (
        select(WorkOrder)
        .join(Alert, Alert.id == WorkOrder.alert_id)
        .where(
            WorkOrder.assigned_to_id == actor.user_id,
            WorkOrder.assigned_role == actor.role,
            WorkOrder.status.in_(ON_HAND),
        )
        .options(contains_eager(WorkOrder.alert))
        .order_by(Alert.severity, Alert.resolve_by, WorkOrder.id)
        .limit(AT_ONCE)
    )


def get_order(actor: Actor, uid: UUID) -> WorkOrder:
    return get_or_404(list_orders(actor), uid)


def get_orders(actor: Actor, uids: Collection[UUID]) -> list[WorkOrder]:
    """All of these; one that is missing or out of scope is as if none were there."""
    found = session.scalars(list_orders(actor).where(WorkOrder.uid.in_(uids))).all()
    if len(found) != len(set(uids)):
        raise NotFound
    return list(found)


def order_on(alert: Alert) -> WorkOrder | None:
    """The order of whoever has the alert now (visits that they ordered are not it)."""
    live = WorkOrder.status.not_in((OrderStatus.DROPPED, OrderStatus.APPROVED))
    query = select(WorkOrder).where(WorkOrder.alert_id == alert.id, WorkOrder.ordered_by_id.is_(None), live)
    return session.scalar(query.order_by(WorkOrder.id.desc()).limit(1))


def sealed(order: WorkOrder, column: str, words: str | None) -> bytes | None:
    """People's own words on an order: they may name somebody, so they are kept as a case is."""
    return seal(words, Where("work_order", column, order.uid), Retention.CASE) if words else None


def words_on(order: WorkOrder, column: str) -> str | None:
    return unseal_or_none(getattr(order, column), Where("work_order", column, order.uid))


def is_visit(order: WorkOrder) -> bool:
    """Was it ordered by whoever has the alert, so that its report closes nothing by itself?"""
    return order.ordered_by_id is not None


# --- taking and handing on ----------------------------------------------------------------------------------


@allow(*HANDLERS)
def claim(actor: Actor, alert: Alert) -> WorkOrder:
    """Take an alert and sign its work order at once; the second claimer gets a Conflict."""
    alerts.claim(actor, alert)
    order = _signed_order(alert, actor)
    session.add(order)
    record(actor, "work_order.sign", order, alert.chain)
    return order


@allow(*HANDLERS)
def claim_many(actor: Actor, uids: Collection[UUID]) -> tuple[list[WorkOrder], list[UUID]]:
    """Take all of these that are free: their orders, and the alerts that were left alone."""
    taken, left = alerts.claim_many(actor, uids)
    orders = [_signed_order(alert, actor) for alert in taken]
    session.add_all(orders)
    for order, alert in zip(orders, taken, strict=True):
        record(actor, "work_order.sign", order, alert.chain)
    return orders, left


def _signed_order(alert: Alert, who: Actor) -> WorkOrder:
    at = clock.now()
    return WorkOrder(
        alert=alert,
        assigned_to_id=who.user_id,
        assigned_role=who.role,
        status=OrderStatus.SIGNED,
        checklist=checklist_of(alert),
        assigned_at=at,
        signed_at=at,
    )


def checklist_of(alert: Alert) -> list[dict]:
    """What this rule asks to look at, not answered yet."""
    return [item | {"answer": None} for item in alert.evidence.get("checklist", [])]


@allow(*HANDLERS)
def sign(actor: Actor, order: WorkOrder) -> WorkOrder:
    """Take an order that was assigned, or one that came back."""
    refuse_unless_mine(order, actor)
    order.move_to(OrderStatus.SIGNED)
    order.signed_at = clock.now()
    record(actor, "work_order.sign", order, order.alert.chain)
    return order


def refuse_unless_mine(order: WorkOrder, actor: Actor) -> None:
    if order.assigned_to_id != actor.user_id or order.assigned_role is not actor.role:
        raise Forbidden(_("这张工单不在您手上"))


@dataclass(frozen=True)
class Colleague:
    uid: UUID
    name: str
    id: int

    @property
    def choice(self) -> tuple[UUID, str]:
        return self.uid, self.name


@allow(*HANDLERS)
def list_colleagues(actor: Actor, alert: Alert, role: Role) -> list[Colleague]:
    """Who else reaches this alert in a role."""
    ids = People([alert]).of(alert, {role}) - {actor.user_id}
    found = session.execute(
        select(User.id, User.uid, User.name_sealed).where(User.id.in_(ids)).order_by(User.id)
    )
    return [Colleague(row.uid, name_of(row.uid, row.name_sealed), row.id) for row in found]


@allow(*HANDLERS)
def assign(actor: Actor, order: WorkOrder, to: UUID) -> WorkOrder:
    """Hand an order on to a colleague of the same role in scope; past the limit others may do that too."""
    alert = order.alert
    if not _may_assign(order, actor):
        raise Forbidden(_("只有工单持有人可以转交；超过办结时限后，有权处理的人也可以"))
    if order.status not in ON_HAND:
        raise Conflict(_("工单已反馈，不能转交"))
    colleague = next((c for c in list_colleagues(actor, alert, order.assigned_role) if c.uid == to), None)
    if colleague is None or colleague.id == order.assigned_to_id:
        raise Invalid(errors={"to": [_("请选择同一角色、能看到此房源的同事")]})
    order.move_to(OrderStatus.DROPPED)
    new = _assigned_order(order, colleague.id)
    session.add(new)
    if not is_visit(order):
        alerts.hand_to(actor, alert, colleague.id)
    record(actor, "work_order.assign", new, alert.chain)
    _tell_assigned(new, colleague.id)
    return new


def _may_assign(order: WorkOrder, actor: Actor) -> bool:
    if actor.user_id in (order.assigned_to_id, order.ordered_by_id):
        return True
    return order.alert.resolve_by <= clock.now() and alerts.may_handle(order.alert, actor)


def _assigned_order(order: WorkOrder, user_id: int) -> WorkOrder:
    return WorkOrder(
        alert=order.alert,
        assigned_to_id=user_id,
        assigned_role=order.assigned_role,
        ordered_by_id=order.ordered_by_id,
        status=OrderStatus.ASSIGNED,
        checklist=[item | {"answer": None} for item in order.checklist],
        assigned_at=clock.now(),
    )


def _tell_assigned(order: WorkOrder, user_id: int) -> None:
    title, text = lazy("有一张工单转给您：%(where)s"), lazy("请签收后上门或核实。")
    notify([user_id], "work_order.assigned", title, text, link_to(order), where=spot_of(order.alert).name)


def link_to(order: WorkOrder) -> str:
    return f"/work-orders/{order.uid}"


@allow(*POLICE_ROLES)
def order_visit(actor: Actor, alert: Alert, to: UUID) -> WorkOrder:
    """Ask a grid worker to visit, telling only the unit; an open alert is claimed with it."""
    if alert.unit_id is None:
        raise Conflict(_("这条预警没有对应的房源，不能派人上门"))
    if alert.status is AlertStatus.OPEN:
        session.add(_signed_order(alerts.claim(actor, alert), actor))
    alerts.refuse_unless_holder(alert, actor)
    worker = next((c for c in list_colleagues(actor, alert, Role.GRID_WORKER) if c.uid == to), None)
    if worker is None:
        raise Invalid(errors={"to": [_("请选择负责此房源的网格员")]})
    words = ("item", "words", "words_en")
    order = WorkOrder(
        alert=alert,
        assigned_to_id=worker.id,
        assigned_role=Role.GRID_WORKER,
        ordered_by_id=actor.user_id,
        checklist=[
            dict(zip(words, item, strict=True)) | {"photo": False, "answer": None} for item in VISIT_CHECKLIST
        ],
        assigned_at=clock.now(),
    )
    session.add(order)
    record(actor, "work_order.order_visit", order, alert.chain)
    _tell_assigned(order, worker.id)
    return order


# --- waiting and giving back --------------------------------------------------------------------------------


@allow(*HANDLERS)
def wait(
    actor: Actor,
    order: WorkOrder,
    until: datetime,
    reason: WaitReason = WaitReason.NOBODY_IN,
    note: str | None = None,
) -> WorkOrder:
    """Nobody in, again at another time; or others have to act first. The clocks stand still until then."""
    refuse_unless_mine(order, actor)
    if order.status is OrderStatus.RETURNED:
        sign(actor, order)
    if order.status is not OrderStatus.SIGNED:
        raise Conflict(_("请先签收工单"))
    if is_visit(order):
        if not clock.now() < until <= clock.now() + alerts.LONGEST_WAIT:
            raise Invalid(errors={"until": [_("请选择从现在起 14 天内的时间")]})
        record(actor, "work_order.wait", order, order.alert.chain, reason=reason)
    else:
        alerts.wait(actor, order.alert, until, reason, note)
    order.waits_until = until
    return order


@allow(*HANDLERS)
def give_back(actor: Actor, order: WorkOrder, reason: str) -> WorkOrder:
    """Put the order and its alert back for others, with a reason."""
    refuse_unless_mine(order, actor)
    order.move_to(OrderStatus.DROPPED)
    order.reason_sealed, order.decided_at = sealed(order, "reason_sealed", reason), clock.now()
    record(actor, "work_order.give_back", order, order.alert.chain)
    if is_visit(order):
        title, text = lazy("您派的上门核查被放回"), lazy("请看原因，另派他人或自行核查。")
        notify([order.ordered_by_id], "work_order.dropped", title, text, link_to(order))
    else:
        alerts.give_back(actor, order.alert, reason)
    return order
