"""Registering a guest: the hottest path of the product, in few statements and one transaction.

The unit's row is locked first; who is present is read in a later statement, so that two registrations at once
cannot both find the last free bed. On PostgreSQL person, guest, touches and outbox row travel in one statement.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from uuid import UUID

from sqlalchemy import Select, bindparam, func, insert, literal, select, union_all, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from ..accounts.scope import within
from ..audit.service import record
from ..core import clock, touch
from ..core.access import Actor, Role, allow
from ..core.db import dialect_insert, new_uid, on_postgresql, run, session
from ..core.errors import Conflict, Invalid, NotFound
from ..core.i18n import _, lazy
from ..core.outbox import Outbox, outbox_row
from ..core.seal import Retention, Where, fingerprints, seal
from ..units.models import Unit, UnitStatus
from .details import Judged, judge
from .models import Guest, Person, Stay
from .presence import busiest

EARLY = timedelta(hours=24)
OUTSIDE = lazy("到达时间应在这次入住的起止时间之内，请核对")
TOPIC = "guest.registered"
SEALED = ("name", "number", "phone", "birth", "guardian", "explanation")


@dataclass(frozen=True)
class Registered:
    """What came of a registration."""

    uid: UUID
    missing: list[str]
    document_state: str
    is_over_capacity: bool
    warnings: tuple[str, ...] = field(default=())


@allow(Role.LANDLORD, Role.HELPER)
def register_guest(actor: Actor, stay_uid: UUID, details: dict) -> Registered:
    """Add one guest to an open stay; above capacity with an explanation, incomplete where something is missing.

    Basis: psal-2025-67-1, psal-2025-68-1, ctl-2018-21. Raises NotFound, Conflict (ended, registered already)
    and Invalid with the fields to correct.
    """
    now = clock.now()
    stay, others = _lock(actor, stay_uid, min(now, details["arrived_at"] or now))
    arrived_at = _arrival(stay, details["arrived_at"], now)
    judged = judge(details, clock.local_day(arrived_at))
    row = guest_row(judged, arrived_at, now) | {
        "stay_id": stay.stay_id,
        "unit_id": stay.unit_id,
        "recorded_by_id": actor.user_id,
    }
    others = _store(row, judged.identity, stay.unit_id, now, others)
    over = busiest(others, arrived_at, max(stay.checks_out_at, now)) >= stay.capacity
    if over:
        _explain(row, stay.capacity, details["explanation"])
    record(
        actor,
        "guest.register",
        f"guest:{row['uid']}",
        chain=f"place:{stay.community_id}",
        over_capacity=over,
        missing=row["missing"],
    )
    return Registered(row["uid"], row["missing"], row["document_state"].value, over, judged.warnings)


# --- before -------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1000)
def _stay_and_unit(role: Role, party_ids: tuple[int, ...], with_others: bool) -> Select:
    """The statement of one landlord, kept because building it costs more than running it."""
    reach = within(Actor(None, None, role, party_ids=party_ids), Unit)
    query = (
        select(
            Stay.id.label("stay_id"),
            Stay.checks_in_at,
            Stay.checks_out_at,
            Stay.ended_at,
            Stay.cancelled_at,
            Unit.id.label("unit_id"),
            Unit.capacity,
            Unit.community_id,
            Unit.status,
        )
        .join(Unit, Unit.id == Stay.unit_id)
        .where(reach, Stay.uid == bindparam("stay_uid"))
        # The stay too, so that one that ends while we wait for its unit is seen to have ended.
        .with_for_update(of=(Stay, Unit), key_share=True)
    )
    return query.add_columns(_spans_as_text()) if with_others else query


def _lock(actor: Actor, stay_uid: UUID, since: datetime):
    """The stay and its unit, locked; on SQLite, where only one writer is let in, also who was there since."""
    with_others = not on_postgresql()
    query = _stay_and_unit(actor.role, actor.party_ids, with_others)
    stay = run(query, {"stay_uid": stay_uid} | ({"since": since} if with_others else {})).one_or_none()
    others = [tuple(map(_moment, span)) for span in json.loads(stay.others)] if stay and with_others else None
    if stay is None:
        raise NotFound
    if stay.cancelled_at or stay.ended_at:
        raise Conflict(_("该入住已结束，不能再登记住客；补登请先新建一次入住"))
    if stay.status in (UnitStatus.UNCLAIMED, UnitStatus.CLOSED):
        raise Conflict(_("该房源已注销或尚未认领，不能登记住客"))
    return stay, others


def present_spans(unit_id) -> Select:
    """When each guest of a unit came and went; gone_at is empty while nobody has checked them out."""
    theirs = aliased(Stay)
    gone_at = func.coalesce(Guest.left_at, theirs.ended_at)
    since = bindparam("since", type_=Guest.arrived_at.type)
    return (
        select(Guest.arrived_at, gone_at.label("gone_at"))
        .join(theirs, theirs.id == Guest.stay_id)
        .where(Guest.unit_id == unit_id, Guest.voided_at.is_(None), gone_at.is_(None) | (gone_at > since))
    )


def _spans_as_text():
    """The same inside another SELECT of SQLite, which has no lateral join."""
    spans = present_spans(Unit.id)
    pair = func.json_array(*spans.selected_columns)
    return (
        spans.with_only_columns(func.json_group_array(pair)).correlate(Unit).scalar_subquery().label("others")
    )


def _moment(text: str | None) -> datetime | None:
    return text and datetime.fromisoformat(text).replace(tzinfo=UTC)


def _arrival(stay, given: datetime | None, now: datetime) -> datetime:
    arrived_at = given or max(now, stay.checks_in_at)
    if not is_within(stay, arrived_at, now):
        raise Invalid(errors={"arrived_at": [OUTSIDE]})
    return arrived_at


def is_within(stay, arrived_at: datetime, now: datetime) -> bool:
    """Can a guest of this stay have come then? A day before the plan at most; late as long as it goes on."""
    return stay.checks_in_at - EARLY <= arrived_at <= max(stay.checks_out_at, now)


# --- storing ------------------------------------------------------------------------------------------------


def guest_row(judged: Judged, arrived_at: datetime, recorded_at: datetime) -> dict:
    """The columns of a guest, sealed; for the door and for imports alike."""
    uid = new_uid()
    retention = Retention.MINOR if judged.is_sensitive else Retention.GUEST
    row = judged.clear | {
        "uid": uid,
        "retention": retention.value,
        "arrived_at": arrived_at,
        "arrived_on": clock.local_day(arrived_at),
        "recorded_at": recorded_at,
        "is_over_capacity": False,
        "legal_hold": False,
        "version": 1,
    }
    for name in SEALED:
        value = judged.secret[name]
        where = Where("guest", f"{name}_sealed", uid)
        row[where.column] = seal(value, where, retention, recorded_at) if value else None
    for name in ("name", "phone"):
        value = judged.secret[name]
        row[f"{name}_fp"], row[f"{name}_fp_next"] = fingerprints(name, value) if value else (None, None)
    return row


def _store(row: dict, identity: str | None, unit_id: int, now: datetime, others):
    fp, fp_next = fingerprints("id_number", identity) if identity else (None, None)
    message = outbox_row(TOPIC, {"guest": str(row["uid"])}, ordered_by=f"stay:{row['stay_id']}")
    message["uid"] = new_uid()
    try:
        if on_postgresql():
            return _store_at_once(row, fp, fp_next, unit_id, now, message)
        _store_in_steps(row, fp, fp_next, unit_id, now, message)
        return others
    except IntegrityError:
        raise Conflict(_("这位住客已登记在这次入住中，无需重复登记；如需修改请用更正")) from None


def _store_in_steps(row, fp, fp_next, unit_id, now, message) -> None:
    row["person_id"] = None
    touched = [(touch.Kind.UNIT, unit_id)]
    if fp:
        row["person_id"] = run(_person_insert(), {"fp": fp, "fp_next": fp_next, "created_at": now}).scalar_one()
        touched.append((touch.Kind.PERSON, row["person_id"]))
    run(_INSERT_GUEST, row)
    touch.touch(*touched)
    run(_INSERT_MESSAGE, message)


_INSERT_GUEST, _INSERT_MESSAGE = insert(Guest.__table__), insert(Outbox.__table__)


@cache
def _person_insert():
    made = dialect_insert(Person.__table__)
    made = made.on_conflict_do_update(index_elements=["fp"], set_={"fp_next": made.excluded.fp_next})
    return made.returning(Person.__table__.c.id)


def _store_at_once(row, fp, fp_next, unit_id, now, message):
    """One statement; answers with everybody else's spans as they were before it."""
    values = {f"guest_{name}": value for name, value in row.items()}
    values |= {f"message_{name}": value for name, value in message.items()}
    values |= {
        "person_fp": fp,
        "person_fp_next": fp_next,
        "person_created_at": now,
        "unit": unit_id,
        # Who comes late into the register is counted with those who were there then.
        "since": min(now, row["arrived_at"]),
    }
    found = run(_statement(frozenset(row), frozenset(message), fp is not None), values)
    return [(arrived_at, gone_at) for arrived_at, gone_at in found if arrived_at]


@cache
def _statement(guest_columns: frozenset, message_columns: frozenset, has_person: bool):
    def bound(table, prefix, columns):
        return {name: bindparam(f"{prefix}_{name}", type_=table.c[name].type) for name in sorted(columns)}

    guest_values = bound(Guest.__table__, "guest", guest_columns)
    touched = [select(literal("unit").label("kind"), bindparam("unit", type_=Guest.unit_id.type).label("key"))]
    person = None
    if has_person:
        columns = ("fp", "fp_next", "created_at")
        person = dialect_insert(Person).values(bound(Person.__table__, "person", columns))
        person = person.on_conflict_do_update(index_elements=["fp"], set_={"fp_next": person.excluded.fp_next})
        person = person.returning(Person.id).cte("person")
        guest_values["person_id"] = select(person.c.id).scalar_subquery()
        touched.append(select(literal("person").label("kind"), person.c.id.label("key")))
    guest = insert(Guest).values(guest_values).returning(Guest.id).cte("made")
    touches = insert(touch.Touch).from_select(["kind", "key"], union_all(*touched)).cte("touched")
    message = insert(Outbox).values(bound(Outbox.__table__, "message", message_columns)).cte("message")
    there = present_spans(bindparam("unit", type_=Guest.unit_id.type)).subquery()
    spans = select(there.c.arrived_at, there.c.gone_at).select_from(guest.outerjoin(there, literal(True)))
    return spans.add_cte(touches, message)


# --- above capacity -----------------------------------------------------------------------------------------


def _explain(row: dict, capacity: int, explanation: str | None) -> None:
    """Above the limit the person is registered all the same, explained: refusing would teach hiding."""
    if not explanation:
        words = _("登记后将超过核定的 %(n)s 人。请在此说明情况后再次提交，登记会照常保存", n=capacity)
        raise Invalid(errors={"explanation": [words]})
    session.execute(update(Guest).where(Guest.uid == row["uid"]).values(is_over_capacity=True))
