"""The masking table cell by cell, and the masks character by character."""

from datetime import timedelta
from itertools import product

import pytest

from rental_mgmt.accounts.masking import (
    Context,
    Field,
    Shown,
    is_lately,
    mask_name,
    mask_number_detail,
    mask_number_list,
    mask_phone,
    show,
    what_may,
)
from rental_mgmt.core import clock
from rental_mgmt.core.access import Role

N, P, I, B = Field.NAME, Field.PHONE, Field.NUMBER, Field.BIRTH  # noqa: E741
C, R, M, H = Shown.CLEAR, Shown.REVEAL, Shown.MASKED, Shown.HIDDEN

# Every cell that shows anything: (role, context) → name, phone, number, birth date. All others are hidden.
ADULT = {
    (Role.LANDLORD, Context.LIST): (C, C, M, H),
    (Role.LANDLORD, Context.DETAIL): (C, C, R, R),
    (Role.HELPER, Context.LIST): (M, H, H, H),
    (Role.HELPER, Context.DETAIL): (M, H, H, H),
    (Role.PROPERTY_MANAGER, Context.CLAIMED): (M, H, H, H),
    (Role.GRID_WORKER, Context.CLAIMED): (M, H, H, H),
    (Role.COMMUNITY_OFFICER, Context.CASE): (M, H, H, H),
    (Role.POLICE_LIAISON, Context.LIST): (M, H, M, H),
    (Role.POLICE_LIAISON, Context.CLAIMED): (M, H, M, H),
    (Role.POLICE_LIAISON, Context.CASE): (M, H, M, H),
    (Role.POLICE_LIAISON, Context.LOOKUP): (C, R, R, R),
    (Role.STATION_LEAD, Context.LIST): (M, H, M, H),
    (Role.STATION_LEAD, Context.CLAIMED): (M, H, M, H),
    (Role.STATION_LEAD, Context.CASE): (M, H, M, H),
    (Role.STATION_LEAD, Context.LOOKUP): (C, R, R, R),
}
MINOR = ADULT | {
    (Role.LANDLORD, Context.LIST): (M, M, M, H),
    (Role.LANDLORD, Context.DETAIL): (R, R, R, R),
    (Role.POLICE_LIAISON, Context.LOOKUP): (H, H, H, H),
    (Role.STATION_LEAD, Context.LOOKUP): (H, H, H, H),
}
LEFT_LONG_AGO = ADULT | {
    (Role.LANDLORD, Context.LIST): (M, M, M, H),
    (Role.LANDLORD, Context.DETAIL): (M, M, M, H),
}
ROLES = [*Role, None]


@pytest.mark.parametrize(("role", "context"), list(product(ROLES, Context)))
def test_every_cell(role, context):
    hidden = (H, H, H, H)
    said = {
        "adult": tuple(what_may(role, field, context) for field in (N, P, I, B)),
        "minor": tuple(what_may(role, field, context, minor=True) for field in (N, P, I, B)),
        "left": tuple(what_may(role, field, context, lately=False) for field in (N, P, I, B)),
    }
    assert said["adult"] == ADULT.get((role, context), hidden)
    assert said["minor"] == MINOR.get((role, context), hidden)
    assert said["left"] == LEFT_LONG_AGO.get((role, context), hidden)


def test_no_minor_is_clear_in_any_cell():
    for role, field, context, lately in product(ROLES, Field, Context, (True, False)):
        assert what_may(role, field, context, minor=True, lately=lately) is not C


def test_a_number_is_clear_in_no_cell():
    for role, context in product(ROLES, Context):
        assert what_may(role, I, context) is not C


@pytest.mark.parametrize("role", [Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR, Role.SYSTEM, None])
def test_administrators_and_guests_see_nothing(role):
    assert {what_may(role, f, c) for f, c in product(Field, Context)} == {H}


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("王芳", "王*"),
        ("欧阳娜娜", "欧***"),
        ("阿卜杜·买买提", "阿**·***"),
        ("𠮷田", "𠮷*"),
        ("John Smith", "J*** *****"),
        ("依力哈木江·" * 8 + "古丽", "依****·*****…"),
        ("王", "*"),
        ("", ""),
    ],
)
def test_names(name, masked):
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("number", "in_list", "in_detail"),
    [
        ("51010419900307002X", "5****************X", "510***********002X"),
        ("E12345678", "E*******8", "E*******8"),
        ("H123", "****", "****"),
        ("", "", ""),
    ],
)
def test_numbers(number, in_list, in_detail):
    assert mask_number_list(number) == in_list
    assert mask_number_detail(number) == in_detail


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("13800008000", "138****8000"),
        ("+85291234567", "+85*****4567"),
        ("02887654", "******54"),
        ("110", "***"),
    ],
)
def test_phones(phone, masked):
    assert mask_phone(phone) == masked


@pytest.mark.parametrize("field", list(Field))
@pytest.mark.parametrize("context", list(Context))
def test_what_is_not_clear_never_holds_the_value(field, context):
    value = {"name": "王小芳", "phone": "13812345678", "number": "51010419900307002X", "birth": "1990-03-07"}[
        field
    ]
    for shown in (Shown.MASKED, Shown.REVEAL):
        text = show(field, value, shown, context) or ""
        assert value not in text
        assert "19900307" not in text
    assert show(field, value, Shown.HIDDEN, context) is None
    assert show(field, value, Shown.CLEAR, context) == value


def test_a_birth_date_never_stands_beside_a_masked_number():
    assert show(Field.BIRTH, "1990-03-07", Shown.REVEAL, Context.DETAIL) is None


def test_thirty_days_after_leaving():
    at = clock.now()
    assert is_lately(None, at)
    assert is_lately(at - timedelta(days=30), at)
    assert not is_lately(at - timedelta(days=30, seconds=1), at)
