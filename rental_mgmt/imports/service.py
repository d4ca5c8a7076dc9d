"""Import batches: a file comes in, is read without storing anything, then stored in one go or refused."""

from uuid import UUID

from sqlalchemy import Select, or_, select

from ..accounts.scope import below
from ..audit.service import record
from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import session
from ..core.errors import Conflict, NotFound
from ..core.files import StoredFile, delete, store
from ..core.i18n import _
from ..core.lookup import get_or_404
from ..core.seal import Retention
from ..core.uploads import FileKind, Upload
from ..places.models import Place, PlaceKind
from .models import BatchStatus, ImportBatch, ImportRow

IMPORTERS = (Role.PROPERTY_MANAGER, Role.COMMUNITY_OFFICER, Role.SYSTEM)


@allow(*IMPORTERS)
def list_compounds(actor: Actor) -> list[Place]:
    """The compounds the actor may import for."""
    query = select(Place).where(Place.kind == PlaceKind.COMPOUND).order_by(Place.name)
    if actor.role is not Role.SYSTEM:
        reached = [below(Place.path, path) for path in actor.paths]
        if not reached:
            return []
        query = query.where(or_(*reached))
    return session.scalars(query).all()


@allow(*IMPORTERS)
def list_batches(actor: Actor) -> Select:
    """The batches of those compounds, newest first by uid."""
    return select(ImportBatch).where(ImportBatch.compound_id.in_([place.id for place in list_compounds(actor)]))


def get_batch(actor: Actor, batch_uid: UUID) -> ImportBatch:
    """One batch in scope."""
    return get_or_404(list_batches(actor), batch_uid)


# Errors first, then as they stand in the file.
PROBLEM_ORDER = (ImportRow.is_error.desc(), ImportRow.sheet, ImportRow.number)


def list_problems(batch: ImportBatch) -> Select:
    """The rows with errors or warnings; page them by PROBLEM_ORDER."""
    return select(ImportRow).where(ImportRow.batch_id == batch.id)


@allow(*IMPORTERS)
def upload(actor: Actor, compound_uid: UUID, source, name: str) -> ImportBatch:
    """Keep a file sealed and queue its dry run; the same file while its rows are stored is refused."""
    compound = next((place for place in list_compounds(actor) if place.uid == compound_uid), None)
    if compound is None:
        raise NotFound
    about = {"retention": Retention.FILE, "purpose": "import", "community_id": compound.parent_id}
    kept = store(actor, Upload(kind=FileKind.IMPORT, source=source, field="file", name=name, **about))
    session.flush()
    batch = ImportBatch(
        compound_id=compound.id,
        user_id=actor.user_id,
        file_id=kept.id,
        sha256=bytes.fromhex(kept.sha256),
        status=BatchStatus.READING,
        progress=0,
        summary={},
        created_at=clock.now(),
    )
    refuse_known(compound.id, batch.sha256)
    session.add(batch)
    record(actor, "import.upload", batch, chain=f"place:{compound.parent_id}", size=kept.size)
    return batch


def refuse_known(compound_id: int, sha256: bytes) -> None:
    """Twice changes nothing: a file whose rows are stored is not stored again."""
    known = select(ImportBatch.id).where(
        ImportBatch.compound_id == compound_id, ImportBatch.live_hash == sha256
    )
    if session.scalar(known):
        raise Conflict(_("这份文件已经导入过；没有改变任何数据。要重新导入，请先撤销那一批"))


@allow(*IMPORTERS)
def discard(actor: Actor, batch: ImportBatch) -> None:
    """Throw away a batch that was never stored, with its file."""
    if batch.status in (BatchStatus.STORED, BatchStatus.UNDONE):
        raise Conflict(_("这一批已经导入；请用“撤销”"))
    forget_file(batch)
    batch.status = BatchStatus.REFUSED
    record(actor, "import.discard", batch, chain=chain_of(batch))


def forget_file(batch: ImportBatch) -> None:
    """The file has served: what remains of it is its hash."""
    if batch.file_id:
        kept = session.get(StoredFile, batch.file_id)
        batch.file_id = None
        session.flush()
        delete(kept)


def chain_of(batch: ImportBatch) -> str:
    return f"place:{session.get(Place, batch.compound_id).parent_id}"


def problem_table(batch: ImportBatch) -> list[list[str]]:
    """Everything that is to be put right, a line for each cell, in the reader's language; no cell's content."""
    rows = session.scalars(list_problems(batch).order_by(*PROBLEM_ORDER))
    levels = {"error": _("错误"), "warning": _("提醒")}
    lines = [
        [levels[one["level"]], row.sheet, str(row.number), one["cell"], one["words"]]
        for row in rows
        for one in row.said_problems
    ]
    return [[_("级别"), _("工作表"), _("行"), _("单元格"), _("怎么改")], *lines]
