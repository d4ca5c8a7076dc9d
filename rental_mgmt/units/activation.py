"""Deciding filings, one or a whole floor: codes, plates and frozen capacities in a handful of statements."""

from collections.abc import Sequence

from sqlalchemy import bindparam, func, insert, or_, select, update
from sqlalchemy.orm import aliased, contains_eager

from ..core import clock
from ..core.access import Actor, Role
from ..core.db import session
from ..core.errors import Conflict
from ..core.i18n import _, lazy
from ..notices.service import notify
from ..places.models import Place
from ..places.pack import LegalRegime
from ..places.scope import below
from .codes import LAST_SERIAL, new_qr_token, prefix_of, serial_of, unit_code
from .concerned import users_of
from .details import DECIDED
from .models import Filing, FilingStatus, Unit, UnitCapacity, UnitStatus
from .packs import packs_of
from .registering import ANSWERED_FOR
from .steps import write_steps


def decide_filings(filings: Sequence[Filing], actor: Actor) -> list[Filing]:
    """Decide these checked filings together and activate their units; returns those that were decided.

    Left alone: what is not (or no longer) checked, and a unit whose door another active unit answers for.
    """
    if not filings:
        return []
    communities = _hold_communities({filing.unit.community_id for filing in filings})
    ready = _ready([filing.id for filing in filings])
    if ready:
        codes = _next_codes([filing.unit for filing in ready], communities)
        _activate([filing.unit for filing in ready], {f.unit_id: f.snapshot for f in ready}, codes)
        _close(ready)
        write_steps(ready, FilingStatus.DECIDED, actor)
        _tell(ready)
    return ready


def _hold_communities(ids: set[int]) -> dict[int, Place]:
    """Lock the communities in order; serials and doors are counted in later statements, so never twice."""
    query = select(Place).where(Place.id.in_(ids)).order_by(Place.id).with_for_update(key_share=True)
    return {place.id: place for place in session.scalars(query)}


def _ready(ids: list[int]) -> list[Filing]:
    other = aliased(Unit)
    taken = (
        select(other.id)
        .where(
            other.door_id == Unit.door_id,
            other.id != Unit.id,
            other.status.in_(ANSWERED_FOR),
            other.merged_into_id.is_(None),
            # A whole flat and its rooms share a door, and so do the rooms.
            other.id != func.coalesce(Unit.parent_id, 0),
            func.coalesce(other.parent_id, 0) != Unit.id,
            or_(other.parent_id.is_(None), Unit.parent_id.is_(None), other.parent_id != Unit.parent_id),
        )
        .exists()
    )
    query = (
        select(Filing)
        .join(Unit, Unit.id == Filing.unit_id)
        .options(contains_eager(Filing.unit))
        .where(Filing.id.in_(ids), Filing.status == FilingStatus.CHECKED, ~taken)
        .order_by(Filing.id)
        .with_for_update(of=[Filing, Unit], key_share=True)
        .execution_options(populate_existing=True)
    )
    return _one_for_each_door(list(session.scalars(query)))


def _one_for_each_door(filings: list[Filing]) -> list[Filing]:
    first: dict[tuple, Filing] = {}
    for filing in filings:
        unit = filing.unit
        first.setdefault((unit.door_id, unit.id if unit.parent_id else None), filing)
    return list(first.values())


def _next_codes(units: list[Unit], communities: dict[int, Place]) -> dict[int, str]:
    """A fresh code for every unit that has none."""
    codes: dict[int, str] = {}
    for community_id, community in communities.items():
        serial = _last_serial(community)
        for unit in units:
            if unit.code is None and unit.community_id == community_id:
                serial += 1
                if serial > LAST_SERIAL:
                    raise Conflict(_("本社区的房源编码已用完，请联系系统管理员"))
                codes[unit.id] = unit_code(community.code, serial)
    return codes


def _last_serial(community: Place) -> int:
    # Below the community's path an index serves it; codes of one community sort alike in every collation.
    mine = below(Unit.path, community.path), Unit.code.startswith(prefix_of(community.code))
    found = session.scalar(select(func.max(Unit.code)).where(*mine))
    return serial_of(found) if found else 0


def _activate(units: list[Unit], snapshots: dict[int, dict], codes: dict[int, str]) -> None:
    at, packs = clock.now(), packs_of(units)
    rows = []
    for unit in units:
        said = {name: snapshots[unit.id][name] for name in DECIDED}
        capacity = packs[unit.compound_id].capacity.limit(said["beds"], said["area"], said["declared_capacity"])
        said |= {
            "legal_regime": LegalRegime(said["legal_regime"]),
            "capacity": capacity,
            "police_decided_at": at,
        }
        said |= {
            "status": UnitStatus.ACTIVE if unit.status is UnitStatus.DRAFT else unit.status,
            "code": unit.code or codes[unit.id],
            "qr_token": unit.qr_token or new_qr_token(),
            "activated_at": unit.activated_at or at,
            "version": unit.version + 1,
        }
        rows.append({"unit_id": unit.id} | said)
    table, ids = Unit.__table__, [unit.id for unit in units]
    changed = update(table).where(table.c.id == bindparam("unit_id"))
    session.execute(changed.values({name: bindparam(name) for name in rows[0] if name != "unit_id"}), rows)
    _freeze_capacities(ids, {row["unit_id"]: row["capacity"] for row in rows})


def _freeze_capacities(ids: list[int], capacities: dict[int, int]) -> None:
    at = clock.now()
    present = UnitCapacity.unit_id.in_(ids), UnitCapacity.valid_to.is_(None)
    session.execute(
        update(UnitCapacity).where(*present).values(valid_to=at).execution_options(synchronize_session=False)
    )
    rows = [{"unit_id": key, "capacity": limit, "valid_from": at} for key, limit in capacities.items()]
    session.execute(insert(UnitCapacity), rows)


def _close(filings: list[Filing]) -> None:
    ids = [filing.id for filing in filings]
    values = {"status": FilingStatus.DECIDED, "decided_at": clock.now(), "version": Filing.version + 1}
    changed = update(Filing).where(Filing.id.in_(ids)).values(values)
    session.execute(changed.execution_options(synchronize_session=False))
    _read_again(ids)


def _read_again(filing_ids: list[int]) -> None:
    """What the session holds of the filings and units that were changed in one statement each."""
    query = select(Filing).join(Unit, Unit.id == Filing.unit_id).options(contains_eager(Filing.unit))
    session.scalars(query.where(Filing.id.in_(filing_ids)).execution_options(populate_existing=True)).all()


def _tell(filings: list[Filing]) -> None:
    units = [filing.unit for filing in filings]
    title = lazy("您的房源备案已办结，可以打印房源码牌了")
    notify(users_of(units, Role.LANDLORD), "filing.decided", title, "", "/units?status=active")
