"""The second person: who may approve a report, what closes without one, what comes back to the worker."""

import hmac
from collections.abc import Collection

from sqlalchemy import Select, select, update
from sqlalchemy.orm import contains_eager

from ..accounts.scope import within
from ..alerts import service as alerts
from ..alerts.history import note_down
from ..alerts.models import ROLE_BITS, Alert, AlertEvent, Severity
from ..alerts.passing import words_of
from ..alerts.recipients import People
from ..alerts.service import HANDLERS
from ..alerts.spots import spot_of
from ..alerts.turns import bits, came
from ..audit.service import record
from ..core import clock, keys
from ..core.access import FIELD_ROLES, POLICE_ROLES, Actor, Role, allow
from ..core.db import session
from ..core.errors import Conflict, Forbidden
from ..core.i18n import _, lazy
from ..notices.service import Message, tell
from .models import OrderStatus, WorkOrder
from .service import ON_HAND, is_visit, link_to, sealed, words_on

CIVILIANS = FIELD_ROLES | {Role.COMMUNITY_OFFICER}
# One in twenty of what needs no second person gets one all the same.
LOOKED_AT_AGAIN = 20


def needs_second_person(order: WorkOrder) -> bool:
    """P0 to P2, what the police ordered, and one of twenty others, drawn so that nobody can foresee it."""
    drawn = hmac.digest(keys.derive("second-look"), order.uid.bytes, "sha256")
    return (
        order.alert.severity <= Severity.P2
        or is_visit(order)
        or drawn[0] * 256 + drawn[1] < 65536 // LOOKED_AT_AGAIN
    )


def settle(orders: Collection[WorkOrder], who: Actor) -> None:
    """Close what stands as reported; let those who may approve read the rest, and tell them."""
    for order in orders:
        order.needs_approval = needs_second_person(order)
    waiting = [order for order in orders if order.needs_approval]
    standing = [order for order in orders if not order.needs_approval]
    for order in standing:
        order.move_to(OrderStatus.APPROVED)
        order.decided_at = clock.now()
        alerts.close(who, order.alert, order.result, words_on(order, "note_sealed"))
    _after_closing(standing)
    if waiting:
        _call_second_persons(waiting)


def _call_second_persons(orders: Collection[WorkOrder]) -> None:
    alerts_of_orders = [order.alert for order in orders]
    people, words = People(alerts_of_orders), words_of(alerts_of_orders)
    for order in orders:
        order.approvers = bits(approvers_of(order))
        if not is_visit(order):
            order.alert.readers |= order.approvers
    title, text = lazy("待您审核：%(where)s %(title)s"), lazy("一份反馈需要第二人审核。")
    tell(
        Message(
            people.of(order.alert, approvers_of(order)) - {order.assigned_to_id},
            "work_order.reported",
            title,
            text,
            link_to(order),
            words[order.alert.uid],
        )
        for order in orders
    )


# --- the second person --------------------------------------------------------------------------------------


def approvers_of(order: WorkOrder) -> frozenset[Role]:
    """Who may approve: of the police another of the police; of others a civilian, about identity a liaison."""
    alert = order.alert
    if order.assigned_role in POLICE_ROLES or came(alert.turns, alert.step) <= POLICE_ROLES:
        return POLICE_ROLES
    return frozenset({Role.POLICE_LIAISON}) if alert.is_identity else CIVILIANS


def may_approve(order: WorkOrder, who: Actor) -> bool:
    """Never the reporter, in whatever role they sign in."""
    waits = order.status is OrderStatus.REPORTED and order.assigned_to_id != who.user_id
    return waits and bool(order.approvers & ROLE_BITS[who.role])


@allow(*HANDLERS)
def list_approvals(actor: Actor) -> Select:
    """The reports in scope that the actor may approve; the door pages them by `reported_at`."""
    return (
        select(WorkOrder)
        .join(Alert, Alert.id == WorkOrder.alert_id)
        .where(
            WorkOrder.status == OrderStatus.REPORTED,
            WorkOrder.approvers.bitwise_and(ROLE_BITS[actor.role]) != 0,
            WorkOrder.assigned_to_id != actor.user_id,
            within(actor, Alert),
        )
        .options(contains_eager(WorkOrder.alert))
    )


@allow(*HANDLERS)
def approve(actor: Actor, order: WorkOrder) -> WorkOrder:
    """The second person agrees: the alert closes with the reported verdict (but not by a visit's report)."""
    approve_many(actor, [order])
    return order


@allow(*HANDLERS)
def approve_many(actor: Actor, orders: Collection[WorkOrder]) -> None:
    """Agree to several reports; one that may not be approved refuses all of them."""
    for order in orders:
        _refuse_unless_approver(order, actor)
        order.move_to(OrderStatus.APPROVED)
        order.decided_by_id, order.decided_at = actor.user_id, clock.now()
        note_down(order.alert, AlertEvent.APPROVED, actor, visit=is_visit(order))
        record(actor, "work_order.approve", order, order.alert.chain)
    closing = [order for order in orders if not is_visit(order)]
    for order in closing:
        alerts.close(actor, order.alert, order.result, words_on(order, "note_sealed"))
    _after_closing(closing)
    _tell_who_ordered([order for order in orders if is_visit(order) and order.ordered_by_id != actor.user_id])


def _after_closing(orders: Collection[WorkOrder]) -> None:
    """Visits that nobody needs any more are off, and the landlords hear how it ended."""
    if not orders:
        return
    off = update(WorkOrder).where(
        WorkOrder.alert_id.in_([order.alert.id for order in orders]), WorkOrder.status.in_(ON_HAND)
    )
    values = {"status": OrderStatus.DROPPED, "version": WorkOrder.version + 1}
    session.execute(off.values(values).execution_options(synchronize_session=False))
    alerts.tell_landlords([order.alert for order in orders])


def _tell_who_ordered(visits: Collection[WorkOrder]) -> None:
    title, text = lazy("您派的上门核查已有结果"), lazy("反馈已审核，请据此继续处理预警。")
    tell(Message([visit.ordered_by_id], "work_order.approved", title, text, link_to(visit)) for visit in visits)


def _refuse_unless_approver(order: WorkOrder, actor: Actor) -> None:
    if order.status is not OrderStatus.REPORTED:
        raise Conflict(_("这份反馈已经处理过，请刷新"))
    if order.assigned_to_id == actor.user_id:
        raise Forbidden(_("自己的反馈要由另一个人审核"))
    if not may_approve(order, actor):
        raise Forbidden(_("您的角色不能审核这份反馈"))


@allow(*HANDLERS)
def return_(actor: Actor, order: WorkOrder, reason: str) -> WorkOrder:
    """The second person does not agree: back to the worker, with a reason."""
    _refuse_unless_approver(order, actor)
    order.move_to(OrderStatus.RETURNED)
    order.decided_by_id, order.decided_at = actor.user_id, clock.now()
    order.reason_sealed = sealed(order, "reason_sealed", reason)
    note_down(order.alert, AlertEvent.RETURNED, actor, reason, visit=is_visit(order))
    record(actor, "work_order.return", order, order.alert.chain)
    title, text = lazy("反馈被退回：%(where)s"), lazy("请看原因，补充后再次反馈。")
    where = {"where": spot_of(order.alert).name}
    tell([Message([order.assigned_to_id], "work_order.returned", title, text, link_to(order), where)])
    return order
