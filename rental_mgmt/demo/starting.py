"""`demo start`: from an empty folder to a compound that lives, or on with the one that is there."""

from collections.abc import Callable, Iterator
from datetime import date, time, timedelta

from sqlalchemy import select

from ..core import clock, migrate
from ..core.db import session, unit_of_work
from ..core.errors import Conflict, Refusal
from ..core.i18n import Lazy, _, lazy
from ..core.settings import get_setting, put_setting
from ..imports.command import import_file
from ..places.models import Place
from ..reporting.service import freeze_month, month_name
from ..rules.engine import tick
from ..units.models import Unit
from . import history, ledger, locks, tonight
from .cast import COMPOUND, seed_data
from .establishing import establish
from .seeding import seed
from .standing import leave_one_to_the_grid_worker

SETTING = "demo"
# The compound joined long before its ledger begins, so that nobody but newcomers is in the safe harbour.
JOINED = timedelta(days=150)
LATELY = timedelta(days=4)
MONTHS = 2


def prepare() -> Iterator[str]:
    """Make what is missing, step by step; a start that was broken off goes on where it stood.

    Raises Refusal for a database that holds anything else.
    """
    migrate.upgrade()
    migrate.remember_index_key()
    state, today = _state(), clock.local_day(clock.now())
    for step, words, act in STEPS:
        if step not in state["done"]:
            yield str(words)
            act(today)
            state = _remember(state, done=[*state["done"], step])
    if state.get("day") != today.isoformat():
        yield _("今晚的住客、计划和房东的答复……")
        _pass_to(today, state.get("day"))
        _remember(state, day=today.isoformat())


def _state() -> dict:
    with unit_of_work(read_only=True):
        state = get_setting(SETTING)
        if state is None and session.scalar(select(Place.id).limit(1)):
            words = _(
                "这个数据库里已有别的数据；演示只在空库或自己的库上运行，请换一个 DATA_DIR 或 DATABASE_URL"
            )
            raise Refusal(words)
    return state or {"done": []}


def _remember(state: dict, **values) -> dict:
    with unit_of_work():
        put_setting(SETTING, state | values)
    return state | values


# --- once ---------------------------------------------------------------------------------------------------


def _people(_today: date) -> None:
    seed(seed_data())


def _ledger(today: date) -> None:
    """The shipped ledger, moved so that its last day is today, through the import that everybody uses."""
    try:
        outcome = import_file(ledger.shifted_copy(today), COMPOUND, True, ledger.SHIPPED.name)
    except Conflict:
        # Stored by a start that was broken off right after.
        return
    if not outcome.is_good:
        raise RuntimeError("\n".join(outcome.lines))


def _landlords(_today: date) -> None:
    with unit_of_work():
        if session.scalar(select(Unit.id).where(Unit.claimed_at.is_not(None)).limit(1)) is None:
            establish(clock.now() - JOINED, clock.now() - LATELY)


def _months(today: date) -> None:
    """Live through the ledger's months, then keep those that are over as every first of a month does."""
    history.live_through(today)
    first = today.replace(day=1)
    for _back in range(MONTHS):
        first = (first - timedelta(days=1)).replace(day=1)
        with unit_of_work():
            freeze_month(month_name(first))


def _locks(_today: date) -> None:
    with unit_of_work():
        locks.install()


STEPS: tuple[tuple[str, Lazy, Callable[[date], None]], ...] = (
    ("people", lazy("小区、网格、派出所和人员……"), _people),
    ("ledger", lazy("导入两个月的台账（180 套房源）……"), _ledger),
    ("landlords", lazy("房东认领、备案……"), _landlords),
    ("locks", lazy("门锁……"), _locks),
    ("months", lazy("过去两个月的预警和处置……"), _months),
)


# --- every day ----------------------------------------------------------------------------------------------


def _pass_to(today: date, before: str | None) -> None:
    """What happened since the last start: people left and came, doors opened, a landlord did not answer."""
    since = date.fromisoformat(before) if before else today
    with unit_of_work():
        tonight.move_on(since)
        tonight.arrive()
    with unit_of_work():
        locks.speak(clock.local_time(since, time(0)) if before else clock.now() - locks.KEPT)
    leave_one_to_the_grid_worker()
    tick(clock.now())
