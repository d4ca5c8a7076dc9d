"""What goes in and out of the rule book."""

from collections.abc import Mapping

from marshmallow import fields as mf

from ..core import fields
from ..core.i18n import lazy
from .base import Rule
from .settings import bounds


class TuneIn(fields.Schema):
    """A rule switched or tuned; settings that are not named stay as they are."""

    compound = fields.UidField(lazy("小区"), load_default=None, allow_none=True)
    is_on = fields.Flag(lazy("启用"), load_default=True)
    settings = mf.Dict(keys=mf.String(), values=mf.Integer(strict=True), load_default=dict)


class ShelterIn(fields.Schema):
    """Until which day a compound that has just joined hears of mistakes as notes."""

    compound = fields.UidField(lazy("小区"), required=True)
    until = fields.Day(lazy("到哪一天（含）"), required=True)


class TunedOut(fields.Schema):
    is_on = mf.Boolean()
    settings = mf.Dict(keys=mf.String(), values=mf.Integer())
    version = mf.Integer()


class LawOut(fields.Schema):
    id = fields.Text()
    sentence = fields.Text()


class TurnOut(fields.Schema):
    after_minutes = mf.Integer()
    roles = mf.List(mf.String())


class RuleRow(fields.Schema):
    code = fields.Text()
    title = fields.Text()
    severity = mf.Integer()
    is_identity = mf.Boolean()
    precision = mf.Float(allow_none=True)


class RuleOut(RuleRow):
    why = fields.Text()
    advice = fields.Text()
    false_alarms = mf.List(fields.Text())
    basis = mf.Dict(keys=mf.String(), values=mf.List(mf.Nested(LawOut)))
    turns = mf.List(mf.Nested(TurnOut))
    tuned = mf.Nested(TunedOut)


class RulesOut(fields.Schema):
    items = mf.List(mf.Nested(RuleRow))


def form_of(rule: Rule, settings: Mapping[str, int]) -> type[fields.Schema]:
    """The form in which one rule is tuned: a field for each of its settings."""
    asked: dict[str, fields.Flag | fields.Whole] = {"is_on": fields.Flag(lazy("启用这条规则"))}
    for name in settings:
        least, most = bounds(rule, name)
        asked[name] = fields.Whole(rule.labels.get(name, name), min=least, max=most, required=True)
    return fields.Schema.from_dict(asked, name=f"Tune{rule.code}")
