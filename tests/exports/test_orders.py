"""Two persons of one police room for every file; urgent ones are looked at afterwards, and counted."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from rental_mgmt.audit import anchor
from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.core import clock
from rental_mgmt.core.access import POLICE_ROLES, Role
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    StepUpNeeded,
    TooMany,
    Unavailable,
)
from rental_mgmt.exports import building, filters, orders, tallies
from rental_mgmt.exports.filters import Who
from rental_mgmt.exports.models import Export, ExportStatus, FileFormat, Profile
from rental_mgmt.notices.models import Notice

from .conftest import REASON, URGENT, again, approved, built, chosen, ordered

DAY = timedelta(days=1)
WHO_MAY_APPROVE = {
    "second": None,
    "lead": None,
    "liaison": Forbidden,
    "foreign": NotFound,
    "foreign_lead": NotFound,
    "officer": Forbidden,
    "manager": Forbidden,
    "worker": Forbidden,
    "landlord": Forbidden,
    "helper": Forbidden,
    "auditor": Forbidden,
}


@pytest.mark.parametrize("who", WHO_MAY_APPROVE)
@pytest.mark.parametrize("act", ["approve", "refuse"])
def test_who_may_be_the_second_person(room, who, act):
    export, actor = ordered(room), getattr(room, who).actor

    def decide():
        if act == "approve":
            return orders.approve_export(actor, export.uid)
        return orders.refuse_export(actor, export.uid, "没有案件")

    if WHO_MAY_APPROVE[who] is None:
        with unit_of_work():
            decide()
        decided = again(export)
        assert decided.status is (ExportStatus.APPROVED if act == "approve" else ExportStatus.REFUSED)
        assert (decided.approved_by_id or decided.refused_by_id) == actor.user_id
    else:
        with pytest.raises(WHO_MAY_APPROVE[who]):
            decide()


def test_a_person_with_both_roles_is_still_one_person(world, room):
    export = ordered(room)
    world.membership(room.liaison.user, Role.STATION_LEAD, room.station)
    with pytest.raises(Forbidden):
        orders.approve_export(replace(room.liaison.actor, role=Role.STATION_LEAD), export.uid)


def test_the_database_itself_refuses_one_person_twice(room):
    from sqlalchemy.exc import IntegrityError

    export = ordered(room)
    with pytest.raises(IntegrityError), unit_of_work():
        session.get_one(Export, export.id).approved_by_id = room.liaison.user.id


@pytest.mark.parametrize("first", ["approve", "refuse"])
def test_nobody_decides_twice(room, first):
    export = ordered(room)
    with unit_of_work():
        if first == "approve":
            orders.approve_export(room.second.actor, export.uid)
        else:
            orders.refuse_export(room.second.actor, export.uid, "没有案件")
    with pytest.raises(Conflict):
        orders.approve_export(room.lead.actor, export.uid)


def test_nothing_is_built_before_the_second_person(room):
    export = ordered(room)
    assert building.build_next() is False
    assert again(export).status is ExportStatus.REQUESTED


def test_the_others_of_the_room_are_told_and_then_the_asker(room):
    built(room)
    told = session.execute(select(Notice.user_id, Notice.title).order_by(Notice.id)).all()
    assert {user for user, _title in told[:2]} == {room.second.user.id, room.lead.user.id}
    assert {user for user, _title in told[2:]} == {room.liaison.user.id}
    assert len(told) == 4


# --- urgent -------------------------------------------------------------------------------------------------


def test_an_urgent_export_is_built_now_and_looked_at_within_a_day(room):
    export = ordered(room, URGENT)
    assert building.build_next()
    assert again(export).status is ExportStatus.READY
    assert again(export).approve_by == export.requested_at + DAY
    assert again(export).awaits_second
    with pytest.raises(Forbidden):
        orders.approve_export(room.liaison.actor, export.uid)
    with unit_of_work():
        orders.approve_export(room.lead.actor, export.uid)
    assert (again(export).status, again(export).awaits_second) == (ExportStatus.READY, False)


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_urgent_export_that_is_refused_is_taken_back(room, when):
    export = ordered(room, URGENT)
    if when == "after":
        building.build_next()
    with unit_of_work():
        orders.refuse_export(room.lead.actor, export.uid, "不够紧急")
    taken_back = ExportStatus.REFUSED if when == "before" else ExportStatus.EXPIRED
    assert again(export).status is taken_back
    assert building.build_next() is False


def test_urgent_ones_are_counted_in_public(room):
    now = clock.now()
    for second in (True, False, False):
        export = ordered(room, URGENT)
        if second:
            with unit_of_work():
                orders.approve_export(room.second.actor, export.uid)
    ordered(room)
    clock.freeze(now + DAY + timedelta(minutes=1))
    (row,) = tallies.public_exports(tallies.recent_months())
    assert (row.month, row.name) == ("2026-06", room.station.name)
    assert (row.asked, row.urgent, row.in_time, row.overdue) == (4, 3, 1, 2)
    assert tallies.public_exports([date(2026, 5, 1)]) == []


# --- what may be asked --------------------------------------------------------------------------------------


def test_an_order_keeps_what_it_was_asked_for(room):
    export = ordered(room, who=Who.OVERSEAS, nationality="USA")
    assert export.filters == {"who": "overseas", "nationality": "USA"}
    assert export.station_id == room.station.id
    assert export.community_id == room.compound.parent_id
    assert orders.case_number(export) == REASON.case_number
    assert REASON.case_number.encode() not in export.case_sealed


def test_a_place_elsewhere_and_one_that_is_nowhere_are_the_same_refusal(world, room):
    elsewhere = world.compound("外地小区")
    refusals = []
    for uid in (elsewhere.uid, room.guest.uid):
        with pytest.raises(Invalid) as refused:
            ordered(room, place=uid)
        refusals.append(refused.value.errors)
    assert refusals[0] == refusals[1]
    assert set(refusals[0]) == {"place"}


@pytest.mark.parametrize("place", ["compound", "building"])
def test_an_order_may_be_about_a_compound_or_a_building(room, place):
    assert ordered(room, place=getattr(room, place).uid).place_id == getattr(room, place).id


@pytest.mark.parametrize(
    ("days", "field"),
    [
        ({"from_day": date(2026, 6, 2), "to_day": date(2026, 6, 1)}, "to_day"),
        ({"from_day": date(2025, 6, 1), "to_day": date(2026, 6, 2)}, "to_day"),
        ({"from_day": date(2026, 6, 11), "to_day": date(2026, 6, 12)}, "from_day"),
    ],
)
def test_days_that_make_no_sense_name_their_field(room, days, field):
    with pytest.raises(Invalid) as refused:
        ordered(room, **days)
    assert set(refused.value.errors) == {field}


def test_a_person_orders_so_many_a_day(room, monkeypatch):
    monkeypatch.setattr(orders, "ORDERS_A_DAY", 1)
    ordered(room)
    with pytest.raises(TooMany):
        ordered(room)
    assert ordered(room, by=room.second)


@pytest.mark.parametrize("act", ["order", "approve", "refuse"])
def test_every_step_needs_a_fresh_sign_in(room, act):
    export = ordered(room)
    stale = replace(room.second.actor, verified_at=clock.real_now() - timedelta(minutes=6))
    steps = {
        "order": lambda: orders.order_export(stale, chosen(room), REASON, Profile.FULL, FileFormat.CSV),
        "approve": lambda: orders.approve_export(stale, export.uid),
        "refuse": lambda: orders.refuse_export(stale, export.uid, "没有案件"),
    }
    with pytest.raises(StepUpNeeded):
        steps[act]()


def test_no_order_while_the_heads_do_not_reach_the_outside(room, monkeypatch):
    monkeypatch.setattr(anchor, "lag", lambda: timedelta(hours=4))
    with pytest.raises(Unavailable):
        ordered(room)


@pytest.mark.parametrize("role", sorted(set(Role) - POLICE_ROLES))
def test_nobody_but_the_police_orders(room, role):
    with pytest.raises(Forbidden):
        orders.order_export(
            replace(room.liaison.actor, role=role), chosen(room), REASON, Profile.FULL, FileFormat.CSV
        )


def test_every_step_stands_in_the_chain_of_the_community(room):
    export = approved(room)
    actions = session.scalars(
        select(AuditEntry.action).where(AuditEntry.subject == f"export:{export.uid}").order_by(AuditEntry.id)
    ).all()
    assert actions == ["export.order", "export.approve"]


def test_another_station_neither_lists_nor_opens_an_export(room):
    export = ordered(room)
    assert session.scalars(orders.list_exports(room.foreign.actor)).all() == []
    assert session.scalars(orders.list_awaiting(room.foreign.actor)).all() == []
    with pytest.raises(NotFound):
        orders.get_export(room.foreign.actor, export.uid)
    assert [found.uid for found in session.scalars(orders.list_awaiting(room.second.actor))] == [export.uid]
    assert session.scalars(orders.list_awaiting(room.liaison.actor)).all() == []


# --- the list on screen -------------------------------------------------------------------------------------


def test_the_list_on_screen_counts_what_the_file_will_hold(room):
    tally = filters.count_guests(room.liaison.actor, chosen(room))
    assert (tally.guests, tally.minors, tally.overseas, tally.units) == (2, 1, 0, 1)
    export = built(room)
    assert (export.rows, export.minors) == (tally.guests, tally.minors)


def test_the_list_on_screen_holds_no_names(room):
    rows = session.execute(filters.list_guests(room.liaison.actor, chosen(room))).all()
    assert len(rows) == 2
    assert all(
        "sealed" not in name and "name" not in name.removeprefix("unit_name") for name in rows[0]._fields
    )


@pytest.mark.parametrize(("who", "count"), [(Who.ALL, 2), (Who.MINORS, 1), (Who.OVERSEAS, 0)])
def test_the_filter_chooses(room, who, count):
    assert filters.count_guests(room.liaison.actor, chosen(room, who=who)).guests == count


def test_the_filter_finds_incomplete_registrations(world, room):
    world.guest(room.landlord, room.stay, name="无证", document_kind="none", none_reason="遗失")
    assert filters.count_guests(room.liaison.actor, chosen(room, who=Who.INCOMPLETE)).guests == 1


def test_who_left_before_the_first_day_is_not_in_it(world, room):
    from rental_mgmt.stays import service

    later = world.now + timedelta(days=2)
    clock.freeze(later)
    with unit_of_work():
        service.check_out(room.landlord.actor, service.get_stay(room.landlord.actor, room.stay.uid))
    today = clock.local_day(later)
    count = filters.count_guests(room.liaison.actor, chosen(room, from_day=today + DAY - DAY, to_day=today))
    assert count.guests == 2
    clock.freeze(later + DAY)
    tomorrow = today + DAY
    count = filters.count_guests(room.liaison.actor, chosen(room, from_day=tomorrow, to_day=tomorrow))
    assert count.guests == 0


def test_a_failed_export_may_be_tried_again(room, monkeypatch):
    export = approved(room)
    monkeypatch.setattr(building.writers, "write_csv", lambda *_: 1 / 0)
    while building.build_next():
        pass
    assert (again(export).status, again(export).error) == (ExportStatus.FAILED, "ZeroDivisionError")
    monkeypatch.undo()
    with unit_of_work():
        orders.retry_export(room.liaison.actor, export.uid)
    assert building.build_next()
    assert again(export).status is ExportStatus.READY
    assert session.scalars(select(Export)).one().error is None
