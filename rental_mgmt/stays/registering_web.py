"""The form that registers a guest, alone or with the stay that is made for them."""

from flask import flash, redirect, request, url_for

from ..core import clock
from ..core.access import may, require_may
from ..core.forms import Form
from ..core.http import actor
from ..core.i18n import _
from ..core.web import page
from . import corrections, registration, service
from .divisions import countries_to_choose
from .models import Missing
from .pages_web import noon_after, unit_in_scope, web
from .schemas import FirstGuestIn, GuestIn
from .standing import going_on

NEW_GUEST = {"document_kind": "resident_id"}


@web.route("/units/<uuid:unit_uid>/register", methods=["GET", "POST"])
def register_first(unit_uid):
    """登记一位住客，同时新建入住；已有正在进行的入住时登记到那一次"""
    require_may(actor(), service.check_in)
    unit, made = unit_in_scope(unit_uid), []
    if request.method == "GET" and "new" not in request.args and (stays := going_on(actor(), unit)):
        return _into_one_of(stays, unit)
    form = Form(FirstGuestIn, {"checks_out_at": noon_after(clock.now())} | NEW_GUEST)

    def register(checks_out_at, **details):
        made.extend(service.check_in(actor(), unit, checks_out_at, details))

    if form.submit(register):
        stay, guest = made
        _say_registered(guest)
        return redirect(url_for(".show", stay_uid=stay.uid), 303)
    return _form_page(form, unit=unit)


def _into_one_of(stays: list, unit):
    """A second stay beside one that goes on would leave that one unregistered."""
    if len(stays) == 1:
        return redirect(url_for(".register_guest", stay_uid=stays[0].uid), 303)
    flash(_("这套房源有几次入住正在进行，请点开要登记的那一次"), "warn")
    return redirect(url_for(".of_unit", unit_uid=unit.uid), 303)


@web.route("/<uuid:stay_uid>/guests/new", methods=["GET", "POST"])
def register_guest(stay_uid):
    """登记住客"""
    require_may(actor(), registration.register_guest)
    stay, made = service.get_stay(actor(), stay_uid), []
    form = Form(GuestIn, NEW_GUEST)
    if form.submit(lambda **guest: made.append(registration.register_guest(actor(), stay_uid, guest))):
        _say_registered(made[0])
        return redirect(url_for(".show", stay_uid=stay_uid), 303)
    return _form_page(form, unit=stay.unit, stay=stay)


def _form_page(form: Form, **about):
    return page("stays/guest_form.html", form=form, countries=countries_to_choose(), **about)


def _say_registered(made: registration.Registered) -> None:
    """Registered, and in the same breath what is still to be done."""
    flash(_("住客已登记"), "good")
    if made.missing:
        lacks = _("、").join(str(Missing(what).label) for what in made.missing)
        if may(actor(), corrections.correct_guest):
            flash(_("登记已有效，还缺：%(what)s。点开这位住客即可补上", what=lacks), "warn")
        else:
            flash(_("登记已有效，还缺：%(what)s。请经营者补上", what=lacks), "warn")
    for words in made.warnings:
        flash(words, "warn")
    if made.is_over_capacity:
        flash(_("已超过核定人数，说明已一并保存，稍后会有人联系核实"), "warn")
