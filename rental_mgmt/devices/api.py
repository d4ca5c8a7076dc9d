"""The JSON door of devices; events themselves come in through hooks.py."""

from flask import url_for

from ..core import fields
from ..core.api import Blueprint, PageQuery
from ..core.db import session
from ..core.http import actor, answer_is_secret
from ..core.paging import page_of
from . import service
from .models import Device
from .schemas import DeviceIn, DeviceOut, SourceIn, SourceOut

api = Blueprint("devices_api", __name__, url_prefix="/api/v1", description="门锁设备")


class DevicePage(fields.Schema):
    """One page of devices."""

    items = fields.fields.List(fields.fields.Nested(DeviceOut))
    next_cursor = fields.Text()


@api.route("/devices", methods=["GET"])
@api.arguments(PageQuery, location="query")
@api.response(200, DevicePage)
def list_devices(page):
    """我范围内的门锁"""
    return page_of(service.list_devices(actor()), (Device.uid,), page["cursor"], page["size"])


@api.route("/devices", methods=["POST"])
@api.arguments(DeviceIn)
@api.response(201, DeviceOut)
def add_device(device):
    """登记一把门锁"""
    source = service.get_source(actor(), device["source"])
    made = service.add_device(actor(), source, device["serial"], device["unit"])
    session.flush()
    return made


@api.route("/devices/<uuid:device_uid>", methods=["DELETE"])
@api.response(204)
def remove_device(device_uid):
    """移除门锁（历史事件保留）"""
    service.remove_device(actor(), service.get_device(actor(), device_uid))


@api.route("/device-sources", methods=["POST"])
@api.arguments(SourceIn)
@api.response(201, SourceOut)
def add_source(source):
    """接入一个门锁平台（密钥只显示这一次）"""
    answer_is_secret()
    made, secret = service.add_source(actor(), **source)
    address = url_for("hooks.receive_events", source_uid=made.uid, _external=True)
    return {"uid": made.uid, "name": made.name, "address": address, "secret": secret}
