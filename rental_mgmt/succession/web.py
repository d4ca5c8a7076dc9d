"""Pages: merge a unit into another, hand it to another party, take one over, close it."""

from flask import Blueprint, flash, g, redirect, url_for

from ..core.access import may, require_may
from ..core.forms import Form
from ..core.http import actor
from ..core.i18n import _
from ..core.web import page
from ..units import listing, registering
from ..units.models import Unit, UnitStatus
from . import closing, merging, transfers
from .schemas import AcceptIn, CloseIn, MergeIn, TransferIn

web = Blueprint("succession", __name__, template_folder="templates", url_prefix="/units")


def init_app(app) -> None:
    """The page of a unit stands on a lower floor and asks here what else may become of it."""
    app.jinja_env.globals["changes_of"] = changes_of


def changes_of(unit: Unit) -> list[tuple[str, str]]:
    """What the person who looks may do with the whole of a unit: words and address."""
    me = g.get("actor")
    if unit.status is UnitStatus.CLOSED or unit.suspension_decision:
        return []
    ways = (
        (merging.merge, "merge", _("与另一套登记合并"), True),
        (transfers.offer_transfer, "hand_over", _("移交给另一个经营者"), unit.takes_guests),
        (closing.close, "close", _("注销房源"), unit.takes_guests),
    )
    return [
        (words, url_for(f"succession.{name}", unit_uid=unit.uid))
        for operation, name, words, fits in ways
        if fits and may(me, operation)
    ]


@web.route("/<uuid:unit_uid>/close", methods=["GET", "POST"])
def close(unit_uid):
    """注销房源"""
    me, unit = actor(), listing.get_unit(actor(), unit_uid)
    require_may(me, closing.close)
    form = Form(CloseIn, {"version": unit.version})
    if form.submit(lambda **said: closing.close(me, unit, **said)):
        flash(_("房源已注销"), "good")
        return redirect(url_for("units.index"), 303)
    return page("succession/close.html", unit=unit, form=form, waiting=closing.list_open_stays(me, unit))


@web.route("/<uuid:unit_uid>/merge", methods=["GET", "POST"])
def merge(unit_uid):
    """合并重复登记"""
    me, unit = actor(), listing.get_unit(actor(), unit_uid)
    require_may(me, merging.merge)
    form, done = Form(MergeIn, {"version": unit.version}), []
    if form.submit(lambda **said: done.append(merging.merge(me, unit, **said))):
        survivor, moved = done[0]
        words = _("已合并：转过来 %(stays)s 次入住、%(devices)s 个设备、%(alerts)s 条预警", **vars(moved))
        flash(words, "good")
        return redirect(url_for("units.show", unit_uid=survivor.uid), 303)
    return page("succession/merge.html", unit=unit, form=form, candidates=merging.list_candidates(me, unit))


@web.route("/<uuid:unit_uid>/hand-over", methods=["GET", "POST"])
def hand_over(unit_uid):
    """移交房源"""
    me, unit = actor(), listing.get_unit(actor(), unit_uid)
    require_may(me, transfers.offer_transfer)
    form, made = Form(TransferIn, {"version": unit.version}), []
    if form.submit(lambda **said: made.append(transfers.offer_transfer(me, unit, **said))):
        g.answer_is_secret = True
        return page("succession/sheet.html", unit=unit, code=made[0][1])
    return page("succession/hand_over.html", unit=unit, form=form, made=transfers.list_transfers(me, unit))


@web.post("/transfers/<uuid:transfer_uid>/withdraw")
def withdraw(transfer_uid):
    """撤回移交"""
    transfer = transfers.withdraw_transfer(actor(), transfers.get_transfer(actor(), transfer_uid))
    flash(_("已撤回，移交码作废"), "good")
    return redirect(url_for(".hand_over", unit_uid=transfer.unit.uid), 303)


@web.route("/take-over", methods=["GET", "POST"])
def take_over():
    """接收移交来的房源"""
    me, form, taken = actor(), Form(AcceptIn), []
    require_may(me, transfers.accept_transfer)
    if form.submit(lambda **said: taken.append(transfers.accept_transfer(me, **transfers.as_said(said)))):
        flash(_("已接收。在住住客保持登记；请核对材料，面积、床位有变化的要重新备案"), "good")
        return redirect(url_for("units.show", unit_uid=taken[0].uid), 303)
    return page("succession/take_over.html", form=form, parties=registering.named_parties(me))
