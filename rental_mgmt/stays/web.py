"""The pages of a landlord's evening: tiles, a stay, a guest, the count shown at the door."""

from datetime import time, timedelta

from flask import Blueprint, flash, redirect, request, url_for

from ..core import clock
from ..core.access import may, require_may
from ..core.forms import Form
from ..core.http import actor, answer_is_secret
from ..core.i18n import _
from ..core.lookup import get_or_404
from ..core.web import page, safe_next
from ..units.models import Unit
from ..units.scope import visible
from . import corrections, nights, registration, service
from .divisions import country_codes, country_name
from .models import NightState
from .schemas import (
    CorrectionIn,
    ExtendIn,
    FirstGuestIn,
    GuestIn,
    MomentIn,
    NightIn,
    OverseasReportIn,
    PlanIn,
    ReasonIn,
    RevealIn,
)
from .shown import shown_guest, shown_guests

web = Blueprint("stays", __name__, template_folder="templates", url_prefix="/stays")


def _unit(uid):
    return get_or_404(visible(actor(), Unit), uid)


def _tomorrow_noon():
    return clock.local_time(clock.local_day(clock.now()) + timedelta(days=1), time(12))


def _countries() -> list[tuple[str, str]]:
    """Home first, then by name."""
    first = ("CHN", "HKG", "MAC", "TWN")
    rest = sorted((country_name(code), code) for code in country_codes() if code not in first)
    return [(code, country_name(code)) for code in first] + [(code, name) for name, code in rest]


def _say_registered(made: registration.Registered) -> None:
    flash(_("住客已登记"), "good")
    for words in made.warnings:
        flash(words, "warn")
    if made.is_over_capacity:
        flash(_("已超过核定人数，说明已一并保存，稍后会有人联系核实"), "warn")


NEW_GUEST = {"nationality": "CHN", "document_kind": "resident_id"}


@web.route("/units/<uuid:unit_uid>/register", methods=["GET", "POST"])
def register_first(unit_uid):
    """登记一位住客，同时新建入住"""
    require_may(actor(), service.check_in)
    unit, made = _unit(unit_uid), []
    form = Form(FirstGuestIn, {"checks_out_at": _tomorrow_noon()} | NEW_GUEST)

    def register(checks_out_at, **details):
        made.extend(service.check_in(actor(), unit, checks_out_at, details))

    if form.submit(register):
        stay, guest = made
        _say_registered(guest)
        return redirect(url_for(".show", stay_uid=stay.uid), 303)
    return page("stays/guest_form.html", unit=unit, stay=None, form=form, countries=_countries())


@web.route("/units/<uuid:unit_uid>/plan", methods=["GET", "POST"])
def plan(unit_uid):
    """新建入住"""
    require_may(actor(), service.plan_stay)
    unit, made = _unit(unit_uid), []
    initial = {"checks_in_at": clock.now(), "checks_out_at": _tomorrow_noon(), "planned_guests": 2}
    form = Form(PlanIn, initial)
    if form.submit(lambda **planned: made.append(service.plan_stay(actor(), unit, **planned))):
        flash(_("入住已保存，可以开始登记住客"), "good")
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
    forms.setdefault("end", Form(MomentIn))
    return page(
        "stays/show.html",
        stay=stay,
        guests=shown_guests(me, stay) if may(me, shown_guests) else None,
        may_change=may(me, service.check_out) and not stay.has_ended,
        may_open=may(me, shown_guest),
        **forms,
    )


@web.route("/<uuid:stay_uid>/guests/new", methods=["GET", "POST"])
def register_guest(stay_uid):
    """登记住客"""
    require_may(actor(), registration.register_guest)
    stay, made = service.get_stay(actor(), stay_uid), []
    form = Form(GuestIn, NEW_GUEST)
    if form.submit(lambda **guest: made.append(registration.register_guest(actor(), stay_uid, guest))):
        _say_registered(made[0])
        return redirect(url_for(".show", stay_uid=stay_uid), 303)
    return page("stays/guest_form.html", unit=stay.unit, stay=stay, form=form, countries=_countries())


@web.post("/<uuid:stay_uid>/extend")
def extend(stay_uid):
    """续住"""
    stay = service.get_stay(actor(), stay_uid)
    form = Form(ExtendIn)
    if form.submit(lambda checks_out_at: service.extend_stay(actor(), stay, checks_out_at)):
        flash(_("预计离店时间已更新"), "good")
        return redirect(url_for(".show", stay_uid=stay_uid), 303)
    return _stay_page(stay, extend=form)


@web.post("/<uuid:stay_uid>/check-out")
def check_out(stay_uid):
    """办理退房"""
    stay, form = service.get_stay(actor(), stay_uid), Form(MomentIn)
    if form.submit(lambda at: service.check_out(actor(), stay, at)):
        flash(_("已办理退房"), "good")
        return redirect(url_for(".show", stay_uid=stay_uid), 303)
    return _stay_page(stay, end=form)


@web.post("/<uuid:stay_uid>/cancel")
def cancel(stay_uid):
    """取消入住"""
    service.cancel_stay(actor(), service.get_stay(actor(), stay_uid))
    flash(_("这次入住已取消"), "good")
    return redirect(url_for(".show", stay_uid=stay_uid), 303)


@web.route("/guests/<uuid:guest_uid>", methods=["GET"])
def guest(guest_uid):
    """一位住客"""
    return _guest_page(corrections.get_guest(actor(), guest_uid))


def _guest_page(found, **forms):
    me = actor()
    shown = shown_guest(me, found)
    forms.setdefault("reveal", Form(RevealIn))
    forms.setdefault("void", Form(ReasonIn))
    forms.setdefault("left", Form(MomentIn))
    forms.setdefault("report", Form(OverseasReportIn, {"reported_at": clock.now()}, files=("photo",)))
    return page(
        "stays/guest.html",
        guest=found,
        shown=shown,
        kept_report=corrections.report_of(found),
        may_correct=may(me, corrections.correct_guest) and not shown.voided_at,
        may_end=may(me, service.guest_left) and shown.left_at is None and not found.stay.has_ended,
        **{"revealed": None} | forms,
    )


@web.post("/guests/<uuid:guest_uid>/leave")
def guest_left(guest_uid):
    """住客离店"""
    found, form = corrections.get_guest(actor(), guest_uid), Form(MomentIn)
    if form.submit(lambda at: service.guest_left(actor(), found, at)):
        flash(_("已记录该住客离店"), "good")
        return redirect(url_for(".show", stay_uid=found.stay.uid), 303)
    return _guest_page(found, left=form)


@web.route("/guests/<uuid:guest_uid>/correct", methods=["GET", "POST"])
def correct(guest_uid):
    """更正住客信息"""
    require_may(actor(), corrections.correct_guest)
    found = corrections.get_guest(actor(), guest_uid)
    form = Form(CorrectionIn, corrections.present_details(found))
    if form.submit(lambda **details: corrections.correct_guest(actor(), found, details)):
        flash(_("已更正；更正前的内容已封存"), "good")
        return redirect(url_for(".guest", guest_uid=guest_uid), 303)
    return page(
        "stays/guest_form.html",
        unit=found.stay.unit,
        stay=found.stay,
        form=form,
        countries=_countries(),
        guest=found,
    )


@web.post("/guests/<uuid:guest_uid>/void")
def void(guest_uid):
    """作废登记"""
    found, form = corrections.get_guest(actor(), guest_uid), Form(ReasonIn)
    if form.submit(lambda reason: corrections.void_guest(actor(), found, reason)):
        flash(_("该登记已作废"), "good")
        return redirect(url_for(".show", stay_uid=found.stay.uid), 303)
    return _guest_page(found, void=form)


@web.post("/guests/<uuid:guest_uid>/reveal")
def reveal(guest_uid):
    """查看完整信息（填写原因，留痕）"""
    found, form, clear = corrections.get_guest(actor(), guest_uid), Form(RevealIn), []
    answer_is_secret()
    form.submit(lambda field, reason: clear.append(corrections.reveal(actor(), found, field.value, reason)))
    return _guest_page(found, reveal=form, revealed=clear[0] if clear else None)


@web.post("/guests/<uuid:guest_uid>/overseas-report")
def overseas_report(guest_uid):
    """记录境外人员申报回执"""
    found = corrections.get_guest(actor(), guest_uid)
    form = Form(OverseasReportIn, files=("photo",))

    def keep(photo, **report):
        picture = photo[0].stream if photo else None
        corrections.record_overseas_report(actor(), found, **report, photo=picture)

    if form.submit(keep):
        flash(_("申报回执已保存"), "good")
        return redirect(url_for(".guest", guest_uid=guest_uid), 303)
    return _guest_page(found, report=form)


@web.post("/units/<uuid:unit_uid>/night")
def mark_night(unit_uid):
    """标记今晚"""
    form, unit = Form(NightIn), _unit(unit_uid)
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
    unit = _unit(unit_uid)
    shows = request.method == "POST"
    counts = service.show_at_door(actor(), unit) if shows else service.registered_now(actor(), unit)
    return page("stays/at_door.html", unit=unit, counts=counts, shown=shows)
