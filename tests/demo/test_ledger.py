"""The shipped ledger: read without an error, the same every time, and as odd as such months are."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise

import pytest

from rental_mgmt.core import clock
from rental_mgmt.demo import ledger
from rental_mgmt.demo.compound import landlords, units
from rental_mgmt.imports.guest_rows import StayGuestRow
from rental_mgmt.imports.ledger import SheetReport, read_ledger
from rental_mgmt.imports.rows import Level
from rental_mgmt.imports.unit_rows import UnitRow
from rental_mgmt.stays.identity import DocumentKind, DocumentState

HOUR = timedelta(hours=1)


@cache
def read(day: date = ledger.LAST_DAY, hour: int = 0) -> tuple:
    source = ledger.SHIPPED if day == ledger.LAST_DAY else ledger.shifted_copy(day)
    return tuple(read_ledger(source, clock.local_time(day, time(hour))))


def guests(**about) -> list[StayGuestRow]:
    return [item for item in read(**about) if isinstance(item, StayGuestRow)]


def planted(oddness: str) -> int:
    return sum(oddness in stay.oddness for stay in ledger.stays())


def stays() -> dict[tuple, list[StayGuestRow]]:
    found = defaultdict(list)
    for guest in guests():
        found[guest.stay_key].append(guest)
    return found


def end(guest: StayGuestRow) -> datetime:
    return guest.left_at or datetime.max.replace(tzinfo=UTC)


def test_the_shipped_file_is_what_the_generator_writes():
    assert ledger.write_ledger(ledger.LAST_DAY) == ledger.SHIPPED.read_bytes()


@pytest.mark.parametrize("day", [ledger.LAST_DAY, date(2026, 11, 23), date(2027, 1, 15), date(2028, 2, 29)])
def test_every_copy_reads_without_an_error_from_the_first_minute_of_its_day(day):
    problems = [problem for item in read(day=day) for problem in getattr(item, "problems", ())]
    assert [problem for problem in problems if problem.level is Level.ERROR] == []
    assert len(problems) == sum(map(planted, ("bad_check_digit", "expired", "sex_differs", "unknown_division")))
    rows = guests(day=day)
    assert clock.local_day(max(guest.arrived_at for guest in rows)) == day - timedelta(days=1)
    assert len(rows) == len(guests())


def test_a_moved_copy_says_the_same_with_other_days_and_keeps_ages():
    moved = timedelta(days=76)
    for then, now in zip(guests(), guests(day=ledger.LAST_DAY + moved), strict=True):
        assert now.door == then.door
        assert now.name == then.name
        assert now.arrived_at == then.arrived_at + moved
        assert (now.left_at, then.left_at) == (None, None) or now.left_at == then.left_at + moved
        assert is_minor(now) == is_minor(then)
        assert now.paper.state == then.paper.state


def test_three_buildings_one_hundred_and_eighty_units_sixty_landlords():
    rows = [item for item in read() if isinstance(item, UnitRow)]
    assert Counter(row.door.building for row in rows) == {"1": 78, "2": 56, "3": 46}
    assert len({row.door.key for row in rows}) == len(units()) == 180
    owners = Counter(row.landlord_phone for row in rows)
    assert len(owners) == len(landlords()) == 60
    assert max(owners.values()) == 22
    assert max(row.door.floor for row in rows if row.door.building == "1") == 30
    assert {row.landlord_role.value for row in rows} == {"owner", "sublessor", "agent"}
    assert all(row.area and row.beds and row.declared_capacity and row.bedrooms for row in rows)


def test_every_sheet_is_understood_but_for_numbers_and_remarks():
    reports = [item for item in read() if isinstance(item, SheetReport)]
    assert [report.kind.value for report in reports] == ["units", "stays"]
    assert [text for report in reports for _column, text in report.ignored] == ["序号", "备注"] * 2
    assert [report.header_row for report in reports] == [3, 2]
    assert reports[0].skipped == 1


def test_every_stay_is_at_a_known_door_and_has_one_party_at_a_time():
    doors = {item.door.key for item in read() if isinstance(item, UnitRow)}
    by_unit = defaultdict(list)
    for party in stays().values():
        by_unit[party[0].door.key].append((party[0].arrived_at, end(party[0])))
    assert by_unit.keys() <= doors
    for times in by_unit.values():
        times.sort()
        assert all(left <= arrived for (_, left), (arrived, _) in pairwise(times))


def test_nobody_in_it_can_be_anybody():
    for guest in guests():
        if guest.paper.kind is DocumentKind.RESIDENT_ID:
            # No card carries a whole prefecture, nor the division that does not exist.
            assert guest.paper.number[4:6] == "00" or guest.paper.number[:6] == "510199"
        assert guest.phone.startswith("1900000") or not guest.phone


def test_holidays_are_fuller_than_working_days():
    arrivals = Counter(clock.local_day(party[0].arrived_at) for party in stays().values())
    week = sum(arrivals[date(2026, 10, 1) + timedelta(days=n)] for n in range(5))
    working = sum(arrivals[date(2026, 10, 12) + timedelta(days=n)] for n in range(5))
    assert week > working * 1.5


# --- the oddities -------------------------------------------------------------------------------------------


def test_over_capacity():
    limits = {(unit.building[0], unit.entrance[:1], unit.door): unit.limit for unit in units()}
    parties = [(len(party), party[0].door) for party in stays().values()]
    over = [count for count, door in parties if count > limits[door.building, door.entrance, door.door]]
    assert len(over) == planted("over_capacity") == 5


def test_late_registrations():
    late = [p for p in stays().values() if p[0].recorded_at - p[0].arrived_at > 2 * HOUR]
    assert len(late) == planted("late") > 20


def test_not_checked_out():
    now = clock.local_time(ledger.LAST_DAY, time(0))
    assert len([p for p in stays().values() if p[0].left_at is None and p[0].checks_out_at < now]) == 4


def test_one_person_in_two_places_and_in_many_units():
    papers = defaultdict(list)
    for guest in guests():
        if guest.paper.number:
            papers[guest.paper.number].append(guest)
    twice = many = 0
    for found in papers.values():
        found.sort(key=lambda guest: guest.arrived_at)
        pairs = list(pairwise(found))
        twice += any(b.arrived_at + HOUR < min(end(a), a.checks_out_at) and a.door != b.door for a, b in pairs)
        week = [g for g in found if g.arrived_at < found[0].arrived_at + timedelta(days=7)]
        many += len({guest.door for guest in week}) >= 3
    assert twice == planted("two_places") / 2 == 3
    assert many == 2


def test_three_short_stays_in_a_unit_and_day():
    short = Counter(
        (guest.door.key, clock.local_day(guest.arrived_at))
        for guest, *_others in stays().values()
        if end(guest) - guest.arrived_at <= 6 * HOUR
    )
    assert sorted(count for count in short.values() if count >= 3) == [3, 3, 4]


def is_minor(guest: StayGuestRow) -> bool:
    return guest.age_at_check_in is not None and guest.age_at_check_in < 18


def test_minors_alone_with_and_without_a_guardian():
    alone = [party for party in stays().values() if all(map(is_minor, party))]
    assert len(alone) == planted("minors_alone") == 4
    assert sum(bool(party[0].guardian_phone) for party in alone) == 2
    with_parents = [guest for guest in filter(is_minor, guests()) if guest.guardian_phone]
    assert len(with_parents) > 100


def test_papers_in_every_state():
    states = Counter(guest.paper.state for guest in guests())
    assert states[DocumentState.BAD_CHECK_DIGIT] == planted("bad_check_digit") == 9
    assert states[DocumentState.EXPIRED] == planted("expired") == 6
    assert states[DocumentState.BIRTH_OR_SEX_DIFFERS] == planted("sex_differs") == 2
    kinds = Counter(guest.paper.kind for guest in guests())
    assert kinds[DocumentKind.NONE] == planted("no_paper") == 2
    assert kinds[DocumentKind.PASSPORT] >= 14
    assert {g.paper.nationality for g in guests()} >= {"CHN", "HKG", "MAC", "TWN", "DEU", "USA", "KOR"}


def test_the_newest_oddities_lie_where_rules_still_look():
    since = ledger.LAST_DAY - timedelta(days=7)
    lately = [stay for stay in ledger.stays() if stay.left is None or stay.left.date() >= since]
    wanted = {"over_capacity", "not_checked_out", "two_places", "many_units", "by_the_hour", "minors_alone"}
    wanted |= {"overseas", "bad_check_digit", "expired", "late", "rare_name"}
    assert wanted <= {oddness for stay in lately for oddness in stay.oddness}


def test_rare_names_and_an_identity_number_with_spaces_are_kept():
    found = {guest.name for guest in guests()}
    assert {"䶮成", "𠮷霖", "王𬎆", "仉叕"} <= found
    assert any("·" in name for name in found)
    assert max(map(len, found)) > 35
