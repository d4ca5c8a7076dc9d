"""The rule book for programs: what each rule says, how often it was right, tuning."""

from uuid import UUID

from ..core import fields
from ..core.api import Blueprint
from ..core.http import actor
from . import settings
from .schemas import RuleOut, RulesOut, ShelterIn, TunedOut, TuneIn
from .showing import Shown, as_row, in_full

api = Blueprint("rules_api", __name__, url_prefix="/api/v1", description="规则库")


class PlaceQuery(fields.Schema):
    compound = fields.UidField("小区", load_default=None)


@api.route("/rules", methods=["GET"])
@api.response(200, RulesOut)
def list_rules():
    """规则库：我可以看的规则，及其九十天内的准确率"""
    found = settings.precision_of(actor())
    rules = settings.list_rules(actor())
    return {"items": [as_row(Shown(rule, found.get(rule.code))) for rule in rules]}


@api.route("/rules/<code>", methods=["GET"])
@api.arguments(PlaceQuery, location="query")
@api.response(200, RuleOut)
def get_rule(query, code):
    """一条规则：为什么、依据、误报情形、轮到谁、现行设置"""
    who, rule = actor(), settings.get_rule(actor(), code)
    precision = settings.precision_of(who).get(code)
    return in_full(Shown(rule, precision, settings.tuned_in(who, rule, _compound(query["compound"]))))


@api.route("/rules/<code>/settings", methods=["PUT"])
@api.arguments(TuneIn)
@api.response(200, TunedOut)
def tune(body, code):
    """调整规则：社区干部调整一个小区，系统管理员调整全部"""
    rule = settings.get_rule(actor(), code)
    return settings.tune(actor(), rule, _compound(body["compound"]), body["is_on"], body["settings"])


@api.route("/rules/safe-harbour", methods=["PUT"])
@api.arguments(ShelterIn)
@api.response(204)
def shelter(body):
    """设定小区的保护期：期内的差错只作提示"""
    settings.shelter(actor(), settings.get_compound(actor(), body["compound"]), body["until"])


def _compound(uid: UUID | None):
    return settings.get_compound(actor(), uid) if uid else None
