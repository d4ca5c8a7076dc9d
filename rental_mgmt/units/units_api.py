"""Units for programs: list, register, change, papers, states, claims."""

from flask import g, request

from ..core.api import PageQuery
from ..core.errors import Invalid
from ..core.http import actor
from ..core.i18n import _
from ..core.paging import page_of
from . import claiming, details, filing, listing, papers, placing, registering, states
from .answers import (
    ClaimCodeOut,
    CompoundOut,
    DocumentOut,
    FilingOut,
    UnitDetailOut,
    UnitOut,
    UnitPage,
    WordsQuery,
)
from .base_api import api
from .packs import pack_of
from .placing import Address
from .schemas import ClaimIn, DocumentIn, SuspendIn, UnitEditIn, UnitIn, UnitQuery, VersionIn

EXAMPLE = {
    "building": "01890a5d-ac96-774b-bcce-b302099a8057",
    "door": "1203",
    "area": 62.5,
    "bedrooms": 2,
    "beds": 3,
    "declared_capacity": 5,
    "party_role": "owner",
    "safety_contact_name": "测试责任人",
    "safety_contact_phone": "19000000001",
    "listings": ["https://www.tujia.com/detail/1"],
    "cleaning_windows": ["每天 10:00-14:00"],
}
EDIT_EXAMPLE = {k: v for k, v in EXAMPLE.items() if k not in ("building", "door")} | {"version": 1}


def _unit(unit_uid):
    return listing.get_unit(actor(), unit_uid)


@api.route("/buildings", methods=["GET"])
@api.arguments(WordsQuery, location="query")
@api.response(200, CompoundOut(many=True))
def list_buildings(query):
    """可登记房源的小区和楼栋（按小区名称查找，最多 20 个小区）"""
    actor()
    return placing.choose_building(query["words"])


@api.route("/units", methods=["GET"])
@api.arguments(UnitQuery, location="query")
@api.response(200, UnitPage)
def list_units(query):
    """管辖范围内的房源"""
    cursor, size = query.pop("cursor"), query.pop("size")
    return page_of(listing.list_units(actor(), listing.Filter(**query)), listing.ORDER, cursor, size)


@api.route("/units", methods=["POST"])
@api.arguments(UnitIn, example=EXAMPLE)
@api.response(201, UnitOut)
def register_unit(said):
    """登记一套房源（填报中，可先登记住客）"""
    address = Address(said.pop("building"), said.pop("door"), said.pop("floor"))
    return registering.register_unit(actor(), address, said, said.pop("party"), said.pop("parent"))


@api.route("/units/<uuid:unit_uid>", methods=["GET"])
@api.response(200, UnitDetailOut)
def get_unit(unit_uid):
    """一套房源的全部登记内容"""
    me, unit = actor(), _unit(unit_uid)
    return {name: getattr(unit, name) for name in UnitOut().fields} | {
        "house_rules": unit.house_rules,
        "safety_contact": listing.get_safety_contact(me, unit),
        "listings": [one.url for one in details.listings_of(unit)],
        "cleaning_windows": details.windows_of(unit),
        "documents": papers.documents_of(unit),
        "filings": listing.list_shown_filings(me, unit),
        "missing": filing.missing_for(unit, pack_of(unit)),
    }


@api.route("/units/<uuid:unit_uid>", methods=["PUT"])
@api.arguments(UnitEditIn, example=EDIT_EXAMPLE)
@api.response(200, UnitOut)
def edit_unit(said, unit_uid):
    """修改房源；备案办结后，面积、床位等变更写入新的备案申请"""
    unit, version = _unit(unit_uid), said.pop("version")
    registering.edit_unit(actor(), unit, said, version)
    return unit


# --- papers -------------------------------------------------------------------------------------------------


@api.route("/units/<uuid:unit_uid>/documents", methods=["POST"])
@api.arguments(DocumentIn, location="form")
@api.response(201, DocumentOut(many=True))
def add_documents(said, unit_uid):
    """上传照片或材料（multipart/form-data，文件字段名 file，可多个）"""
    files = [(one.stream, one.filename or "") for one in request.files.getlist("file")]
    return papers.add_documents(actor(), _unit(unit_uid), said["kind"], files, said["expires_on"])


@api.route("/units/<uuid:unit_uid>/documents/<uuid:document_uid>", methods=["DELETE"])
@api.response(204)
def remove_document(unit_uid, document_uid):
    """移除一份照片或材料"""
    papers.remove_document(actor(), _unit(unit_uid), document_uid)


# --- states -------------------------------------------------------------------------------------------------


@api.route("/units/<uuid:unit_uid>/suspend", methods=["POST"])
@api.arguments(SuspendIn, example={"version": 3, "reason": "装修，暂停接待"})
@api.response(200, UnitOut)
def suspend(said, unit_uid):
    """停用房源：经营者自行停用，或民警联络员凭决定文书编号停用"""
    return states.suspend(actor(), _unit(unit_uid), **said)


@api.route("/units/<uuid:unit_uid>/resume", methods=["POST"])
@api.arguments(VersionIn, example={"version": 4})
@api.response(200, UnitOut)
def resume(said, unit_uid):
    """恢复房源（由停用的一方办理）"""
    return states.resume(actor(), _unit(unit_uid), **said)


# --- claims -------------------------------------------------------------------------------------------------


@api.route("/units/claimable", methods=["GET"])
@api.response(200, UnitOut(many=True))
def list_claimable():
    """“这些是你的吗”：可由本人认领的台账房源"""
    return claiming.list_claimable(actor())


@api.route("/units/claims", methods=["POST"])
@api.arguments(ClaimIn, example={"code": "7K3M-Q9XT-4RWD-PX2Y-0HJN"})
@api.response(201, UnitOut(many=True))
def claim(said):
    """认领房源：按台账手机号（units），或按打印的认领码（code）"""
    if said["code"]:
        return [claiming.claim_by_code(actor(), said["code"], said["party"])]
    if not said["units"]:
        raise Invalid(errors={"units": [_("请选择要认领的房源，或填写认领码")]})
    return claiming.claim_units(actor(), said["units"], said["party"])


@api.route("/units/<uuid:unit_uid>/claim-code", methods=["POST"])
@api.response(201, ClaimCodeOut)
def print_claim_code(unit_uid):
    """生成一套待认领房源的认领码（只显示一次）"""
    code = claiming.print_claim_code(actor(), _unit(unit_uid))
    g.answer_is_secret = True
    return {"code": code}


# --- filings of one unit ------------------------------------------------------------------------------------


@api.route("/units/<uuid:unit_uid>/filings", methods=["POST"])
@api.arguments(VersionIn, example={"version": 2})
@api.response(201, FilingOut)
def submit(said, unit_uid):
    """提交备案（或提交已办结房源的变更）"""
    return filing.submit(actor(), _unit(unit_uid), **said)


@api.route("/units/<uuid:unit_uid>/filings", methods=["GET"])
@api.arguments(PageQuery, location="query")
@api.response(200, FilingOut(many=True))
def list_filings_of(_query, unit_uid):
    """一套房源的备案申请，新的在前"""
    return [shown.filing for shown in listing.list_shown_filings(actor(), _unit(unit_uid))]
