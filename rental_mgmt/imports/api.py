"""The JSON door of imports; the file travels as one part of a multipart form."""

from flask import request

from ..core import fields
from ..core.api import Blueprint, PageQuery
from ..core.db import session
from ..core.errors import Invalid
from ..core.http import actor
from ..core.i18n import _
from ..core.paging import page_of
from . import service, storing, undoing
from .models import ImportBatch
from .schemas import BatchOut, ProblemPage

api = Blueprint("imports_api", __name__, url_prefix="/api/v1", description="台账导入")


class BatchPage(fields.Schema):
    """One page of batches."""

    items = fields.fields.List(fields.fields.Nested(BatchOut))
    next_cursor = fields.Text()


@api.route("/imports", methods=["GET"])
@api.arguments(PageQuery, location="query")
@api.response(200, BatchPage)
def list_batches(page):
    """导入批次"""
    return page_of(service.list_batches(actor()), (ImportBatch.uid.desc(),), page["cursor"], page["size"])


@api.route("/compounds/<uuid:compound_uid>/imports", methods=["POST"])
@api.response(202, BatchOut)
def upload(compound_uid):
    """上传台账（multipart 的 file 部分），后台试运行"""
    found = request.files.get("file")
    if found is None:
        raise Invalid(errors={"file": [_("请以 multipart/form-data 的 file 部分上传 XLSX 或 CSV")]})
    batch = service.upload(actor(), compound_uid, found.stream, found.filename or "")
    session.flush()
    return batch


@api.route("/imports/<uuid:batch_uid>", methods=["GET"])
@api.response(200, BatchOut)
def get_batch(batch_uid):
    """一个批次的进度与试运行结果"""
    return service.get_batch(actor(), batch_uid)


@api.route("/imports/<uuid:batch_uid>/problems", methods=["GET"])
@api.arguments(PageQuery, location="query")
@api.response(200, ProblemPage)
def list_problems(asked, batch_uid):
    """逐行的错误与提醒（单元格与改法，不含内容），语言按 Accept-Language"""
    query = service.list_problems(service.get_batch(actor(), batch_uid))
    return page_of(query, service.PROBLEM_ORDER, asked["cursor"], asked["size"])


@api.route("/imports/<uuid:batch_uid>/store", methods=["POST"])
@api.response(200, BatchOut)
def store(batch_uid):
    """正式导入试运行通过的批次（全有或全无）"""
    batch = service.get_batch(actor(), batch_uid)
    storing.store_batch(actor(), batch)
    return batch


@api.route("/imports/<uuid:batch_uid>/undo", methods=["POST"])
@api.response(200, BatchOut)
def undo(batch_uid):
    """撤销整批导入"""
    batch = service.get_batch(actor(), batch_uid)
    undoing.undo_batch(actor(), batch)
    return batch
