"""Units, who runs them, their filings, their papers, and the floor lists of one walk."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..accounts.models import Party
from ..core.access import Role
from ..core.db import Fingerprint, LongText, Model, Path, Sealed, Uid, Words
from ..core.errors import Conflict
from ..core.i18n import _, lazy
from ..places.models import Place
from ..places.pack_parts import LegalRegime


class UnitStatus(StrEnum):
    UNCLAIMED = "unclaimed"
    DRAFT = "draft"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"

    @property
    def label(self):
        return STATUS_LABELS[self]


STATUS_LABELS = {
    UnitStatus.UNCLAIMED: lazy("待认领"),
    UnitStatus.DRAFT: lazy("填报中"),
    UnitStatus.ACTIVE: lazy("正常"),
    UnitStatus.SUSPENDED: lazy("停用"),
    UnitStatus.CLOSED: lazy("已注销"),
}

MOVES = {
    UnitStatus.UNCLAIMED: {UnitStatus.DRAFT, UnitStatus.CLOSED},
    UnitStatus.DRAFT: {UnitStatus.ACTIVE, UnitStatus.CLOSED},
    UnitStatus.ACTIVE: {UnitStatus.SUSPENDED, UnitStatus.CLOSED},
    UnitStatus.SUSPENDED: {UnitStatus.ACTIVE, UnitStatus.CLOSED},
    UnitStatus.CLOSED: set(),
}


REGIME_LABELS = {
    LegalRegime.HOTEL: lazy("旅馆业"),
    LegalRegime.RENTAL: lazy("出租房屋"),
    LegalRegime.LOCAL: lazy("地方网约房规定"),
    LegalRegime.UNDECIDED: lazy("尚未确定"),
}


class NeighbourConsent(StrEnum):
    """The neighbours' consent (民法典 279): separate from anything the police state."""

    UNKNOWN = "unknown"
    OBTAINED = "obtained"
    MISSING = "missing"

    @property
    def label(self):
        return CONSENT_LABELS[self]


CONSENT_LABELS = {
    NeighbourConsent.UNKNOWN: lazy("未说明"),
    NeighbourConsent.OBTAINED: lazy("已取得"),
    NeighbourConsent.MISSING: lazy("尚未取得"),
}


class Unit(Uid, Model):
    """The thing let and coded. Place, grid, station, path are its present ones: a list needs no join."""

    __tablename__ = "unit"
    __table_args__ = (
        Index(None, "path", "uid"),
        Index(None, "grid_id", "uid"),
        Index(None, "station_id", "uid"),
        Index(None, "party_id", "uid"),
        CheckConstraint("beds >= 0 and beds <= 100", "beds"),
    )

    code: Mapped[str | None] = mapped_column(unique=True)
    status: Mapped[UnitStatus] = mapped_column(Words(UnitStatus), default=UnitStatus.DRAFT)
    door_id: Mapped[int] = mapped_column(ForeignKey("place.id"), index=True)
    building_id: Mapped[int] = mapped_column(ForeignKey("place.id"), index=True)
    compound_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    community_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    path: Mapped[Path]
    grid_id: Mapped[int | None] = mapped_column(ForeignKey("grid.id"))
    station_id: Mapped[int | None] = mapped_column(ForeignKey("police_station.id"))
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))

    # "1 栋 12 楼 1203": made from the place when the unit is made, so that lists need no join.
    name: Mapped[str]
    nickname: Mapped[str | None]
    area: Mapped[float]
    bedrooms: Mapped[int]
    beds: Mapped[int]
    declared_capacity: Mapped[int]
    # The limit that counts: frozen when the filing is decided, provisional before.
    capacity: Mapped[int]
    legal_regime: Mapped[LegalRegime] = mapped_column(Words(LegalRegime), default=LegalRegime.UNDECIDED)
    house_rules: Mapped[LongText] = mapped_column(default="")
    safety_contact_name_sealed: Mapped[Sealed | None]
    safety_contact_phone_sealed: Mapped[Sealed | None]

    # Two flags that never speak for each other.
    police_decided_at: Mapped[datetime | None]
    neighbour_consent: Mapped[NeighbourConsent] = mapped_column(
        Words(NeighbourConsent), default=NeighbourConsent.UNKNOWN
    )
    neighbour_consent_on: Mapped[date | None]

    qr_token: Mapped[str | None] = mapped_column(unique=True)
    claim_phone_fp: Mapped[Fingerprint | None] = mapped_column(index=True)
    claim_phone_fp_next: Mapped[Fingerprint | None]
    import_batch_id: Mapped[int | None] = mapped_column(ForeignKey("import_batch.id"), index=True)
    suspension_reason: Mapped[str | None]
    suspension_decision: Mapped[str | None]
    closing_reason: Mapped[str | None]
    created_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    # When its present party took it over from another one; of guests who left before that it sees masks only.
    handed_over_at: Mapped[datetime | None]
    activated_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    door: Mapped[Place] = relationship(foreign_keys=door_id)
    party: Mapped[Party | None] = relationship()

    __mapper_args__ = {"version_id_col": version}

    def move_to(self, status: UnitStatus) -> None:
        if status not in MOVES[self.status]:
            now, then = self.status.label, status.label
            raise Conflict(_("房源当前为“%(now)s”，不能变为“%(then)s”", now=now, then=then))
        self.status = status

    @property
    def takes_guests(self) -> bool:
        """A draft may already register guests; a closed or unclaimed unit has nobody who could."""
        return self.status in (UnitStatus.DRAFT, UnitStatus.ACTIVE, UnitStatus.SUSPENDED)

    @property
    def chain(self) -> str:
        """The audit chain of the unit's community."""
        return f"place:{self.community_id}"


class PartyRoleKind(StrEnum):
    OWNER = "owner"
    SUBLESSOR = "sublessor"
    AGENT = "agent"


PARTY_ROLE_LABELS = {
    PartyRoleKind.OWNER: lazy("业主自营"),
    PartyRoleKind.SUBLESSOR: lazy("二房东"),
    PartyRoleKind.AGENT: lazy("托管公司"),
}


class PartyRole(Model):
    """Who owned, sublet or managed a unit, from when to when."""

    __tablename__ = "party_role"
    __table_args__ = (Index(None, "unit_id", "valid_from"), Index(None, "party_id"))

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    role: Mapped[PartyRoleKind] = mapped_column(Words(PartyRoleKind))
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]


class UnitCapacity(Model):
    """The limit of a unit over time: an alert of last March uses last March's."""

    __tablename__ = "unit_capacity"

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    capacity: Mapped[int]
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]


class UnitListing(Model):
    """Where a unit is offered."""

    __tablename__ = "unit_listing"
    __table_args__ = (UniqueConstraint("unit_id", "url"),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    platform: Mapped[str]
    url: Mapped[str]


class CleaningWindow(Model):
    """Local minutes of the day when opening the door means cleaning; weekday 0 is Monday, none every day."""

    __tablename__ = "cleaning_window"

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    weekday: Mapped[int | None]
    from_minute: Mapped[int]
    to_minute: Mapped[int]


class DocumentKind(StrEnum):
    PHOTO = "photo"
    OWNER_CONSENT = "owner_consent"
    PROPERTY_PROOF = "property_proof"
    LEASE = "lease"
    BUSINESS_LICENCE = "business_licence"
    FIRE_CERTIFICATE = "fire_certificate"
    NEIGHBOUR_CONSENT = "neighbour_consent"
    SAFETY_PLEDGE = "safety_pledge"
    INSURANCE = "insurance"

    @property
    def label(self):
        return DOCUMENT_LABELS[self]


DOCUMENT_LABELS = {
    DocumentKind.PHOTO: lazy("房源照片"),
    DocumentKind.OWNER_CONSENT: lazy("业主同意书"),
    DocumentKind.PROPERTY_PROOF: lazy("产权证明"),
    DocumentKind.LEASE: lazy("租赁合同"),
    DocumentKind.BUSINESS_LICENCE: lazy("营业执照"),
    DocumentKind.FIRE_CERTIFICATE: lazy("消防材料"),
    DocumentKind.NEIGHBOUR_CONSENT: lazy("邻里（利害关系业主）同意材料"),
    DocumentKind.SAFETY_PLEDGE: lazy("治安责任书"),
    DocumentKind.INSURANCE: lazy("保险单"),
}


class UnitDocument(Uid, Model):
    """A photo or paper of a unit."""

    __tablename__ = "unit_document"

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("stored_file.id"))
    kind: Mapped[DocumentKind] = mapped_column(Words(DocumentKind))
    expires_on: Mapped[date | None]
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class FilingStatus(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    CHECKED = "checked"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"


# What the landlord still has to do something about, and what others are looking at.
WITH_LANDLORD = (FilingStatus.DRAFT, FilingStatus.RETURNED)
UNDER_REVIEW = (FilingStatus.SUBMITTED, FilingStatus.CHECKED)

FILING_MOVES = {
    FilingStatus.DRAFT: {FilingStatus.SUBMITTED, FilingStatus.WITHDRAWN},
    FilingStatus.SUBMITTED: {FilingStatus.CHECKED, FilingStatus.RETURNED, FilingStatus.WITHDRAWN},
    FilingStatus.RETURNED: {FilingStatus.SUBMITTED, FilingStatus.WITHDRAWN},
    FilingStatus.CHECKED: {FilingStatus.DECIDED, FilingStatus.RETURNED, FilingStatus.WITHDRAWN},
    FilingStatus.DECIDED: set(),
    FilingStatus.WITHDRAWN: set(),
}


class Filing(Uid, Model):
    """One submission of a unit: what it said and how it went. The word for DECIDED comes from the pack."""

    __tablename__ = "filing"
    __table_args__ = (Index(None, "unit_id", "created_at"),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    status: Mapped[FilingStatus] = mapped_column(Words(FilingStatus), default=FilingStatus.DRAFT, index=True)
    # Area, beds, regime and so on as submitted; no personal data.
    snapshot: Mapped[dict]
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    checked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    unit: Mapped[Unit] = relationship()

    __mapper_args__ = {"version_id_col": version}

    def move_to(self, status: FilingStatus) -> None:
        if status not in FILING_MOVES[self.status]:
            raise Conflict(_("这份备案申请现在不能进行此操作，请刷新后查看最新进度"))
        self.status = status


class FilingStep(Model):
    """Who did what with a filing, when and why; visible to the landlord."""

    __tablename__ = "filing_step"

    filing_id: Mapped[int] = mapped_column(ForeignKey("filing.id"), index=True)
    step: Mapped[FilingStatus] = mapped_column(Words(FilingStatus))
    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    role: Mapped[Role] = mapped_column(Words(Role))
    reason: Mapped[str | None]


class FloorList(Uid, Model):
    """The doors a grid worker walked past in one go; a liaison may decide all its filings at once."""

    __tablename__ = "floor_list"

    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"), index=True)
    walked_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    walked_at: Mapped[datetime]
    note: Mapped[str | None]


class CheckResult(StrEnum):
    AS_FILED = "as_filed"
    DIFFERS = "differs"
    NOBODY_IN = "nobody_in"

    @property
    def label(self):
        return CHECK_LABELS[self]


CHECK_LABELS = {
    CheckResult.AS_FILED: lazy("与申请一致"),
    CheckResult.DIFFERS: lazy("不一致"),
    CheckResult.NOBODY_IN: lazy("无人在家"),
}


class FloorCheck(Model):
    """What the walk saw at one unit."""

    __tablename__ = "floor_check"
    __table_args__ = (UniqueConstraint("floor_list_id", "unit_id"),)

    floor_list_id: Mapped[int] = mapped_column(ForeignKey("floor_list.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    filing_id: Mapped[int | None] = mapped_column(ForeignKey("filing.id"))
    result: Mapped[CheckResult] = mapped_column(Words(CheckResult))
    note: Mapped[str | None]
