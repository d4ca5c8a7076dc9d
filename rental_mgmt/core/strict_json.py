"""The one JSON reader: refuses what Python's own accepts although RFC 8259 does not, or falls over."""

import json
import math

from .errors import Refusal
from .i18n import _

DEEPEST = 32


class BadJson(Refusal):
    status, code = 400, "bad-json"


def loads(body: bytes):
    """Read one JSON value; deep nesting, NaN, repeated keys, lone surrogates and NUL are refused with 400."""
    try:
        text = body.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_float)
    except BadJson:
        raise
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise BadJson(_("内容不是有效的 UTF-8 JSON，请检查格式")) from None
    if text.count("[") + text.count("{") > DEEPEST:
        _check_depth(value)
    if "\\u" in text:
        _check_text(value)
    return value


def _check_depth(value) -> None:
    """Level by level: the parser itself gives up at Python's own limit, long before it falls over."""
    level, depth = [value], 0
    while level := [inner for outer in level for inner in _inside(outer) if type(inner) in (dict, list)]:
        depth += 1
        if depth >= DEEPEST:
            raise _too_deep()


def _inside(value):
    if type(value) is dict:
        return value.values()
    return value if type(value) is list else ()


def _too_deep() -> BadJson:
    return BadJson(_("JSON 嵌套超过 %(n)s 层", n=DEEPEST))


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
