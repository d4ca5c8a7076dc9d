"""Photos and papers of a unit: added, shown to those who need them, taken away."""

from collections.abc import Sequence
from datetime import date
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import select

from ..audit.service import record, record_access
from ..core import clock
from ..core.access import POLICE_ROLES, Actor, Role, allow
from ..core.db import session
from ..core.errors import Conflict, Invalid, NotFound
from ..core.files import FileKind, StoredFile, Upload, open_file, store
from ..core.i18n import _
from ..core.lookup import get_or_404
from ..core.seal import Retention
from ..core.touch import Kind, touch
from .models import UNDER_REVIEW, DocumentKind, Unit, UnitDocument
from .registering import open_filing
from .scope import visible

MOST = 30


@allow(Role.LANDLORD)
def add_document(
    actor: Actor,
    unit: Unit,
    kind: DocumentKind,
    source: bytes | BinaryIO,
    name: str,
    expires_on: date | None = None,
) -> UnitDocument:
    """Keep a photo or paper, sealed. Raises Invalid naming the remedy for a file that is none."""
    _refuse_unfit(unit, expires_on)
    upload = Upload(
        kind=FileKind.PHOTO if kind is DocumentKind.PHOTO else FileKind.PAPER,
        source=source,
        name=name,
        retention=Retention.UNIT,
        purpose=f"unit.{kind}",
        community_id=unit.community_id,
    )
    document = UnitDocument(
        unit_id=unit.id,
        file_id=store(actor, upload).id,
        kind=kind,
        expires_on=expires_on,
        added_at=clock.now(),
    )
    session.add(document)
    session.flush()
    touch((Kind.UNIT, unit.id))
    record(actor, "unit_document.add", document, chain=unit.chain, kind=kind, unit=unit.uid)
    return document


def _refuse_unfit(unit: Unit, expires_on: date | None) -> None:
    if expires_on is not None and expires_on < clock.local_day(clock.now()):
        raise Invalid(errors={"expires_on": [_("这份材料已过期，请上传有效的")]})
    if len(documents_of(unit)) >= MOST:
        raise Conflict(_("一套房源最多 %(n)s 份照片和材料，请先移除不用的", n=MOST))


@allow(Role.LANDLORD)
def add_documents(
    actor: Actor, unit: Unit, kind: DocumentKind, files: Sequence[tuple[BinaryIO, str]], expires_on: date | None
) -> list[UnitDocument]:
    """Keep several photos, or the pages of a paper, at once: all of them or none."""
    if not files:
        raise Invalid(errors={"file": [_("请选择照片或文件")]})
    return [add_document(actor, unit, kind, source, name, expires_on) for source, name in files]


def documents_of(unit: Unit) -> list[UnitDocument]:
    """The photos and papers that count, in the order they came."""
    live = select(UnitDocument).where(UnitDocument.unit_id == unit.id, UnitDocument.removed_at.is_(None))
    return list(session.scalars(live.order_by(UnitDocument.id)))


@allow(Role.LANDLORD)
def remove_document(actor: Actor, unit: Unit, uid: UUID) -> None:
    """Take a photo or paper away; not while somebody is looking at the filing that names it."""
    document = get_or_404(_of(unit), uid)
    if open_filing(unit, UNDER_REVIEW):
        raise Conflict(_("备案申请正在核查，材料暂不能移除；可以另外补充，或先撤回申请"))
    document.removed_at = clock.now()
    touch((Kind.UNIT, unit.id))
    record(actor, "unit_document.remove", document, chain=unit.chain, kind=document.kind)


def _of(unit: Unit):
    return select(UnitDocument).where(UnitDocument.unit_id == unit.id, UnitDocument.removed_at.is_(None))


# --- reading ------------------------------------------------------------------------------------------------


def is_readable(unit: Unit, kind: DocumentKind, actor: Actor) -> bool:
    """Photos are for all in scope; papers name people: for the landlord, the police, and a check under way."""
    if kind is DocumentKind.PHOTO or actor.role is Role.LANDLORD or actor.role in POLICE_ROLES:
        return True
    return actor.role is Role.GRID_WORKER and open_filing(unit, UNDER_REVIEW) is not None


def get_document(actor: Actor, uid: UUID) -> tuple[UnitDocument, StoredFile, bytes]:
    """A photo or paper with its bytes; out of scope or not for this role is 404. The look is recorded."""
    document = get_or_404(visible(actor, UnitDocument), uid)
    unit = session.get_one(Unit, document.unit_id)
    if document.removed_at is not None or not is_readable(unit, document.kind, actor):
        raise NotFound
    file = session.get_one(StoredFile, document.file_id)
    record_access(actor, "unit_document.read", document, chain=unit.chain, kind=document.kind)
    return document, file, open_file(file)


def kinds_on_file(unit: Unit) -> set[DocumentKind]:
    """The kinds of which a paper is there that has not run out."""
    today = clock.local_day(clock.now())
    return {d.kind for d in documents_of(unit) if d.expires_on is None or d.expires_on >= today}
