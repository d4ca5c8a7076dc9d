"""The statistics page: months side by side, with what each figure means, and the same as a file."""

import csv
import io

from flask import Blueprint, Response, flash, redirect, url_for

from ..core.db import session
from ..core.forms import Form
from ..core.http import actor
from ..core.i18n import _
from ..core.lookup import get_or_404
from ..core.web import page
from . import service
from .figures import FIGURES, SHARES
from .schemas import CorrectionIn

web = Blueprint("reporting", __name__, template_folder="templates", url_prefix="/statistics")


@web.get("/")
def index():
    """统计"""
    places = session.scalars(service.list_places(actor())).all()
    if len(places) == 1:
        return redirect(url_for(".show", place_uid=places[0].uid), 303)
    return page("reporting/index.html", places=places)


@web.route("/<uuid:place_uid>", methods=["GET", "POST"])
def show(place_uid):
    """一个小区或社区的每月统计"""
    who = actor()
    place = get_or_404(service.list_places(who), place_uid)
    form = Form(CorrectionIn)
    if form.submit(lambda month, reason: service.correct_month(who, place, month, reason)):
        flash(_("已重新统计；有差异的指标另存为修订并加注"), "good")
        return redirect(url_for(".show", place_uid=place_uid), 303)
    months = service.list_months(who, place)
    return page(
        "reporting/show.html",
        place=place,
        months=months,
        table=service.table_of(months),
        figures=FIGURES,
        shares=SHARES,
        form=form,
        correct_month=service.correct_month,
    )


@web.get("/<uuid:place_uid>/months.csv")
def months_file(place_uid):
    """同一张表的 CSV"""
    who = actor()
    place = get_or_404(service.list_places(who), place_uid)
    months = service.list_months(who, place)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_("指标"), *(month.name for month in months)])
    titles = {one.name: str(one.title) for one in (*FIGURES, *SHARES)}
    for name, values in service.table_of(months).items():
        writer.writerow([titles[name], *values])
    headers = {"Content-Disposition": "attachment; filename=statistics.csv"}
    return Response("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)
