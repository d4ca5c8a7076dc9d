"""`flask seed FILE.json`: a new installation's places, people, units and devices from one file.

Places and people are added by accounts/seed.py; this reads and checks the file and adds what stands on floors
above: units and devices. Read again, a file adds only what is not there yet. Its shape is seed_schema.py, an
example seed_sample.json.
"""

from collections.abc import Iterator
from pathlib import Path

from ..accounts.seed import seed as seed_people
from ..audit.service import record
from ..core import strict_json
from ..core.access import SYSTEM
from ..core.api import load
from ..core.db import unit_of_work
from ..core.errors import Invalid
from ..core.fields import values_are_typed
from ..core.i18n import _
from .seed_devices import add_source
from .seed_schema import SeedFile
from .seed_units import add_unit

LARGEST_MB = 20


def seed_file(path: Path) -> Iterator[str]:
    """Add what the file names and is not there yet, all or nothing; says what was added, line by line."""
    if path.stat().st_size > LARGEST_MB << 20:
        raise Invalid(errors={"file": [_("种子文件超过 %(mb)s MB", mb=LARGEST_MB)]})
    yield from seed(strict_json.loads(path.read_bytes()))


def seed(raw: dict) -> list[str]:
    """The same from a value; one transaction. Raises Invalid with the path of every bad field."""
    typed = values_are_typed.set(True)
    try:
        checked = load(SeedFile(), raw)
    finally:
        values_are_typed.reset(typed)
    with unit_of_work():
        done = seed_people(raw | {"people": _as_checked(raw, checked, "people")})
        units = sum(add_unit(row, done) for row in checked["units"])
        sources = [line for row in checked["device_sources"] for line in add_source(row)]
        counts = {"places": done.places, "people": done.people, "units": units}
        record(SYSTEM, "seed.apply", "seed", "system", **counts)
    lines = [_("新增地点 %(places)s 处、人员 %(people)s 位、房源 %(units)s 套", **counts), *sources]
    lines += [_("%(name)s 的一次性邀请码：%(code)s", name=name, code=code) for name, code in done.codes.items()]
    return lines


def _as_checked(raw: dict, checked: dict, name: str) -> list[dict]:
    """The rows as written, with phones and sign-in names as the schema reads them."""
    taken = ("phone", "sign_in_name")
    return [
        row | {key: read[key] for key in taken if key in row}
        for row, read in zip(raw.get(name, ()), checked[name], strict=True)
    ]
