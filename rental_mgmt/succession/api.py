"""Merging, handing over and closing units for programs."""

from flask import g

from ..core.api import Blueprint
from ..core.http import actor
from ..units import listing
from ..units.answers import UnitOut
from . import closing, merging, transfers
from .schemas import AcceptIn, CloseIn, MergedOut, MergeIn, OfferedOut, TransferIn, TransferOut

api = Blueprint("succession_api", __name__, url_prefix="/api/v1", description="房源合并、移交与注销")

EXAMPLE_UID = "01890a5d-ac96-774b-bcce-b302099a8057"


def _unit(unit_uid):
    return listing.get_unit(actor(), unit_uid)


@api.route("/units/<uuid:unit_uid>/close", methods=["POST"])
@api.arguments(CloseIn, example={"version": 5, "reason": "不再出租", "end_stays": False})
@api.response(200, UnitOut)
def close(said, unit_uid):
    """注销房源（不可恢复）；有住客在住或有计划中的入住时拒绝，除非 end_stays"""
    return closing.close(actor(), _unit(unit_uid), **said)


@api.route("/units/<uuid:unit_uid>/merge", methods=["POST"])
@api.arguments(MergeIn, example={"version": 5, "into": EXAMPLE_UID, "reason": "同一套房在两个平台各登记了一次"})
@api.response(200, MergedOut)
def merge(said, unit_uid):
    """合并重复登记：本房源注销并指向 into；未结束的入住、设备、链接、未办结的预警随之转过去"""
    survivor, moved = merging.merge(actor(), _unit(unit_uid), **said)
    return {"unit": survivor, "moved": moved}


@api.route("/units/<uuid:unit_uid>/transfers", methods=["GET"])
@api.response(200, TransferOut(many=True))
def list_transfers(unit_uid):
    """一套房源的移交记录，新的在前"""
    return transfers.list_transfers(actor(), _unit(unit_uid))


@api.route("/units/<uuid:unit_uid>/transfers", methods=["POST"])
@api.arguments(TransferIn, example={"version": 5, "reason": "转租给另一位经营者"})
@api.response(201, OfferedOut)
def offer_transfer(said, unit_uid):
    """发起移交：生成一次性移交码，交给接手的经营者（只显示一次）"""
    transfer, code = transfers.offer_transfer(actor(), _unit(unit_uid), **said)
    g.answer_is_secret = True
    return {name: getattr(transfer, name) for name in TransferOut().fields} | {"code": code}


@api.route("/transfers/<uuid:transfer_uid>/withdraw", methods=["POST"])
@api.response(200, TransferOut)
def withdraw_transfer(transfer_uid):
    """撤回移交，移交码作废"""
    return transfers.withdraw_transfer(actor(), transfers.get_transfer(actor(), transfer_uid))


@api.route("/transfers/accept", methods=["POST"])
@api.arguments(
    AcceptIn,
    example={
        "code": "7K3M-Q9XT-4RWD-PX2Y-0HJN",
        "party_role": "sublessor",
        "safety_contact_name": "测试责任人",
        "safety_contact_phone": "19000000001",
    },
)
@api.response(200, UnitOut)
def accept_transfer(said):
    """凭移交码接收一套房源：在住住客保持登记，编码和码牌不变"""
    return transfers.accept_transfer(actor(), **transfers.as_said(said))
