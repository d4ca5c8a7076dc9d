"""Who else may have an order: a colleague it is handed to, a grid worker whom the police ask to visit."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from ..accounts.actors import name_of
from ..accounts.models import User
from ..alerts import service as alerts
from ..alerts.models import Alert, AlertStatus
from ..alerts.recipients import People
from ..alerts.service import HANDLERS
from ..alerts.spots import spot_of
from ..audit.service import record
from ..core import clock
from ..core.access import POLICE_ROLES, Actor, Role, allow
from ..core.db import session
from ..core.errors import Conflict, Forbidden, Invalid
from ..core.i18n import _, lazy
from ..notices.service import notify
from .models import OrderStatus, WorkOrder
from .service import ON_HAND, is_visit, link_to, signed_order

# What a grid worker looks at where the police ordered the visit: the unit and nothing of the reason.
VISIT_CHECKLIST = (
    {
        "item": "present",
        "words": "在场人数与登记人数一致（只点人数）",
        "words_en": "As many people present as are registered (count only)",
    },
    {
        "item": "as_filed",
        "words": "房源使用情况与备案一致",
        "words_en": "The unit is used as it was filed",
    },
)


@dataclass(frozen=True)
class Colleague:
    """Somebody who may have an order; the `id` never leaves the service."""

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


def _chosen(colleagues: list[Colleague], to: UUID, otherwise: str) -> Colleague:
    for colleague in colleagues:
        if colleague.uid == to:
            return colleague
    raise Invalid(errors={"to": [otherwise]})


@allow(*HANDLERS)
def assign(actor: Actor, order: WorkOrder, to: UUID) -> WorkOrder:
    """Hand an order on to a colleague of the same role in scope; past the limit others may do that too."""
    alert = order.alert
    if not _may_assign(order, actor):
        raise Forbidden(_("只有工单持有人可以转交；超过办结时限后，有权处理的人也可以"))
    if order.status not in ON_HAND:
        raise Conflict(_("工单已反馈，不能转交"))
    others = [c for c in list_colleagues(actor, alert, order.assigned_role) if c.id != order.assigned_to_id]
    colleague = _chosen(others, to, _("请选择同一角色、能看到此房源的同事"))
    order.move_to(OrderStatus.DROPPED)
    new = _order_for(colleague, alert, order.assigned_role, order.ordered_by_id, order.checklist)
    if not is_visit(order):
        alerts.hand_to(actor, alert, colleague.id)
    record(actor, "work_order.assign", new, alert.chain)
    return new


def _may_assign(order: WorkOrder, actor: Actor) -> bool:
    if actor.user_id in (order.assigned_to_id, order.ordered_by_id):
        return True
    return order.alert.resolve_by <= clock.now() and alerts.may_handle(order.alert, actor)


@allow(*POLICE_ROLES)
def order_visit(actor: Actor, alert: Alert, to: UUID) -> WorkOrder:
    """Ask a grid worker to visit, telling only the unit; an open alert is claimed with it."""
    if alert.unit_id is None:
        raise Conflict(_("这条预警没有对应的房源，不能派人上门"))
    if alert.status is AlertStatus.OPEN:
        session.add(signed_order(alerts.claim(actor, alert), actor))
    alerts.refuse_unless_holder(alert, actor)
    worker = _chosen(list_colleagues(actor, alert, Role.GRID_WORKER), to, _("请选择负责此房源的网格员"))
    looks_at = [item | {"photo": False} for item in VISIT_CHECKLIST]
    order = _order_for(worker, alert, Role.GRID_WORKER, actor.user_id, looks_at)
    record(actor, "work_order.order_visit", order, alert.chain)
    return order


def _order_for(
    colleague: Colleague, alert: Alert, role: Role, ordered_by_id: int | None, checklist: list[dict]
) -> WorkOrder:
    """An order that waits for a colleague's signature, its checklist not answered yet; they are told."""
    order = WorkOrder(
        alert=alert,
        assigned_to_id=colleague.id,
        assigned_role=role,
        ordered_by_id=ordered_by_id,
        status=OrderStatus.ASSIGNED,
        checklist=[item | {"answer": None} for item in checklist],
        assigned_at=clock.now(),
    )
    session.add(order)
    title, text = lazy("有一张工单转给您：%(where)s"), lazy("请签收后上门或核实。")
    notify([colleague.id], "work_order.assigned", title, text, link_to(order), where=spot_of(alert).name)
    return order
