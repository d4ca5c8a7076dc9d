"""What goes in and out about months."""

from marshmallow import validate

from ..core import fields
from ..core.i18n import lazy

MONTH = validate.Regexp(r"^20[0-9]{2}-(0[1-9]|1[0-2])\Z", error="2026-11")


class MonthOut(fields.Schema):
    """One month of a place: figure or share → as shown; rare counts below three are “<3”."""

    month = fields.Text()
    is_open = fields.Flag()
    figures = fields.fields.Dict()
    corrected = fields.fields.List(fields.Text())


class DefinitionOut(fields.Schema):
    """What a figure counts."""

    name = fields.Text()
    version = fields.Whole()
    title = fields.Text()
    sentence = fields.Text()


class CorrectionIn(fields.Schema):
    """Which frozen month to count anew, and why."""

    month = fields.Text(lazy("月份"), max=7, required=True, validate=MONTH, help=lazy("如 2026-11"))
    reason = fields.Text(lazy("更正原因"), max=200, min=2, required=True)
