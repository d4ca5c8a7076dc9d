"""The JSON door of look-ups and exports."""

from flask import Response

from ..core import keys
from ..core.api import Blueprint, PageQuery
from ..core.http import actor, answer_is_secret
from ..core.paging import page_of
from . import answers, download, filters, lookups, manifest, orders, seconds, seen
from .file_web import file_response
from .models import Export, Lookup
from .schemas import (
    AnsweredOut,
    ExportIn,
    ExportOut,
    ExportPage,
    ExportRefusalIn,
    GuestFilterIn,
    GuestTallyOut,
    LookupAnswerOut,
    LookupDecisionIn,
    LookupIn,
    LookupOut,
    LookupPage,
    LookupRevealIn,
    LookupRevealOut,
    SeenOut,
    asked_of,
    filter_of,
    reason_of,
)

api = Blueprint("exports_api", __name__, url_prefix="/api/v1", description="精确查询与导出")


@api.route("/lookups", methods=["POST"])
@api.arguments(LookupIn)
@api.response(201, LookupAnswerOut)
def look_up(given):
    """精确查询（按证件，或按房源和日期）；查无结果也有回执"""
    lookup = lookups.look_up(actor(), asked_of(given), reason_of(given), given["letter"])
    return _with_answer(lookup)


@api.route("/lookups", methods=["GET"])
@api.arguments(PageQuery, location="query")
@api.response(200, LookupPage)
def list_lookups(page):
    """本所的查询回执，新的在前（不含结果）"""
    return page_of(lookups.list_lookups(actor()), (Lookup.uid.desc(),), page["cursor"], page["size"])


@api.route("/lookups/<uuid:uid>", methods=["GET"])
@api.response(200, LookupOut)
def get_lookup(uid):
    """一张查询回执"""
    return lookups.get_lookup(actor(), uid)


@api.route("/lookups/<uuid:uid>/answer", methods=["GET"])
@api.response(200, AnsweredOut(many=True))
def get_answer(uid):
    """查询结果：只向查询人显示 24 小时"""
    return answers.get_answer(actor(), uid)


@api.route("/lookups/<uuid:uid>/decide", methods=["POST"])
@api.arguments(LookupDecisionIn)
@api.response(200, LookupOut)
def decide_lookup(decision, uid):
    """第二人审核涉及未成年人的查询"""
    return seconds.decide_lookup(actor(), uid, decision["approve"])


@api.route("/lookups/<uuid:uid>/guests/<uuid:guest_uid>/reveal", methods=["POST"])
@api.arguments(LookupRevealIn)
@api.response(200, LookupRevealOut)
def reveal(given, uid, guest_uid):
    """查看结果中一位住客的一项完整信息（留痕）"""
    answer_is_secret()
    return {
        "field": given["field"].value,
        "value": answers.reveal(actor(), uid, guest_uid, given["field"]),
    }


def _with_answer(lookup: Lookup) -> dict:
    receipt = {name: getattr(lookup, name) for name in LookupOut().fields}
    return receipt | {"guests": answers.get_answer(actor(), lookup.uid)}


# --- exports ------------------------------------------------------------------------------------------------


@api.route("/exports/count", methods=["GET"])
@api.arguments(GuestFilterIn, location="query")
@api.response(200, GuestTallyOut)
def count_guests(given):
    """按筛选条件会有多少人（只有数字）"""
    return filters.count_guests(actor(), filter_of(given))


@api.route("/exports", methods=["POST"])
@api.arguments(ExportIn)
@api.response(201, ExportOut)
def order_export(given):
    """申请导出；由同所另一人批准后生成"""
    return orders.order_export(
        actor(), filter_of(given), reason_of(given), given["profile"], given["file_format"]
    )


@api.route("/exports", methods=["GET"])
@api.arguments(PageQuery, location="query")
@api.response(200, ExportPage)
def list_exports(page):
    """本所的导出，新的在前"""
    return page_of(orders.list_exports(actor()), (Export.uid.desc(),), page["cursor"], page["size"])


@api.route("/exports/<uuid:uid>", methods=["GET"])
@api.response(200, ExportOut)
def get_export(uid):
    """一份导出的进度"""
    return orders.get_export(actor(), uid)


@api.route("/exports/<uuid:uid>/approve", methods=["POST"])
@api.response(200, ExportOut)
def approve_export(uid):
    """批准（申请人本人不能批准）"""
    return orders.approve_export(actor(), uid)


@api.route("/exports/<uuid:uid>/refuse", methods=["POST"])
@api.arguments(ExportRefusalIn)
@api.response(200, ExportOut)
def refuse_export(given, uid):
    """不批准"""
    return orders.refuse_export(actor(), uid, given["reason"])


@api.route("/exports/<uuid:uid>/retry", methods=["POST"])
@api.response(200, ExportOut)
def retry_export(uid):
    """生成失败后再试一次"""
    return orders.retry_export(actor(), uid)


@api.route("/exports/<uuid:uid>/download", methods=["POST"])
@api.response(200, ExportOut)
def begin_download(uid):
    """开始唯一的一次下载；随后取 /file，15 分钟内可用 Range 续传"""
    return download.begin_download(actor(), uid)


@api.route("/exports/<uuid:uid>/file", methods=["GET"])
@api.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
def get_file(uid):
    """文件本身；HEAD 不计次"""
    return file_response(uid)


@api.route("/exports/<uuid:uid>/manifest", methods=["GET"])
@api.response(200, {"type": "object"})
def get_manifest(uid):
    """签名清单（规范 JSON，Ed25519）"""
    return Response(manifest.as_file(orders.get_manifest(actor(), uid)), content_type="application/json")


@api.route("/exports/public-key", methods=["GET"])
@api.response(200, {"type": "string"}, content_type="application/x-pem-file")
def get_public_key():
    """核对清单签名的公钥（PEM）"""
    return Response(keys.public_key_pem(), content_type="application/x-pem-file")


@api.route("/guests/<uuid:guest_uid>/seen", methods=["GET"])
@api.response(200, SeenOut(many=True))
def who_saw(guest_uid):
    """180 天内谁看过这位住客（审计员）"""
    return seen.who_saw(actor(), guest_uid)
