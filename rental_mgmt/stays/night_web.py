"""What is said about a night, and what an officer at the door is shown."""

from flask import flash, redirect, request

from ..core.access import require_may
from ..core.forms import Form
from ..core.http import actor
from ..core.i18n import _
from ..core.web import page, safe_next
from . import nights, service
from .models import NightState
from .pages_web import unit_in_scope, web
from .schemas import NightIn


@web.post("/units/<uuid:unit_uid>/night")
def mark_night(unit_uid):
    """标记今晚"""
    require_may(actor(), nights.mark_night)
    form, unit = Form(NightIn), unit_in_scope(unit_uid)
    if form.submit(lambda night_on, state: nights.mark_night(actor(), unit, night_on, state)):
        empty = request.form.get("state") == NightState.EMPTY
        flash(
            _("%(unit)s 已标记为空", unit=unit.name) if empty else _("%(unit)s 已标记为有客", unit=unit.name),
            "good",
        )
    else:
        flash(form.said_in_one_line, "bad")
    return redirect(safe_next(request.form.get("next")), 303)


@web.post("/nights/same-as-yesterday")
def same_as_yesterday():
    """空置与昨晚相同"""
    count = nights.same_as_yesterday(actor(), nights.tonight())
    flash(_("已把 %(n)s 套房源标记为空，与昨晚相同", n=count), "good")
    return redirect(safe_next(request.form.get("next")), 303)


@web.route("/units/<uuid:unit_uid>/at-door", methods=["GET", "POST"])
def at_door(unit_uid):
    """出示本房在住登记"""
    require_may(actor(), service.show_at_door)
    unit = unit_in_scope(unit_uid)
    shows = request.method == "POST"
    counts = service.show_at_door(actor(), unit) if shows else service.registered_now(actor(), unit)
    return page("stays/at_door.html", unit=unit, counts=counts, shown=shows)
