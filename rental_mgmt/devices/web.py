"""The pages of devices: which lock on which door, and whose platform may speak."""

from flask import Blueprint, flash, redirect, request, url_for
from sqlalchemy import select

from ..core.access import may
from ..core.db import session
from ..core.forms import Form
from ..core.http import actor, answer_is_secret
from ..core.i18n import _
from ..core.paging import page_of
from ..core.web import page
from ..units.models import Unit
from ..units.scope import visible
from . import service
from .models import Device, DeviceSource
from .schemas import DeviceIn, SourceIn

web = Blueprint("devices", __name__, template_folder="templates", url_prefix="/devices")

MOST_OFFERED = 300


@web.route("/", methods=["GET", "POST"])
def index():
    """设备"""
    form = Form(DeviceIn)

    def add(source, serial, unit):
        service.add_device(actor(), service.get_source(actor(), source), serial, unit)

    if form.submit(add):
        flash(_("门锁已登记，收到事件后这里会显示最近时间"), "good")
        return redirect(url_for(".index"), 303)
    return _page(form)


def _page(form: Form, made=None, source_form: Form | None = None):
    who = actor()
    found = page_of(service.list_devices(who), (Device.uid,), request.args.get("cursor"), 50)
    ids = {device.unit_id for device in found.items}
    names = dict(session.execute(select(Unit.id, Unit.name).where(Unit.id.in_(ids))).all())
    units = session.scalars(visible(who, Unit).order_by(Unit.path).limit(MOST_OFFERED)).all()
    sources = session.scalars(service.list_sources(who).order_by(DeviceSource.name)).all()
    return page(
        "devices/index.html",
        form=form,
        devices=found,
        names=names,
        units=[(str(unit.uid), unit.nickname or unit.name) for unit in units],
        sources=sources,
        made=made,
        source_form=source_form or Form(SourceIn),
        may_add_source=may(who, service.add_source),
    )


@web.post("/sources")
def add_source():
    """接入一个门锁平台"""
    form, made = Form(SourceIn), []
    answer_is_secret()
    if form.submit(lambda name: made.append(service.add_source(actor(), name))):
        session.flush()
    return _page(Form(DeviceIn), made[0] if made else None, form)


@web.post("/sources/<uuid:source_uid>/disable")
def disable_source(source_uid):
    """停用一个平台"""
    service.disable_source(actor(), service.get_source(actor(), source_uid))
    flash(_("已停用，不再接收它的事件"), "good")
    return redirect(url_for(".index"), 303)


@web.post("/<uuid:device_uid>/remove")
def remove_device(device_uid):
    """移除门锁"""
    service.remove_device(actor(), service.get_device(actor(), device_uid))
    flash(_("已移除；以前的开门记录仍保留"), "good")
    return redirect(url_for(".index"), 303)
