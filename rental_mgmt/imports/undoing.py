"""Takes a stored batch back as a whole, unless people have worked on what it brought."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, delete, exists, func, select

from ..audit.service import record
from ..core import clock
from ..core.access import Actor, allow
from ..core.db import Model, session
from ..core.errors import Conflict
from ..core.i18n import _
from ..core.touch import Kind, touch
from ..stays.models import Guest, NightMark, OverseasReport, Stay
from ..units.models import Unit, UnitCapacity, UnitListing, UnitStatus
from .models import BatchStatus, ImportBatch
from .service import IMPORTERS, chain_of

# What an import writes beside a unit, and what goes with it.
HANGING = (UnitCapacity, UnitListing, NightMark)


@allow(*IMPORTERS)
def undo_batch(actor: Actor, batch: ImportBatch) -> dict[str, int]:
    """Delete the batch's guests, stays and still unclaimed units; returns how many of each.

    Refused while a guest of it was corrected or reported, or a stay of it was continued by hand: that work
    would be lost. Units that were claimed, or that alerts or devices speak of, stay.
    """
    if batch.status is not BatchStatus.STORED:
        raise Conflict(_("只有已导入的批次可以撤销"))
    _refuse_worked_on(batch)
    guests = Guest.import_batch_id == batch.id
    people = session.scalars(
        select(Guest.person_id).where(guests, Guest.person_id.is_not(None)).distinct()
    ).all()
    units = session.scalars(select(Stay.unit_id).where(Stay.import_batch_id == batch.id).distinct()).all()
    counts = {
        "guests": _delete(Guest, guests),
        "stays": _delete(Stay, Stay.import_batch_id == batch.id),
        "units": _delete_units(batch),
    }
    left = session.scalars(select(Unit.id).where(Unit.id.in_(units))).all()
    touch(*((Kind.UNIT, unit) for unit in left), *((Kind.PERSON, person) for person in people))
    batch.status, batch.live_hash, batch.undone_at = BatchStatus.UNDONE, None, clock.now()
    record(actor, "import.undo", batch, chain=chain_of(batch), **counts)
    return counts


def _refuse_worked_on(batch: ImportBatch) -> None:
    corrected = select(func.count()).where(Guest.import_batch_id == batch.id, Guest.version > 1)
    reported = (
        select(func.count())
        .select_from(OverseasReport)
        .join(Guest, Guest.id == OverseasReport.guest_id)
        .where(Guest.import_batch_id == batch.id)
    )
    own = Stay.import_batch_id == batch.id
    joined = (
        select(func.count())
        .select_from(Guest)
        .join(Stay, Stay.id == Guest.stay_id)
        .where(own, Guest.import_batch_id.is_(None))
    )
    worked_on = session.scalar(corrected) + session.scalar(reported) + session.scalar(joined)
    if worked_on:
        raise Conflict(_("这一批中有 %(n)s 条登记已被更正、申报或续写，不能整批撤销", n=worked_on))


def _delete_units(batch: ImportBatch) -> int:
    """The units nobody claimed and nothing else speaks of, with what hangs on them."""
    own = Unit.import_batch_id == batch.id, Unit.status == UnitStatus.UNCLAIMED
    free = select(Unit.id).where(*own, *_nobody_speaks_of_it())
    ids = session.scalars(free).all()
    for hanging in HANGING:
        _delete(hanging, hanging.unit_id.in_(ids))
    return _delete(Unit, Unit.id.in_(ids))


def _nobody_speaks_of_it() -> Iterator[ColumnElement[bool]]:
    """No row of any other table points at the unit: no stay, alert, lock, printed code, merged twin."""
    hanging = {model.__table__ for model in HANGING}
    for table in set(Model.metadata.tables.values()) - hanging:
        for key in table.foreign_keys:
            if key.column is Unit.__table__.c.id:
                other = table.alias()
                yield ~exists().where(other.c[key.parent.name] == Unit.__table__.c.id).correlate(Unit.__table__)


def _delete(model, condition: ColumnElement[bool]) -> int:
    found = session.execute(delete(model).where(condition).execution_options(synchronize_session=False))
    return found.rowcount
