"""Two months of stays in the demo compound: a rhythm of weekends and holidays around what is planted.

Days count back from the last one: 0 is today, 1 yesterday. Nothing happens after its first hour.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

from .compound import LedgerUnit, units
from .people import Cast, Guest

DAYS = 61
LAST_DAY = date(2026, 10, 31)
# The rhythm is that of these months: the Mid-Autumn weekend, the National Day week.
_HOLIDAYS = {*range(date(2026, 9, 25).toordinal(), date(2026, 9, 28).toordinal())} | {
    *range(date(2026, 9, 30).toordinal(), date(2026, 10, 7).toordinal())
}
_HOLIDAY, _WEEKEND, _WEEKDAY = 0.72, 0.42, 0.22
_NIGHTS = (1,) * 11 + (2,) * 5 + (3,) * 2 + (4, 5, 7, 12)


@dataclass
class LedgerStay:
    """One stay as the landlord wrote it down; `left` is None while nobody has checked out."""

    unit: LedgerUnit
    party: list[tuple[Guest, str]]
    arrived: datetime
    planned: datetime
    left: datetime | None
    recorded: datetime
    platform: str = ""
    remark: str = ""
    guardian: Guest | None = None
    # Why it was put here, for those who check that it is found.
    oddness: set[str] = field(default_factory=set)


class Book:
    """Places stays so that a unit holds one party at a time; the oddities first, the rhythm in what is left."""

    def __init__(self, last_day: date):
        self.last_day, self.stays = last_day, []
        self.cast = Cast(last_day, LAST_DAY)
        self.chance = Random("东方新城二期 入住")
        self._taken: dict[int, list[tuple[int, int]]] = {}
        self._order = list(range(len(units())))
        self.chance.shuffle(self._order)

    def moment(self, ago: int, hour: int, minute: int | None = None) -> datetime:
        minute = self.chance.randint(0, 59) if minute is None else minute
        day = self.last_day - timedelta(days=ago)
        return datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - a ledger knows no zones

    def unit(self, ago: int, nights: int, fits: Callable[[LedgerUnit], bool] = lambda unit: True) -> LedgerUnit:
        """A unit that is free from that day on for so long, the one that waited longest."""
        for place, number in enumerate(self._order):
            if fits(units()[number]) and self.is_free(number, ago, nights):
                self._order.append(self._order.pop(place))
                self.take(number, ago, nights)
                return units()[number]
        raise LookupError(f"no unit is free {ago} days ago")

    def is_free(self, number: int, ago: int, nights: int) -> bool:
        return all(ago - nights > first or last > ago for first, last in self._taken.get(number, ()))

    def take(self, number: int, ago: int, nights: int) -> None:
        self._taken.setdefault(number, []).append((ago, max(ago - nights, 0)))

    def add(
        self, unit: LedgerUnit, party: list, arrived: datetime, left: datetime, *oddness: str
    ) -> LedgerStay:
        """A stay from one moment to another; who would leave after the last midnight is still there."""
        midnight = self.moment(0, 0, 0)
        recorded = arrived + timedelta(minutes=self.chance.randint(-20, 22))
        stay = LedgerStay(unit, party, arrived, left, left if left < midnight else None, recorded)
        # Planned for noon, or for the hour it ended if it was a matter of hours.
        if left - arrived > timedelta(hours=8):
            stay.planned = left.replace(hour=12, minute=0)
        stay.platform = self.chance.choice(unit.platforms.replace("、", "/").split("/"))
        stay.guardian = next((guest for guest, relation in party if relation == "本人"), None)
        stay.oddness |= set(oddness)
        self.stays.append(stay)
        return stay

    def nights(self, unit: LedgerUnit, party: list, ago: int, nights: int, *oddness: str) -> LedgerStay:
        """A stay of whole nights: in the afternoon or evening, out in the morning."""
        hour = self.chance.choice((14, 15, 15, 16, 17, 18, 19, 20, 21, 22, 23))
        left = self.moment(ago - nights, self.chance.choice((8, 9, 10, 10, 11, 11)))
        return self.add(unit, party, self.moment(ago, hour), left, *oddness)


def fill_with_rhythm(book: Book) -> None:
    """Every unit by its popularity: quiet weekdays, full holidays."""
    for number, unit in enumerate(units()):
        ago = DAYS - 1
        while ago > 0:
            nights = book.chance.choice(_NIGHTS)
            wanted = book.chance.random() < _demand(ago) * unit.popularity
            if not wanted or not book.is_free(number, ago, nights):
                ago -= 1
                continue
            book.take(number, ago, nights)
            stay = book.nights(unit, a_party(book, unit.limit), ago, nights)
            if book.chance.random() < (0.12 if unit.landlord.number % 9 == 4 else 0.02):
                _came_late_to_mind(book, stay)
            ago -= nights


def _demand(ago: int) -> float:
    day = LAST_DAY - timedelta(days=ago)
    if day.toordinal() in _HOLIDAYS:
        return _HOLIDAY
    return _WEEKEND if day.weekday() in (4, 5) else _WEEKDAY


def _came_late_to_mind(book: Book, stay: LedgerStay) -> None:
    late = timedelta(minutes=book.chance.randint(130, 1400))
    stay.recorded = min(stay.arrived + late, book.moment(0, 0, 30))
    if stay.recorded - stay.arrived > timedelta(hours=2):
        stay.oddness.add("late")


def a_party(book: Book, limit: int) -> list[tuple[Guest, str]]:
    """Who travels together, as the first of them says it."""
    kinds = [(alone, 34), (couple, 32), (friends, 16), (family, 18)]
    makes = book.chance.choices([make for make, _weight in kinds], [weight for _make, weight in kinds])[0]
    return makes(book, limit)[: max(limit, 1)]


def alone(book: Book, limit: int) -> list[tuple[Guest, str]]:
    return [(book.cast.adult(), "本人")]


def couple(book: Book, limit: int) -> list[tuple[Guest, str]]:
    age = book.chance.randint(20, 55)
    others_age = max(18, age + book.chance.randint(-4, 3))
    relation = book.chance.choice(("配偶", "女朋友"))
    return [(book.cast.adult("男", age), "本人"), (book.cast.adult("女", others_age), relation)]


def friends(book: Book, limit: int) -> list[tuple[Guest, str]]:
    relation = book.chance.choice(("朋友", "朋友", "同事"))
    others = [(book.cast.adult(), relation) for _ in range(book.chance.randint(1, max(1, min(limit, 5) - 1)))]
    return [(book.cast.adult(), "本人"), *others]


def family(book: Book, limit: int) -> list[tuple[Guest, str]]:
    """The father and a child first: whoever does not fit stays at home, and no child is without a parent."""
    age = book.chance.randint(28, 46)
    father = book.cast.adult("男", age)
    children = [(book.cast.child(book.chance.randint(1, 15), family=father.name[0]), "子女")]
    if limit > 3 and book.chance.random() < 0.35:
        children.append((book.cast.child(book.chance.randint(1, 15), family=father.name[0]), "子女"))
    mother = book.cast.adult("女", max(24, age - book.chance.randint(0, 5)))
    return [(father, "本人"), *children[:1], (mother, "配偶"), *children[1:]]
