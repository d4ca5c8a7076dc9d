"""A work order as pages and programs show it: of a visit that the police ordered, only the unit."""

from collections.abc import Collection

from ..alerts.showing import in_words, words_in
from ..alerts.spots import Spot, spot_of, spots_of
from ..core.access import Actor
from ..core.i18n import _
from .approvals import may_approve
from .models import WorkOrder
from .reports import photos_of
from .service import is_visit
from .wording import report_text


def tells_only_unit(order: WorkOrder, who: Actor) -> bool:
    """May this reader know no more than where to go?"""
    return is_visit(order) and not who.is_police


def title_of(order: WorkOrder, who: Actor) -> str:
    return _("上门核查") if tells_only_unit(order, who) else in_words(order.alert, "title")


def orders_in_words(orders: Collection[WorkOrder], who: Actor) -> list[dict]:
    """Several orders for a list: one query for all their places."""
    spots = spots_of([order.alert for order in orders])
    return [order_in_words(order, who, spots[order.alert_id]) for order in orders]


def order_in_words(order: WorkOrder, who: Actor, spot: Spot) -> dict:
    """What an order says, without its photos."""
    hides = tells_only_unit(order, who)
    return {
        "uid": order.uid,
        "alert": None if hides else order.alert.uid,
        "rule": None if hides else order.alert.rule,
        "severity": None if hides else int(order.alert.severity),
        "title": title_of(order, who),
        "where": spot.name,
        "unit": spot.unit,
        "status": order.status.value,
        "assigned_role": order.assigned_role.value,
        "is_mine": order.assigned_to_id == who.user_id and order.assigned_role is who.role,
        "is_visit": is_visit(order),
        "checklist": [_item(item) for item in order.checklist],
        "result": order.result and order.result.value,
        "needs_approval": order.needs_approval,
        "may_approve": may_approve(order, who),
        "outside_number": order.outside_number,
        **{at: getattr(order, at) for at in ("assigned_at", "signed_at", "reported_at", "waits_until")},
        "resolve_by": order.alert.resolve_by,
        "report_text": report_text(order, spot.name, hides),
    }


def _item(item: dict) -> dict:
    return item | {"words": words_in(item), "photo": bool(item.get("photo"))}


def order_in_full(order: WorkOrder, who: Actor) -> dict:
    """The same with its photos."""
    spot = spot_of(order.alert)
    photos = [{"uid": file.uid, "item": item} for item, file in photos_of(order)]
    return order_in_words(order, who, spot) | {"photos": photos}
