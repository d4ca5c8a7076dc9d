"""Many at once from the desk: the same acts, set-based, with the same second person behind them."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from ..alerts.models import Alert, AlertStatus, Verdict
from ..alerts.service import HANDLERS
from ..core.access import Actor, allow
from ..core.db import session
from ..core.errors import Invalid
from ..core.i18n import _
from .approvals import settle
from .models import OrderStatus, WorkOrder
from .reports import Found, Report, file_report
from .service import ON_HAND, claim_many

# Without a visit nothing can be found true.
AT_THE_DESK = (Verdict.FALSE, Verdict.DUPLICATE, Verdict.CAUSE_GONE)


@allow(*HANDLERS)
def report_many(
    actor: Actor, uids: Collection[UUID], result: Verdict, note: str
) -> tuple[list[WorkOrder], list[UUID]]:
    """Close several alerts from the desk with one reason; P0 to P2 wait for a second person all the same.

    Takes what is free and what the actor has on hand; returns the orders and the alerts left alone. 属实 is not
    among the results: that needs a visit with a report of its own.
    """
    if result not in AT_THE_DESK:
        raise Invalid(errors={"result": [_("“属实”需要逐条核实反馈，不能批量办结")]})
    orders, left = claim_many(actor, uids)
    mine = _on_my_hands(actor, left)
    for order in (*orders, *mine):
        order.checklist = [item | {"answer": Found.NOT_APPLICABLE.value} for item in order.checklist]
        if order.status is not OrderStatus.SIGNED:
            order.move_to(OrderStatus.SIGNED)
        file_report(actor, order, Report(result, note=note))
    settle([*orders, *mine], actor)
    done = {order.alert.uid for order in mine}
    return [*orders, *mine], [uid for uid in left if uid not in done]


def _on_my_hands(who: Actor, uids: Iterable[UUID]) -> list[WorkOrder]:
    query = (
        select(WorkOrder)
        .join(Alert, Alert.id == WorkOrder.alert_id)
        .where(
            Alert.uid.in_(uids),
            Alert.status == AlertStatus.CLAIMED,
            Alert.claimed_by_id == who.user_id,
            WorkOrder.assigned_to_id == who.user_id,
            WorkOrder.assigned_role == who.role,
            WorkOrder.status.in_(ON_HAND),
        )
        .options(contains_eager(WorkOrder.alert))
    )
    return list(session.scalars(query))
