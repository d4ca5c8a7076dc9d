"""The schema of a jurisdiction pack's file: a slip is named by its key before anybody relies on the pack."""

import re
from datetime import timedelta

from marshmallow import Schema, ValidationError, fields, post_load, validate

from . import pack_parts as parts
from .law import laws

# What a notice's text may leave open; anything else in braces is a slip of whoever wrote the pack.
OPEN_PLACES = frozenset(
    {
        *("guest_months", "minor_months", "minor_age", "sensitive_age", "overseas_hours"),
        *("operator", "platform", "contact"),
    }
)
# The keys of core's retention classes that a place may set, and of the records about people's acts.
RETENTION_KEYS = [
    *("guest", "minor", "account", "unit", "case", "file"),
    *("access_log", "act_log", "sharing_record"),
]
WORD_KEYS = [
    *("filing_decided", "filing_checked", "police_state", "police_state_not_yet"),
    *("neighbour_consent", "neighbour_consent_not_yet", "two_flags"),
]
NOTICE_KEYS = ["guest", "minor", "overseas"]
PLACE = re.compile(r"\{[^{}]*\}|[{}]")
DAYS_AT_MOST = 366
MONTH_OF_MINUTES = 60 * 24 * 31
# Records of who saw what are kept at least six months (网络安全法 23 第三项).
MONTHS_AT_LEAST = {"access_log": 6, "act_log": 6, "sharing_record": 36}


class _Part(Schema):
    """A part of the file that becomes one of the dataclasses of pack_parts."""

    part: type
    error_messages = {"unknown": "unknown key"}

    @post_load
    def build(self, data, partial=None, **_kwargs):
        # One file alone is only checked: what it extends may hold the rest.
        return data if partial else self.part(**data)


class _Tuple(fields.List):
    def _deserialize(self, *args, **kwargs) -> tuple:
        return tuple(super()._deserialize(*args, **kwargs))


class _Minutes(fields.Integer):
    """Minutes in the file, a timedelta in the pack."""

    def __init__(self, name: str):
        super().__init__(required=True, strict=True, data_key=f"{name}_minutes")

    def _deserialize(self, *args, **kwargs) -> timedelta:
        minutes = super()._deserialize(*args, **kwargs)
        validate.Range(1, MONTH_OF_MINUTES)(minutes)
        return timedelta(minutes=minutes)


def _known_law(id: str) -> None:
    if id not in laws():
        raise ValidationError(f"no such law id: {id}")


def _known_places(text: str) -> None:
    for found in PLACE.findall(text):
        if found[1:-1] not in OPEN_PLACES:
            raise ValidationError(f"unknown place in the text: {found}")


def _kept_long_enough(months: dict) -> None:
    for key, least in MONTHS_AT_LEAST.items():
        if months.get(key, least) < least:
            raise ValidationError(f"{key}: at least {least} months")


def _whole(least: int, most: int) -> fields.Integer:
    return fields.Integer(required=True, strict=True, validate=validate.Range(least, most))


def _basis(**kwargs) -> _Tuple:
    return _Tuple(fields.String(validate=_known_law), **kwargs)


def _words() -> fields.Nested:
    return fields.Nested(WordingIn, required=True)


def _names(**kwargs) -> _Tuple:
    return _Tuple(fields.String(validate=validate.Regexp(r"[a-z][a-z0-9_]*\Z")), **kwargs)


def _by_key(keys: list[str], value: fields.Field, **kwargs) -> fields.Dict:
    return fields.Dict(
        fields.String(validate=validate.OneOf(keys, error="unknown key")), value, required=True, **kwargs
    )


class WordingIn(_Part):
    part = parts.Wording
    zh = fields.String(required=True, validate=[validate.Length(min=1), _known_places])
    en = fields.String(required=True, validate=[validate.Length(min=1), _known_places])


class RegimeIn(_Part):
    part = parts.Regime
    title = _words()
    basis = fields.Dict(fields.Enum(parts.Topic, by_value=True), _basis(), required=True)


class AgesIn(_Part):
    part = parts.Ages
    # 未成年人保护法 2 and 个人信息保护法 28: national law, so a place can only repeat them.
    minor = _whole(18, 18)
    strong = _whole(1, 21)
    sensitive = _whole(14, 14)


DeadlinesIn = _Part.from_dict(
    {
        name: _Minutes(name) if kind is timedelta else _whole(1, DAYS_AT_MOST)
        for name, kind in parts.Deadlines.__annotations__.items()
    },
    name="DeadlinesIn",
)
DeadlinesIn.part = parts.Deadlines


class CapacityIn(_Part):
    part = parts.Capacity
    people_per_bed = _whole(1, 4)
    area_per_person = fields.Decimal(required=True, validate=validate.Range(1, 50))


class StepIn(_Part):
    part = parts.Step
    key = fields.String(required=True)
    title = _words()
    help = _words()
    needs = _names(required=True)
    optional = _names()
    papers = _names()


class PaperIn(_Part):
    part = parts.Paper
    kind = fields.String(required=True)
    title = _words()
    required = fields.Boolean(required=True, truthy={True}, falsy={False})
    regimes = _Tuple(fields.Enum(parts.LegalRegime, by_value=True))
    party_roles = _Tuple(fields.String(validate=validate.OneOf(("owner", "sublessor", "agent"))))
    valid_months = fields.Integer(strict=True, validate=validate.Range(1, 240))
    basis = _basis()


class SectionIn(_Part):
    part = parts.Section
    title = _words()
    text = _words()


class NoticeIn(_Part):
    part = parts.Notice
    title = _words()
    basis = _basis(required=True)
    sections = _Tuple(fields.Nested(SectionIn), required=True, validate=validate.Length(min=1))


class PackIn(_Part):
    part = parts.Pack
    code = fields.String(required=True, validate=validate.Regexp(r"[a-z][a-z0-9-]*\Z"))
    extends = fields.String()
    title = _words()
    effective_from = fields.Date(required=True)
    decided_by = fields.Enum(parts.DecidedBy, by_value=True, required=True)
    words = _by_key(WORD_KEYS, fields.Nested(WordingIn))
    preset_regime = fields.Enum(parts.LegalRegime, by_value=True, required=True)
    regime_hint = _words()
    regimes = fields.Dict(fields.Enum(parts.LegalRegime, by_value=True), fields.Nested(RegimeIn), required=True)
    ages = fields.Nested(AgesIn, required=True)
    deadlines = fields.Nested(DeadlinesIn, required=True)
    retention_months = _by_key(RETENTION_KEYS, _whole(1, 600), validate=_kept_long_enough)
    steps = _Tuple(fields.Nested(StepIn), required=True)
    papers = _Tuple(fields.Nested(PaperIn), required=True)
    notices = _by_key(NOTICE_KEYS, fields.Nested(NoticeIn))
    house_rules = _Tuple(fields.Nested(WordingIn), required=True)
    safe_harbour_days = _whole(0, DAYS_AT_MOST)
    capacity = fields.Nested(CapacityIn, required=True)
