"""The pages of work orders: what I have on hand, one order, what waits for a second person; and claiming."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from markupsafe import Markup

from ..alerts import panels
from ..alerts import service as alerts
from ..alerts.models import Alert, AlertStatus, Verdict
from ..alerts.showing import may_claim, words_in
from ..alerts.web import alert_page
from ..core import web as pages
from ..core.access import Actor, Role, require_may
from ..core.db import session
from ..core.fields import Schema
from ..core.files import stream_file
from ..core.forms import Form
from ..core.http import actor
from ..core.i18n import _
from ..core.paging import page_of
from . import approvals, bulk, handing, reports, service
from .models import OrderStatus, WorkOrder
from .people import names_for
from .photos import get_photo
from .schemas import AlertsIn, AssignIn, CloseIn, OrdersIn, ReasonIn, WaitIn, report_form
from .showing import order_in_full, orders_in_words, tells_only_unit
from .times import again_at

web = Blueprint("workorders", __name__, url_prefix="/work-orders", template_folder="templates")


@web.get("")
def index():
    """What I have on hand, the most urgent first."""
    orders = session.scalars(service.list_my_orders(actor())).all()
    return pages.page("workorders/index.html", orders=orders_in_words(orders, actor()))


# --- one order ----------------------------------------------------------------------------------------------


@web.get("/<uuid:uid>")
def show(uid):
    """One order: where, what to look at, and what to say about it."""
    return _show(service.get_order(actor(), uid))


def _show(order: WorkOrder, **forms):
    who = actor()
    shown = order_in_full(order, who)
    hands_on = shown["is_mine"] and order.status in service.ON_HAND
    return pages.page(
        "workorders/show.html",
        order=order,
        shown=shown,
        names=names_for(order, who),
        note=service.words_on(order, "note_sealed") if shown["is_mine"] or shown["may_approve"] else None,
        reason=service.words_on(order, "reason_sealed") if shown["is_mine"] or shown["may_approve"] else None,
        colleagues=handing.list_colleagues(who, order.alert, order.assigned_role) if hands_on else [],
        again=again_at(pages.clock.now()),
        hides=tells_only_unit(order, who),
        words_in=words_in,
        report=forms.get("report") or _report_form(order),
        reasons=forms.get("reasons") or Form(ReasonIn),
        wait=forms.get("wait") or Form(WaitIn),
        assign=forms.get("assign") or Form(AssignIn),
        pressed=forms.get("pressed"),
    )


def _report_form(order: WorkOrder) -> Form:
    """Starts from what was reported before, so that a report that came back is not typed again."""
    said = {f"item_{n}": item["answer"] for n, item in enumerate(order.checklist)}
    said |= {"result": order.result, "note": service.words_on(order, "note_sealed")}
    said |= {"outside_number": order.outside_number}
    photos = {
        f"photo_{n}": _("照片：%(item)s", item=words_in(item))
        for n, item in enumerate(order.checklist)
        if item.get("photo")
    }
    return Form(report_form(order.checklist, words_in), said, files=photos)


@web.post("/<uuid:uid>/report")
def report(uid):
    """What was found on site."""
    order = service.get_order(actor(), uid)
    form = _report_form(order)
    if form.submit(lambda **said: reports.report(actor(), order, _report_of(order, said))):
        flash(_("已反馈，等第二人审核") if order.needs_approval else _("已反馈，预警办结"))
        return redirect(url_for(".index"), 303)
    _beside_fields(form, order)
    return _show(service.get_order(actor(), uid), report=form)


def _report_of(order: WorkOrder, said: dict) -> reports.Report:
    """A form's flat fields as a report: item_0, photo_0 belong to the first item of the checklist."""
    keys = [item["item"] for item in order.checklist]
    answers = {key: said.pop(f"item_{n}") for n, key in enumerate(keys)}
    photos = [
        reports.Photo(key, upload.stream) for n, key in enumerate(keys) for upload in said.pop(f"photo_{n}", [])
    ]
    return reports.Report(answers=answers, photos=photos, **said)


def _beside_fields(form: Form, order: WorkOrder) -> None:
    """Errors of the report stand beside the fields of this form."""
    for n, item in enumerate(order.checklist):
        for path, name in ((f"answers.{item['item']}", f"item_{n}"), (f"photos.{item['item']}", f"photo_{n}")):
            if path in form.errors:
                form.errors[name] = form.errors.pop(path)


@web.post("/<uuid:uid>/sign")
def sign(uid):
    form = Form(Schema)
    if form.submit(lambda: service.sign(actor(), service.get_order(actor(), uid))):
        flash(_("已签收"))
        return redirect(url_for(".show", uid=uid), 303)
    return _show(service.get_order(actor(), uid), pressed=form)


@web.post("/<uuid:uid>/wait")
def wait(uid):
    """One tap: nobody in, again on …"""
    order, form = service.get_order(actor(), uid), Form(WaitIn)
    if form.submit(lambda **said: service.wait(actor(), order, **said)):
        flash(_("已记下，%(at)s 再办；期间不计时", at=pages.show_moment(order.waits_until)))
        return redirect(url_for(".index"), 303)
    return _show(service.get_order(actor(), uid), wait=form)


@web.post("/<uuid:uid>/give-back")
def give_back(uid):
    order, form = service.get_order(actor(), uid), Form(ReasonIn)
    if form.submit(lambda reason: service.give_back(actor(), order, reason)):
        flash(_("已放回，别人可以认领"))
        return redirect(url_for(".index"), 303)
    return _show(service.get_order(actor(), uid), reasons=form)


@web.post("/<uuid:uid>/assign")
def assign(uid):
    order, form = service.get_order(actor(), uid), Form(AssignIn)
    if form.submit(lambda to: handing.assign(actor(), order, to)):
        flash(_("已转交，对方会收到通知"))
        return redirect(url_for(".index"), 303)
    return _show(service.get_order(actor(), uid), assign=form)


@web.get("/<uuid:uid>/photos/<uuid:file_uid>")
def photo(uid, file_uid):
    file = get_photo(actor(), uid, file_uid)
    return Response(stream_file(file), content_type=file.content_type)


# --- the second person --------------------------------------------------------------------------------------


@web.get("/approvals", endpoint="approvals")
def list_approvals():
    """Reports that wait for me as the second person."""
    keys = (WorkOrder.reported_at, WorkOrder.uid)
    page = page_of(approvals.list_approvals(actor()), keys, request.args.get("cursor"))
    return pages.page(
        "workorders/approvals.html", page=page, orders=orders_in_words(page.items, actor()), form=Form(OrdersIn)
    )


@web.post("/approvals")
def approve_many():
    """Agree to all that are ticked."""
    require_may(actor(), approvals.approve_many)
    form = Form(OrdersIn)
    if form.submit(lambda orders: approvals.approve_many(actor(), service.get_orders(actor(), orders))):
        flash(_("已审核通过"))
        return redirect(url_for(".approvals"), 303)
    flash(_("请先勾选要审核的反馈；不能审核的已有变化，请看最新列表"), "warn")
    return redirect(url_for(".approvals"), 303)


@web.post("/<uuid:uid>/approve")
def approve(uid):
    form = Form(Schema)
    if form.submit(lambda: approvals.approve(actor(), service.get_order(actor(), uid))):
        flash(_("已审核通过"))
        return redirect(url_for(".approvals"), 303)
    return _show(service.get_order(actor(), uid), pressed=form)


@web.post("/<uuid:uid>/return")
def return_(uid):
    order, form = service.get_order(actor(), uid), Form(ReasonIn)
    if form.submit(lambda reason: approvals.return_(actor(), order, reason)):
        flash(_("已退回，对方会看到原因"))
        return redirect(url_for(".approvals"), 303)
    return _show(service.get_order(actor(), uid), reasons=form)


# --- from the pages of alerts -------------------------------------------------------------------------------


@web.post("/claim/<uuid:alert_uid>")
def claim(alert_uid):
    """Take an alert and go to its order; the second claimer sees who has it."""
    form, made = Form(Schema), []
    if form.submit(lambda: made.append(service.claim(actor(), alerts.get_alert(actor(), alert_uid)))):
        flash(_("已认领，请按检查项核实"))
        return redirect(url_for(".show", uid=made[0].uid), 303)
    return alert_page(alerts.get_alert(actor(), alert_uid), form)


@web.post("/visit/<uuid:alert_uid>")
def order_visit(alert_uid):
    form = Form(AssignIn)
    alert = alerts.get_alert(actor(), alert_uid)
    require_may(actor(), handing.order_visit)
    if form.submit(lambda to: handing.order_visit(actor(), alert, to)):
        flash(_("已派网格员上门核查，只告知了房源"))
    else:
        flash(_("请选择负责此房源的网格员"), "warn")
    return redirect(url_for("alerts.show", uid=alert_uid), 303)


@web.post("/reopen/<uuid:alert_uid>")
def reopen(alert_uid):
    form, alert = Form(ReasonIn), alerts.get_alert(actor(), alert_uid)
    require_may(actor(), alerts.reopen)
    if form.submit(lambda reason: alerts.reopen(actor(), alert, reason)):
        flash(_("已重新打开"))
    else:
        flash(form.said_in_one_line, "warn")
    return redirect(url_for("alerts.show", uid=alert_uid), 303)


@web.post("/many")
def many():
    """Claim or close what is ticked in the queue."""
    closes = request.form.get("act") == "close"
    require_may(actor(), bulk.report_many if closes else service.claim_many)
    form, found = Form(CloseIn if closes else AlertsIn), []
    if form.submit(lambda **said: found.append(_act_on_many(**said))):
        orders, left = found[0]
        flash(_("%(n)s 条已办，%(left)s 条未动（已被认领、未轮到或不在范围内）", n=len(orders), left=len(left)))
    else:
        flash(form.said_in_one_line, "warn")
    return redirect(pages.here(), 303)


def _act_on_many(alerts: list, result: Verdict | None = None, note: str = ""):
    if result is None:
        return service.claim_many(actor(), alerts)
    return bulk.report_many(actor(), alerts, result, note)


def draw_on_alert(alert: Alert, who: Actor) -> Markup | str:
    """What somebody who handles alerts may do with this one."""
    if who.role not in alerts.HANDLERS:
        return ""
    order = service.order_on(alert) if alert.status is AlertStatus.CLAIMED else None
    holds = alert.claimed_by_id == who.user_id and alert.status is AlertStatus.CLAIMED
    may_order = who.is_police and alert.unit_id and (holds or may_claim(alert, who))
    workers = handing.list_colleagues(who, alert, Role.GRID_WORKER) if may_order else []
    drawn = render_template(
        "workorders/_on_alert.html",
        alert=alert,
        order=order,
        holds=holds,
        may_claim=may_claim(alert, who),
        may_reopen=alert.status is AlertStatus.CLOSED and alerts.may_handle(alert, who),
        may_approve=order is not None and approvals.may_approve(order, who),
        waits=order is not None and order.status is OrderStatus.REPORTED,
        workers=workers,
        past=service.list_past_orders(who, alert),
    )
    return Markup(drawn)


def draw_on_queue(who: Actor) -> Markup | str:
    """Bulk actions for those who work at a desk."""
    if who.role not in alerts.HANDLERS:
        return ""
    return Markup(render_template("workorders/_on_queue.html", form=Form(CloseIn)))


def init_app(_app) -> None:
    for drawn, draw in ((panels.ON_ALERT, draw_on_alert), (panels.ON_QUEUE, draw_on_queue)):
        if draw not in drawn:
            drawn.append(draw)
