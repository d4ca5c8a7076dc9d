"""Work orders: every visit for an alert, from assignment to approval."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..alerts.models import Alert, Verdict
from ..core.access import Role
from ..core.db import Model, Sealed, Uid, Words
from ..core.errors import Conflict
from ..core.i18n import _, lazy


class OrderStatus(StrEnum):
    ASSIGNED = "assigned"
    SIGNED = "signed"
    REPORTED = "reported"
    RETURNED = "returned"
    APPROVED = "approved"
    # The claimer gave the alert back before reporting.
    DROPPED = "dropped"

    @property
    def label(self):
        return ORDER_LABELS[self]


ORDER_LABELS = {
    OrderStatus.ASSIGNED: lazy("已分派"),
    OrderStatus.SIGNED: lazy("已签收"),
    OrderStatus.REPORTED: lazy("待审核"),
    OrderStatus.RETURNED: lazy("已退回"),
    OrderStatus.APPROVED: lazy("已通过"),
    OrderStatus.DROPPED: lazy("已放回"),
}

MOVES = {
    OrderStatus.ASSIGNED: {OrderStatus.SIGNED, OrderStatus.DROPPED},
    OrderStatus.SIGNED: {OrderStatus.REPORTED, OrderStatus.DROPPED},
    OrderStatus.REPORTED: {OrderStatus.RETURNED, OrderStatus.APPROVED},
    OrderStatus.RETURNED: {OrderStatus.SIGNED, OrderStatus.DROPPED},
    OrderStatus.APPROVED: set(),
    OrderStatus.DROPPED: set(),
}


_REPORTED = text("status = 'reported'")


class WorkOrder(Uid, Model):
    """One visit. `checklist` is [{"item": key, "words": …, "answer": "ok"|"problem"|"n_a"}] of this rule."""

    __tablename__ = "work_order"
    __table_args__ = (
        Index(None, "assigned_to_id", "status"),
        Index("ix_work_order_reported", "alert_id", postgresql_where=_REPORTED, sqlite_where=_REPORTED),
        CheckConstraint("ordered_by_id is null or ordered_by_id <> assigned_to_id", "ordered_of_another"),
    )

    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"), index=True)
    assigned_to_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    assigned_role: Mapped[Role] = mapped_column(Words(Role))
    # Set where somebody who holds the alert ordered a visit of another: its report closes nothing by itself.
    ordered_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    status: Mapped[OrderStatus] = mapped_column(Words(OrderStatus), default=OrderStatus.ASSIGNED)
    checklist: Mapped[list]
    result: Mapped[Verdict | None] = mapped_column(Words(Verdict))
    note_sealed: Mapped[Sealed | None]
    needs_approval: Mapped[bool] = mapped_column(default=False)
    # The bits (ROLE_BITS of alerts) of the roles that may approve the report.
    approvers: Mapped[int] = mapped_column(default=0)
    # The number the worker has in another platform, and nothing typed twice.
    outside_number: Mapped[str | None]
    assigned_at: Mapped[datetime]
    signed_at: Mapped[datetime | None]
    waits_until: Mapped[datetime | None]
    reported_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    # Why it came back to the worker, or why the worker gave it back.
    reason_sealed: Mapped[Sealed | None]
    version: Mapped[int] = mapped_column(default=1)

    alert: Mapped[Alert] = relationship()

    __mapper_args__ = {"version_id_col": version}

    def move_to(self, status: OrderStatus) -> None:
        if status not in MOVES[self.status]:
            now, then = self.status.label, status.label
            raise Conflict(_("工单当前为“%(now)s”，不能变为“%(then)s”", now=now, then=then))
        self.status = status


class WorkOrderPhoto(Model):
    """A photo that proves something the checklist asked for."""

    __tablename__ = "work_order_photo"

    work_order_id: Mapped[int] = mapped_column(ForeignKey("work_order.id"), index=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id"))
    # The key of the checklist item that it proves.
    item: Mapped[str]
