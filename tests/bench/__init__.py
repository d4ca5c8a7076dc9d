"""What the product costs, against the smallest honest program that does the same irreducible work.

A line is a module b*.py here: a function marked with @line that yields Measures. Speed is a ratio to a floor
measured in the same run, on the same machine, server, driver and database, never a bare number of seconds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

SQLITE, POSTGRESQL = "sqlite", "postgresql"


@dataclass(frozen=True)
class Scale:
    """How large a city, and how long to look at each figure. `growth`: the sizes, as multiples of `units`."""

    name: str
    seconds: float
    units: int
    stays: int
    guests: int
    lock_events: int
    alerts: int
    audit_entries: int
    export_rows: int
    growth: tuple[int, ...]


SCALES = {
    scale.name: scale
    for scale in (
        Scale("small", 3, 200, 10_000, 15_000, 100_000, 10_000, 20_000, 10_000, (1, 10)),
        Scale("default", 8, 2_000, 100_000, 150_000, 1_000_000, 100_000, 100_000, 100_000, (1, 10)),
        Scale(
            "city", 20, 20_000, 1_000_000, 1_500_000, 10_000_000, 1_000_000, 1_000_000, 1_000_000, (1, 10, 100)
        ),
    )
}


@dataclass(frozen=True)
class Measure:
    """One figure. With a floor the goal is for figure ÷ floor, without one for the figure itself."""

    what: str
    figure: float
    unit: str
    floor: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    size: int = 1
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.figure / self.floor if self.floor else None

    @property
    def is_reached(self) -> bool:
        judged = self.figure if self.ratio is None else self.ratio
        return (self.at_least is None or judged >= self.at_least) and (
            self.at_most is None or judged <= self.at_most
        )

    @property
    def goal(self) -> str:
        unit = "× floor" if self.floor else self.unit
        if self.at_least is not None:
            return f"≥ {self.at_least:g} {unit}"
        return f"≤ {self.at_most:g} {unit}" if self.at_most is not None else "–"


@dataclass(frozen=True)
class Place:
    """Where a line measures: `name` is sqlite or postgresql, `url` an empty database of its own."""

    name: str
    url: str
    folder: str

    @property
    def workers(self) -> int:
        """Web workers as deployed: SQLite has one writer, so one worker."""
        return 1 if self.name == SQLITE else 2


Line = Callable[[Scale, Place], Iterator[Measure]]
LINES: dict[str, tuple[str, tuple[str, ...], Line]] = {}


def line(number: str, title: str, databases: tuple[str, ...] = (SQLITE, POSTGRESQL)) -> Callable[[Line], Line]:
    """Declare a line: @line("B1", "register a guest over HTTP"); runs once for each database."""

    def register(measure: Line) -> Line:
        LINES[number] = (title, databases, measure)
        return measure

    return register
