"""What a liaison looked up and took out: every look with purpose and case, every file with its two persons."""

import uuid
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Model, Sealed, Uid, Words
from ..core.errors import Conflict
from ..core.i18n import _, lazy


class Purpose(StrEnum):
    """Why the police look up or take out; the word stands in the receipt, the manifest and the audit chain."""

    CRIMINAL_CASE = "criminal_case"
    PUBLIC_ORDER = "public_order"
    MISSING_PERSON = "missing_person"
    RESCUE = "rescue"
    OVERSEAS = "overseas"
    INSPECTION = "inspection"

    @property
    def label(self):
        return PURPOSE_LABELS[self]


PURPOSE_LABELS = {
    Purpose.CRIMINAL_CASE: lazy("办理刑事案件"),
    Purpose.PUBLIC_ORDER: lazy("办理治安案件"),
    Purpose.MISSING_PERSON: lazy("查找走失、失联人员"),
    Purpose.RESCUE: lazy("救助或突发事件处置"),
    Purpose.OVERSEAS: lazy("境外人员住宿登记管理"),
    Purpose.INSPECTION: lazy("依法监督检查"),
}


class LookupKind(StrEnum):
    NUMBER = "number"
    UNIT_DATE = "unit_date"

    @property
    def label(self):
        return LOOKUP_LABELS[self]


LOOKUP_LABELS = {
    LookupKind.NUMBER: lazy("按证件号码"),
    LookupKind.UNIT_DATE: lazy("按房源和日期"),
}


class LookupStatus(StrEnum):
    """A look-up that meets a minor shows only that until a second person approves."""

    ANSWERED = "answered"
    AWAITS_SECOND = "awaits_second"
    APPROVED = "approved"
    REFUSED = "refused"

    @property
    def label(self):
        return LOOKUP_STATUS_LABELS[self]


LOOKUP_STATUS_LABELS = {
    LookupStatus.ANSWERED: lazy("已答复"),
    LookupStatus.AWAITS_SECOND: lazy("含未成年人，待第二人审核"),
    LookupStatus.APPROVED: lazy("第二人已同意"),
    LookupStatus.REFUSED: lazy("第二人未同意"),
}


class Lookup(Uid, Model):
    """One exact look-up. The query and case number are sealed; the receipt number is public."""

    __tablename__ = "lookup"
    __table_args__ = (
        Index(None, "station_id", "uid"),
        Index(None, "user_id", "at"),
        CheckConstraint("second_by_id is null or second_by_id <> user_id", "two_persons"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    station_id: Mapped[int] = mapped_column(ForeignKey("police_station.id"))
    kind: Mapped[LookupKind] = mapped_column(Words(LookupKind))
    status: Mapped[LookupStatus] = mapped_column(Words(LookupStatus))
    purpose: Mapped[Purpose] = mapped_column(Words(Purpose))
    case_sealed: Mapped[Sealed]
    letter_sealed: Mapped[Sealed | None]
    query_sealed: Mapped[Sealed]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    on_day: Mapped[date | None]
    at: Mapped[datetime]
    receipt: Mapped[str] = mapped_column(unique=True)
    found: Mapped[int]
    minors: Mapped[int] = mapped_column(default=0)
    erased: Mapped[int] = mapped_column(default=0)
    is_urgent: Mapped[bool] = mapped_column(default=False)
    # The guests of the answer, 16 bytes each: shown again as they were found, and who saw whom.
    members_sealed: Mapped[Sealed | None]
    second_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    second_at: Mapped[datetime | None]
    # Urgent: the second person may decide afterwards, until this moment.
    second_until: Mapped[datetime | None]

    @property
    def chain(self) -> str:
        """One look-up may reach several communities; each guest seen stands in the chain of their own."""
        return "system"


class Profile(StrEnum):
    MASKED = "masked"
    FULL = "full"

    @property
    def label(self):
        return PROFILE_LABELS[self]


PROFILE_LABELS = {Profile.MASKED: lazy("脱敏"), Profile.FULL: lazy("完整")}


class FileFormat(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"

    @property
    def label(self):
        return FORMAT_LABELS[self]


FORMAT_LABELS = {FileFormat.CSV: lazy("CSV 文本表格"), FileFormat.XLSX: lazy("XLSX 电子表格")}


class ExportStatus(StrEnum):
    REQUESTED = "requested"
    REFUSED = "refused"
    APPROVED = "approved"
    BUILDING = "building"
    READY = "ready"
    DOWNLOADED = "downloaded"
    EXPIRED = "expired"
    FAILED = "failed"

    @property
    def label(self):
        return EXPORT_LABELS[self]


EXPORT_LABELS = {
    ExportStatus.REQUESTED: lazy("待审批"),
    ExportStatus.REFUSED: lazy("未批准"),
    ExportStatus.APPROVED: lazy("已批准，等待生成"),
    ExportStatus.BUILDING: lazy("正在生成"),
    ExportStatus.READY: lazy("可下载一次"),
    ExportStatus.DOWNLOADED: lazy("已下载"),
    ExportStatus.EXPIRED: lazy("已过期，文件已删除"),
    ExportStatus.FAILED: lazy("生成失败"),
}

EXPORT_MOVES = {
    ExportStatus.REQUESTED: {ExportStatus.APPROVED, ExportStatus.REFUSED},
    ExportStatus.APPROVED: {ExportStatus.BUILDING},
    ExportStatus.BUILDING: {ExportStatus.READY, ExportStatus.FAILED, ExportStatus.APPROVED},
    ExportStatus.READY: {ExportStatus.DOWNLOADED, ExportStatus.EXPIRED},
    ExportStatus.FAILED: {ExportStatus.APPROVED},
}


class Export(Uid, Model):
    """An export order: asked by one person, approved by another of the same station, built once, taken once."""

    __tablename__ = "export"
    __table_args__ = (
        Index(None, "station_id", "uid"),
        Index(None, "status"),
        CheckConstraint("approved_by_id is null or approved_by_id <> requested_by_id", "two_persons"),
    )

    requested_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    station_id: Mapped[int] = mapped_column(ForeignKey("police_station.id"))
    community_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    purpose: Mapped[Purpose] = mapped_column(Words(Purpose))
    case_sealed: Mapped[Sealed]
    from_day: Mapped[date]
    to_day: Mapped[date]
    # The same filter object as the list on screen.
    filters: Mapped[dict]
    profile: Mapped[Profile] = mapped_column(Words(Profile))
    file_format: Mapped[FileFormat] = mapped_column(Words(FileFormat))
    status: Mapped[ExportStatus] = mapped_column(Words(ExportStatus), default=ExportStatus.REQUESTED)
    is_urgent: Mapped[bool] = mapped_column(default=False)
    requested_at: Mapped[datetime]
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    approved_at: Mapped[datetime | None]
    refused_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    refused_at: Mapped[datetime | None]
    # Urgent: the second person may approve afterwards, until this moment.
    approve_by: Mapped[datetime | None]
    refusal_reason: Mapped[str | None]
    # Rows read so far, of so many expected; how often building was begun.
    progress: Mapped[int] = mapped_column(default=0)
    expected: Mapped[int | None]
    tries: Mapped[int] = mapped_column(default=0)
    rows: Mapped[int | None]
    withheld: Mapped[int | None]
    minors: Mapped[int | None]
    built_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_file.id"))
    manifest: Mapped[dict | None]
    # One stream at a time: it says until when it is alive, and how many bytes have left.
    download_begun_at: Mapped[datetime | None]
    download_seen_at: Mapped[datetime | None]
    stream_until: Mapped[datetime | None]
    sent: Mapped[int] = mapped_column(BigInteger, default=0)
    downloaded_at: Mapped[datetime | None]
    error: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}

    def move_to(self, status: ExportStatus) -> None:
        if status not in EXPORT_MOVES.get(self.status, ()):
            raise Conflict(_("导出当前为“%(now)s”，不能进行此操作", now=self.status.label))
        self.status = status

    @property
    def awaits_second(self) -> bool:
        """Does it still need its second person: before it is built, or, if urgent, afterwards?"""
        is_refused = self.refused_at is not None or self.status is ExportStatus.REFUSED
        return self.approved_by_id is None and not is_refused

    @property
    def chain(self) -> str:
        """The audit chain of the community it is about."""
        return f"place:{self.community_id}"


class ExportMembers(Uid, Model):
    """Some of the guests in an export, sealed, 16 bytes each; the ends tell which parts need not be opened."""

    __tablename__ = "export_members"
    __table_args__ = (UniqueConstraint("export_id", "number"), Index(None, "last_uid", "first_uid"))

    export_id: Mapped[int] = mapped_column(ForeignKey("export.id"))
    number: Mapped[int]
    first_uid: Mapped[uuid.UUID]
    last_uid: Mapped[uuid.UUID]
    members_sealed: Mapped[Sealed]
