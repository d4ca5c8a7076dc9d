"""What `flask demo …` does: start the running demo, print a time code."""

import unicodedata
from collections.abc import Callable

from ..core.errors import NotFound, Refusal
from ..core.i18n import _
from .cast import find_player, players
from .serving import keep_secret, refuse_taken_port, serve
from .starting import prepare

HEADS = ("角色", "姓名", "登录名", "密码", "PIN", "动态码密钥")


def start(app, say: Callable[[str], None]) -> None:
    """Make what is missing, print who can sign in, and serve until stopped. Refused outside demo mode."""
    refuse_outside_demo(app.config)
    port = app.config["PORT"]
    refuse_taken_port(port)
    app.config["SECRET_KEY"] = keep_secret(app.config["DATA_DIR"])
    for words in prepare():
        say(words)
    for line in sign_ins():
        say(line)
    serve(app, port, lambda address: say(_("\n演示已就绪：%(address)s （Ctrl-C 停止）", address=address)))


def refuse_outside_demo(settings) -> None:
    if not settings["DEMO"]:
        raise Refusal(_("演示只在演示模式运行：请去掉 MODE=production"))


def time_code(name: str) -> str:
    """The present code of one of the cast, by sign-in name or name."""
    one = find_player(name)
    if one is None or one.code is None:
        names = "、".join(one.signs_in_as for one in players() if one.code)
        raise NotFound(_("没有这个人，或其登录不用动态码；可用：%(names)s", names=names))
    return one.code


def sign_ins() -> list[str]:
    """Everybody's way in, as a table for a terminal."""
    rows = [HEADS]
    for one in players():
        cells = (
            one.role.label,
            one.name,
            one.signs_in_as,
            one.password,
            one.pin or "—",
            one.totp_secret or "—",
        )
        rows.append(tuple(map(str, cells)))
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(_padded, row, widths)).rstrip() for row in rows]
    return ["", *lines, _("动态码：flask --app wsgi demo code 登录名")]


def _width(text: str) -> int:
    """Columns of a terminal: a Chinese character takes two."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
