"""Units of an imported ledger find the landlord who runs them: by the phone on it, or by a printed code."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, or_, select

from ..accounts.attempts import Try, note_failure
from ..accounts.codes import find_code, make_code, spend_code
from ..accounts.models import CodePurpose, OneTimeCode, Party, SignInAttempt, User
from ..audit.service import record
from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import session
from ..core.errors import Conflict, Invalid, NotFound, TooMany
from ..core.i18n import _
from ..core.touch import Kind, touch
from .models import PartyRole, PartyRoleKind, Unit, UnitStatus
from .registering import choose_party

CODE_LASTS = timedelta(days=14)
MOST_TRIES, TRIES_WITHIN = 5, timedelta(hours=1)


@allow(Role.LANDLORD)
def list_claimable(actor: Actor) -> list[Unit]:
    """“Are these yours?”: unclaimed units by the actor's phone on the ledger, or by the code they came with."""
    by_code = select(Unit.id, Unit.claim_phone_fp).join(OneTimeCode, OneTimeCode.unit_id == Unit.id)
    own_codes = session.execute(by_code.where(*_live(), OneTimeCode.user_id == actor.user_id)).all()
    # The ledger's phone beside a code's unit is its runner's, whatever the holder of the code typed.
    phones = {row.claim_phone_fp for row in own_codes} | _vouched_phones(actor)
    theirs = or_(Unit.claim_phone_fp.in_(phones - {None}), Unit.id.in_({row.id for row in own_codes}))
    query = select(Unit).where(Unit.status == UnitStatus.UNCLAIMED, Unit.merged_into_id.is_(None), theirs)
    return list(session.scalars(query.order_by(Unit.uid)))


def _vouched_phones(actor: Actor) -> set[bytes | None]:
    """Phones that a desk wrote down; whoever came with a code typed one, perhaps somebody else's."""
    opened_it_themselves = OneTimeCode.purpose == CodePurpose.CLAIM, OneTimeCode.user_id == actor.user_id
    if session.scalar(select(OneTimeCode.id).where(*opened_it_themselves).limit(1)):
        return set()
    return {
        *session.scalars(select(User.phone_fp).where(User.id == actor.user_id)),
        *session.scalars(select(Party.phone_fp).where(Party.id.in_(actor.party_ids))),
    }


def _live() -> list:
    return [
        OneTimeCode.purpose == CodePurpose.CLAIM,
        OneTimeCode.used_at.is_(None),
        OneTimeCode.expires_at > clock.real_now(),
    ]


@allow(Role.LANDLORD)
def claim_units(actor: Actor, uids: Sequence[UUID], party: UUID | None = None) -> list[Unit]:
    """Take over these units, all of them or none. Raises NotFound for one that is not the actor's to claim."""
    wanted = set(uids)
    units = [unit for unit in list_claimable(actor) if unit.uid in wanted]
    if not units or len(units) != len(wanted):
        raise NotFound(_("这些房源不能由您认领，或已被认领"))
    codes = select(OneTimeCode.uid).where(
        *_live(), OneTimeCode.user_id == actor.user_id, OneTimeCode.unit_id.in_([unit.id for unit in units])
    )
    for uid in session.scalars(codes).all():
        spend_code(uid)
    return _take_over(actor, units, choose_party(actor, party), "phone")


@allow(Role.LANDLORD)
def claim_by_code(actor: Actor, typed: str, party: UUID | None = None) -> Unit:
    """Take over the unit of a printed code and spend it. Raises Invalid, and TooMany after five wrong ones."""
    code = spend_typed(typed, CodePurpose.CLAIM, actor)
    unit = session.get_one(Unit, code.unit_id)
    return _take_over(actor, [unit], choose_party(actor, party), "code")[0]


def spend_typed(typed: str, purpose: CodePurpose, actor: Actor) -> OneTimeCode:
    """The live code that this person typed, spent. Raises Invalid, and TooMany after five wrong ones."""
    tried = Try.of(f"claim {actor.uid}", "claim")
    _refuse_guessing(tried)
    try:
        code = find_code(typed, (purpose,))
        if code.user_id not in (None, actor.user_id):
            raise Invalid(errors={"code": [_("此认领码属于另一个账号，请向办理人重新索取")]})
    except Invalid:
        note_failure(tried)
        raise
    spend_code(code.uid)
    return code


def _refuse_guessing(tried: Try) -> None:
    wrong = select(func.count()).where(
        SignInAttempt.name_fp == tried.name_fp,
        SignInAttempt.succeeded.is_(False),
        SignInAttempt.at > clock.real_now() - TRIES_WITHIN,
    )
    if session.scalar(wrong) >= MOST_TRIES:
        words = _("认领码输错次数过多，请一小时后再试，或请物业重新打印")
        raise TooMany(words, retry_after=int(TRIES_WITHIN.total_seconds()))


def _take_over(actor: Actor, units: list[Unit], party: Party, how: str) -> list[Unit]:
    at = clock.now()
    _hold(units)
    for unit in units:
        unit.move_to(UnitStatus.DRAFT)
        unit.party_id, unit.claimed_at = party.id, at
        # The phone on the ledger has done what it was kept for.
        unit.claim_phone_fp = unit.claim_phone_fp_next = None
        session.add(PartyRole(unit_id=unit.id, party_id=party.id, role=_role_on_ledger(unit), valid_from=at))
        record(actor, "unit.claim", unit, chain=unit.chain, how=how)
    touch(*((Kind.UNIT, unit.id) for unit in units))
    session.flush()
    return units


def _hold(units: list[Unit]) -> None:
    """Two who claim at once: the second waits here and finds that it is no longer to be claimed."""
    ids = sorted(unit.id for unit in units)
    query = select(Unit).where(Unit.id.in_(ids)).order_by(Unit.id).with_for_update(key_share=True)
    session.scalars(query.execution_options(populate_existing=True)).all()


def _role_on_ledger(unit: Unit) -> PartyRoleKind:
    """What the import wrote down for whoever ran it then; owner when it said nothing."""
    query = select(PartyRole.role).where(PartyRole.unit_id == unit.id).order_by(PartyRole.id.desc()).limit(1)
    return session.scalar(query) or PartyRoleKind.OWNER


@allow(Role.PROPERTY_MANAGER, Role.COMMUNITY_OFFICER)
def print_claim_code(actor: Actor, unit: Unit) -> str:
    """A code to hand to whoever runs the unit, good for two weeks; shown once, older ones become useless.

    It also opens an account for somebody who has none.
    """
    if unit.status is not UnitStatus.UNCLAIMED:
        raise Conflict(_("这套房源已被认领，不再需要认领码"))
    for old in session.scalars(select(OneTimeCode).where(*_live(), OneTimeCode.unit_id == unit.id)):
        old.expires_at = clock.real_now()
    code, text = make_code(CodePurpose.CLAIM, actor.user_id, unit_id=unit.id, lasts=CODE_LASTS)
    record(actor, "unit.print_claim_code", unit, chain=unit.chain, code=str(code.uid))
    return text
