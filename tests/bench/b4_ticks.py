"""B4: a tick of all rules over the units that were touched, against the rules' SELECTs alone.

The floor runs the same SELECTs (what is wrong, and when to look again) over the same subjects straight through
the driver: no findings made, no alerts brought in line, nothing noted for later.
"""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from statistics import median

from sqlalchemy import insert

from rental_mgmt.core import clock
from rental_mgmt.core.db import engine as database
from rental_mgmt.core.db import on_postgresql, session, unit_of_work
from rental_mgmt.core.touch import Kind, Touch
from rental_mgmt.rules import engine
from rental_mgmt.rules.base import load_rules
from rental_mgmt.rules.work import read_work

from . import Measure, Place, Scale, inside, line
from .city import City

# A twentieth of the city is touched between two ticks; of a small city still so many.
FEWEST = 100
ROUNDS = 9
NOON = datetime(2026, 6, 10, 12, tzinfo=clock.LOCAL)


@line("B4", "a tick of all rules")
def ticks(scale: Scale, place: Place) -> Iterator[Measure]:
    with inside.opened(place):
        clock.freeze(NOON)
        touched = max(scale.units // 20, FEWEST)
        city, chance, seconds = City(scale.units), Random(4), {}
        for size in (1, 10):
            city.add_history(scale.stays * size // 10, scale.lock_events * size // 10)
            # What stood at the beginning is opened before anything is measured.
            _tick(range(1, city.units + 1))
            tick, floor = _in_turns(city, touched, chance)
            seconds[size] = tick
            what = f"tick, {touched:,} units touched"
            yield Measure(what, tick, "s", at_most=2, size=size)
            yield Measure(f"{what}, against its SELECTs", tick, "s", floor, at_most=2, size=size)
            yield Measure("tick, nothing touched", _tick([]) * 1000, "ms", at_most=100, size=size)
        yield Measure("tick over 10 × the history", seconds[10], "s", seconds[1], at_most=1.2)
    clock.freeze(None)


def _in_turns(city: City, touched: int, chance: Random) -> tuple[float, float]:
    pairs = []
    for _ in range(ROUNDS):
        units = chance.sample(range(1, city.units + 1), touched)
        floor = _floor(units)
        pairs.append((_tick(units), floor))
    return median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)


def _tick(units) -> float:
    with unit_of_work():
        if units:
            session.execute(insert(Touch), [{"kind": Kind.UNIT, "key": unit} for unit in units])
    clock.freeze(clock.now() + timedelta(seconds=10))
    begun = time.perf_counter()
    ticked = engine.tick(clock.now())
    if ticked.failed:
        raise RuntimeError(f"rules failed: {ticked.failed}")
    return time.perf_counter() - begun


def _floor(units) -> float:
    """The rules' SELECTs over these units, as text through the driver."""
    at, rules = clock.now(), load_rules()
    with unit_of_work():
        session.execute(insert(Touch), [{"kind": Kind.UNIT, "key": unit} for unit in units])
        session.flush()
        work = read_work(at, rules.values())
        session.rollback()
    seconds = 0.0
    with unit_of_work(read_only=True):
        if on_postgresql():
            session.execute(engine.FEW_SUBJECTS)
        for rule in rules.values():
            ids = sorted(work.subjects(rule))
            for query in (rule.find(at, ids, **rule.settings), rule.due(ids, at, **rule.settings)):
                if query is not None:
                    seconds += _bare(query)
    return seconds


def _bare(query) -> float:
    said = query.compile(database(), compile_kwargs={"render_postcompile": True})
    bound = {name: _bound(said, name, value) for name, value in said.construct_params().items()}
    values = tuple(bound[name] for name in said.positiontup) if said.positiontup else bound
    begun = time.perf_counter()
    session.connection().exec_driver_sql(said.string, values).all()
    return time.perf_counter() - begun


def _bound(said, name: str, value):
    """A parameter as its column's type hands it to the driver."""
    process = said._bind_processors.get(name)
    return process(value) if process else value
