"""Months: frozen once with the definitions they were counted by, corrected only by a marked new revision."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import Select, func, insert, select

from ..alerts.facts import RULE_BOOK
from ..audit.service import record
from ..core import clock
from ..core.access import SYSTEM, Actor, Role, allow
from ..core.db import dialect_insert, session
from ..core.errors import Conflict, Invalid
from ..core.i18n import _
from ..places.models import Place, PlaceKind
from ..places.scope import visible
from ..places.tree import chain_of
from ..stays.models import Guest
from .figures import BY_NAME, FEWEST_SHOWN, FIGURES, SHARES, Figure, Span
from .models import MonthFigure

READERS = (
    *(Role.PROPERTY_MANAGER, Role.GRID_WORKER, Role.COMMUNITY_OFFICER),
    *(Role.POLICE_LIAISON, Role.STATION_LEAD, Role.AUDITOR, Role.SYSTEM_ADMIN),
)
COLUMNS = {PlaceKind.COMPOUND: "compound_id", PlaceKind.COMMUNITY: "community_id"}
SHOWN_MONTHS = 13


def month_name(day: date) -> str:
    return f"{day:%Y-%m}"


def span_of(month: str, kind: PlaceKind, only: int | None = None) -> Span:
    year, number = map(int, month.split("-"))
    begins, ends = clock.month_bounds(year, number)
    return Span(begins, ends, COLUMNS[kind], only)


# --- freezing -----------------------------------------------------------------------------------------------


def count(figure: Figure, month: str, kind: PlaceKind, only: int | None = None) -> dict[int, int]:
    """The figure of every place of a kind, or of one, in one statement."""
    rows = session.execute(figure.count(span_of(month, kind, only)))
    return {place: round(value) for place, value in rows if value is not None}


def months_to_freeze(before: date) -> list[str]:
    """The finished months that nobody froze yet, oldest first: from the first guest on, the last one always."""
    first = session.scalar(select(func.min(Guest.arrived_on)).where(Guest.voided_at.is_(None)))
    day = last = before.replace(day=1) - timedelta(days=1)
    names = []
    while day == last or (first and day >= first.replace(day=1)):
        names.append(month_name(day))
        day = day.replace(day=1) - timedelta(days=1)
    frozen = set(session.scalars(select(MonthFigure.month).where(MonthFigure.month.in_(names)).distinct()))
    return [name for name in reversed(names) if name not in frozen]


def freeze_month(month: str) -> int:
    """Count a finished month for every compound and community and keep it; what is frozen stays as it is.

    Returns how many figures were added.
    """
    if month >= month_name(clock.local_day(clock.now())):
        raise Invalid(errors={"month": [_("只有已经结束的月份可以封存")]})
    at, versions, rows = clock.now(), {code: rule.version for code, rule in RULE_BOOK.items()}, []
    for kind in COLUMNS:
        places = session.scalars(select(Place.id).where(Place.kind == kind)).all()
        for figure in FIGURES:
            counted = count(figure, month, kind)
            rows += [_row(place, month, figure, counted, at, versions) for place in places]
    before = session.scalar(select(func.count()).select_from(MonthFigure))
    if rows:
        unique = ["place_id", "month", "name", "revision"]
        keep = dialect_insert(MonthFigure.__table__).on_conflict_do_nothing(index_elements=unique)
        session.execute(keep, rows)
    added = session.scalar(select(func.count()).select_from(MonthFigure)) - before
    if added:
        record(SYSTEM, "month.freeze", f"month:{month}", chain="system", figures=added)
    return added


def _row(place: int, month: str, figure: Figure, counted: dict[int, int], at, versions: dict) -> dict:
    return {
        "place_id": place,
        "month": month,
        "name": figure.name,
        "value": counted.get(place, _nothing(figure)),
        "definition": figure.version,
        "revision": 0,
        "frozen_at": at,
        "rule_versions": versions,
        "reason": None,
    }


def _nothing(figure: Figure) -> int | None:
    """What a place without a row has: none of it, or, of a median, nothing to say."""
    return None if figure.name == "median_minutes" else 0


@allow(Role.COMMUNITY_OFFICER, Role.SYSTEM_ADMIN)
def correct_month(actor: Actor, place: Place, month: str, reason: str) -> int:
    """Count a frozen month anew; a figure that differs gets a new revision with the reason.

    Returns how many differed. Raises Conflict where the month is not frozen.
    """
    frozen = _latest([place.id], [month])
    if not frozen:
        raise Conflict(_("这个月还没有封存，不需要更正"))
    at, versions, rows = clock.now(), {code: rule.version for code, rule in RULE_BOOK.items()}, []
    for figure in FIGURES:
        old = frozen.get((place.id, month, figure.name))
        row = _row(place.id, month, figure, count(figure, month, place.kind, place.id), at, versions)
        if old is None or old.value != row["value"]:
            rows.append(row | {"revision": old.revision + 1 if old else 0, "reason": reason})
    if rows:
        session.execute(insert(MonthFigure.__table__), rows)
    record(actor, "month.correct", place, chain=chain_of(place), month=month, figures=len(rows))
    return len(rows)


def _latest(places: Iterable[int], months: Iterable[str]) -> dict[tuple[int, str, str], MonthFigure]:
    """The newest revision of every figure of these places and months."""
    query = (
        select(MonthFigure)
        .where(MonthFigure.place_id.in_(places), MonthFigure.month.in_(months))
        .order_by(MonthFigure.revision)
    )
    return {(row.place_id, row.month, row.name): row for row in session.scalars(query)}


# --- reading ------------------------------------------------------------------------------------------------


@dataclass
class Month:
    """One column of the table. `is_open`: the present month, counted now and not frozen."""

    name: str
    values: dict[str, int | None] = field(default_factory=dict)
    is_open: bool = False
    corrected: set[str] = field(default_factory=set)

    def shown(self, name: str) -> str:
        """A figure as a page or file may show it."""
        value = self.values.get(name)
        if value is None:
            return "—"
        if BY_NAME[name].is_rare and 0 < value < FEWEST_SHOWN:
            return f"<{FEWEST_SHOWN}"
        return str(value)

    def share(self, name: str) -> float | None:
        """A share in percent; None where there is nothing to share, or too little to show."""
        share = next(one for one in SHARES if one.name == name)
        whole, part = self.values.get(share.whole), self.values.get(share.part)
        if not whole or part is None or (BY_NAME[share.whole].is_rare and whole < FEWEST_SHOWN):
            return None
        return round(100 * part / whole, 1)


@allow(*READERS)
def list_places(actor: Actor) -> Select:
    """The compounds and communities whose figures the actor may read."""
    return visible(actor).where(Place.kind.in_(tuple(COLUMNS))).order_by(Place.path)


@allow(*READERS)
def list_months(actor: Actor, place: Place) -> list[Month]:
    """The last thirteen months of a place, oldest first; the present one is counted now."""
    names = _month_names()
    months = {name: Month(name) for name in names}
    for (_place, name, figure), row in _latest([place.id], names).items():
        months[name].values[figure] = row.value
        if row.revision:
            months[name].corrected.add(figure)
    present = months[names[-1]]
    present.is_open = True
    for figure in FIGURES:
        counted = count(figure, present.name, place.kind, place.id)
        present.values[figure.name] = counted.get(place.id, _nothing(figure))
    return [month for month in months.values() if month.values]


def _month_names() -> list[str]:
    day, names = clock.local_day(clock.now()).replace(day=1), []
    for _n in range(SHOWN_MONTHS):
        names.append(month_name(day))
        day = date(day.year - (day.month == 1), (day.month - 2) % 12 + 1, 1)
    return names[::-1]


def table_of(months: list[Month]) -> dict[str, list[str]]:
    """Figure or share → what each month shows, for the page and the file alike."""
    rows: dict[str, list[str]] = defaultdict(list)
    for month in months:
        for figure in FIGURES:
            rows[figure.name].append(month.shown(figure.name))
        for share in SHARES:
            value = month.share(share.name)
            rows[share.name].append("—" if value is None else f"{value}%")
    return rows
