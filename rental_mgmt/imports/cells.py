"""One cell → one value. What cannot be taken raises Unreadable with the remedy, never with what stood there."""

import re
import unicodedata

from ..core.i18n import _
from .reader import Cell

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+")
_ZERO_WIDTH = re.compile("[\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\u200e\u200f]")
# ="5101…" is how people keep Excel from rounding an identity number in a CSV.
_KEPT_AS_TEXT = re.compile(r'="([^"]*)"')
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?[eE]\+?[0-9]{1,3}", re.ASCII)
_PLAIN = re.compile(r"[+-]?[0-9]+(\.0*)?", re.ASCII)
_QUANTITY = re.compile(
    r"(?:约|共)?([0-9]{1,9}(?:\.[0-9]{1,6})?)(?:㎡|m2|m²|平方米|平米|平方|平|个|张|间|室|人|位|名|床|层|楼|米|m)?",
    re.ASCII,
)
_MOBILE = re.compile(r"1[3-9][0-9]{9}", re.ASCII)
_LANDLINE = re.compile(r"0[0-9]{2,3}-?[0-9]{7,8}", re.ASCII)
_ABROAD = re.compile(r"\+[0-9]{7,15}", re.ASCII)
_NOTHING = {"", "-", "--", "—", "——", "/", "\\", "无", "没有", "暂无", "不详", "n/a", "na", "none", "null"}
_CHINESE = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}


class Unreadable(ValueError):
    """A cell that cannot be taken; the message is the remedy."""


def read_text(cell: Cell | None, limit: int = 200) -> str:
    """The text as written, in NFC on one line; "" for blank cells and words for nothing (无, /, -)."""
    text = _content(cell)
    if text.casefold() in _NOTHING:
        return ""
    if len(text) > limit:
        raise Unreadable(_("最多 %(n)s 个字", n=limit))
    return text


def read_name_text(cell: Cell | None) -> str:
    """A name as it stands, rare characters and direction marks included; only line breaks are taken out."""
    return _CONTROL.sub(" ", cell.text) if cell is not None and cell.kind == "t" else _content(cell)


def read_plain(cell: Cell | None, limit: int = 200) -> str:
    """The same with full-width digits and letters made plain and no spaces: for codes, dates, numbers."""
    return "".join(unicodedata.normalize("NFKC", read_text(cell, limit)).split())


def read_id_text(cell: Cell | None) -> str:
    """An identity number as typed, without spaces; a number cell has already lost its last digits: refused."""
    text = read_plain(cell, 40).upper()
    rounded = cell is not None and cell.kind == "n" and (len(text) > 15 or not text.isdigit())
    if rounded or _SCIENTIFIC.fullmatch(text):
        raise Unreadable(_("号码被表格当成数字，末几位已丢失：单元格格式请设为文本，再重新填写号码"))
    return text


def read_phone(cell: Cell | None) -> str:
    """A mobile (11 digits), a landline with area code or +… from abroad; the first, where a cell holds two."""
    text = read_plain(cell, 60)
    if not text:
        return ""
    for part in re.split(r"[/、,，;；或]", text):
        digits = re.sub(r"[-()（）.]", "", part)
        digits = re.sub(r"^(\+|00)?86(?=1[3-9])", "", digits)
        if _MOBILE.fullmatch(digits) or _ABROAD.fullmatch(digits):
            return digits
        if _LANDLINE.fullmatch(digits):
            return digits
    raise Unreadable(_("电话应为 11 位手机号、带区号的座机，或以 + 开头的境外号码"))


def read_amount(cell: Cell | None, low: float, high: float) -> float | None:
    """A quantity with or without its unit (35㎡, 约 35 平); None for a blank cell."""
    text = read_plain(cell, 40).replace(",", "")
    if not text:
        return None
    found = _QUANTITY.fullmatch(_plain_number(text) if cell.kind == "n" else text)
    value = float(found[1]) if found else chinese_number(text)
    if value is None or not low <= value <= high:
        raise Unreadable(_("应为 %(low)s 到 %(high)s 之间的数字", low=f"{low:g}", high=f"{high:g}"))
    return value


def read_count(cell: Cell | None, low: int, high: int) -> int | None:
    """A whole number with or without its unit (2张, 三人); None for a blank cell."""
    value = read_amount(cell, low, high)
    if value is None:
        return None
    if value != int(value):
        raise Unreadable(_("应为 %(low)s 到 %(high)s 之间的整数", low=low, high=high))
    return int(value)


def _content(cell: Cell | None) -> str:
    if cell is None:
        return ""
    if cell.kind == "f":
        kept = _KEPT_AS_TEXT.fullmatch(cell.text)
        if not kept:
            raise Unreadable(_("这里是公式：请复制后用“选择性粘贴→数值”变成内容再导入"))
        return _clean(kept[1])
    if cell.kind == "e":
        raise Unreadable(_("这里是表格的错误值，请填写实际内容"))
    if cell.kind == "d":
        # Door 3-5 turns into the fifth of March by itself.
        raise Unreadable(_("内容被表格变成了日期：单元格格式请设为文本，再重新填写"))
    if cell.kind == "n":
        return _whole_text(cell.text)
    text = _clean(cell.text)
    kept = _KEPT_AS_TEXT.fullmatch(text)
    if kept:
        return kept[1].strip()
    # A text that begins with = is what a formula becomes in CSV.
    if text.startswith("=") and len(text) > 1:
        raise Unreadable(_("这里是公式：请复制后用“选择性粘贴→数值”变成内容再导入"))
    return text.removeprefix("'")


def _clean(text: str) -> str:
    # Nearly every cell is plain; printable says no control, no direction mark, no surrogate.
    if text.isprintable() and "  " not in text:
        text = text.strip()
        return text if text.isascii() else unicodedata.normalize("NFC", text)
    text = _ZERO_WIDTH.sub("", _CONTROL.sub(" ", text))
    if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise Unreadable(_("含有无法保存的字符，请重新输入"))
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _whole_text(text: str) -> str:
    """12.0 → 12; what is not whole stays as the file writes it."""
    if _PLAIN.fullmatch(text):
        return text.partition(".")[0]
    value = float(text)
    # Up to 15 digits a number cell is exact.
    return str(int(value)) if abs(value) < 1e15 and value == int(value) else text


def _plain_number(text: str) -> str:
    """A number cell may be written 3.5E1 or with the dust of binary fractions (35.199999999999996)."""
    return f"{float(text):.4f}".rstrip("0").rstrip(".")


def chinese_number(text: str) -> float | None:
    """Small numbers in words: 三, 十二, 二十."""
    found = re.fullmatch(
        r"([一二两三四五六七八九]?)(十?)([零〇一二三四五六七八九]?)(?:个|张|间|室|人|位|名|床)?", text
    )
    if not found or not "".join(found.groups()):
        return None
    tens, ten, ones = found.groups()
    if not ten:
        return None if tens and ones else float(_CHINESE[tens or ones])
    return float(_CHINESE.get(tens, 1) * 10 + _CHINESE.get(ones, 0))
