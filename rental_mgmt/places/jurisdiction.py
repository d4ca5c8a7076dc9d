"""Which jurisdiction pack holds at a place on a day: of the nearest place above that has one, else national."""

from datetime import date

from sqlalchemy import select

from ..audit.service import record
from ..core.access import Actor, Role, allow
from ..core.db import dialect_insert, session
from ..core.errors import Invalid
from ..core.i18n import _
from .models import Place, PlacePack
from .pack import Pack, pack_codes, pack_for
from .tree import chain_of, ids_of

NATIONAL = "national"


def pack_at(path: str, on: date) -> Pack:
    """The pack in force at a path on a day."""
    return pack_for(code_at(path, on), on)


def code_at(path: str, on: date) -> str:
    rows = session.execute(
        select(PlacePack.place_id, PlacePack.pack)
        .where(PlacePack.place_id.in_(ids_of(path)), PlacePack.effective_from <= on)
        .order_by(PlacePack.effective_from)
    )
    in_force = dict(rows.all())
    return next((in_force[key] for key in reversed(ids_of(path)) if key in in_force), NATIONAL)


@allow(Role.SYSTEM_ADMIN)
def set_pack(actor: Actor, place: Place, code: str, effective_from: date) -> None:
    """Put a pack in force at a place and below it from a day on. Raises Invalid."""
    if code not in pack_codes():
        raise Invalid(errors={"pack": [_("没有这个法域包")]})
    store_pack(place, code, effective_from)
    record(actor, "pack.set", place, chain_of(place), pack=code, effective_from=effective_from.isoformat())


def store_pack(place: Place, code: str, effective_from: date) -> None:
    insert = dialect_insert(PlacePack).values(place_id=place.id, pack=code, effective_from=effective_from)
    session.execute(
        insert.on_conflict_do_update(index_elements=["place_id", "effective_from"], set_={"pack": code})
    )
