"""Pages to print: the plate of a unit, the notice in a building's lift."""

from flask import Response, flash, redirect, url_for

from ..core.http import actor
from ..core.i18n import _
from ..core.web import page
from . import listing, plates
from .codes import grouped
from .pages_web import absolute, web


@web.get("/units/<uuid:unit_uid>/plate")
def plate(unit_uid):
    """房源码牌"""
    unit = listing.get_unit(actor(), unit_uid)
    address = absolute(url_for(".public", token=plates.token_of(actor(), unit)))
    return page("units/plate.html", unit=unit, grouped=grouped, picture=plates.qr_of(address))


@web.get("/units/<uuid:unit_uid>/plate.svg")
def plate_picture(unit_uid) -> Response:
    """房源码牌图（制牌用）"""
    unit = listing.get_unit(actor(), unit_uid)
    address = absolute(url_for(".public", token=plates.token_of(actor(), unit)))
    named = {"Content-Disposition": f'attachment; filename="{unit.code}.svg"'}
    return Response(plates.plate_svg(unit.code, address), mimetype="image/svg+xml", headers=named)


@web.get("/buildings/notices")
def lift_notices():
    """电梯公示页"""
    return page("units/lift_notices.html", buildings=plates.list_buildings(actor()))


@web.get("/buildings/<uuid:building_uid>/notice")
def lift_notice(building_uid):
    """打印一栋楼的电梯公示页"""
    building = plates.get_building(actor(), building_uid)
    if building.qr_token is None:
        return redirect(url_for(".lift_notices"), 303)
    address = absolute(url_for(".building_public", token=building.qr_token))
    return page("units/lift_notice.html", building=building, picture=plates.qr_of(address))


@web.post("/buildings/<uuid:building_uid>/notice")
def renew_lift_notice(building_uid):
    """生成新的电梯二维码"""
    building = plates.get_building(actor(), building_uid)
    renewed = building.qr_token is not None
    plates.renew_lift_token(actor(), building)
    flash(_("已换新二维码，请把旧的撤下") if renewed else _("二维码已生成，请打印张贴"), "good")
    return redirect(url_for(".lift_notice", building_uid=building_uid), 303)
