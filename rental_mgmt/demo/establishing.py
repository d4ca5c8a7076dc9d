"""From imported doors to a compound that has lived with the system for months: landlords, filings, grids.

Set-based: a few statements for sixty landlords and 180 units.
"""

from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from ..accounts.models import Membership, Party, PartyKind, User, UserStatus
from ..core.access import SYSTEM, Role
from ..core.db import new_uid, session
from ..core.seal import Retention, Where, fingerprint, fingerprints, seal
from ..places.grids import make_grid
from ..places.models import Grid, GridAssignment, GridKind, Place
from ..places.tree import find_by_codes
from ..units.details import DECIDED
from ..units.models import (
    CleaningWindow,
    Filing,
    FilingStatus,
    NeighbourConsent,
    PartyRole,
    PartyRoleKind,
    Unit,
    UnitStatus,
)
from ..units.steps import write_steps
from .cast import COMPOUND_PATH, GRID, NEWCOMER, phone_of
from .compound import Landlord, landlords
from .compound import units as ledger_units
from .seed_units import activate

# Nobody has come for these yet; one has just handed in, another was just walked past.
UNCLAIMED = {NEWCOMER.number, *range(50, 60)}
SUBMITTED, CHECKED = 49, 48
ROLES = {
    "业主自营": PartyRoleKind.OWNER,
    "二房东": PartyRoleKind.SUBLESSOR,
    "托管公司": PartyRoleKind.AGENT,
}


def compound() -> Place:
    return find_by_codes(*COMPOUND_PATH.split("/"))


def establish(since: datetime, lately: datetime) -> None:
    """Give most units their landlord and their confirmation since long ago; leave some as they came."""
    taken = [landlord for landlord in landlords() if landlord.number not in UNCLAIMED]
    parties = _parties(taken, since)
    _take_over(taken, parties, since)
    in_review = {parties[SUBMITTED]: FilingStatus.SUBMITTED, parties[CHECKED]: FilingStatus.CHECKED}
    drafts = list(session.scalars(select(Unit).where(Unit.status == UnitStatus.DRAFT).order_by(Unit.path)))
    activate([unit for unit in drafts if unit.party_id not in in_review], since)
    _hand_in([unit for unit in drafts if unit.party_id in in_review], in_review, lately)
    _draw_micro_grids(since)
    _say_consent_and_cleaning()


# --- landlords ----------------------------------------------------------------------------------------------


def _parties(taken: list[Landlord], since: datetime) -> dict[int, int]:
    """Landlord's number → party, made with a user who acts for it where there is none."""
    known = dict(session.execute(select(Party.phone_fp, Party.id)).all())
    new = [one for one in taken if _print(one) not in known]
    session.execute(insert(Party), [_party(one, since) for one in new])
    session.execute(insert(User), [_user(one, since) for one in new])
    known = dict(session.execute(select(Party.phone_fp, Party.id)).all())
    users = dict(session.execute(select(User.phone_fp, User.id)).all())
    session.execute(
        insert(Membership),
        [
            {
                "uid": new_uid(),
                "user_id": users[_print(one)],
                "role": Role.LANDLORD,
                "party_id": known[_print(one)],
                "valid_from": since,
                "awaits_confirmation": False,
            }
            for one in new
        ],
    )
    return {one.number: known[_print(one)] for one in taken}


def _print(landlord: Landlord) -> bytes:
    return fingerprint("phone", phone_of(landlord))


def _party(landlord: Landlord, since: datetime) -> dict:
    is_company = landlord.name != landlord.contact
    kind = PartyKind.COMPANY if is_company else PartyKind.PERSON
    return _sealed("party", landlord.name, landlord) | {"kind": kind, "created_at": since}


def _user(landlord: Landlord, since: datetime) -> dict:
    # They have no password: nobody signs in as them, but it is their turn and they are told.
    fixed = {"status": UserStatus.ACTIVE, "totp_step": 0, "created_at": since}
    return _sealed("user_account", landlord.contact, landlord) | fixed


def _sealed(table: str, name: str, landlord: Landlord) -> dict:
    uid, phone = new_uid(), phone_of(landlord)
    phone_fp, phone_fp_next = fingerprints("phone", phone)
    return {
        "uid": uid,
        "name_sealed": seal(name, Where(table, "name_sealed", uid), Retention.ACCOUNT),
        "phone_sealed": seal(phone, Where(table, "phone_sealed", uid), Retention.ACCOUNT),
        "phone_fp": phone_fp,
        "phone_fp_next": phone_fp_next,
    }


# --- units --------------------------------------------------------------------------------------------------


def _take_over(taken: list[Landlord], parties: dict[int, int], since: datetime) -> None:
    """The units of the ledger go to whoever it names, as if claimed long ago."""
    values = {"status": UnitStatus.DRAFT, "created_at": since, "claimed_at": since}
    values |= {"claim_phone_fp": None, "claim_phone_fp_next": None, "party_id": bindparam("party")}
    table = Unit.__table__
    session.execute(
        update(table).where(table.c.claim_phone_fp == bindparam("phone")).values(values),
        [{"phone": _print(one), "party": parties[one.number]} for one in taken],
    )
    session.expire_all()
    roles = {parties[one.number]: ROLES[one.role] for one in taken}
    owned = session.execute(select(Unit.id, Unit.party_id).where(Unit.party_id.in_(roles)))
    session.execute(
        insert(PartyRole),
        [
            {"unit_id": unit, "party_id": party, "role": roles[party], "valid_from": since}
            for unit, party in owned
        ],
    )


def _hand_in(units: list[Unit], states: dict[int, FilingStatus], at: datetime) -> None:
    """Filings under way: one landlord's wait for the grid worker's walk, another's for the police."""
    for unit in units:
        unit.claimed_at = at
    filings = [
        Filing(
            unit_id=unit.id,
            unit=unit,
            status=states[unit.party_id],
            snapshot={name: getattr(unit, name) for name in DECIDED},
            created_at=at,
            submitted_at=at,
        )
        for unit in units
    ]
    session.add_all(filings)
    session.flush()
    write_steps(filings, FilingStatus.SUBMITTED, SYSTEM)
    write_steps([f for f in filings if f.status is FilingStatus.CHECKED], FilingStatus.CHECKED, SYSTEM)


def _draw_micro_grids(since: datetime) -> None:
    """The micro grids that the ledger names, inside the general one; each unit's own row says where it lies."""
    general = session.scalar(select(Grid).where(Grid.name == GRID))
    names = sorted({unit.grid for unit in ledger_units()})
    micro = {name: make_grid(compound(), GridKind.MICRO, name, general).id for name in names}
    at_door = {(unit.building, _door(unit), unit.floor): micro[unit.grid] for unit in ledger_units()}
    rows = session.execute(select(Unit.id, Unit.name)).all()
    by_name = {f"{building} {floor}层 {door}": grid for (building, door, floor), grid in at_door.items()}
    found = [{"unit": row.id, "grid": by_name[row.name]} for row in rows]
    assigned = [{"unit_id": row["unit"], "grid_id": row["grid"], "valid_from": since} for row in found]
    session.execute(insert(GridAssignment), assigned)
    table = Unit.__table__
    moved = update(table).where(table.c.id == bindparam("unit")).values(grid_id=bindparam("grid"))
    session.execute(moved, found)
    session.expire_all()


def _door(unit) -> str:
    entrance = unit.entrance.removesuffix("单元")
    return f"{entrance}-{unit.door}" if entrance else unit.door


def _say_consent_and_cleaning() -> None:
    """Not all are alike: two of three have the neighbours' consent, one landlord has hours of cleaning."""
    consent = update(Unit).where(Unit.status == UnitStatus.ACTIVE, Unit.id % 3 != 0)
    session.execute(consent.values(neighbour_consent=NeighbourConsent.OBTAINED))
    tidy = select(Party.id).where(Party.phone_fp == _print(landlords()[4])).scalar_subquery()
    theirs = session.scalars(select(Unit.id).where(Unit.party_id == tidy)).all()
    hours = {"weekday": None, "from_minute": 12 * 60, "to_minute": 14 * 60}
    session.execute(insert(CleaningWindow), [hours | {"unit_id": unit} for unit in theirs])
