"""The pages of alerts: the queue of whoever works from it, and one alert that explains itself."""

from flask import Blueprint, flash, redirect, request, url_for

from ..core import fields
from ..core import web as pages
from ..core.api import load
from ..core.errors import Invalid
from ..core.forms import Form
from ..core.http import actor
from ..core.i18n import _, lazy
from . import panels, queue, service, showing
from .models import AnswerKind, Severity
from .queue import Which
from .schemas import AlertQuery, AnswerIn
from .spots import spot_of, units_of

HINTS = {
    AnswerKind.REGISTERING_NOW: lazy("接着就去续住、退房、更正或补全"),
    AnswerKind.CLEANING_OR_SELF: lazy("保洁、维修，或者是我自己"),
    AnswerKind.VACANT: lazy("没有人住"),
    AnswerKind.DISSUADED: lazy("不该在的人已离开"),
    AnswerKind.NOT_SURE: lazy("请物业或网格员去看看"),
}

web = Blueprint("alerts", __name__, url_prefix="/alerts", template_folder="templates")


@web.get("/")
def index():
    """The alerts I may read, the most urgent first."""
    query = _query()
    page = queue.get_page(actor(), query["chosen"], query["cursor"], query["size"])
    return pages.page(
        "alerts/index.html",
        page=page,
        chosen=query["chosen"],
        showing=showing,
        minutes_of_landlord=service.minutes_of_landlord,
        scopes=[_chip("which", which, which.label) for which in _scopes()],
        rules=[(facts.code, f"{facts.code} {facts.title}") for facts in showing.rules_read_by(actor().role)],
        severities=[(int(p), p.label) for p in Severity],
        panels=panels.on_queue(actor()) if query["chosen"].which is not Which.CLOSED else [],
    )


def _query() -> dict:
    """The filter of the address; an unreadable one is as none."""
    fields.values_are_typed.set(False)
    given = {
        name: value for name, value in request.args.to_dict().items() if value and name in AlertQuery().fields
    }
    try:
        return load(AlertQuery(), given)
    except Invalid:
        flash(_("筛选条件无法识别，已显示全部"), "warn")
        return load(AlertQuery(), {})


def _scopes() -> list[Which]:
    mine = [Which.MINE] if actor().role in service.HANDLERS else []
    return [Which.LIVE, *mine, Which.OPEN, Which.CLAIMED, Which.CLOSED]


def _chip(name: str, value, label) -> dict:
    kept = {k: v for k, v in request.args.to_dict().items() if k not in (name, "cursor")}
    current = request.args.get(name, Which.LIVE.value) == value.value
    return {"url": url_for(".index", **kept | {name: value.value}), "label": label, "current": current}


@web.get("/<uuid:uid>")
def show(uid):
    """One alert: what, why, on which law, what to do, who has it and until when."""
    return alert_page(service.get_alert(actor(), uid), Form(AnswerIn))


def alert_page(alert, form):
    """An alert as this reader may see it, with what was wrong in a form on top."""
    who = actor()
    hears_answers = who.role in showing.LANDLORD_ROLES or service.may_handle(alert, who)
    return pages.page(
        "alerts/show.html",
        alert=alert,
        form=form,
        showing=showing,
        spot=spot_of(alert),
        units=units_of(alert, who),
        lines=showing.lines_in_words(service.get_history(who, alert.uid), who),
        answers=service.answers_of(alert) if hears_answers else [],
        choices=[(kind.value, kind.label, _hint(kind, alert)) for kind in showing.choices_of(alert)],
        may_answer=showing.may_answer(alert, who),
        landlord_minutes=service.minutes_of_landlord(alert),
        panels=panels.on_alert(alert, who),
    )


def _hint(kind: AnswerKind, alert):
    """What comes of an answer, where it depends on the alert."""
    if kind is AnswerKind.REGISTERING_NOW and showing.asks_to_register(alert):
        return _("接着就去登记住客")
    if kind is AnswerKind.NOT_SURE and alert.is_identity:
        return _("请派出所核实")
    return HINTS.get(kind)


@web.post("/<uuid:uid>/answer")
def answer(uid):
    """The landlord's tap."""
    alert, form = service.get_alert(actor(), uid), Form(AnswerIn)
    if form.submit(lambda answer, note: service.answer(actor(), alert, answer, note)):
        flash(_("已收到您的答复，处理的人会看到"))
        return redirect(_after(alert), 303)
    return alert_page(service.get_alert(actor(), uid), form)


def _after(alert) -> str:
    """Whoever said 现在补登 goes on to registering, or to the stay where something is to be put right."""
    spot = spot_of(alert)
    if alert.answer is not AnswerKind.REGISTERING_NOW or not spot.unit:
        return url_for(".show", uid=alert.uid)
    to = "stays.register_first" if showing.asks_to_register(alert) else "stays.of_unit"
    return url_for(to, unit_uid=spot.unit)
