"""One way of writing a value, so that the same number, phone or name is found however it was typed.

Only fingerprints use this; what a person typed is kept as it is.
"""

import re
import unicodedata
from collections.abc import Callable

DOTS = re.compile(r"\s*[·•・‧∙⋅．.]\s*")
# A space beside a Han character is layout (张　三); between Latin words it belongs to the name.
HAN = "\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
LAYOUT_SPACE = re.compile(rf"(?<=[{HAN}])\s+|\s+(?=[{HAN}])")
PLAIN_HAN = re.compile("[\u4e00-\u9fff]+")
# Invisible: direction marks, joiners, and the selectors that choose between drawings of one character.
INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]|[\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)


def id_number(value: str) -> str:
    """Full-width to plain, no spaces, capitals: １１０１０１… x → 110101…X."""
    value = value if value.isascii() else INVISIBLE.sub("", unicodedata.normalize("NFKC", value))
    return "".join(value.split()).upper()


def phone(value: str) -> str:
    """Digits only; a mainland number without +86 or 0086, any other country's with its +."""
    value = "".join(c for c in unicodedata.normalize("NFKC", value) if c in "+0123456789")
    digits = value.replace("+", "").removeprefix("00")
    if not value.startswith(("+", "00")) and not (len(digits) == 13 and digits.startswith("861")):
        return digits
    if not digits.startswith("86"):
        return f"+{digits}"
    inland = digits[2:]
    return inland if len(inland) == 11 and inland[0] == "1" else "0" + inland.removeprefix("0")


def name(value: str) -> str:
    """The whole name: one middle dot, no layout spaces, small Latin letters; 䶮 and 𠮷 stay themselves."""
    if PLAIN_HAN.fullmatch(value):
        return value
    value = INVISIBLE.sub("", unicodedata.normalize("NFKC", value)).strip()
    value = LAYOUT_SPACE.sub("", DOTS.sub("·", value))
    return " ".join(value.split()).casefold()


NORMAL: dict[str, Callable[[str], str]] = {"id_number": id_number, "phone": phone, "name": name}
