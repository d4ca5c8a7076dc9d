"""The code on the door sign: U, twelve digits of the community, a serial of six digits, one check character."""

import re
import secrets

# The letters of GB 32100: none that is easily read as another or as a digit.
LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
COMMUNITY_DIGITS, SERIAL_DIGITS = 12, 6
LAST_SERIAL = 10**SERIAL_DIGITS - 1
_CODE = re.compile(rf"U([0-9]{{{COMMUNITY_DIGITS}}})([0-9]{{{SERIAL_DIGITS}}})([{LETTERS}])")


def prefix_of(community_code: str) -> str:
    """The first thirteen characters of a community's codes; a shorter number gets zeros in front."""
    digits = re.sub(r"[^0-9]", "", community_code)[-COMMUNITY_DIGITS:]
    return f"U{digits.zfill(COMMUNITY_DIGITS)}"


def unit_code(community_code: str, serial: int) -> str:
    """The code of the unit with this serial (1 to 999999) in its community."""
    if not 1 <= serial <= LAST_SERIAL:
        raise ValueError(serial)
    body = f"{prefix_of(community_code)}{serial:0{SERIAL_DIGITS}}"
    return body + check_character(body)


def check_character(body: str) -> str:
    """Weights 3^n modulo 31: finds every wrong digit and every exchange of two neighbours."""
    total = sum(int(digit) * pow(3, place, 31) for place, digit in enumerate(body[1:], start=1))
    return LETTERS[-total % 31]


def is_unit_code(text: str) -> bool:
    """Is this a unit code whose check character agrees?"""
    return bool(_CODE.fullmatch(text)) and check_character(text[:-1]) == text[-1]


def serial_of(code: str) -> int:
    return int(code[1 + COMMUNITY_DIGITS : -1])


def grouped(code: str) -> str:
    """The code in groups that can be read out and break well on a narrow screen: U510104 021003 000007L."""
    return f"{code[:7]} {code[7:13]} {code[13:]}"


def new_qr_token() -> str:
    """128 random bits: what a QR carries instead of the code, so that nobody finds a page by counting."""
    return secrets.token_urlsafe(16)
