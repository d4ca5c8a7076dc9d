"""What was found on site: answers to this rule's checklist, pictures where they prove something, a result."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO

from sqlalchemy import select

from ..alerts.history import note_down
from ..alerts.models import AlertEvent, Verdict
from ..alerts.service import HANDLERS
from ..audit.service import record
from ..core import clock
from ..core.access import Actor, allow
from ..core.db import session
from ..core.errors import Conflict, Invalid
from ..core.files import StoredFile, store
from ..core.i18n import _, lazy
from ..core.seal import Retention
from ..core.uploads import FileKind, Upload
from .approvals import settle
from .models import OrderStatus, WorkOrder, WorkOrderPhoto
from .service import is_visit, refuse_unless_mine, sealed, sign


class Found(StrEnum):
    OK = "ok"
    PROBLEM = "problem"
    NOT_APPLICABLE = "n_a"

    @property
    def label(self):
        return FOUND_LABELS[self]


FOUND_LABELS = {
    Found.OK: lazy("没有问题"),
    Found.PROBLEM: lazy("有问题"),
    Found.NOT_APPLICABLE: lazy("不适用"),
}


@dataclass(frozen=True)
class Photo:
    """A picture that proves one item of the checklist."""

    item: str
    source: bytes | BinaryIO


@dataclass(frozen=True)
class Report:
    """What the worker says: an answer to each item, a result, and what else there is to say."""

    result: Verdict
    answers: Mapping[str, Found] = field(default_factory=dict)
    note: str | None = None
    outside_number: str | None = None
    photos: Collection[Photo] = ()


# --- reporting ----------------------------------------------------------------------------------------------


@allow(*HANDLERS)
def report(actor: Actor, order: WorkOrder, said: Report) -> WorkOrder:
    """Report what was found; it closes the alert unless a second person has to look at it first.

    One that came back is taken up again by reporting anew; its photos still count.
    """
    refuse_unless_mine(order, actor)
    if order.status is OrderStatus.RETURNED:
        sign(actor, order)
    if order.status is not OrderStatus.SIGNED:
        raise Conflict(_("请先签收工单，再反馈"))
    order.checklist = _answered(order, said.answers)
    for photo in said.photos:
        add_photo(actor, order, photo)
    _refuse_without_proof(order)
    file_report(actor, order, said)
    settle([order], actor)
    return order


def _answered(order: WorkOrder, answers: Mapping[str, Found]) -> list[dict]:
    missing = [item["item"] for item in order.checklist if item["item"] not in answers]
    unknown = set(answers) - {item["item"] for item in order.checklist}
    wrong = {f"answers.{key}": [_("请选择没有问题、有问题或不适用")] for key in missing}
    wrong |= {f"answers.{key}": [_("检查项中没有这一项，请删去")] for key in unknown}
    if wrong:
        raise Invalid(errors=wrong)
    return [item | {"answer": answers[item["item"]].value} for item in order.checklist]


def _refuse_without_proof(order: WorkOrder) -> None:
    """A photo only where the rule says that a picture proves something and there was something to see."""
    proven = set(session.scalars(select(WorkOrderPhoto.item).where(WorkOrderPhoto.work_order_id == order.id)))
    lacking = [
        item["item"]
        for item in order.checklist
        if item.get("photo") and item["answer"] != Found.NOT_APPLICABLE and item["item"] not in proven
    ]
    if lacking:
        raise Invalid(errors={f"photos.{key}": [_("这一项请附一张照片")] for key in lacking})


@allow(*HANDLERS)
def file_report(actor: Actor, order: WorkOrder, said: Report) -> None:
    """Write a report down as it was said; what becomes of it is settled afterwards, for many at once."""
    order.move_to(OrderStatus.REPORTED)
    order.result, order.reported_at = said.result, clock.now()
    order.note_sealed = sealed(order, "note_sealed", said.note)
    order.outside_number, order.waits_until = said.outside_number, None
    note_down(order.alert, AlertEvent.REPORTED, actor, said.note, result=said.result, visit=is_visit(order))
    record(actor, "work_order.report", order, order.alert.chain, result=said.result)


@allow(*HANDLERS)
def add_photo(actor: Actor, order: WorkOrder, photo: Photo) -> StoredFile:
    """Keep a picture for an item of the checklist, without its metadata."""
    refuse_unless_mine(order, actor)
    if photo.item not in {item["item"] for item in order.checklist}:
        raise Invalid(errors={f"photos.{photo.item}": [_("检查项中没有这一项，请删去")]})
    upload = Upload(
        kind=FileKind.PHOTO,
        retention=Retention.CASE,
        purpose="work_order",
        community_id=order.alert.community_id,
        source=photo.source,
        field=f"photos.{photo.item}",
    )
    file = store(actor, upload)
    session.add(WorkOrderPhoto(work_order_id=order.id, file_id=file.id, item=photo.item))
    session.flush()
    record(actor, "work_order.add_photo", order, order.alert.chain, item=photo.item)
    return file


def photos_of(order: WorkOrder) -> list[tuple[str, StoredFile]]:
    """The pictures of an order, each with the item it proves."""
    found = session.execute(
        select(WorkOrderPhoto.item, StoredFile)
        .join(StoredFile, StoredFile.id == WorkOrderPhoto.file_id)
        .where(WorkOrderPhoto.work_order_id == order.id)
        .order_by(WorkOrderPhoto.id)
    )
    return [(row.item, row.StoredFile) for row in found]
