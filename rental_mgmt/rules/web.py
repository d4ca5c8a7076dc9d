"""The rule book: a list, a page for each rule, and its settings for those who may tune it."""

from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for

from ..core.access import may, require_may
from ..core.db import session
from ..core.errors import NotFound
from ..core.forms import Form
from ..core.http import actor
from ..core.i18n import _
from ..core.web import page
from ..places.models import Place
from . import settings, showing
from .schemas import ShelterIn, form_of

web = Blueprint("rules", __name__, template_folder="templates", url_prefix="/rules")


@web.get("/")
def index():
    """规则库"""
    return _index(Form(ShelterIn))


def _index(form: Form):
    who = actor()
    found = settings.precision_of(who)
    shelters = may(who, settings.shelter)
    return page(
        "rules/index.html",
        rules=[showing.Shown(rule, found.get(rule.code)) for rule in settings.list_rules(who)],
        judges=bool(found) or who.role in settings.JUDGES,
        compounds=_compounds(who) if shelters else [],
        until=settings.harbours() if shelters else {},
        form=form,
    )


@web.post("/safe-harbour")
def shelter():
    """设定保护期"""
    form, who = Form(ShelterIn), actor()
    require_may(who, settings.shelter)
    if form.submit(lambda compound, until: settings.shelter(who, settings.get_compound(who, compound), until)):
        flash(_("保护期已设定，期内的差错只作提示"), "good")
        return redirect(url_for(".index"), 303)
    return _index(form)


@web.route("/<code>", methods=["GET", "POST"])
def show(code):
    """一条规则"""
    who, rule = actor(), settings.get_rule(actor(), code)
    if request.method == "POST":
        require_may(who, settings.tune)
    compounds = _compounds(who) if settings.is_tuned_by(rule, who) else []
    compound = _chosen(who, compounds)
    tuned = settings.tuned_in(who, rule, compound)
    form = Form(form_of(rule, tuned.settings), tuned.settings | {"is_on": tuned.is_on})

    def tune(is_on, **values):
        settings.tune(who, rule, compound, is_on, values)

    if form.submit(tune):
        flash(_("规则已调整，马上按新设置重新判断"), "good")
        return redirect(url_for(".show", code=code, compound=compound and compound.uid), 303)
    shown = showing.Shown(rule, settings.precision_of(who).get(code), tuned)
    context = {"shown": shown, "form": form, "compounds": compounds, "compound": compound, "showing": showing}
    return page("rules/show.html", may_tune=settings.is_tuned_by(rule, who), **context)


def _compounds(who) -> list[Place]:
    return list(session.scalars(settings.list_compounds(who).order_by(Place.path)))


def _chosen(who, compounds: list[Place]) -> Place | None:
    """The compound whose settings are shown: the one asked for, else the first the actor may tune."""
    asked = request.args.get("compound")
    if not asked:
        return compounds[0] if compounds else None
    try:
        return settings.get_compound(who, UUID(asked))
    except ValueError:
        raise NotFound from None
