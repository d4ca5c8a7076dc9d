"""People and what they may act for: parties, users, memberships, sessions, keys."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ..core.access import Role
from ..core.db import Fingerprint, Model, Sealed, Uid, Words
from ..core.i18n import lazy


class PartyKind(StrEnum):
    PERSON = "person"
    COMPANY = "company"


class Party(Uid, Model):
    """A landlord: a person or a company that owns, sublets or manages units. Users act for it."""

    __tablename__ = "party"

    kind: Mapped[PartyKind] = mapped_column(Words(PartyKind))
    name_sealed: Mapped[Sealed]
    phone_sealed: Mapped[Sealed | None]
    phone_fp: Mapped[Fingerprint | None] = mapped_column(index=True)
    phone_fp_next: Mapped[Fingerprint | None]
    credit_code: Mapped[str | None]
    created_at: Mapped[datetime]


class UserStatus(StrEnum):
    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


class User(Uid, Model):
    """Someone who signs in. Landlords and workers by phone, desk people by a sign-in name."""

    __tablename__ = "user_account"

    sign_in_name: Mapped[str | None] = mapped_column(unique=True)
    name_sealed: Mapped[Sealed]
    phone_sealed: Mapped[Sealed | None]
    phone_fp: Mapped[Fingerprint | None] = mapped_column(unique=True)
    phone_fp_next: Mapped[Fingerprint | None]
    password_hash: Mapped[str | None]
    pin_hash: Mapped[str | None]
    totp_sealed: Mapped[Sealed | None]
    # The last time step whose code was used: a code works once.
    totp_step: Mapped[int] = mapped_column(default=0)
    status: Mapped[UserStatus] = mapped_column(Words(UserStatus), default=UserStatus.ACTIVE)
    locale: Mapped[str | None]
    created_at: Mapped[datetime]


class Membership(Uid, Model):
    """A user's role over one target (a place, a grid, a police station or a party), from when to when.

    One that `awaits_confirmation` counts for nothing until a second administrator has confirmed it.
    """

    __tablename__ = "membership"
    __table_args__ = (Index(None, "user_id", "role"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    role: Mapped[Role] = mapped_column(Words(Role))
    place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"), index=True)
    grid_id: Mapped[int | None] = mapped_column(ForeignKey("grid.id"), index=True)
    station_id: Mapped[int | None] = mapped_column(ForeignKey("police_station.id"), index=True)
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    awaits_confirmation: Mapped[bool] = mapped_column(default=False)


class DeviceKind(StrEnum):
    PHONE = "phone"
    DESK = "desk"


class TrustedDevice(Uid, Model):
    """A phone that is remembered for one user, or a named desk PC that several share."""

    __tablename__ = "trusted_device"

    kind: Mapped[DeviceKind] = mapped_column(Words(DeviceKind))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"))
    label: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SignInMethod(StrEnum):
    """How the person of a session showed who they are."""

    PASSWORD = "password"
    TOTP = "totp"
    PIN = "pin"
    CODE = "code"

    @property
    def label(self):
        return METHOD_LABELS[self]


METHOD_LABELS = {
    SignInMethod.PASSWORD: lazy("密码"),
    SignInMethod.TOTP: lazy("密码和动态码"),
    SignInMethod.PIN: lazy("PIN"),
    SignInMethod.CODE: lazy("一次性代码"),
}


class UserSession(Uid, Model):
    """A signed-in browser: opaque token, hashed; ended here, it is ended on every worker at once."""

    __tablename__ = "user_session"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    role: Mapped[Role] = mapped_column(Words(Role))
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    device_id: Mapped[int | None] = mapped_column(ForeignKey("trusted_device.id"))
    label: Mapped[str]
    method: Mapped[SignInMethod] = mapped_column(Words(SignInMethod))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    # When the person last showed who they are (password, PIN or code).
    verified_at: Mapped[datetime]
    idle_seconds: Mapped[int]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class CodePurpose(StrEnum):
    INVITATION = "invitation"
    RESET = "reset"
    SIGN_IN_LINK = "sign_in_link"
    CLAIM = "claim"
    TRANSFER = "transfer"


class OneTimeCode(Uid, Model):
    """An invitation, a desk-printed reset code or a sign-in link: one use, spent by POST only."""

    __tablename__ = "one_time_code"
    __table_args__ = (CheckConstraint("tries >= 0", "tries"),)

    purpose: Mapped[CodePurpose] = mapped_column(Words(CodePurpose))
    code_hash: Mapped[bytes] = mapped_column(unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    # Codes of desk roles need a system and a security administrator together; until then they open nothing.
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)


class SignInAttempt(Model):
    """A try to sign in, by keyed hashes of the name and the address: for delays that cannot lock others out."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (Index(None, "name_fp", "at"), Index(None, "address_fp", "at"))

    name_fp: Mapped[Fingerprint]
    address_fp: Mapped[Fingerprint]
    device_id: Mapped[int | None]
    at: Mapped[datetime]
    succeeded: Mapped[bool]


class ApiKey(Uid, Model):
    """A key for programs: acts as its user in one role, perhaps only below one place, until a day."""

    __tablename__ = "api_key"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    role: Mapped[Role] = mapped_column(Words(Role))
    place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"))
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    label: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
