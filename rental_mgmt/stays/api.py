"""The JSON door of stays and guests."""

from flask import request

from ..core import fields
from ..core.api import Blueprint, PageQuery
from ..core.http import actor
from ..core.lookup import get_or_404
from ..core.paging import page_of
from ..units.models import Unit
from ..units.scope import visible
from . import corrections, nights, overseas, registration, service, versions
from .models import Stay
from .schemas import (
    AtDoorOut,
    CorrectionIn,
    CorrectionOut,
    ExtendIn,
    GuestIn,
    GuestOut,
    MomentIn,
    NightIn,
    OverseasReportIn,
    PlanIn,
    ReasonIn,
    RegisteredOut,
    StayOut,
)
from .shown import shown_guests

api = Blueprint("stays_api", __name__, url_prefix="/api/v1", description="入住与住客登记")


class StayPage(fields.Schema):
    """One page of stays."""

    items = fields.fields.List(fields.fields.Nested(StayOut))
    next_cursor = fields.Text()


def _unit(uid):
    return get_or_404(visible(actor(), Unit), uid)


@api.route("/units/<uuid:unit_uid>/stays", methods=["GET"])
@api.arguments(PageQuery, location="query")
@api.response(200, StayPage)
def list_stays(page, unit_uid):
    """某房源的入住记录"""
    query = service.list_stays(actor(), _unit(unit_uid))
    return page_of(query, (Stay.checks_in_at.desc(), Stay.uid), page["cursor"], page["size"])


@api.route("/units/<uuid:unit_uid>/stays", methods=["POST"])
@api.arguments(PlanIn)
@api.response(201, StayOut)
def plan_stay(plan, unit_uid):
    """新建一次入住（可先不登记住客）"""
    return service.plan_stay(actor(), _unit(unit_uid), **plan)


@api.route("/stays/<uuid:stay_uid>", methods=["GET"])
@api.response(200, StayOut)
def get_stay(stay_uid):
    """查看一次入住"""
    return service.get_stay(actor(), stay_uid)


@api.route("/stays/<uuid:stay_uid>/guests", methods=["GET"])
@api.response(200, GuestOut(many=True))
def list_guests(stay_uid):
    """这次入住的住客（按角色脱敏）"""
    return shown_guests(actor(), service.get_stay(actor(), stay_uid))


@api.route("/stays/<uuid:stay_uid>/guests", methods=["POST"])
@api.arguments(
    GuestIn,
    example={
        "name": "测试住客",
        "document_kind": "resident_id",
        "number": "11010519491231002X",
        "phone": "19000000001",
    },
)
@api.response(201, RegisteredOut)
def register_guest(guest, stay_uid):
    """登记住客"""
    return registration.register_guest(actor(), stay_uid, guest)


@api.route("/stays/<uuid:stay_uid>/extend", methods=["POST"])
@api.arguments(ExtendIn)
@api.response(200, StayOut)
def extend_stay(change, stay_uid):
    """续住或改预计离店时间"""
    return service.extend_stay(actor(), service.get_stay(actor(), stay_uid), **change)


@api.route("/stays/<uuid:stay_uid>/check-out", methods=["POST"])
@api.arguments(MomentIn)
@api.response(200, StayOut)
def check_out(moment, stay_uid):
    """办理退房"""
    return service.check_out(actor(), service.get_stay(actor(), stay_uid), **moment)


@api.route("/stays/<uuid:stay_uid>/resume", methods=["POST"])
@api.response(200, StayOut)
def resume_stay(stay_uid):
    """撤销误点的退房（24 小时内）"""
    return service.resume_stay(actor(), service.get_stay(actor(), stay_uid))


@api.route("/stays/<uuid:stay_uid>/cancel", methods=["POST"])
@api.response(200, StayOut)
def cancel_stay(stay_uid):
    """取消未到店的入住"""
    return service.cancel_stay(actor(), service.get_stay(actor(), stay_uid))


@api.route("/guests/<uuid:guest_uid>/leave", methods=["POST"])
@api.arguments(MomentIn)
@api.response(204)
def guest_left(moment, guest_uid):
    """住客提前离店"""
    service.guest_left(actor(), corrections.get_guest(actor(), guest_uid), **moment)


@api.route("/guests/<uuid:guest_uid>/stay-on", methods=["POST"])
@api.response(204)
def guest_stays_on(guest_uid):
    """撤销误点的离店（24 小时内）"""
    service.guest_stays_on(actor(), corrections.get_guest(actor(), guest_uid))


@api.route("/guests/<uuid:guest_uid>/correct", methods=["POST"])
@api.arguments(CorrectionIn)
@api.response(204)
def correct_guest(details, guest_uid):
    """更正住客信息（保留更正前的封存版本）"""
    corrections.correct_guest(actor(), corrections.get_guest(actor(), guest_uid), details)


@api.route("/guests/<uuid:guest_uid>/corrections", methods=["GET"])
@api.response(200, CorrectionOut(many=True))
def list_corrections(guest_uid):
    """更正记录：何时、何人、为何（更正前的内容封存）"""
    return versions.list_corrections(actor(), corrections.get_guest(actor(), guest_uid))


@api.route("/guests/<uuid:guest_uid>/void", methods=["POST"])
@api.arguments(ReasonIn)
@api.response(204)
def void_guest(why, guest_uid):
    """作废一条登记"""
    corrections.void_guest(actor(), corrections.get_guest(actor(), guest_uid), **why)


@api.route("/guests/<uuid:guest_uid>/overseas-report", methods=["POST"])
@api.arguments(OverseasReportIn, location="form")
@api.response(204)
def record_overseas_report(report, guest_uid):
    """记录境外人员住宿登记回执（multipart，photo 部分为回执照片）"""
    guest, photo = corrections.get_guest(actor(), guest_uid), request.files.get("photo")
    overseas.record_overseas_report(actor(), guest, **report, photo=photo and photo.stream)


@api.route("/units/<uuid:unit_uid>/nights", methods=["POST"])
@api.arguments(NightIn)
@api.response(204)
def mark_night(night, unit_uid):
    """标记某晚空置或有客"""
    nights.mark_night(actor(), _unit(unit_uid), **night)


@api.route("/units/<uuid:unit_uid>/at-door", methods=["POST"])
@api.response(200, AtDoorOut)
def show_at_door(unit_uid):
    """出示本房在住登记：只有人数，出示留有记录"""
    return service.show_at_door(actor(), _unit(unit_uid))
