"""The JSON reader: what RFC 8259 allows is read, the rest is refused quickly and in words."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rental_mgmt.core import strict_json
from rental_mgmt.core.strict_json import BadJson

MANY = b"[" + b"[]," * 40
SLOW = {
    "an unfinished string of escapes": MANY + b'"' + b'\\"' * 400_000,
    "many unfinished strings": MANY + b'"\\' * 400_000,
    "many brackets in strings": MANY + b'"[",' * 200_000,
    "a lone backslash": MANY + b'"' + b"\\",
}


@pytest.mark.parametrize("body", SLOW.values(), ids=SLOW)
def test_no_body_keeps_the_reader_busy(body):
    begun = time.monotonic()
    with pytest.raises(BadJson):
        strict_json.loads(body)
    assert time.monotonic() - begun < 2


def test_brackets_in_strings_are_not_depth():
    assert strict_json.loads(b'["' + b"[" * 100 + b'"]') == ["[" * 100]
    assert strict_json.loads(b'["\\"' + b"[" * 100 + b'"]') == ['"' + "[" * 100]


def test_thirty_two_levels_are_read_and_one_more_is_not():
    assert strict_json.loads(b"[" * 32 + b"]" * 32)
    with pytest.raises(BadJson, match="32"):
        strict_json.loads(b"[" * 33 + b"]" * 33)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner),
    max_leaves=20,
)


@given(values)
def test_what_is_valid_is_read_as_it_was(value):
    import json

    text = json.dumps(value)
    if "\\u0000" not in text:
        assert strict_json.loads(text.encode()) == value
