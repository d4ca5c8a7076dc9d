"""The pages of stays: those of a unit, planning one, one stay and what becomes of it."""

from datetime import timedelta

from flask import flash, redirect, request, url_for

from ..core import clock
from ..core.access import may, require_may
from ..core.fields import Schema
from ..core.forms import Form
from ..core.http import actor
from ..core.i18n import _
from ..core.web import page
from . import service, standing
from .pages_web import noon_after, unit_in_scope, web
from .schemas import CheckOutIn, ExtendIn, PlanIn
from .shown import shown_guest, shown_guests


@web.get("/units/<uuid:unit_uid>")
def of_unit(unit_uid):
    """一套房源的入住：正在进行和计划中的，以及以前的"""
    unit = unit_in_scope(unit_uid)
    past, found = standing.past_stays(actor(), unit, request.args.get("cursor"))
    return page(
        "stays/of_unit.html", unit=unit, open=standing.open_stays(actor(), unit), past=past, found=found
    )


@web.route("/units/<uuid:unit_uid>/plan", methods=["GET", "POST"])
def plan(unit_uid):
    """新建入住"""
    require_may(actor(), service.plan_stay)
    unit, made, now = unit_in_scope(unit_uid), [], clock.now()
    form = Form(PlanIn, {"checks_in_at": now, "checks_out_at": noon_after(now), "planned_guests": 2})
    if form.submit(lambda **planned: made.append(service.plan_stay(actor(), unit, **planned))):
        flash(_("入住已保存，客人到了再登记也可以"), "good")
        return redirect(url_for(".show", stay_uid=made[0].uid), 303)
    return page("stays/plan_form.html", unit=unit, form=form)


@web.get("/<uuid:stay_uid>")
def show(stay_uid):
    """一次入住"""
    return _stay_page(service.get_stay(actor(), stay_uid))


def _stay_page(stay, **forms):
    me = actor()
    later = max(stay.checks_out_at, clock.now()) + timedelta(days=1)
    forms.setdefault("extend", Form(ExtendIn, {"checks_out_at": later}))
    forms.setdefault("end", Form(CheckOutIn))
    forms.setdefault("pressed", Form(Schema))
    changes = may(me, service.check_out)
    return page(
        "stays/show.html",
        stay=stay,
        guests=shown_guests(me, stay) if may(me, shown_guests) else None,
        may_change=changes and not stay.has_ended,
        may_resume=changes and service.may_be_resumed(stay),
        may_open=may(me, shown_guest),
        may_see_unit=changes,
        **forms,
    )


def _pressed(stay_uid, operation, words: str):
    """One press on a stay; refused, the stay is shown as it is now with the reason on top."""
    stay, form = service.get_stay(actor(), stay_uid), Form(Schema)
    if form.submit(lambda: operation(actor(), stay)):
        flash(words, "good")
        return redirect(url_for(".show", stay_uid=stay_uid), 303)
    return _stay_page(service.get_stay(actor(), stay_uid), pressed=form)


@web.post("/<uuid:stay_uid>/extend")
def extend(stay_uid):
    """续住"""
    stay, form = service.get_stay(actor(), stay_uid), Form(ExtendIn)
    if form.submit(lambda checks_out_at: service.extend_stay(actor(), stay, checks_out_at)):
        flash(_("预计离店时间已更新"), "good")
        return redirect(url_for(".show", stay_uid=stay_uid), 303)
    return _stay_page(service.get_stay(actor(), stay_uid), extend=form)


@web.post("/<uuid:stay_uid>/check-out")
def check_out(stay_uid):
    """办理退房"""
    stay, form = service.get_stay(actor(), stay_uid), Form(CheckOutIn)
    if form.submit(lambda at: service.check_out(actor(), stay, at)):
        flash(_("已办理退房"), "good")
        return redirect(url_for(".show", stay_uid=stay_uid), 303)
    return _stay_page(service.get_stay(actor(), stay_uid), end=form)


@web.post("/<uuid:stay_uid>/resume")
def resume(stay_uid):
    """退房点错了，恢复在住"""
    return _pressed(stay_uid, service.resume_stay, _("已恢复在住"))


@web.post("/<uuid:stay_uid>/cancel")
def cancel(stay_uid):
    """取消入住"""
    return _pressed(stay_uid, service.cancel_stay, _("这次入住已取消"))
