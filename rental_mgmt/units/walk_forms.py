"""The form of a walk: for every door what was seen there, and a word about it where it differs."""

from collections.abc import Sequence

from ..core import fields
from ..core.errors import Invalid
from ..core.i18n import _, lazy
from .models import CheckResult, Unit
from .walks import Seen


class _Note(fields.Schema):
    note = fields.Text(lazy("备注"), max=500, kind="area", rows=2, load_default=None)


def walk_form(units: Sequence[Unit]) -> type[fields.Schema]:
    """A schema with two fields for each unit: result-<uid>, note-<uid>."""
    made: dict = {}
    for unit in units:
        made[f"result-{unit.uid}"] = fields.Choice(CheckResult, unit.name, shown="radio", load_default=None)
        made[f"note-{unit.uid}"] = fields.Text(lazy("哪里不一致"), max=200, load_default=None)
    return _Note.from_dict(made, name="WalkForm")


def read_walk(typed: dict, units: Sequence[Unit]) -> tuple[list[Seen], str | None]:
    """What was typed as the service takes it; doors without an answer were not looked at."""
    asked = _("请写明哪里与申请不一致")
    silent = {
        f"note-{unit.uid}": [asked]
        for unit in units
        if typed[f"result-{unit.uid}"] is CheckResult.DIFFERS and not typed[f"note-{unit.uid}"]
    }
    if silent:
        raise Invalid(errors=silent)
    seen = [
        Seen(unit.uid, result, typed[f"note-{unit.uid}"])
        for unit in units
        if (result := typed[f"result-{unit.uid}"])
    ]
    return seen, typed["note"]
