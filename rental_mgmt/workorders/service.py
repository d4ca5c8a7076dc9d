"""Work orders: every visit for an alert, taken, signed, made to wait, given back.

Who else may have one stands in handing.py, what was found in reports.py, the second person in approvals.py.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import contains_eager

from ..accounts.scope import within
from ..alerts import service as alerts
from ..alerts.models import Alert
from ..alerts.service import HANDLERS, WaitReason
from ..audit.service import record
from ..core import clock
from ..core.access import Actor, allow
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


@allow(*HANDLERS)
def list_past_orders(actor: Actor, alert: Alert) -> list[WorkOrder]:
    """What was done about an alert before: its reports and what was dropped, the newest first."""
    over = WorkOrder.status.in_((OrderStatus.APPROVED, OrderStatus.DROPPED))
    query = list_orders(actor).where(WorkOrder.alert_id == alert.id, over).order_by(WorkOrder.id.desc())
    return list(session.scalars(query))


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
    order = signed_order(alert, actor)
    session.add(order)
    record(actor, "work_order.sign", order, alert.chain)
    return order


@allow(*HANDLERS)
def claim_many(actor: Actor, uids: Collection[UUID]) -> tuple[list[WorkOrder], list[UUID]]:
    """Take all of these that are free: their orders, and the alerts that were left alone."""
    taken, left = alerts.claim_many(actor, uids)
    orders = [signed_order(alert, actor) for alert in taken]
    session.add_all(orders)
    for order, alert in zip(orders, taken, strict=True):
        record(actor, "work_order.sign", order, alert.chain)
    return orders, left


def signed_order(alert: Alert, who: Actor) -> WorkOrder:
    """The order of somebody who has just taken an alert, signed in the same breath; not stored yet."""
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


def link_to(order: WorkOrder) -> str:
    return f"/work-orders/{order.uid}"


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
