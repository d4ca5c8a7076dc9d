"""The kinds of input, each with its words: strict in JSON, readable from a form, the same rules for both."""

import re
import unicodedata
from contextvars import ContextVar
from datetime import date, datetime
from enum import StrEnum

import marshmallow
from marshmallow import ValidationError, fields, validate

from . import clock
from .i18n import _, lazy

# In JSON "1" is not 1; in a form or a query every value is text.
values_are_typed: ContextVar[bool] = ContextVar("values_are_typed", default=False)

fields.Field.default_error_messages = {
    "required": lazy("请填写此项"),
    "null": lazy("此项不能为空"),
    "validator_failed": lazy("此项填写有误，请核对"),
}

_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_WHOLE = re.compile(r"-?[0-9]{1,16}", re.ASCII)
_DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,4})?", re.ASCII)
_MOBILE = re.compile(r"1[3-9][0-9]{9}", re.ASCII)


class Schema(marshmallow.Schema):
    """The shape of an input or an answer; an unknown field is an error that names it."""

    error_messages = {"unknown": lazy("没有这一项，请删去"), "type": lazy("此处应为一个对象")}

    class Meta:
        ordered = True


def _said(label, kind: str, **extra) -> dict:
    """What a form needs to draw a field."""
    return {"label": label, "kind": kind, **{k: v for k, v in extra.items() if v is not None}}


def _blank(value) -> bool:
    return isinstance(value, str) and not value.strip()


class _Field(fields.Field):
    """A blank form value counts as not given."""

    def deserialize(self, value, attr=None, data=None, **kwargs):
        if _blank(value) and not values_are_typed.get():
            value = marshmallow.missing if not self.required else value
            if self.required:
                raise self.make_error("required")
            if self.load_default is marshmallow.missing and self.allow_none:
                return None
        return super().deserialize(value, attr, data, **kwargs)


class Text(_Field, fields.String):
    """Text kept as typed (NFC), without control characters; `max` counts characters."""

    default_error_messages = {
        "invalid": lazy("此项应为文字"),
        "unstorable": lazy("含有无法保存的字符，请重新输入"),
    }

    def __init__(self, label="", *, max: int = 200, min: int = 0, kind: str = "text", help=None, **kwargs):
        extra = {k: kwargs.pop(k) for k in ("inputmode", "autocomplete", "rows", "placeholder") if k in kwargs}
        self.min, self.max = min, max
        super().__init__(metadata=_said(label, kind, help=help, maxlength=max, **extra), **kwargs)

    def _deserialize(self, value, attr, data, **kwargs):
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if _UNSTORABLE.search(value):
            raise self.make_error("unstorable")
        text = unicodedata.normalize("NFC", value).strip()
        if self.required and not text:
            raise self.make_error("required")
        if len(text) > self.max:
            raise ValidationError(_("最多 %(n)s 个字，现在有 %(now)s 个", n=self.max, now=len(text)))
        if text and len(text) < self.min:
            raise ValidationError(_("至少 %(n)s 个字", n=self.min))
        return text


class Secret(_Field, fields.String):
    """A password or code, compared exactly as typed: nothing trimmed, nothing cut (ASVS 6.2.8)."""

    def __init__(self, label="", *, max: int = 256, kind: str = "password", **kwargs):
        autocomplete = kwargs.pop("autocomplete", "off")
        inputmode = kwargs.pop("inputmode", None)
        help = kwargs.pop("help", None)
        super().__init__(
            validate=validate.Length(max=max, error=str(max)),
            load_only=True,
            metadata=_said(label, kind, autocomplete=autocomplete, inputmode=inputmode, help=help),
            **kwargs,
        )

    def _deserialize(self, value, attr, data, **kwargs):
        if not isinstance(value, str) or _UNSTORABLE.search(value):
            raise ValidationError(_("含有无法保存的字符，请重新输入"))
        return value


class Mobile(Text):
    """A mainland mobile number of eleven digits; spaces, dashes and +86 are taken off."""

    def __init__(self, label=None, **kwargs):
        super().__init__(
            label or lazy("手机号"), max=20, kind="tel", inputmode="numeric", autocomplete="tel", **kwargs
        )

    def _deserialize(self, value, attr, data, **kwargs):
        typed = super()._deserialize(value, attr, data, **kwargs)
        digits = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", typed))
        digits = re.sub(r"^(\+86|0086|86)(?=1)", "", digits)
        if digits and not _MOBILE.fullmatch(digits):
            raise ValidationError(_("请填写 11 位手机号，如 13800000000"))
        return digits


class Whole(_Field, fields.Field):
    """A whole number within a range."""

    def __init__(self, label="", *, min: int = 0, max: int = 2**31 - 1, help=None, **kwargs):
        self.min, self.max = min, max
        super().__init__(
            metadata=_said(label, "number", inputmode="numeric", help=help, min=min, max=max), **kwargs
        )

    def _deserialize(self, value, attr, data, **kwargs):
        if isinstance(value, str) and not values_are_typed.get() and _WHOLE.fullmatch(value.strip()):
            value = int(value)
        if type(value) is not int or not self.min <= value <= self.max:
            raise ValidationError(_("请填写 %(min)s 到 %(max)s 的整数", min=self.min, max=self.max))
        return value


class Decimal(_Field, fields.Field):
    """A number with decimals (an area in square metres) within a range."""

    def __init__(self, label="", *, min: float = 0, max: float = 1e6, help=None, **kwargs):
        self.min, self.max = min, max
        super().__init__(metadata=_said(label, "number", inputmode="decimal", help=help), **kwargs)

    def _deserialize(self, value, attr, data, **kwargs):
        if isinstance(value, str) and not values_are_typed.get() and _DECIMAL.fullmatch(value.strip()):
            value = float(value)
        if type(value) not in (int, float) or not self.min <= value <= self.max:
            raise ValidationError(_("请填写 %(min)s 到 %(max)s 的数字", min=self.min, max=self.max))
        return float(value)


class Choice(_Field, fields.Field):
    """One word of an enumeration; `labels` maps its members to the words shown."""

    def __init__(
        self, kind: type[StrEnum], label="", *, labels: dict | None = None, shown: str = "choice", **kwargs
    ):
        self.kind = kind
        names = labels or {word: getattr(word, "label", word.value) for word in kind}
        help = kwargs.pop("help", None)
        said = _said(label, shown, help=help, choices=[(word.value, name) for word, name in names.items()])
        super().__init__(metadata=said | {"enum": [w.value for w in names]}, **kwargs)
        self.allowed = set(names)

    def _deserialize(self, value, attr, data, **kwargs):
        try:
            word = self.kind(value)
        except ValueError:
            word = None
        if word not in self.allowed:
            words = _("、").join(sorted(w.value for w in self.allowed))
            raise ValidationError(_("请从列出的选项中选择：%(words)s", words=words))
        return word

    def _serialize(self, value, attr, obj, **kwargs):
        return None if value is None else str(value)


class Moment(_Field, fields.Field):
    """A moment: in JSON ISO 8601 with an offset; in a form the local time of Shanghai."""

    def __init__(self, label="", *, help=None, **kwargs):
        super().__init__(metadata=_said(label, "datetime", help=help, format="date-time"), **kwargs)

    def _deserialize(self, value, attr, data, **kwargs):
        try:
            moment = datetime.fromisoformat(value.strip())
            if moment.tzinfo is None:
                if values_are_typed.get():
                    raise ValueError(value)
                moment = moment.replace(tzinfo=clock.LOCAL)
            if not 1990 <= moment.year <= 2100:
                raise ValueError(value)
            return moment.astimezone(clock.UTC)
        except (ValueError, TypeError, AttributeError, OverflowError):
            raise ValidationError(_("请填写日期和时间，如 2026-03-05T14:30+08:00")) from None

    def _serialize(self, value, attr, obj, **kwargs):
        return value and value.astimezone(clock.LOCAL).isoformat(timespec="seconds")


class Day(_Field, fields.Field):
    """A calendar day, ISO 8601."""

    def __init__(self, label="", *, help=None, **kwargs):
        super().__init__(metadata=_said(label, "date", help=help, format="date"), **kwargs)

    def _deserialize(self, value, attr, data, **kwargs):
        try:
            day = date.fromisoformat(value.strip())
        except (ValueError, TypeError, AttributeError):
            raise ValidationError(_("请填写日期，如 2026-03-05")) from None
        if not 1870 <= day.year <= 2200:
            raise ValidationError(_("年份不对，请核对（1870 至 2200 年）"))
        return day

    def _serialize(self, value, attr, obj, **kwargs):
        return value and value.isoformat()


class Flag(_Field, fields.Field):
    """Yes or no; a tick box in a form."""

    def __init__(self, label="", *, help=None, **kwargs):
        kwargs.setdefault("load_default", False)
        super().__init__(metadata=_said(label, "check", help=help), **kwargs)

    def _deserialize(self, value, attr, data, **kwargs):
        if type(value) is bool:
            return value
        if not values_are_typed.get() and value in ("1", "on", "true", "0", "false"):
            return value in ("1", "on", "true")
        raise ValidationError(_("请填写 true 或 false"))


class UidField(_Field, fields.UUID):
    """A public identifier."""

    default_error_messages = {"invalid_uuid": lazy("编号格式不正确")}

    def __init__(self, label="", **kwargs):
        super().__init__(metadata=_said(label, "hidden", format="uuid"), **kwargs)
