"""The pages of one guest: what is kept and what is missing, corrected, completed, left, voided, revealed."""

from flask import Response, flash, redirect, url_for

from ..core import clock
from ..core.access import may, require_may
from ..core.fields import Schema
from ..core.files import stream_file
from ..core.forms import Form
from ..core.http import actor, answer_is_secret
from ..core.i18n import _
from ..core.web import page
from . import corrections, overseas, service
from .divisions import countries_to_choose, country_name
from .pages_web import web
from .schemas import CorrectionIn, LeaveIn, OverseasReportIn, ReasonIn, RevealIn
from .shown import shown_guest
from .versions import list_corrections


@web.route("/guests/<uuid:guest_uid>", methods=["GET"])
def guest(guest_uid):
    """一位住客"""
    return _guest_page(corrections.get_guest(actor(), guest_uid))


def _guest_page(found, **forms):
    me = actor()
    shown = shown_guest(me, found)
    forms.setdefault("reveal", Form(RevealIn))
    forms.setdefault("void", Form(ReasonIn))
    forms.setdefault("left", Form(LeaveIn))
    forms.setdefault("report", _report_form())
    forms.setdefault("pressed", Form(Schema))
    may_correct = may(me, corrections.correct_guest)
    may_end = may(me, service.guest_left) and not shown.voided_at and not found.stay.has_ended
    return page(
        "stays/guest.html",
        guest=found,
        shown=shown,
        country=country_name(found.nationality),
        kept_report=overseas.report_of(found),
        report_by=overseas.report_by(found),
        corrected=list_corrections(me, found) if may_correct else [],
        may_correct=may_correct and not shown.voided_at,
        may_leave=may_end and shown.left_at is None,
        may_stay_on=may_end and service.may_stay_on(found),
        **{"revealed": None} | forms,
    )


def _report_form() -> Form:
    return Form(OverseasReportIn, {"reported_at": clock.now()}, files={"photo": _("回执照片")})


@web.post("/guests/<uuid:guest_uid>/leave")
def guest_left(guest_uid):
    """住客离店"""
    found, form = corrections.get_guest(actor(), guest_uid), Form(LeaveIn)
    if form.submit(lambda at: service.guest_left(actor(), found, at)):
        flash(_("已记录该住客离店"), "good")
        return redirect(url_for(".show", stay_uid=found.stay.uid), 303)
    return _guest_page(found, left=form)


@web.post("/guests/<uuid:guest_uid>/stay-on")
def guest_stays_on(guest_uid):
    """离店点错了，恢复在住"""
    found, form = corrections.get_guest(actor(), guest_uid), Form(Schema)
    if form.submit(lambda: service.guest_stays_on(actor(), found)):
        flash(_("已恢复在住"), "good")
        return redirect(url_for(".guest", guest_uid=guest_uid), 303)
    return _guest_page(found, pressed=form)


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
        countries=countries_to_choose(),
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
    form = _report_form()

    def keep(photo, **report):
        picture = photo[0].stream if photo else None
        overseas.record_overseas_report(actor(), found, **report, photo=picture)

    if form.submit(keep):
        flash(_("申报回执已保存"), "good")
        return redirect(url_for(".guest", guest_uid=guest_uid), 303)
    return _guest_page(found, report=form)


@web.get("/guests/<uuid:guest_uid>/overseas-report/photo")
def receipt_photo(guest_uid):
    """申报回执的照片"""
    file = overseas.get_receipt_photo(actor(), corrections.get_guest(actor(), guest_uid))
    return Response(stream_file(file), content_type=file.content_type)
