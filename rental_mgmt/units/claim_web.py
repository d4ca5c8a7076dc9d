"""Pages: “are these yours?”, a printed code typed in, and the slip the desk hands out."""

from flask import flash, g, redirect, url_for

from ..core.forms import Form
from ..core.http import actor
from ..core.i18n import _
from ..core.web import page
from . import claiming, listing, registering
from .pages_web import absolute, to_unit, web
from .plates import qr_of
from .schemas import ClaimIn


@web.route("/units/claim", methods=["GET", "POST"])
def claim():
    """认领房源"""
    me, form, taken = actor(), Form(ClaimIn), []

    def take(units, code, party):
        if code:
            taken.append(claiming.claim_by_code(me, code, party))
        else:
            taken.extend(claiming.claim_units(me, units, party))

    if form.submit(take):
        flash(
            _("已认领 %(n)s 套。请核对面积、床位，补齐材料后提交备案；现在就可以登记住客", n=len(taken)), "good"
        )
        return to_unit(taken[0]) if len(taken) == 1 else redirect(url_for(".index"), 303)
    return page(
        "units/claim.html",
        form=form,
        claimable=claiming.list_claimable(me),
        parties=registering.named_parties(me),
    )


@web.post("/units/<uuid:unit_uid>/claim-code")
def claim_code(unit_uid):
    """打印认领码"""
    unit = listing.get_unit(actor(), unit_uid)
    code = claiming.print_claim_code(actor(), unit)
    g.answer_is_secret = True
    link = absolute(url_for("accounts.open_link", kind="i", code=code.replace("-", "")))
    return page("units/claim_sheet.html", unit=unit, code=code, link=link, picture=qr_of(link))
