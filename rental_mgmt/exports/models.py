"""What a liaison looked up and took out: every look with purpose and case, every file with its two persons."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Model, Sealed, Uid, Words
from ..core.i18n import lazy


class LookupKind(StrEnum):
    NUMBER = "number"
    UNIT_DATE = "unit_date"


class LookupStatus(StrEnum):
    """A look-up that meets a minor shows only that until a second person approves."""

    ANSWERED = "answered"
    AWAITS_SECOND = "awaits_second"
    APPROVED = "approved"
    REFUSED = "refused"


class Lookup(Uid, Model):
    """One exact look-up. The query and case number are sealed; the receipt number is public."""

    __tablename__ = "lookup"
    __table_args__ = (Index(None, "station_id", "uid"), Index(None, "user_id", "at"))

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    station_id: Mapped[int] = mapped_column(ForeignKey("police_station.id"))
    kind: Mapped[LookupKind] = mapped_column(Words(LookupKind))
    status: Mapped[LookupStatus] = mapped_column(Words(LookupStatus))
    purpose: Mapped[str]
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
    # Sealed list of guest uids, so that "who saw X" can be answered.
    members_sealed: Mapped[Sealed | None]
    second_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    second_at: Mapped[datetime | None]
    second_by: Mapped[datetime | None]


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
    ExportStatus.DOWNLOADED: lazy("已下载，文件已删除"),
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
    purpose: Mapped[str]
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
    # Urgent: the second person may approve afterwards, until this moment.
    approve_by: Mapped[datetime | None]
    refusal_reason: Mapped[str | None]
    progress: Mapped[int] = mapped_column(default=0)
    rows: Mapped[int | None]
    withheld: Mapped[int | None]
    minors: Mapped[int | None]
    built_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_file.id"))
    manifest: Mapped[dict | None]
    members_sealed: Mapped[Sealed | None]
    downloaded_at: Mapped[datetime | None]
    download_begun_at: Mapped[datetime | None]
    error: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}
