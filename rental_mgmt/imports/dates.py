"""Days and moments as people write them: 2026年3月5日 14:30, 3/5, 20260305, serials of both date systems."""

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date, time, timedelta

from ..core.i18n import _
from .cells import Unreadable, read_plain, read_text
from .reader import Cell

_SEPARATED = re.compile(r"([0-9]{4}|[2-4][0-9])[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})[日号]?", re.ASCII)
_COMPACT = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})", re.ASCII)
_SHORT = re.compile(r"([0-9]{1,2})[-/.月]([0-9]{1,2})[日号]?", re.ASCII)
_CLOCK = re.compile(
    r"(凌晨|早上|上午|中午|下午|傍晚|晚上|晚|AM|PM)?([0-9]{1,2})[:时点]半?(?:([0-9]{1,2})分?)?(?::?([0-9]{1,2})(?:\.[0-9]+)?秒?)?(AM|PM)?",
    re.ASCII | re.IGNORECASE,
)
_COMPACT_CLOCK = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})?", re.ASCII)
_LAYOUT = re.compile(r"\s*([-年月日号时点分秒:/.])\s*")
_WEEKDAY = re.compile(r"[(（]?(?:星期|周)[一二三四五六日天][)）]?")
_NOT_YET = {"在住", "未退", "未退房", "未离店", "未离", "至今", "在店", "续住", "住宿中"}
_AFTERNOON = {"下午", "傍晚", "晚上", "晚", "PM"}
_FIRST = 1870
# From 2009 on (in the 1904 system four years later): a smaller number is a count or a code, not a stay's day.
STAY_SERIALS = range(40000, 73051)
BIRTH_SERIALS = range(1, 73051)
_SERIAL_ZERO = date(1899, 12, 30)
_GAP_1904 = 1462


@dataclass(frozen=True, slots=True)
class Written:
    """What a cell says: a day (perhaps without its year), a time of day, or both."""

    day: date | None = None
    month_day: tuple[int, int] | None = None
    at: time | None = None

    def on(self, near: date, *, before: bool) -> date | None:
        """The day; one without a year is the last such day up to `near`, or the first from it on."""
        if self.day or not self.month_day:
            return self.day
        years = range(near.year, near.year - 9, -1) if before else range(near.year, near.year + 9)
        days = (_day(year, *self.month_day) for year in years)
        return next((day for day in days if day and (day <= near if before else day >= near)), None)


def read_written(cell: Cell | None, date1904: bool = False, serials: range = STAY_SERIALS) -> Written | None:
    """None for a blank cell; raises Unreadable for what is neither a day nor a time."""
    if cell is not None and cell.kind in "nd":
        return _from_number(cell, date1904, serials)
    text = unicodedata.normalize("NFKC", read_text(cell, 60)).upper()
    if not text:
        return None
    text = _LAYOUT.sub(r"\1", " ".join(_WEEKDAY.sub(" ", text).replace("T", " ").split()))
    written = _from_text(text)
    if written is None:
        raise Unreadable(_("日期看不懂，请写成 2026-03-05 14:30 这样"))
    return written


def read_moment(cell: Cell | None, date1904: bool = False) -> Written | None:
    """When somebody came or went; 在住 and 未退 say that they have not."""
    if cell is not None and cell.kind == "t" and read_plain(cell) in _NOT_YET:
        return None
    return read_written(cell, date1904)


def read_day(
    cell: Cell | None, near: date, date1904: bool = False, serials: range = STAY_SERIALS
) -> date | None:
    """A day without its time: a birth, the end of a paper; 长期 is the last day there is."""
    if cell is not None and cell.kind == "t" and read_plain(cell) in {"长期", "长期有效", "永久"}:
        return date.max
    written = read_written(cell, date1904, serials)
    if written is None:
        return None
    day = written.on(near, before=False)
    if day is None:
        raise Unreadable(_("日期看不懂，请写成 2026-03-05 这样"))
    return day


def _from_number(cell: Cell, date1904: bool, serials: range) -> Written:
    value = float(cell.text)
    compact = _COMPACT.fullmatch(cell.text.partition(".")[0])
    if compact and cell.kind == "n" and (day := _day(*map(int, compact.groups()))):
        return Written(day)
    if 0 <= value < 1:
        return Written(at=_clock_of(value))
    if not serials.start <= value < serials.stop:
        raise Unreadable(_("这个数字不是日期，请写成 2026-03-05 14:30 这样"))
    # To the minute: 14:30 is stored as 0.6041666…
    minutes = round((value + (_GAP_1904 if date1904 else 0)) * 1440)
    days, minute = divmod(minutes, 1440)
    return Written(_SERIAL_ZERO + timedelta(days=days), at=time(minute // 60, minute % 60) if minute else None)


def _clock_of(fraction: float) -> time:
    minutes = min(round(fraction * 1440), 1439)
    return time(minutes // 60, minutes % 60)


def _from_text(text: str) -> Written | None:
    for pattern in (_COMPACT, _SEPARATED, _SHORT):
        if found := pattern.match(text):
            written = _written(*map(int, found.groups()))
            return written and _with_clock(written, text[found.end() :])
    found = _CLOCK.fullmatch(text)
    at = found and _spoken(found)
    return Written(at=at) if at else None


def _written(*numbers: int) -> Written | None:
    if len(numbers) == 2:
        return Written(month_day=numbers) if _day(2028, *numbers) else None
    year, month, day = numbers
    whole = _day(year + (2000 if year < 100 else 0), month, day)
    return Written(whole) if whole else None


def _with_clock(written: Written, rest: str) -> Written | None:
    rest = rest.replace(" ", "")
    if not rest:
        return written
    if found := _CLOCK.fullmatch(rest):
        at = _spoken(found)
        # 2026-03-05 00:00:00 is how programs write a day, as a serial without fraction is in Excel.
        if found[4] and at == time(0):
            return written
    else:
        compact = _COMPACT_CLOCK.fullmatch(rest)
        at = _time(compact[1], compact[2]) if compact else None
    return replace(written, at=at) if at else None


def _spoken(found: re.Match) -> time | None:
    half = "半" in found[0]
    word, hour = (found[1] or found[5] or "").upper(), int(found[2])
    if (word in _AFTERNOON and hour < 12) or (word == "中午" and hour < 3):
        hour += 12
    elif word in {"AM", "凌晨"} and hour == 12:
        hour = 0
    return _time(str(hour), found[3] or ("30" if half else "0"))


def _time(hour: str, minute: str) -> time | None:
    return time(int(hour), int(minute)) if int(hour) < 24 and int(minute) < 60 else None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year >= _FIRST else None
    except ValueError:
        return None
