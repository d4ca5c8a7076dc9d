"""The JSON door of the statistics: counts without names, no approval needed."""

from ..core import fields
from ..core.api import Blueprint
from ..core.http import actor
from ..core.lookup import get_or_404
from . import service
from .figures import FIGURES
from .schemas import CorrectionIn, DefinitionOut, MonthOut

api = Blueprint("reporting_api", __name__, url_prefix="/api/v1", description="统计（不含姓名）")


class CorrectedOut(fields.Schema):
    """How many figures got a new revision."""

    corrected = fields.Whole()


def _place(uid):
    return get_or_404(service.list_places(actor()), uid)


@api.route("/statistics/definitions", methods=["GET"])
@api.response(200, DefinitionOut(many=True))
def list_definitions():
    """每项指标的定义与版本"""
    return [
        {"name": one.name, "version": one.version, "title": str(one.title), "sentence": str(one.sentence)}
        for one in FIGURES
    ]


@api.route("/places/<uuid:place_uid>/statistics", methods=["GET"])
@api.response(200, MonthOut(many=True))
def list_months(place_uid):
    """某小区或社区最近十三个月的统计"""
    months = service.list_months(actor(), _place(place_uid))
    table = service.table_of(months)
    return [
        {
            "month": month.name,
            "is_open": month.is_open,
            "figures": {name: values[n] for name, values in table.items()},
            "corrected": sorted(month.corrected),
        }
        for n, month in enumerate(months)
    ]


@api.route("/places/<uuid:place_uid>/statistics/correct", methods=["POST"])
@api.arguments(CorrectionIn)
@api.response(200, CorrectedOut)
def correct_month(correction, place_uid):
    """重新统计已封存的月份（差异另存为新的修订，保留原值）"""
    return {"corrected": service.correct_month(actor(), _place(place_uid), **correction)}
