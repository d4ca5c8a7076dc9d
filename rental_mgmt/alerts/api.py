"""Alerts for programs: the queue, one alert in full, the landlord's answer, the precision of the rules."""

import json

from flask.wrappers import Response

from ..core.api import Blueprint
from ..core.http import actor
from . import queue, service, showing
from .precision import list_precision
from .schemas import (
    AlertOut,
    AlertPage,
    AlertQuery,
    AnswerIn,
    AnswerOut,
    LineOut,
    PrecisionOut,
    PrecisionQuery,
)

api = Blueprint("alerts_api", __name__, url_prefix="/api/v1", description="预警")


@api.route("/alerts", methods=["GET"])
@api.arguments(AlertQuery, location="query")
@api.response(200, AlertPage)
def list_alerts(query):
    """我能看到的预警，按紧急程度和剩余时间排列"""
    who = actor()
    page = queue.get_page(who, query["chosen"], query["cursor"], query["size"])
    items = [showing.row_of(row, who) for row in page.items]
    # Written down here: the rows are plain already, and this is the list everybody's screen asks for.
    body = json.dumps(
        {"items": items, "next_cursor": page.next_cursor}, ensure_ascii=False, separators=(",", ":")
    )
    return Response(body, content_type="application/json")


@api.route("/alerts/<uuid:uid>", methods=["GET"])
@api.response(200, AlertOut)
def get_alert(uid):
    """一条预警的全部内容：文字、数字、经过、依据、处置建议"""
    return showing.alert_in_full(service.get_alert(actor(), uid), actor())


@api.route("/alerts/<uuid:uid>/history", methods=["GET"])
@api.response(200, LineOut(many=True))
def get_history(uid):
    """预警的处理经过"""
    return showing.lines_in_words(service.get_history(actor(), uid), actor())


@api.route("/alerts/<uuid:uid>/answers", methods=["POST"])
@api.arguments(AnswerIn)
@api.response(201, AnswerOut)
def answer(body, uid):
    """经营者答复（不等于办结）"""
    return service.answer(actor(), service.get_alert(actor(), uid), body["answer"], body["note"])


@api.route("/rules/precision", methods=["GET"])
@api.arguments(PrecisionQuery, location="query")
@api.response(200, PrecisionOut(many=True))
def precision(query):
    """各规则的准确率：按人工结论统计"""
    return list_precision(actor(), query["since"])
