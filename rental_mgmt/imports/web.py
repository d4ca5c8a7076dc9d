"""The pages of imports: upload, the dry run row by row, store, undo."""

from flask import Blueprint, Response, flash, redirect, request, url_for

from ..core.db import session
from ..core.errors import Invalid
from ..core.forms import Form
from ..core.http import actor
from ..core.i18n import _
from ..core.paging import page_of
from ..core.spreadsheet import csv_lines
from ..core.web import page
from . import service, storing, undoing
from .models import ImportBatch
from .schemas import UploadIn

web = Blueprint("imports", __name__, template_folder="templates", url_prefix="/imports")


@web.route("/", methods=["GET", "POST"])
def index():
    """台账导入"""
    who = actor()
    choices = [(str(place.uid), place.name) for place in service.list_compounds(who)]
    form, made = Form(UploadIn, {"compound": choices[0][0] if choices else ""}, files=("file",)), []

    def keep(compound, file):
        if not file:
            raise Invalid(errors={"file": [_("请选择一个 XLSX 或 CSV 文件")]})
        made.append(service.upload(who, compound, file[0].stream, file[0].filename or ""))

    if form.submit(keep):
        session.flush()
        return redirect(url_for(".show", batch_uid=made[0].uid), 303)
    batches = page_of(service.list_batches(who), (ImportBatch.uid.desc(),), request.args.get("cursor"), 20)
    return page("imports/index.html", form=form, choices=choices, batches=batches)


@web.get("/<uuid:batch_uid>")
def show(batch_uid):
    """一个批次"""
    batch = service.get_batch(actor(), batch_uid)
    found = service.list_problems(batch)
    problems = page_of(found, service.PROBLEM_ORDER, request.args.get("cursor"), 50)
    return page("imports/show.html", batch=batch, summary=batch.said_summary, problems=problems)


@web.get("/<uuid:batch_uid>/problems.csv")
def problem_file(batch_uid) -> Response:
    """问题清单（下载）"""
    batch = service.get_batch(actor(), batch_uid)
    lines = csv_lines(service.problem_table(batch))
    named = {"Content-Disposition": f'attachment; filename="problems-{batch.uid}.csv"'}
    # The mark by which table programs know UTF-8.
    return Response(lines.encode("utf-8-sig"), mimetype="text/csv", headers=named)


@web.post("/<uuid:batch_uid>/store")
def store(batch_uid):
    """正式导入"""
    stored = storing.store_batch(actor(), service.get_batch(actor(), batch_uid))
    flash(_("已导入：房源 %(units)s 套，入住 %(stays)s 次，住客 %(guests)s 人", **vars(stored)), "good")
    if stored.known:
        flash(_("%(n)s 人已有相同登记，没有重复", n=stored.known), "notice")
    return redirect(url_for(".show", batch_uid=batch_uid), 303)


@web.post("/<uuid:batch_uid>/discard")
def discard(batch_uid):
    """不导入，删除文件"""
    service.discard(actor(), service.get_batch(actor(), batch_uid))
    flash(_("文件已删除，没有导入任何数据"), "good")
    return redirect(url_for(".index"), 303)


@web.post("/<uuid:batch_uid>/undo")
def undo(batch_uid):
    """撤销"""
    counts = undoing.undo_batch(actor(), service.get_batch(actor(), batch_uid))
    flash(_("已撤销：房源 %(units)s 套，入住 %(stays)s 次，住客 %(guests)s 人", **counts), "good")
    return redirect(url_for(".show", batch_uid=batch_uid), 303)
