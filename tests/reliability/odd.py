"""What nobody types on purpose: values, bodies, headers and addresses that have felled other programs."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from uuid import uuid4

from tests.support import people
from tests.support.pictures import jpeg

LONG_NAME = people.LONGEST_NAME
VALUES = (
    *(
        "",
        " ",
        "\x00",
        "a\x00b",
        "\ud800",
        "\u202eabc",
        "\u200fمحمد",
        "䶮𠮷",
        LONG_NAME,
        LONG_NAME * 9,
        "'; --",
    ),
    *(
        "²",
        "１２",
        "1_000",
        "9" * 5_000,
        "-1",
        "0",
        "1e999",
        "NaN",
        "null",
        "true",
        "2026-13-45",
        "9999-12-31T23:59",
    ),
    *(
        "<img src=x onerror=1>",
        "{{7*7}}",
        "=1+1",
        "../../etc/passwd",
        "%2561",
        "a" * 20_000,
        "0001-01-01",
        "１９００",
    ),
    *(
        0,
        -1,
        2**31,
        2**63,
        10**400,
        1.5,
        -0.0,
        True,
        False,
        None,
        [],
        {},
        [[]],
        {"a": {"b": []}},
        ["x"] * 2_000,
    ),
)
RAW = (
    *(
        b"",
        b"{",
        b"[]",
        b"5",
        b"null",
        b'"x"',
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": 1, "a": 2}',
        b"\xff\xfe",
    ),
    *(b'{"name": "\\ud800"}', b'{"name": "a\\u0000"}', b"[" * 100_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000),
    *(b'{"a": ' + b"9" * 5_000 + b"}", b'\xef\xbb\xbf{"a": 1}', b'{"a": "' + b"x" * (2 << 20) + b'"}'),
    *(b"a=1&a=2&%ff=%00&=&&", b"a" * 70_000 + b"=1", b"&".join(b"f%d=1" % n for n in range(2_000))),
)
TYPES = (
    *("application/json", "application/json; charset=utf-16", "text/plain", "application/xml", "", "x" * 300),
    *(
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/form-data; boundary=b",
        "a/b;q=\xff",
    ),
)
FILES = (
    *(
        b"",
        b"GIF89a" + b"\0" * 40,
        b"%PDF-1.4",
        b"PK\x03\x04" + b"\0" * 60,
        b"<svg onload='x'/>",
        b"\x89PNG\r\n\x1a\n" * 9,
    ),
    *(
        jpeg(),
        jpeg()[:60],
        b"\xff\xd8\xff" * 900,
        "楼栋,房号\n1栋,1203\n".encode("gb18030"),
        b"=cmd|' /C calc'!A0\n" * 99,
    ),
)
NAMES = ("photo.jpg", "../../x.jpg", "a\x00b.xlsx", "名" * 300, "", "=1+1.csv", "\u202egpj.exe", "台账.xlsx")
HEADERS = (
    *({"Cookie": "session=" + "x" * 5_000}, {"Cookie": "a=\xff; =; session"}, {"Accept-Language": "," * 3_000}),
    *({"Authorization": "Bearer"}, {"Authorization": "Basic \xff"}, {"Authorization": "Bearer " + "A" * 9_000}),
    *(
        {"Idempotency-Key": "k" * 4_000},
        {"Idempotency-Key": "\xff"},
        {"X-Forwarded-For": "::1, " * 200},
        {"Host": "a b"},
    ),
    *({"Range": "bytes=9-1,-,0-"}, {"If-None-Match": "\xff"}, {"Origin": "null"}, {"Origin": "http://[::1"}),
    *(
        {"Content-Length": "-1"},
        {"Content-Length": str(60 << 20)},
        {"Transfer-Encoding": "chunked"},
        {"Host": "a" * 400},
    ),
    *(
        {"X-HTTP-Method-Override": "DELETE"},
        {"Content-Encoding": "gzip"},
        {"X-Signature": "t=1,v1=" + "0" * 64},
    ),
)
QUERIES = (
    *(
        "cursor=x",
        "cursor=" + "A" * 900,
        "cursor=bnVsbA",
        "cursor=WzFd",
        "cursor=%00",
        "size=²",
        "size=0",
        "size=" + "9" * 5_000,
    ),
    *(
        "size=1&size=2",
        "a=%ff",
        "next=//evil.example/",
        "next=http:%5c%5cevil",
        "locale=xx",
        "lang=%00",
        "page=-1",
        "wall=1",
    ),
    *(
        "from_day=2026-13-01&to_day=x",
        "building=%27",
        "unit=x",
        "month=2026-00",
        "kind=" + "x" * 3_000,
        "%",
        "&&&",
        "a[]=1",
    ),
    *(
        "words=%F0%A0%AE%B7%E4%B6%AE",
        "subject=%00",
        "action=%E2%80%AE",
        "role=system",
        "which=closed&severity=9",
        "rule=Z99",
    ),
)
UIDS: tuple[Callable[[], str], ...] = (
    lambda: str(uuid4()),
    lambda: "0" * 8 + "-0000-0000-0000-" + "0" * 12,
    lambda: "x",
    lambda: "%00",
    lambda: "1",
    lambda: "𠮷",
    lambda: "-1'",
    lambda: str(uuid4()).upper(),
)
METHODS = ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "POST", "GET", "BREW")


@dataclass
class Markers:
    """Made-up personal data that can be known again wherever it turns up."""

    chance: Random

    def name(self) -> str:
        return "甄识" + "".join(self.chance.choices("甲乙丙丁戊己庚辛壬癸", k=6))

    def number(self) -> str:
        birth = people.TODAY.replace(year=1949, day=self.chance.randint(1, 28))
        return people.id_number("510100", birth, "male", self.chance.randint(0, 499))

    def phone(self) -> str:
        return f"1900019{self.chance.randint(0, 9999):04}"

    def secret(self) -> str:
        return f"Geheim{self.chance.randint(10**9, 10**10)}zz"


# What any of them looks like: as it is, and as an address or a JSON text writes it.
MARKED = "|".join(
    (
        "甄识[甲乙丙丁戊己庚辛壬癸]{2,6}",
        "5101001949[0-9]{7}[0-9X]",
        "1900019[0-9]{4}",
        "Geheim[0-9]{10}zz",
        r"\\u7504\\u8bc6",
        "%E7%94%84%E8%AF%86",
    )
)
PERSONAL = {
    **dict.fromkeys(
        ("name", "guardian_name", "safety_contact_name", "party_name", "note", "reason"), Markers.name
    ),
    **dict.fromkeys(
        ("explanation", "text", "words", "label", "nickname", "house_rules", "hours"), Markers.name
    ),
    **dict.fromkeys(("number", "case_number", "letter"), Markers.number),
    **dict.fromkeys(("phone", "guardian_phone", "safety_contact_phone", "public_phone"), Markers.phone),
    **dict.fromkeys(("password", "old", "new", "pin", "code", "secret", "sign_in_name"), Markers.secret),
}


def part(content: bytes, name: str) -> tuple:
    return io.BytesIO(content), name


def as_json(value) -> bytes:
    """JSON of anything, lone surrogates and NaN too."""
    return json.dumps(value, default=str).encode()
