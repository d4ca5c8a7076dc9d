"""The one source of the time: UTC inside, Asia/Shanghai for people; tests and the demo can move it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Shanghai")

_frozen: datetime | None = None
_shift = timedelta(0)


def now() -> datetime:
    """The domain's present moment, aware and in UTC."""
    return _frozen or real_now() + _shift


def real_now() -> datetime:
    """The machine's own time: sessions, one-time codes and signatures never use a moved clock."""
    return datetime.now(UTC)


def freeze(at: datetime | None) -> None:
    """Stand still at a moment (tests, `rules run --at`); None lets the clock run again."""
    global _frozen
    _frozen = at and at.astimezone(UTC)


@contextmanager
def freeze_at(at: datetime) -> Iterator[None]:
    before = _frozen
    freeze(at)
    try:
        yield
    finally:
        freeze(before)


def move(by: timedelta) -> None:
    """Let the domain's clock run ahead of or behind the machine's (demo only, see config.py)."""
    global _shift
    _shift = by


def local_day(at: datetime) -> date:
    """The day in Shanghai on which a moment falls."""
    return at.astimezone(LOCAL).date()


def local_time(day: date | datetime, at: time) -> datetime:
    """That clock time in Shanghai on a day, as a moment."""
    if isinstance(day, datetime):
        day = local_day(day)
    return datetime.combine(day, at, LOCAL).astimezone(UTC)


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """The first moment of a day in Shanghai and the first of the next."""
    return local_time(day, time(0)), local_time(day + timedelta(days=1), time(0))


def month_bounds(year: int, month: int) -> tuple[datetime, datetime]:
    """The first moment of a month in Shanghai and the first of the next."""
    first = date(year, month, 1)
    following = (first + timedelta(days=32)).replace(day=1)
    return local_time(first, time(0)), local_time(following, time(0))
