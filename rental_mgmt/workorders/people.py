"""Who is registered where an order leads: masked names, only for whoever has the order in hand."""

from dataclasses import dataclass

from sqlalchemy import or_, select

from ..accounts.masking import Context, Field, show, what_may
from ..alerts.models import AlertUnit
from ..audit.service import record_access
from ..core import clock
from ..core.access import Actor, Role
from ..core.db import session
from ..stays.corrections import secret
from ..stays.models import Guest, Stay
from ..stays.presence import is_present
from .models import OrderStatus, WorkOrder
from .service import is_visit

IN_HAND = (OrderStatus.SIGNED, OrderStatus.RETURNED)
CONTEXTS = {Role.COMMUNITY_OFFICER: Context.CASE}


@dataclass(frozen=True)
class Present:
    """A guest who is registered as present: a masked name, or only that it is a minor."""

    name: str | None
    is_minor: bool


def names_for(order: WorkOrder, who: Actor) -> list[Present]:
    """The guests present now in the order's units as this worker may see them; nobody while it is not in hand.

    A visit that the police ordered tells only the unit.
    """
    mine = order.assigned_to_id == who.user_id and order.assigned_role is who.role
    if is_visit(order) or not mine or order.status not in IN_HAND:
        return []
    guests = session.scalars(_present_in(order)).all()
    shown = [_shown(guest, who) for guest in guests]
    if any(one.name for one in shown):
        record_access(who, "guest.list_masked", order, order.alert.chain, guests=len(shown))
    return shown


def _present_in(order: WorkOrder):
    units = select(AlertUnit.unit_id).where(AlertUnit.alert_id == order.alert_id)
    return (
        select(Guest)
        .join(Stay, Stay.id == Guest.stay_id)
        .where(or_(Guest.unit_id == order.alert.unit_id, Guest.unit_id.in_(units)), is_present(clock.now()))
        .order_by(Guest.id)
    )


def _shown(guest: Guest, who: Actor) -> Present:
    context = CONTEXTS.get(who.role, Context.CLAIMED)
    may = what_may(who.role, Field.NAME, context, minor=guest.is_minor)
    return Present(show(Field.NAME, secret(guest, "name"), may, context), guest.is_minor)
