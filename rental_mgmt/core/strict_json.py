"""The one JSON reader: refuses what Python's own accepts although RFC 8259 does not, or falls over."""

import json
import math
import re

from .errors import Refusal
from .i18n import _

DEEPEST = 32
# Possessive, and the closing quote may be missing: no text makes it go back and try again.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


class BadJson(Refusal):
    status, code = 400, "bad-json"


def loads(body: bytes):
    """Read one JSON value; deep nesting, NaN, repeated keys, lone surrogates and NUL are refused with 400."""
    try:
        text = body.decode("utf-8")
        if text.count("[") + text.count("{") > DEEPEST:
            _check_depth(text)
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_float)
    except BadJson:
        raise
    except (ValueError, RecursionError):
        raise BadJson(_("内容不是有效的 UTF-8 JSON，请检查格式")) from None
    if "\\u" in text:
        _check_text(value)
    return value


def _check_depth(text: str) -> None:
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        match found.group():
            case "[" | "{":
                depth += 1
                if depth > DEEPEST:
                    raise BadJson(_("JSON 嵌套超过 %(n)s 层", n=DEEPEST))
            case "]" | "}":
                depth -= 1


def _object(pairs: list) -> dict:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise BadJson(_("JSON 中有重复的字段名"))
    return made


def _no_constant(name: str):
    raise BadJson(_("JSON 不能包含 %(name)s", name=name))


def _float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise BadJson(_("JSON 中的数字超出范围"))
    return value


def _check_text(value) -> None:
    match value:
        case str():
            if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
                raise BadJson(_("文字中有无法保存的字符，请重新输入"))
        case list():
            for item in value:
                _check_text(item)
        case dict():
            for key, item in value.items():
                _check_text(key)
                _check_text(item)
