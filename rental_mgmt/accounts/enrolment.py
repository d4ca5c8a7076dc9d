"""Becoming a user, and becoming one again: invitations, claim codes of landlords, desk-printed resets."""

from sqlalchemy import select

from ..audit.service import record
from ..core.access import SYSTEM, Role
from ..core.db import session, start_over
from ..core.errors import Invalid
from ..core.i18n import _, lazy
from ..core.seal import Where, unseal_or_none
from . import sessions
from .actors import name_of
from .attempts import Try, note_failure, refuse_if_too_many
from .codes import find_code, spend_code
from .credentials import set_password, words_around
from .masking import mask_name, mask_phone
from .models import CodePurpose, Membership, OneTimeCode, SignInMethod, User, UserStatus
from .parties import add_membership, make_party, make_user
from .passwords import check_new_password, hashed
from .sign_in import USER, Entry, enter
from .tell import tell
from .trusted import Visit

OPENS_AN_ACCOUNT = (CodePurpose.INVITATION, CodePurpose.CLAIM)


def read_code(typed: str, purposes: tuple[CodePurpose, ...], visit: Visit) -> OneTimeCode:
    """The live code that was typed or came by a link; spends nothing. Guessing is counted and made to wait."""
    tried = Try.of(f"code from {visit.address}", visit.address)
    refuse_if_too_many(tried)
    try:
        return find_code(typed, purposes)
    except Invalid:
        note_failure(tried)
        raise


def read_code_or_none(typed: str, purposes: tuple[CodePurpose, ...], visit: Visit) -> OneTimeCode | None:
    """The same for a page that is only shown."""
    try:
        return read_code(typed, purposes, visit)
    except Invalid:
        return None


def invited_roles(code: OneTimeCode) -> list[Role]:
    """What the invited person will be."""
    return list(session.scalars(select(Membership.role).where(Membership.user_id == code.user_id).distinct()))


def invited_person(code: OneTimeCode) -> tuple[str, str]:
    """Whom the invitation is for and what they sign in with, masked: whoever holds the link may be another."""
    columns = User.uid, User.name_sealed, User.sign_in_name, User.phone_sealed
    user = session.execute(select(*columns).where(User.id == code.user_id)).one()
    phone = unseal_or_none(user.phone_sealed, Where("user_account", "phone_sealed", user.uid))
    return mask_name(name_of(user.uid, user.name_sealed)), user.sign_in_name or (
        mask_phone(phone) if phone else "—"
    )


def accept_invitation(typed: str, password: str, visit: Visit, remember: bool = False) -> Entry:
    """Take up an invitation: the code is spent, the password set, the account open; then as at any sign-in."""
    code = read_code(typed, (CodePurpose.INVITATION,), visit)
    user_id, uid = code.user_id, code.uid
    kept = _hashed_for(user_id, password)
    spend_code(uid)
    set_password(user_id, kept, status=UserStatus.ACTIVE)
    record(SYSTEM, "user.accept_invitation", f"one_time_code:{uid}", "system")
    return _enter(user_id, visit, remember)


def enrol_landlord(
    typed: str, name: str, phone: str, password: str, visit: Visit, remember: bool = False
) -> Entry:
    """A landlord without an account begins with the claim code of a unit.

    The code is bound to the new account and stays good for the claim itself; it opens no second account.
    """
    code = read_code(typed, (CodePurpose.CLAIM,), visit)
    if code.user_id is not None:
        raise Invalid(errors={"code": [_("此认领码已有人使用，请登录后认领，或向办理人重新索取")]})
    uid = code.uid
    check_new_password(password, name, phone)
    start_over()
    kept = hashed(password)
    code = session.scalar(select(OneTimeCode).where(OneTimeCode.uid == uid).with_for_update())
    if code.user_id is not None or code.used_at is not None:
        raise Invalid(errors={"code": [_("此认领码已有人使用，请登录后认领，或向办理人重新索取")]})
    user = make_user(name, phone, status=UserStatus.ACTIVE)
    user.password_hash, code.user_id = kept, user.id
    add_membership(user, Role.LANDLORD, make_party(name, phone))
    record(SYSTEM, "user.enrol", user, "system")
    session.flush()
    return _enter(user.id, visit, remember)


def reset_password(typed: str, password: str, visit: Visit) -> Entry:
    """Use a desk-printed reset code: a new password, time codes to be enrolled anew, everything else ended.

    The person is told, so that a reset behind their back is seen (decisions.md 5.4).
    """
    code = read_code(typed, (CodePurpose.RESET,), visit)
    user_id, uid = code.user_id, code.uid
    kept = _hashed_for(user_id, password)
    spend_code(uid)
    values = {"totp_sealed": None, "totp_step": 0, "pin_hash": None, "status": UserStatus.ACTIVE}
    set_password(user_id, kept, **values)
    sessions.end_all_of(user_id)
    tell(
        user_id,
        lazy("密码已重置"),
        lazy("有人用柜台打印的重置码重设了您的密码。如不是您本人，请立即联系社区或管理员。"),
    )
    record(SYSTEM, "password.reset", f"one_time_code:{uid}", "system")
    return _enter(user_id, visit, remember=False)


def _hashed_for(user_id: int, password: str) -> str:
    user = session.execute(
        select(User.uid, User.sign_in_name, User.name_sealed, User.phone_sealed).where(User.id == user_id)
    ).one()
    check_new_password(password, *words_around(user))
    start_over()
    return hashed(password)


def _enter(user_id: int, visit: Visit, remember: bool) -> Entry:
    user = session.execute(USER.where(User.id == user_id)).one()
    return enter(user, visit, SignInMethod.CODE, remember)
