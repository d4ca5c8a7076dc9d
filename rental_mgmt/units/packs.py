"""Which jurisdiction pack holds for a unit today."""

from collections.abc import Iterable

from ..core import clock
from ..core.i18n import lazy
from ..places.jurisdiction import pack_at
from ..places.pack import Pack
from .models import FilingStatus, Unit

# The words for CHECKED and DECIDED are the place's own: filing_word.
FILING_LABELS = {
    FilingStatus.DRAFT: lazy("待提交"),
    FilingStatus.SUBMITTED: lazy("待现场核查"),
    FilingStatus.RETURNED: lazy("已退回"),
    FilingStatus.CHECKED: lazy("已现场核查"),
    FilingStatus.DECIDED: lazy("备案办结"),
    FilingStatus.WITHDRAWN: lazy("已撤回"),
}


def pack_at_path(path: str) -> Pack:
    return pack_at(path, clock.local_day(clock.now()))


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
