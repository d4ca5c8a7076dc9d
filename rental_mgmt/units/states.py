"""Suspending and resuming a unit: the landlord's own, or by the police with a decision number; its end."""

from ..audit.service import record
from ..core import clock
from ..core.access import POLICE_ROLES, Actor, Role, allow
from ..core.errors import Forbidden, Invalid
from ..core.i18n import _, lazy
from ..core.touch import Kind, touch
from ..notices.service import notify
from .concerned import users_of
from .details import end_role
from .models import FilingStatus, Unit, UnitStatus
from .registering import open_filing
from .steps import take_steps
from .versions import hold

NEIGHBOURS_IN_WORK = (Role.PROPERTY_MANAGER, Role.GRID_WORKER)


@allow(Role.LANDLORD, Role.POLICE_LIAISON)
def suspend(actor: Actor, unit: Unit, reason: str, version: int, decision_number: str | None = None) -> Unit:
    """Take a unit out of use for a while. The police need a decision number; nobody else may (law.md 8.3)."""
    if actor.role in POLICE_ROLES and not decision_number:
        raise Invalid(errors={"decision_number": [_("请填写决定文书编号；没有文书不能停用房源")]})
    hold(unit, version)
    # What its landlord paused the police may still suspend: then only they can resume it.
    if not (
        actor.role in POLICE_ROLES and unit.status is UnitStatus.SUSPENDED and not unit.suspension_decision
    ):
        unit.move_to(UnitStatus.SUSPENDED)
    unit.suspension_reason = reason
    unit.suspension_decision = decision_number if actor.role in POLICE_ROLES else None
    _tell(actor, unit, "unit.suspend", lazy("房源已停用：%(unit)s"))
    return unit


@allow(Role.LANDLORD, Role.POLICE_LIAISON)
def resume(actor: Actor, unit: Unit, version: int) -> Unit:
    """Back into use, by the side that suspended it."""
    hold(unit, version)
    by_police = unit.suspension_decision is not None
    if unit.status is UnitStatus.SUSPENDED and by_police is not (actor.role in POLICE_ROLES):
        raise Forbidden(
            _("这套房源由派出所停用，恢复须由派出所办理")
            if by_police
            else _("这套房源由经营者自行停用，须由经营者恢复")
        )
    unit.move_to(UnitStatus.ACTIVE)
    unit.suspension_reason = unit.suspension_decision = None
    _tell(actor, unit, "unit.resume", lazy("房源已恢复：%(unit)s"))
    return unit


def end(unit: Unit, actor: Actor, reason: str, action: str, title, **details) -> None:
    """End a held unit for good: its filing is withdrawn, its landlord's role ends, its code stays unused."""
    if filing := open_filing(unit):
        take_steps([filing], FilingStatus.WITHDRAWN, actor, reason)
    unit.move_to(UnitStatus.CLOSED)
    unit.closed_at, unit.closing_reason = clock.now(), reason
    end_role(unit)
    _tell(actor, unit, action, title, **details)


def _tell(actor: Actor, unit: Unit, action: str, title, **details) -> None:
    touch((Kind.UNIT, unit.id))
    decision = {"decision": unit.suspension_decision} if unit.suspension_decision else {}
    record(actor, action, unit, chain=unit.chain, **details, **decision)
    others = (Role.LANDLORD, Role.HELPER) if actor.role in POLICE_ROLES else ()
    told = set(users_of([unit], *NEIGHBOURS_IN_WORK, *others)) - {actor.user_id}
    notify(told, action, title, "", f"/units/{unit.uid}", unit=unit.name)
