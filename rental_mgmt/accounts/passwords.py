"""Passwords and PINs: argon2id in two slots per worker, compared exactly as typed, common ones refused."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..core.errors import Invalid, Unavailable
from ..core.i18n import _

# OWASP's second choice: 19 MB and 2 passes; two at once stay within a worker's memory.
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
SLOTS, WAIT_SECONDS = 2, 2
# The hash of a password nobody has: an unknown name costs the same time as a wrong password.
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$TQlXJ9uasf3kMbP76xI+5w$uDH6zd0DswB5z818R0byxJmqqBSNrjceIQOxpDc8mvY"
SHORTEST, LONGEST = 12, 128
COMMON = Path(__file__).parent / "data" / "common_passwords.txt"
# What is left of a password without the words everybody around knows must still be something.
LEFT_AT_LEAST = 6
PIN = re.compile(r"[0-9]{6}", re.ASCII)

_slots = threading.BoundedSemaphore(SLOTS)


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=WAIT_SECONDS):
        raise Unavailable(_("现在登录的人太多，请几秒后再试"), retry_after=WAIT_SECONDS)
    try:
        yield
    finally:
        _slots.release()


def hashed(secret: str) -> str:
    """The argon2id hash of a password or PIN. Raises Unavailable when both slots stay taken."""
    with _slot():
        return HASHER.hash(secret)


def matches(secret: str, kept: str | None) -> bool:
    """Is this the secret behind the hash? Costs one hash always, also when there is none to compare with."""
    with _slot():
        try:
            return HASHER.verify(kept or NOBODY, secret) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


# --- new ones -----------------------------------------------------------------------------------------------


@cache
def common_passwords() -> frozenset[str]:
    return frozenset(COMMON.read_text("utf-8").split("\n"))


def check_new_password(password: str, *known: str | None) -> None:
    """Refuse a new password that others would try first; `known` are words around this person (name, place).

    No rule on kinds of characters and no forced change (ASVS 6.2.5, 6.2.10). Raises Invalid.
    """
    problem = _problem_of(password, [word for word in known if word])
    if problem:
        raise Invalid(errors={"password": [problem]})


def _problem_of(password: str, known: list[str]) -> str | None:
    if len(password) < SHORTEST:
        return _("密码至少 %(n)s 个字符；几个词连起来就好记", n=SHORTEST)
    if len(password) > LONGEST:
        return _("密码最多 %(n)s 个字符", n=LONGEST)
    if password in common_passwords() or password.lower() in common_passwords() or len(set(password)) < 5:
        return _("这个密码太常见，请换一个")
    left = password.lower()
    for word in sorted({*map(str.lower, known), *CONTEXT}, key=len, reverse=True):
        left = left.replace(word, "") if len(word) > 1 else left
    if len(left) < LEFT_AT_LEAST:
        return _("密码不能只由姓名、手机号、小区名等周围人都知道的词组成")
    return None


CONTEXT = frozenset(
    {
        *("网约房", "民宿", "平安", "派出所", "物业", "网格", "社区", "公安", "成都"),
        *("wangyuefang", "minsu", "pingan", "paichusuo", "wuye", "wangge", "shequ", "gongan", "chengdu"),
        *("rental", "homestay", "police", "admin", "welcome", "password", "dongfangxincheng"),
        *map(str, range(2015, 2036)),
    }
)


def check_new_pin(pin: str) -> None:
    """Refuse a PIN that is not six digits or that a finder of the phone would try first. Raises Invalid."""
    if not PIN.fullmatch(pin):
        raise Invalid(errors={"pin": [_("请输入 6 位数字")]})
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    is_year = pin[:4] in _YEARS
    if len(steps) == 1 or len(set(pin)) <= 2 or pin[:3] == pin[3:] or is_year:
        raise Invalid(errors={"pin": [_("这个 PIN 太容易猜到，请换一个（不要用连号、重复或年份）")]})


_YEARS = frozenset(map(str, range(1940, 2036)))
