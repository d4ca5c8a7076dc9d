"""Stays and their guests. Whatever names a person is sealed; rules read the clear columns only."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..core.db import Fingerprint, Model, Sealed, Uid, Words
from ..core.i18n import lazy
from ..places.pack import national_ages
from ..units.models import Unit
from .identity import DocumentKind, DocumentState, Sex


class Person(Model):
    """One row per identity fingerprint: what B-rules lock, touch and group on."""

    __tablename__ = "person"

    fp: Mapped[Fingerprint] = mapped_column(unique=True)
    fp_next: Mapped[Fingerprint | None] = mapped_column(index=True)
    created_at: Mapped[datetime]


class Stay(Uid, Model):
    """A unit let to one group from check-in to check-out; may be planned before its guests are known.

    `checks_in_at`, `checks_out_at` are planned; `ended_at` is when it really ended. An overdue stay is
    still present until somebody checks it out.
    """

    __tablename__ = "stay"
    __table_args__ = (
        Index(None, "unit_id", "checks_in_at"),
        # What goes on, and what ended lately, however long the history: rules ask for both together.
        Index(None, "unit_id", "ended_at"),
    )

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    checks_in_at: Mapped[datetime]
    checks_out_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    planned_guests: Mapped[int | None]
    note: Mapped[str | None]
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    import_batch_id: Mapped[int | None] = mapped_column(ForeignKey("import_batch.id"), index=True)
    version: Mapped[int] = mapped_column(default=1)

    unit: Mapped[Unit] = relationship()
    guests: Mapped[list["Guest"]] = relationship(back_populates="stay", order_by="Guest.id")

    __mapper_args__ = {"version_id_col": version}

    @property
    def has_ended(self) -> bool:
        return self.ended_at is not None or self.cancelled_at is not None


# Under eighteen (未成年人保护法 2): national law, so no place's pack can set another age.
MINOR = national_ages().minor


def is_minor(age: int | None) -> bool:
    """Is somebody of this age at check-in a minor? An age nobody knows is not guessed."""
    return age is not None and age < MINOR


class Relation(StrEnum):
    """How a guest relates to whoever booked; asked of all who stay with a minor (未成年人保护法 57)."""

    SELF = "self"
    SPOUSE = "spouse"
    PARENT = "parent"
    CHILD = "child"
    GRANDPARENT = "grandparent"
    SIBLING = "sibling"
    RELATIVE = "relative"
    FRIEND = "friend"
    COLLEAGUE = "colleague"
    TEACHER = "teacher"
    OTHER = "other"

    @property
    def label(self):
        return RELATION_LABELS[self]


RELATION_LABELS = {
    Relation.SELF: lazy("本人预订"),
    Relation.SPOUSE: lazy("配偶"),
    Relation.PARENT: lazy("父母"),
    Relation.CHILD: lazy("子女"),
    Relation.GRANDPARENT: lazy("祖父母、外祖父母"),
    Relation.SIBLING: lazy("兄弟姐妹"),
    Relation.RELATIVE: lazy("其他亲属"),
    Relation.FRIEND: lazy("朋友"),
    Relation.COLLEAGUE: lazy("同事"),
    Relation.TEACHER: lazy("老师、教练"),
    Relation.OTHER: lazy("其他"),
}


class Missing(StrEnum):
    """What an incomplete registration still lacks."""

    DOCUMENT = "document"
    GUARDIAN_CONTACT = "guardian_contact"
    RELATION = "relation"
    OVERSEAS_REPORT = "overseas_report"
    VALID_NUMBER = "valid_number"

    @property
    def label(self):
        return MISSING_LABELS[self]


MISSING_LABELS = {
    Missing.DOCUMENT: lazy("证件"),
    Missing.GUARDIAN_CONTACT: lazy("监护人联系方式"),
    Missing.RELATION: lazy("与同住人关系"),
    Missing.OVERSEAS_REPORT: lazy("境外人员住宿登记回执"),
    Missing.VALID_NUMBER: lazy("正确的证件号码"),
}


class Guest(Uid, Model):
    """One person in one stay.

    Present at t: arrived_at ≤ t < coalesce(left_at, stay.ended_at, ∞), and not voided.
    """

    __tablename__ = "guest"
    __table_args__ = (
        Index(
            "uq_guest_stay_person",
            "stay_id",
            "person_id",
            unique=True,
            postgresql_where=text("voided_at is null"),
            sqlite_where=text("voided_at is null"),
        ),
        Index(None, "unit_id", "arrived_at"),
        # The last two are read besides: of a long history only the rows of stays that count are fetched.
        Index("ix_guest_person_id_arrived_at", "person_id", "arrived_at", "stay_id", "voided_at"),
        Index(None, "phone_fp"),
        Index(None, "name_fp"),
        Index(None, "recorded_at"),
    )

    stay_id: Mapped[int] = mapped_column(ForeignKey("stay.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    # Clear: what rules need and what goes with the guest (decisions of the data model).
    document_kind: Mapped[DocumentKind] = mapped_column(Words(DocumentKind))
    document_state: Mapped[DocumentState] = mapped_column(Words(DocumentState))
    document_valid_until: Mapped[date | None]
    # For "other document": which paper, issued where ("HKG", "TWN", …); for "none today": why.
    document_name: Mapped[str | None]
    issuing_place: Mapped[str | None]
    nationality: Mapped[str]
    sex: Mapped[Sex] = mapped_column(Words(Sex))
    age_at_check_in: Mapped[int | None]
    relation: Mapped[Relation | None] = mapped_column(Words(Relation))
    relation_given: Mapped[bool] = mapped_column(default=False)
    guardian_contact_given: Mapped[bool] = mapped_column(default=False)
    is_overseas: Mapped[bool] = mapped_column(default=False)
    is_over_capacity: Mapped[bool] = mapped_column(default=False)
    missing: Mapped[list] = mapped_column(default=list)

    name_sealed: Mapped[Sealed]
    number_sealed: Mapped[Sealed | None]
    phone_sealed: Mapped[Sealed | None]
    birth_sealed: Mapped[Sealed | None]
    guardian_sealed: Mapped[Sealed | None]
    explanation_sealed: Mapped[Sealed | None]
    name_fp: Mapped[Fingerprint | None]
    name_fp_next: Mapped[Fingerprint | None]
    phone_fp: Mapped[Fingerprint | None]
    phone_fp_next: Mapped[Fingerprint | None]
    retention: Mapped[str]

    arrived_at: Mapped[datetime]
    arrived_on: Mapped[date]
    left_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    voided_at: Mapped[datetime | None]
    void_reason_sealed: Mapped[Sealed | None]
    legal_hold: Mapped[bool] = mapped_column(default=False)
    import_batch_id: Mapped[int | None] = mapped_column(ForeignKey("import_batch.id"), index=True)
    import_row: Mapped[int | None]
    version: Mapped[int] = mapped_column(default=1)

    stay: Mapped[Stay] = relationship(back_populates="guests")

    __mapper_args__ = {"version_id_col": version}

    @property
    def is_minor(self) -> bool:
        return is_minor(self.age_at_check_in)

    @property
    def is_complete(self) -> bool:
        return not self.missing


class GuestVersion(Model):
    """What a guest's sealed details were before a correction; who corrected, when and why."""

    __tablename__ = "guest_version"
    __table_args__ = (UniqueConstraint("guest_id", "number"),)

    guest_id: Mapped[int] = mapped_column(ForeignKey("guest.id"))
    number: Mapped[int]
    details_sealed: Mapped[Sealed]
    reason_sealed: Mapped[Sealed]
    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))


class OverseasReport(Uid, Model):
    """The report of an overseas guest to the police: its number and photo close F05 (出境入境管理法 39)."""

    __tablename__ = "overseas_report"

    guest_id: Mapped[int] = mapped_column(ForeignKey("guest.id"), unique=True)
    receipt_number: Mapped[str]
    photo_file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_file.id"))
    reported_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))


class NightState(StrEnum):
    EMPTY = "empty"
    OCCUPIED = "occupied"


class NightMark(Model):
    """What the landlord said about a night: known empty or known occupied. Without a row it is not known."""

    __tablename__ = "night_mark"
    __table_args__ = (UniqueConstraint("unit_id", "night_on"),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    night_on: Mapped[date]
    state: Mapped[NightState] = mapped_column(Words(NightState))
    said_at: Mapped[datetime]
    said_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))


class Shown(Uid, Model):
    """A landlord showed an officer at the door how many are registered since when; counts only."""

    __tablename__ = "shown_registration"

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    shown_at: Mapped[datetime]
    shown_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    registered: Mapped[int]
