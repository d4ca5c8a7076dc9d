"""Parties and users as rows: made with their personal data sealed and found again by fingerprint."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from ..core import clock
from ..core.access import Role
from ..core.db import Model, new_uid, session
from ..core.errors import Invalid
from ..core.i18n import _
from ..core.seal import Retention, Where, fingerprint, fingerprints, seal
from ..places.models import Grid, Place, PoliceStation
from .models import Membership, Party, PartyKind, User, UserStatus

TARGET_COLUMN = {Place: "place_id", Grid: "grid_id", PoliceStation: "station_id", Party: "party_id"}


def make_party(
    name: str, phone: str | None, kind: PartyKind = PartyKind.PERSON, credit_code: str | None = None
) -> Party:
    """A landlord as the law knows them: a person or a company."""
    uid = new_uid()
    party = Party(uid=uid, kind=kind, credit_code=credit_code, created_at=clock.now())
    _seal_into(party, "party", uid, name, phone)
    session.add(party)
    session.flush()
    return party


def make_user(
    name: str, phone: str | None, sign_in_name: str | None = None, status: UserStatus = UserStatus.INVITED
) -> User:
    """Someone who can be given roles. Raises Invalid when the phone or sign-in name already has an account."""
    _refuse_known(phone, sign_in_name)
    uid = new_uid()
    user = User(uid=uid, sign_in_name=sign_in_name, status=status, totp_step=0, created_at=clock.now())
    _seal_into(user, "user_account", uid, name, phone)
    session.add(user)
    session.flush()
    return user


def _seal_into(row: Party | User, table: str, uid: UUID, name: str, phone: str | None) -> None:
    row.name_sealed = seal(name, Where(table, "name_sealed", uid), Retention.ACCOUNT)
    if phone:
        row.phone_sealed = seal(phone, Where(table, "phone_sealed", uid), Retention.ACCOUNT)
        row.phone_fp, row.phone_fp_next = fingerprints("phone", phone)


def _refuse_known(phone: str | None, sign_in_name: str | None) -> None:
    if phone and find_user_by_phone(phone):
        raise Invalid(errors={"phone": [_("这个手机号已有账号，请直接登录")]})
    if sign_in_name and session.scalar(select(User.id).where(User.sign_in_name == sign_in_name)):
        raise Invalid(errors={"sign_in_name": [_("这个登录名已被使用，请换一个")]})


def find_user_by_phone(phone: str) -> User | None:
    return session.scalar(select(User).where(User.phone_fp == fingerprint("phone", phone)))


def add_membership(
    user: User,
    role: Role,
    over: Model | None,
    since: datetime | None = None,
    until: datetime | None = None,
    awaits_confirmation: bool = False,
) -> Membership:
    """Write down that a user has a role over a target from now on, perhaps until a moment."""
    target = {TARGET_COLUMN[type(over)]: over.id} if over is not None else {}
    membership = Membership(
        user_id=user.id,
        role=role,
        valid_from=since or clock.now(),
        valid_to=until,
        awaits_confirmation=awaits_confirmation,
        **target,
    )
    session.add(membership)
    session.flush()
    return membership
