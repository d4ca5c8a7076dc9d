"""Filings and walks for programs."""

from ..core.api import PageQuery
from ..core.http import actor
from ..core.paging import page_of
from . import filing, walks
from .answers import DecidedOut, FilingOut, FilingPage, FloorListDetailOut, FloorListOut, FloorListPage
from .base_api import api
from .models import Filing, FloorList
from .schemas import CheckIn, FilingQuery, ReasonIn, VersionIn, WalkIn
from .walks import Seen


def _filing(filing_uid):
    return filing.get_filing(actor(), filing_uid)


@api.route("/filings", methods=["GET"])
@api.arguments(FilingQuery, location="query")
@api.response(200, FilingPage)
def list_filings(query):
    """管辖范围内的备案申请，先提交的在前"""
    found = filing.list_filings(actor(), query["status"])
    return page_of(found, (Filing.created_at, Filing.uid), query["cursor"], query["size"])


@api.route("/filings/<uuid:filing_uid>", methods=["GET"])
@api.response(200, FilingOut)
def get_filing(filing_uid):
    """一份备案申请"""
    return _filing(filing_uid)


@api.route("/filings/<uuid:filing_uid>/withdraw", methods=["POST"])
@api.arguments(VersionIn, example={"version": 2})
@api.response(200, FilingOut)
def withdraw(said, filing_uid):
    """撤回备案申请（经营者）"""
    return filing.withdraw(actor(), _filing(filing_uid), **said)


@api.route("/filings/<uuid:filing_uid>/check", methods=["POST"])
@api.arguments(CheckIn, example={"version": 2, "note": "与申请一致"})
@api.response(200, FilingOut)
def check(said, filing_uid):
    """现场核查，与申请一致（网格员）"""
    return filing.check(actor(), _filing(filing_uid), **said)


@api.route("/filings/<uuid:filing_uid>/return", methods=["POST"])
@api.arguments(ReasonIn, example={"version": 3, "reason": "请补交业主同意书"})
@api.response(200, FilingOut)
def return_(said, filing_uid):
    """退回备案申请（民警联络员）"""
    return filing.return_(actor(), _filing(filing_uid), **said)


@api.route("/filings/<uuid:filing_uid>/decide", methods=["POST"])
@api.arguments(VersionIn, example={"version": 3})
@api.response(200, FilingOut)
def decide(said, filing_uid):
    """办结备案（民警联络员）"""
    return filing.decide(actor(), _filing(filing_uid), **said)


# --- walks --------------------------------------------------------------------------------------------------


@api.route("/floor-lists", methods=["GET"])
@api.arguments(PageQuery, location="query")
@api.response(200, FloorListPage)
def list_floor_lists(query):
    """楼层核对单，新的在前"""
    keys = (FloorList.walked_at.desc(), FloorList.uid)
    return page_of(walks.list_floor_lists(actor()), keys, query["cursor"], query["size"])


@api.route("/floor-lists", methods=["POST"])
@api.arguments(
    WalkIn,
    example={
        "place": "01890a5d-ac96-774b-bcce-b302099a8057",
        "checks": [{"unit": "01890a5d-ac96-774b-bcce-b302099a8058", "result": "as_filed"}],
    },
)
@api.response(201, FloorListOut)
def record_walk(said):
    """保存一次楼层核查（网格员）；与申请一致的同时记为已核查"""
    place = walks.get_walkable(actor(), said["place"])
    return walks.record_walk(actor(), place, [Seen(**one) for one in said["checks"]], said["note"])


@api.route("/floor-lists/<uuid:list_uid>", methods=["GET"])
@api.response(200, FloorListDetailOut)
def get_floor_list(list_uid):
    """一张楼层核对单"""
    walk = walks.get_floor_list(actor(), list_uid)
    checks = [
        {"unit": unit.uid, "result": check.result, "note": check.note, "filing_status": status}
        for check, unit, status in walks.list_checks(actor(), walk)
    ]
    return {"uid": walk.uid, "walked_at": walk.walked_at, "note": walk.note, "checks": checks}


@api.route("/floor-lists/<uuid:list_uid>/decide", methods=["POST"])
@api.response(200, DecidedOut)
def decide_list(list_uid):
    """一次办结核对单上与申请一致的全部备案（民警联络员）"""
    return {"decided": walks.decide_list(actor(), walks.get_floor_list(actor(), list_uid))}
