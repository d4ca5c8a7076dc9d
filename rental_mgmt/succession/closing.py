"""Closing a unit: not while guests are in house or expected, unless they are ended on purpose with it."""

from dataclasses import dataclass

from sqlalchemy import func

from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import session
from ..core.errors import Conflict
from ..core.i18n import _, lazy
from ..stays.models import Guest, Stay
from ..stays.presence import is_present
from ..stays.service import cancel_stay, check_out
from ..units import states
from ..units.models import Unit
from ..units.scope import visible
from ..units.versions import hold


@dataclass(frozen=True)
class OpenStay:
    """A stay that is not over: how many are registered in it, and how many of them are in house."""

    stay: Stay
    registered: int
    in_house: int


@allow(Role.LANDLORD)
def list_open_stays(actor: Actor, unit: Unit) -> list[OpenStay]:
    """The stays of a unit that nobody has ended or called off yet, the earliest first; counts only."""
    query = (
        visible(actor, Stay)
        .outerjoin(Guest, (Guest.stay_id == Stay.id) & Guest.voided_at.is_(None))
        .add_columns(func.count(Guest.id), func.count(Guest.id).filter(is_present(clock.now())))
        .where(Stay.unit_id == unit.id, Stay.ended_at.is_(None), Stay.cancelled_at.is_(None))
        .group_by(Stay.id)
        .order_by(Stay.checks_in_at, Stay.id)
    )
    return [OpenStay(*row) for row in session.execute(query)]


@allow(Role.LANDLORD)
def close(actor: Actor, unit: Unit, reason: str, version: int, end_stays: bool = False) -> Unit:
    """End a unit for good. Raises Conflict while guests are in house or expected, unless they end with it."""
    hold(unit, version)
    if unit.suspension_decision is not None:
        raise Conflict(_("派出所停用期间不能注销，请先联系派出所"))
    # The unit is held: nobody is registered in it between this count and the end.
    waiting = list_open_stays(actor, unit)
    if waiting and not end_stays:
        raise Conflict(_still_there(waiting))
    for one in waiting:
        # One by one, for each ending is an act of its own: touched, sent on, written down.
        check_out(actor, one.stay) if one.registered else cancel_stay(actor, one.stay)
    states.end(unit, actor, reason, "unit.close", lazy("房源已注销：%(unit)s"), stays_ended=len(waiting))
    return unit


def _still_there(waiting: list[OpenStay]) -> str:
    in_house, planned = sum(one.in_house for one in waiting), sum(not one.registered for one in waiting)
    if in_house:
        return _(
            "还有 %(n)s 位住客登记在住，不能注销；请先办理退房，或勾选“同时办理退房、取消未到店的入住”",
            n=in_house,
        )
    if planned:
        return _(
            "还有 %(n)s 次计划中的入住，不能注销；请先取消，或勾选“同时办理退房、取消未到店的入住”", n=planned
        )
    return _("还有 %(n)s 次入住没有办理退房，请先办理，或勾选“同时办理退房、取消未到店的入住”", n=len(waiting))
