"""Reads one row of a sheet of stays: a guest, the door, when they came and left, what paper they showed."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from ..core import clock
from ..core.i18n import _
from ..stays.identity import BadName, age_on, clean_name
from ..stays.models import Relation
from .cells import Unreadable, read_name_text, read_phone
from .dates import Written
from .doors import Door
from .papers import Paper, read_paper
from .rows import Level, Problem, Reading
from .words import relation_of

# What hotels do: a ledger with days alone still needs an hour for each.
ARRIVAL_HOUR, LEAVING_HOUR = time(14), time(12)
FIRST_DAY = date(2000, 1, 1)
LONG_STAY = timedelta(days=366)


@dataclass(slots=True)
class StayGuestRow:
    """One guest of one stay. Moments are UTC; `left_at` is None while the guest has not left.

    `checks_out_at` is the planned end: as written, else when they left, else noon of the day after arrival.
    """

    sheet: str
    number: int
    door: Door | None
    name: str = ""
    paper: Paper = field(default_factory=Paper)
    phone: str = ""
    relation: Relation | None = None
    guardian_name: str = ""
    guardian_phone: str = ""
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    checks_out_at: datetime | None = None
    recorded_at: datetime | None = None
    order_number: str = ""
    platform: str = ""
    # The earlier row of this file that says the same: shown, and not stored again.
    repeats_row: int | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def stay_key(self) -> tuple:
        """Rows with the same key are guests of one stay: one order, or one arrival at one door."""
        return (self.door.key, self.order_number or self.arrived_at)

    @property
    def age_at_check_in(self) -> int | None:
        born = self.paper.birth_on
        return None if born is None else age_on(born, clock.local_day(self.arrived_at))


def read_guest(reading: Reading, sheet: str) -> StayGuestRow:
    """The guest of this row; no door, no name or an impossible time is an error, most else a warning."""
    guest = StayGuestRow(sheet, reading.row.number, reading.door(), problems=reading.problems)
    _read_times(guest, reading)
    guest.name = _name(reading)
    guest.paper = read_paper(
        reading, clock.local_day(guest.arrived_at or reading.now), _is_past(guest, reading.now)
    )
    guest.phone = reading.take("phone", read_phone) or ""
    relation = reading.text("relation", 30)
    guest.relation = relation_of(relation) if relation else None
    guest.guardian_name = reading.text("guardian_name", 50)
    guest.guardian_phone = reading.take("guardian_phone", read_phone) or ""
    guest.order_number = reading.text("order_number", 60)
    guest.platform = reading.text("platform", 30)
    return guest


def _is_past(guest: StayGuestRow, now: datetime) -> bool:
    """Nobody can be asked again. A row without times is in error already, whatever its paper is."""
    return guest.arrived_at is None or (guest.left_at is not None and guest.left_at <= now)


def _name(reading: Reading) -> str:
    try:
        return clean_name(read_name_text(reading.cell("guest_name")))
    except (BadName, Unreadable) as fault:
        reading.error("guest_name", str(fault))
        return ""


def _read_times(guest: StayGuestRow, reading: Reading) -> None:
    arrived = _arrived(reading)
    if arrived is None:
        return
    left = _after(reading, arrived.day, "left_at", "left_on")
    guest.arrived_at, left_at = _moments(arrived, left)
    end_of_today = clock.day_bounds(clock.local_day(reading.now))[1]
    if arrived.day < FIRST_DAY or guest.arrived_at >= end_of_today:
        _impossible(guest, reading, "arrived_at", _("入住时间不合理，只导入已经发生的入住，请核对年份"))
        return
    if left_at and left_at <= guest.arrived_at:
        _impossible(guest, reading, "left_at", _("离店时间应晚于入住时间，请核对"))
        return
    if left_at and left_at - guest.arrived_at > LONG_STAY:
        reading.warn("left_at", _("住了 %(n)s 天，请核对年份", n=(left_at - guest.arrived_at).days))
    # A leaving time still to come is a plan, whatever the column is called.
    guest.left_at = left_at if left_at and left_at < end_of_today else None
    guest.checks_out_at = _planned(guest, reading, arrived.day) or left_at or _next_noon(guest, reading)
    recorded = _after(reading, arrived.day, "recorded_at", level=Level.WARNING)
    if recorded and recorded.day <= clock.local_day(reading.now):
        at = clock.local_time(recorded.day, recorded.at or time(0))
        # A day without its hour: nobody is called late out of ignorance.
        guest.recorded_at = at if recorded.at else max(at, guest.arrived_at)


def _impossible(guest: StayGuestRow, reading: Reading, column: str, words: str) -> None:
    reading.error(column, words)
    guest.arrived_at = None


def _arrived(reading: Reading) -> Written | None:
    written = reading.written("arrived_at", "arrived_on")
    if written is None:
        if not reading.has_error_at("arrived_at", "arrived_on"):
            reading.error("arrived_at", _("没有入住时间"))
        return None
    today = clock.local_day(reading.now)
    day = written.on(reading.near, before=True)
    if day and day > today and not written.day:
        day = written.on(today, before=True)
    if day is None:
        reading.error("arrived_at", _("只有时间，没有日期，请写成 2026-03-05 14:30 这样"))
        return None
    return Written(day, at=written.at)


def _after(
    reading: Reading, day: date, column: str, on: str | None = None, level=Level.ERROR
) -> Written | None:
    """A moment that follows the arrival: without a year it is the first such day from then on."""
    written = reading.written(column, on, level)
    if written is None:
        return None
    found = written.on(day, before=False)
    if found is None:
        reading.say(column, level, _("只有时间，没有日期，请写成 2026-03-05 14:30 这样"))
        return None
    return Written(found, at=written.at)


def _moments(arrived: Written, left: Written | None) -> tuple[datetime, datetime | None]:
    """Hours for days without one. Within one day the widest: a short stay is not claimed out of ignorance."""
    came, went = arrived.at or ARRIVAL_HOUR, left and (left.at or LEAVING_HOUR)
    if left and left.day == arrived.day:
        came = arrived.at or time(0)
        went = left.at or time(23, 59)
    return clock.local_time(arrived.day, came), left and clock.local_time(left.day, went)


def _planned(guest: StayGuestRow, reading: Reading, day: date) -> datetime | None:
    planned = _after(reading, day, "planned_out_at", level=Level.WARNING)
    if planned is None:
        return None
    at = clock.local_time(planned.day, planned.at or LEAVING_HOUR)
    if at > guest.arrived_at:
        return at
    reading.warn("planned_out_at", _("预离时间应晚于入住时间（此项未采用）"))
    return None


def _next_noon(guest: StayGuestRow, reading: Reading) -> datetime:
    if not reading.has_error_at("left_at", "left_on"):
        reading.warn("left_at", _("没有离店时间，也没有预离时间：按次日中午应离店计"))
    return clock.local_time(clock.local_day(guest.arrived_at) + timedelta(days=1), LEAVING_HOUR)
