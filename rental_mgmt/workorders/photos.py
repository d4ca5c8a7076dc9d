"""The pictures of work orders: whoever may read the order may look, and each look is recorded."""

from uuid import UUID

from sqlalchemy import select

from ..audit.service import record_access
from ..core.access import Actor
from ..core.files import StoredFile
from ..core.lookup import get_or_404
from .models import WorkOrderPhoto
from .service import get_order


def get_photo(actor: Actor, order_uid: UUID, file_uid: UUID) -> StoredFile:
    """One picture of an order that the actor may read."""
    order = get_order(actor, order_uid)
    query = (
        select(StoredFile)
        .join(WorkOrderPhoto, WorkOrderPhoto.file_id == StoredFile.id)
        .where(WorkOrderPhoto.work_order_id == order.id)
    )
    file = get_or_404(query, file_uid)
    record_access(actor, "work_order.see_photo", order, order.alert.chain)
    return file
