"""The columns ledgers have, the names people give them, and what a sheet needs so that it can be taken."""

import json
import re
import unicodedata
from enum import StrEnum
from functools import cache
from pathlib import Path

from ..core.i18n import lazy

DATA = Path(__file__).parent / "data"


class SheetKind(StrEnum):
    UNITS = "units"
    STAYS = "stays"


_DOOR = {
    "compound": lazy("小区"),
    "building": lazy("楼栋"),
    "entrance": lazy("单元"),
    "floor": lazy("楼层"),
    "door": lazy("房号"),
    "address": lazy("地址"),
    "platform": lazy("平台"),
}
# What each kind of sheet can say, with the word for it; the headers that mean it stand in data/columns.json.
COLUMNS = {
    SheetKind.UNITS: {
        **_DOOR,
        "area": lazy("面积"),
        "bedrooms": lazy("户型"),
        "beds": lazy("床位"),
        "declared_capacity": lazy("核定人数"),
        "landlord_name": lazy("房东姓名"),
        "landlord_phone": lazy("房东电话"),
        "landlord_role": lazy("经营类型"),
        "owner_name": lazy("户主姓名"),
        "owner_phone": lazy("户主电话"),
        "safety_contact_name": lazy("治安责任人"),
        "safety_contact_phone": lazy("责任人电话"),
        "listing_url": lazy("房源链接"),
        "grid": lazy("网格"),
    },
    SheetKind.STAYS: {
        **_DOOR,
        "guest_name": lazy("住客姓名"),
        "document_kind": lazy("证件类型"),
        "id_number": lazy("证件号码"),
        "document_valid_until": lazy("证件有效期"),
        "nationality": lazy("国籍"),
        "sex": lazy("性别"),
        "birth_on": lazy("出生日期"),
        "phone": lazy("住客电话"),
        "arrived_at": lazy("入住时间"),
        "arrived_on": lazy("入住日期"),
        "left_at": lazy("离店时间"),
        "left_on": lazy("离店日期"),
        "planned_out_at": lazy("预离时间"),
        "relation": lazy("同住人关系"),
        "guardian_name": lazy("监护人"),
        "guardian_phone": lazy("监护人电话"),
        "recorded_at": lazy("登记时间"),
        "order_number": lazy("登记单号"),
    },
}
# Each group needs one of its fields.
NEEDED = {
    SheetKind.UNITS: (("door", "address"),),
    SheetKind.STAYS: (("door", "address"), ("guest_name",), ("arrived_at",)),
}
# A phone column that stands alone belongs to the person the sheet is about, else to the one named before it.
OWN_PHONE = {SheetKind.UNITS: "landlord_phone", SheetKind.STAYS: "phone"}
PHONE_OF = {
    "landlord_name": "landlord_phone",
    "owner_name": "owner_phone",
    "safety_contact_name": "safety_contact_phone",
    "guest_name": "phone",
    "guardian_name": "guardian_phone",
}


@cache
def headers_of(kind: SheetKind) -> dict[str, str]:
    """Plain header → field; the first column that claims a header has it."""
    known: dict[str, str] = {}
    for field, headers in (_table()["door"] | _table()[kind]).items():
        for header in headers.split():
            for written in _spelled(header):
                known.setdefault(plain_header(written), field)
    own_name = "landlord_name" if kind is SheetKind.UNITS else "guest_name"
    return dict.fromkeys(map(plain_header, _table()["lone_name"].split()), own_name) | known


@cache
def phone_headers() -> frozenset[str]:
    """Headers that say "phone" and not whose."""
    return frozenset(map(plain_header, _table()["lone_phone"].split()))


def plain_header(text: str) -> str:
    """The header without layout, brackets (㎡), stars and "required": *身份证 号码（18位） → 身份证号码."""
    text = unicodedata.normalize("NFKC", text).upper()
    text = re.sub(r"\(.*?\)|\[.*?\]|【.*?】", "", text)
    return re.sub(r"[\s*★※:.。、_\-]|必填|选填", "", text)


def _spelled(header: str) -> list[str]:
    """{guest}姓名 → 住客姓名, 客人姓名, 房客姓名 …"""
    found = re.match(r"\{(\w+)\}", header)
    if not found:
        return [header]
    return [prefix + header[found.end() :] for prefix in _table()["prefixes"][found[1]].split()]


@cache
def _table() -> dict:
    return json.loads((DATA / "columns.json").read_text("utf-8"))
