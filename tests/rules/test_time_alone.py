"""What changes by time alone is seen in time: each of these once made the ticks differ from a sweep."""

from datetime import timedelta

from rental_mgmt.core import clock
from rental_mgmt.rules.sweep import sweep

from ..conftest import NOON


def differences() -> list[tuple[str, int, int]]:
    return [(run.rule, run.missed, run.stale) for run in sweep(clock.now()) if run.missed or run.stale]


def test_a_note_of_late_entries_ends_after_seven_days(field, later, live):
    field.unit("A").stay(hours=-8, out=400).guest(hours=-8, recorded=0)
    later()
    assert live("A02")[0].evidence["note"]
    assert later(days=6.9).closed == 0
    later(days=0.1, seconds=1)
    assert differences() == []
    later(seconds=10)
    assert live("A02") == []


def test_a_note_of_one_late_entry_less_stays_as_long_as_the_other(field, later, live):
    flat = field.unit("A").stay(hours=-8, out=400).guest(hours=-8, recorded=0)
    later(days=2)
    flat.guest(hours=-8, recorded=0)
    later(days=5.1)
    assert live("A02")[0].evidence["numbers"]["guests"] == 1
    later(days=2)
    assert differences() == []
    later(seconds=10)
    assert live("A02") == []


def test_a_sheltered_note_of_openings_ends_with_their_window(field, later, live):
    field.unit("A", claimed_at=NOON - timedelta(days=20)).opens("11:20", "11:55")
    later()
    assert live("A01")[0].evidence["note"]
    later(hours=23, minutes=20)
    assert differences() == []
    later(seconds=10)
    assert live("A01") == []


def test_an_alert_does_not_end_with_its_window(field, later, live):
    field.unit("A").opens("11:20", "11:55")
    later()
    later(days=3)
    assert differences() == []
    assert len(live("A01")) == 1


def test_whoever_was_registered_beforehand_and_comes_ends_the_silence(field, later, live):
    flat = field.unit("A").stay(hours=-60, out=40).guest().opens_ago(37)
    later()
    assert len(live("A06")) == 1
    flat.guest(hours=5, recorded=0)
    later(hours=4)
    assert len(live("A06")) == 1
    later(hours=1, seconds=1)
    assert differences() == []
    later(seconds=10)
    assert live("A06") == []


def test_a_key_that_opened_after_the_end_does_not_outlast_the_stay(field, later, live):
    """Stays are judged for seven days after their end: what fades then is no cause gone."""
    flat = field.unit("A").stay(hours=-9, out=20).guest("甲")
    field.unit("B").stay(hours=-9, out=400).guest("甲")
    later()
    assert len(live("B03")) == 1
    flat.ends()
    later(hours=3)
    flat.opens_ago(0, key_of_stay=True)
    later(seconds=10)
    later(days=6.95)
    assert differences() == []
    assert len(live("B03")) == 1
