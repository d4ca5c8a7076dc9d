"""Which jurisdiction pack holds for a unit today."""

from collections.abc import Iterable

from sqlalchemy import select

from ..core import clock
from ..core.db import session
from ..places.models import PlacePack
from ..places.pack import Pack, pack_for
from .concerned import ids_in
from .models import FILING_LABELS, FilingStatus, Unit

EVERYWHERE = "national"


def pack_at_path(path: str) -> Pack:
    """The pack of the nearest place above that has one in force today; else the national one."""
    today, above = clock.local_day(clock.now()), [int(key) for key in path.split("/") if key]
    query = (
        select(PlacePack.place_id, PlacePack.pack)
        .where(PlacePack.place_id.in_(ids_in([path])), PlacePack.effective_from <= today)
        .order_by(PlacePack.effective_from)
    )
    in_force = dict(session.execute(query).all())
    code = next((in_force[key] for key in reversed(above) if key in in_force), EVERYWHERE)
    return pack_for(code, today)


def pack_of(unit: Unit) -> Pack:
    return pack_at_path(unit.path)


def packs_of(units: Iterable[Unit]) -> dict[int, Pack]:
    """The packs of several units by compound: units of one compound have the same."""
    found: dict[int, Pack] = {}
    for unit in units:
        if unit.compound_id not in found:
            found[unit.compound_id] = pack_of(unit)
    return found


def filing_word(status: FilingStatus, pack: Pack):
    """The word for a state of a filing; “checked” and “decided” are the place's."""
    if status in (FilingStatus.CHECKED, FilingStatus.DECIDED):
        return pack.words[f"filing_{status}"]
    return FILING_LABELS[status]
