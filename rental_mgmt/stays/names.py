"""Names as people have them: rare characters and middle dots are kept, what cannot be kept is said."""

import re
import unicodedata

from ..core.i18n import _

LONGEST = 50
# The ways keyboards and registers write the one dot between the parts of a name.
DOTS = str.maketrans(dict.fromkeys("•‧∙⋅・･᛫ㆍ\u0387", "·"))
OUTER = " \t\r\n\u00a0\u3000"
# Line ends, tabs, NUL and other controls, lone surrogates, and code points that are no characters.
UNKEEPABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane * 0x10000 + last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
    + "]"
)


class BadName(ValueError):
    """A name that cannot be stored, with what to do about it."""


def clean_name(text: str) -> str:
    """The name to store: outer spaces off, one kind of middle dot, everything else exactly as typed.

    Direction marks stay (they are shown safely by the page). Raises BadName with a sentence for the form.
    """
    name = text.strip(OUTER).translate(DOTS)
    if not name or not any(_is_seen(character) for character in name):
        raise BadName(_("请填写姓名"))
    if UNKEEPABLE.search(name):
        raise BadName(_("姓名中有无法保存的字符，请删去后重新输入"))
    if len(name) > LONGEST:
        raise BadName(_("姓名最多 %(n)s 个字，现在有 %(now)s 个", n=LONGEST, now=len(name)))
    return name


def _is_seen(character: str) -> bool:
    """Spaces, dots and direction marks alone are no name; private and very new characters are."""
    category = unicodedata.category(character)
    return category[0] not in "ZPS" and category != "Cf"
