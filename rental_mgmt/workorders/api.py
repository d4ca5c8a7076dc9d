"""Work orders for programs: claim, sign, report with photos, wait, hand on, approve; many at once."""

from flask import Response, request

from ..alerts.service import get_alert, reopen
from ..core.api import Blueprint, PageQuery
from ..core.db import session
from ..core.errors import Invalid
from ..core.files import stream_file
from ..core.http import actor
from ..core.i18n import _
from ..core.paging import page_of
from . import approvals, bulk, handing, reports, service
from .models import WorkOrder
from .photos import get_photo
from .schemas import (
    AlertsIn,
    AssignIn,
    CloseIn,
    ColleagueOut,
    OrderOut,
    OrderPage,
    OrdersIn,
    PhotoOut,
    ReasonIn,
    ReportIn,
    TakenOut,
    WaitIn,
)
from .showing import order_in_full, orders_in_words

api = Blueprint("workorders_api", __name__, url_prefix="/api/v1", description="工单")


def _order(uid) -> WorkOrder:
    return service.get_order(actor(), uid)


def _shown(order: WorkOrder) -> dict:
    return order_in_full(order, actor())


# --- from alerts --------------------------------------------------------------------------------------------


@api.route("/alerts/<uuid:uid>/claim", methods=["POST"])
@api.response(201, OrderOut)
def claim(uid):
    """认领预警，生成已签收的工单；后来者得到 409"""
    return _shown(service.claim(actor(), get_alert(actor(), uid)))


@api.route("/alerts/claims", methods=["POST"])
@api.arguments(AlertsIn)
@api.response(200, TakenOut)
def claim_many(body):
    """批量认领：能认领的都认领，其余原样不动"""
    return _taken(service.claim_many(actor(), body["alerts"]))


@api.route("/alerts/closings", methods=["POST"])
@api.arguments(CloseIn)
@api.response(200, TakenOut)
def close_many(body):
    """批量办结（误报、重复、原因已消除）；重要及以上仍需第二人审核"""
    return _taken(bulk.report_many(actor(), body["alerts"], body["result"], body["note"]))


def _taken(found) -> dict:
    orders, left = found
    return {"orders": [order.uid for order in orders], "left": left}


@api.route("/alerts/<uuid:uid>/visits", methods=["POST"])
@api.arguments(AssignIn)
@api.response(201, OrderOut)
def order_visit(body, uid):
    """民警派网格员上门核查，只告知房源"""
    return _shown(handing.order_visit(actor(), get_alert(actor(), uid), body["to"]))


@api.route("/alerts/<uuid:uid>/reopen", methods=["POST"])
@api.arguments(ReasonIn)
@api.response(204)
def reopen_alert(body, uid):
    """重新打开已办结的预警"""
    reopen(actor(), get_alert(actor(), uid), body["reason"])


# --- one's own ----------------------------------------------------------------------------------------------


@api.route("/work-orders", methods=["GET"])
@api.response(200, OrderOut(many=True))
def list_my_orders():
    """在我手上的工单，按紧急程度和剩余时间排列"""
    return orders_in_words(session.scalars(service.list_my_orders(actor())).all(), actor())


@api.route("/work-orders/approvals", methods=["GET"])
@api.arguments(PageQuery, location="query")
@api.response(200, OrderPage)
def list_approvals(query):
    """待我审核的反馈，先报的在前"""
    keys = (WorkOrder.reported_at, WorkOrder.uid)
    page = page_of(approvals.list_approvals(actor()), keys, query["cursor"], query["size"])
    return {"items": orders_in_words(page.items, actor()), "next_cursor": page.next_cursor}


@api.route("/work-orders/approvals", methods=["POST"])
@api.arguments(OrdersIn)
@api.response(204)
def approve_many(body):
    """批量审核通过；有一份不能审核就全部不动"""
    approvals.approve_many(actor(), service.get_orders(actor(), body["orders"]))


@api.route("/work-orders/<uuid:uid>", methods=["GET"])
@api.response(200, OrderOut)
def get_order(uid):
    """一张工单"""
    return _shown(_order(uid))


@api.route("/work-orders/<uuid:uid>/sign", methods=["POST"])
@api.response(200, OrderOut)
def sign(uid):
    """签收工单"""
    return _shown(service.sign(actor(), _order(uid)))


@api.route("/work-orders/<uuid:uid>/report", methods=["POST"])
@api.arguments(ReportIn)
@api.response(200, OrderOut)
def report(body, uid):
    """反馈：检查项、结论、说明；照片先用照片接口上传"""
    return _shown(reports.report(actor(), _order(uid), reports.Report(**body)))


@api.route("/work-orders/<uuid:uid>/photos", methods=["POST"])
@api.response(201, PhotoOut)
def add_photo(uid):
    """为一个检查项附照片（multipart：item、file）"""
    item, upload = request.form.get("item", ""), request.files.get("file")
    if upload is None:
        raise Invalid(errors={"file": [_("请选择照片")]})
    file = reports.add_photo(actor(), _order(uid), reports.Photo(item, upload.stream))
    return {"uid": file.uid, "item": item}


@api.route("/work-orders/<uuid:uid>/photos/<uuid:file_uid>", methods=["GET"])
@api.response(200, content_type="image/jpeg")
def photo(uid, file_uid):
    """工单的一张照片"""
    file = get_photo(actor(), uid, file_uid)
    return Response(stream_file(file), content_type=file.content_type)


@api.route("/work-orders/<uuid:uid>/wait", methods=["POST"])
@api.arguments(WaitIn)
@api.response(200, OrderOut)
def wait(body, uid):
    """无人在家改时再访，或等待他方；期间不计时"""
    return _shown(service.wait(actor(), _order(uid), **body))


@api.route("/work-orders/<uuid:uid>/give-back", methods=["POST"])
@api.arguments(ReasonIn)
@api.response(200, OrderOut)
def give_back(body, uid):
    """放回，说明原因"""
    return _shown(service.give_back(actor(), _order(uid), body["reason"]))


@api.route("/work-orders/<uuid:uid>/colleagues", methods=["GET"])
@api.response(200, ColleagueOut(many=True))
def list_colleagues(uid):
    """可以转交的同事"""
    order = _order(uid)
    return handing.list_colleagues(actor(), order.alert, order.assigned_role)


@api.route("/work-orders/<uuid:uid>/assign", methods=["POST"])
@api.arguments(AssignIn)
@api.response(201, OrderOut)
def assign(body, uid):
    """转交给同一角色的同事"""
    return _shown(handing.assign(actor(), _order(uid), body["to"]))


# --- the second person --------------------------------------------------------------------------------------


@api.route("/work-orders/<uuid:uid>/approve", methods=["POST"])
@api.response(200, OrderOut)
def approve(uid):
    """审核通过（不能审核自己的反馈）"""
    return _shown(approvals.approve(actor(), _order(uid)))


@api.route("/work-orders/<uuid:uid>/return", methods=["POST"])
@api.arguments(ReasonIn)
@api.response(200, OrderOut)
def return_(body, uid):
    """退回，说明原因"""
    return _shown(approvals.return_(actor(), _order(uid), body["reason"]))
