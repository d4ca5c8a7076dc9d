"""The one table of who sees which personal data in which place, and the masks themselves.

Decisions 5.2 and 3.4. Nothing masked is stored: masks are made when shown, full values leave the server only
where a cell says CLEAR, or REVEAL after a reason, a fresh sign-in and an access entry.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from ..core.access import POLICE_ROLES, Role

# A landlord sees names and phones of guests in house, and for so long after they left.
CLEAR_AFTER_LEAVING = timedelta(days=30)
STAR = "*"
KEPT_IN_NAMES = frozenset("·- ")
LONGEST_MASK = 12
# Masks that show 3 + 4 need enough hidden between: a passport's nine characters do not have it.
LONG_NUMBER = 15


class Field(StrEnum):
    NAME = "name"
    PHONE = "phone"
    NUMBER = "number"
    BIRTH = "birth"


class Context(StrEnum):
    """Where it would be shown: a list or search result, one guest's page, an order one has claimed, …"""

    LIST = "list"
    DETAIL = "detail"
    # A work order or alert that this person has claimed.
    CLAIMED = "claimed"
    # A case in front of the community officer; an identity alert in front of the police.
    CASE = "case"
    # The answer to an exact look-up with purpose, case and letter.
    LOOKUP = "lookup"


class Shown(StrEnum):
    """CLEAR: the value. REVEAL: masked, with a reveal beside it. MASKED: masked. HIDDEN: nothing of it."""

    CLEAR = "clear"
    REVEAL = "reveal"
    MASKED = "masked"
    HIDDEN = "hidden"


_C, _R, _M = Shown.CLEAR, Shown.REVEAL, Shown.MASKED

# (role, context) → what of an adult who is in house or left lately; a field not named is HIDDEN.
_TABLE: dict[tuple[Role, Context], dict[Field, Shown]] = {
    (Role.LANDLORD, Context.LIST): {Field.NAME: _C, Field.PHONE: _C, Field.NUMBER: _M},
    (Role.LANDLORD, Context.DETAIL): {Field.NAME: _C, Field.PHONE: _C, Field.NUMBER: _R, Field.BIRTH: _R},
    (Role.HELPER, Context.LIST): {Field.NAME: _M},
    (Role.HELPER, Context.DETAIL): {Field.NAME: _M},
    (Role.PROPERTY_MANAGER, Context.CLAIMED): {Field.NAME: _M},
    (Role.GRID_WORKER, Context.CLAIMED): {Field.NAME: _M},
    (Role.COMMUNITY_OFFICER, Context.CASE): {Field.NAME: _M},
}
for _role in POLICE_ROLES:
    _TABLE |= {
        (_role, Context.LIST): {Field.NAME: _M, Field.NUMBER: _M},
        (_role, Context.CLAIMED): {Field.NAME: _M, Field.NUMBER: _M},
        (_role, Context.CASE): {Field.NAME: _M, Field.NUMBER: _M},
        (_role, Context.LOOKUP): {Field.NAME: _C, Field.PHONE: _R, Field.NUMBER: _R, Field.BIRTH: _R},
    }


def what_may(
    role: Role | None, field: Field, context: Context, *, minor: bool = False, lately: bool = True
) -> Shown:
    """What a role sees of one field of a guest; no role (a guest's link, the public) sees nothing.

    `minor`: under 18 (mnet-2023-36). `lately`: in house, or left at most 30 days ago (see is_lately).
    A look-up's minor is hidden until a second person of the police room approved; ask then with minor=False.
    """
    adult = _TABLE.get((role, context), {}).get(field, Shown.HIDDEN)
    if minor:
        adult = _of_minor(role, field, context, adult)
    if not lately and role is Role.LANDLORD and adult is not Shown.HIDDEN:
        return Shown.HIDDEN if field is Field.BIRTH else Shown.MASKED
    return adult


def _of_minor(role: Role | None, field: Field, context: Context, adult: Shown) -> Shown:
    if context is Context.LOOKUP:
        return Shown.HIDDEN
    if adult is Shown.CLEAR:
        return Shown.REVEAL if context is Context.DETAIL else Shown.MASKED
    return adult


def is_lately(left_at: datetime | None, at: datetime) -> bool:
    """Is the guest in house, or did they leave within the last 30 days?"""
    return left_at is None or at - left_at <= CLEAR_AFTER_LEAVING


# --- the masks ----------------------------------------------------------------------------------------------


def show(field: Field, value: str | None, shown: Shown, context: Context) -> str | None:
    """The text for a page: the value, its mask, or None. Before a reveal a REVEAL shows the mask."""
    if value is None or shown is Shown.HIDDEN:
        return None
    return value if shown is Shown.CLEAR else _masked(field, value, context)


def _masked(field: Field, value: str, context: Context) -> str | None:
    match field:
        case Field.NAME:
            return mask_name(value)
        case Field.PHONE:
            return mask_phone(value)
        case Field.NUMBER:
            return mask_number_list(value) if context is Context.LIST else mask_number_detail(value)
    # A birth date beside 3 + 4 of the number would give the number away.
    return None


def mask_name(name: str) -> str:
    """First character, a star for each further one; the parts of a name stay apart: 阿**·***.

    Of a very long name not more than a line of stars is shown.
    """
    if len(name) <= 1:
        return STAR * len(name)
    masked = name[0] + "".join(c if c in KEPT_IN_NAMES else STAR for c in name[1:])
    return masked if len(masked) <= LONGEST_MASK else masked[: LONGEST_MASK - 1] + "…"


def mask_number_list(number: str) -> str:
    """First and last: 5****************X."""
    return number[0] + STAR * (len(number) - 2) + number[-1] if len(number) >= 5 else STAR * len(number)


def mask_number_detail(number: str) -> str:
    """First 3 and last 4 of a resident number; shorter numbers as in lists."""
    if len(number) < LONG_NUMBER:
        return mask_number_list(number)
    return number[:3] + STAR * (len(number) - 7) + number[-4:]


def mask_phone(phone: str) -> str:
    """138****8000; of other numbers the last two."""
    if len(phone) >= 11:
        return phone[:3] + STAR * (len(phone) - 7) + phone[-4:]
    return STAR * (len(phone) - 2) + phone[-2:] if len(phone) >= 6 else STAR * len(phone)
