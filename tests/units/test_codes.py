"""The code on the plate: its check character finds slips, no serial is given twice."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from rental_mgmt.core.db import session
from rental_mgmt.units.codes import is_unit_code, prefix_of, serial_of, unit_code
from rental_mgmt.units.models import Unit

COMMUNITY = st.text("0123456789", min_size=12, max_size=12)


@given(COMMUNITY, st.integers(1, 999_999), st.integers(1, 18), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(community, serial, place, by):
    code = unit_code(community, serial)
    assert is_unit_code(code)
    assert serial_of(code) == serial
    wrong = str((int(code[place]) + by) % 10)
    assert not is_unit_code(code[:place] + wrong + code[place + 1 :])


@given(COMMUNITY, st.integers(1, 999_999), st.integers(1, 17))
def test_two_neighbours_that_changed_places_are_always_found(community, serial, place):
    code = unit_code(community, serial)
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert is_unit_code(swapped) == (swapped == code)


def test_a_code_looks_as_the_field_knows_it():
    code = unit_code("510104021003", 7)
    assert (len(code), code[:-1]) == (20, "U510104021003000007")
    assert prefix_of("JJ-003") == "U000000000003"
    for bad in (0, 1_000_000):
        with pytest.raises(ValueError, match=str(bad)):
            unit_code("510104021003", bad)
    for text in ("", "U", code.lower(), code + "0", code[:-1] + "I", "X" + code[1:], code.replace("5", "５")):
        assert not is_unit_code(text)


def test_no_code_is_given_twice_in_a_race(app, world, city):
    filings = [
        world.checked(city.worker, world.submitted(city.owner, city.building, f"{n}01")) for n in range(1, 9)
    ]
    keys = [world.key(world.liaison(city.station)) for _filing in filings]
    start, answers = threading.Barrier(len(filings)), []

    def decide(filing, headers):
        start.wait()
        path, body = f"/api/v1/filings/{filing.uid}/decide", {"version": filing.version}
        answers.append(app.test_client().post(path, json=body, headers=headers).status_code)

    threads = [threading.Thread(target=decide, args=pair) for pair in zip(filings, keys, strict=True)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert answers == [200] * 8
    session.rollback()
    codes = session.scalars(select(Unit.code)).all()
    assert sorted(serial_of(code) for code in codes) == list(range(1, 9))
