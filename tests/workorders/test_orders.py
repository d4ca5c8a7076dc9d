"""A work order from claim to approval: who may do what, what it takes, and what it closes."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from rental_mgmt.alerts import service as alerts
from rental_mgmt.alerts.models import Alert, AlertEvent, AlertHistory, AlertStatus, Severity, Verdict
from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import new_uid, session, unit_of_work
from rental_mgmt.core.errors import Conflict, Forbidden, Invalid, NotFound
from rental_mgmt.notices.models import Notice
from rental_mgmt.rules.base import load_rules
from rental_mgmt.workorders import approvals, bulk, handing, reports, service
from rental_mgmt.workorders.models import OrderStatus, WorkOrder
from rental_mgmt.workorders.reports import Found, Photo, Report
from rental_mgmt.workorders.showing import order_in_full

from ..support.pictures import jpeg
from ..support.world_alerts import POLICE_ONLY

MINUTE = timedelta(minutes=1)
LOOKED = {"present": Found.OK, "door": Found.NOT_APPLICABLE}


def open_to_field(world, block, **values) -> Alert:
    """An alert whose landlord had their turn."""
    alert = world.alert(block.unit, **values)
    world.pass_time(31 * MINUTE)
    return alert


def claim(somebody, alert) -> WorkOrder:
    with unit_of_work():
        return service.claim(somebody.actor, alerts.get_alert(somebody.actor, alert.uid))


def do(operation, somebody, order, *given) -> WorkOrder:
    """Somebody does something with an order that they reach."""
    with unit_of_work():
        return operation(somebody.actor, service.get_order(somebody.actor, order.uid), *given)


def report(somebody, order, result=Verdict.TRUE, **said) -> WorkOrder:
    return do(reports.report, somebody, order, Report(result, **{"answers": LOOKED} | said))


def approve(somebody, order) -> None:
    do(approvals.approve, somebody, order)


def send(liaison, alert, worker) -> WorkOrder:
    with unit_of_work():
        found = alerts.get_alert(liaison.actor, alert.uid)
        return handing.order_visit(liaison.actor, found, worker.user.uid)


def test_claiming_signs_an_order_with_the_checklist_of_the_rule(world, block):
    order = claim(block.worker, open_to_field(world, block))
    assert order.status is OrderStatus.SIGNED
    assert [(item["item"], item["photo"], item["answer"]) for item in order.checklist] == [
        ("present", False, None),
        ("door", True, None),
    ]


def test_an_important_alert_closes_only_after_a_second_person(world, block):
    alert = open_to_field(world, block)
    order = report(block.worker, claim(block.worker, alert), note="两人在场，未登记")
    assert world.again(alert).status is AlertStatus.CLAIMED
    approve(block.manager, order)
    alert = world.again(alert)
    assert (alert.status, alert.verdict, alert.live_key) == (AlertStatus.CLOSED, Verdict.TRUE, None)
    assert alerts.closing_note(alert) == "两人在场，未登记"
    events = session.scalars(select(AlertHistory.event).order_by(AlertHistory.id)).all()
    assert events == [
        AlertEvent.OPENED,
        AlertEvent.TURN_PASSED,
        AlertEvent.CLAIMED,
        AlertEvent.REPORTED,
        AlertEvent.APPROVED,
        AlertEvent.CLOSED,
    ]


def test_the_landlord_hears_how_it_ended(world, block):
    order = report(block.worker, claim(block.worker, open_to_field(world, block)))
    approve(block.manager, order)
    kinds = session.scalars(select(Notice.kind).where(Notice.user_id == block.landlord.user.id)).all()
    assert kinds == ["alert.turn", "alert.closed"]


def test_nobody_approves_their_own_report(world, block):
    order = report(block.worker, claim(block.worker, open_to_field(world, block)))
    with pytest.raises(Forbidden, match="自己的反馈"):
        approve(block.worker, order)
    in_another_role = replace(block.worker, role=Role.PROPERTY_MANAGER, target=block.compound)
    with pytest.raises(Forbidden, match="自己的反馈"):
        approve(in_another_role, order)


@pytest.mark.parametrize(
    ("rule", "turns", "reporter", "may"),
    [
        ("A01", None, "worker", {"manager", "officer"}),
        ("A01", None, "manager", {"worker", "officer"}),
        ("B03", POLICE_ONLY, "liaison", {"lead"}),
    ],
)
def test_who_may_approve_whose_report(world, block, rule, turns, reporter, may):
    alert = world.alert(block.unit, rule, **({"turns": turns} if turns else {}))
    world.pass_time(31 * MINUTE)
    order = report(getattr(block, reporter), claim(getattr(block, reporter), alert))
    found = set()
    for name in ("manager", "worker", "officer", "liaison", "lead"):
        try:
            approvals_of = session.scalars(approvals.list_approvals(getattr(block, name).actor)).all()
            listed = order.uid in {one.uid for one in approvals_of}
            may_it = approvals.may_approve(
                service.get_order(getattr(block, name).actor, order.uid), getattr(block, name).actor
            )
            assert listed == may_it
            if may_it:
                found.add(name)
        except NotFound:
            pass
    assert found == may


def test_a_returned_report_is_reported_again_without_signing_anew(world, block):
    order = report(block.worker, claim(block.worker, open_to_field(world, block)))
    do(approvals.return_, block.manager, order, "请补充人数")
    order = world.again(order)
    assert (order.status, service.words_on(order, "reason_sealed")) == (OrderStatus.RETURNED, "请补充人数")
    approve(block.manager, report(block.worker, order, Verdict.FALSE))
    assert world.again(order).alert.verdict is Verdict.FALSE


# --- what a report takes ------------------------------------------------------------------------------------


def test_every_item_of_the_checklist_is_answered_and_no_other(world, block):
    order = claim(block.worker, open_to_field(world, block))
    with pytest.raises(Invalid) as refused:
        report(block.worker, order, answers={"present": Found.OK, "wings": Found.OK})
    assert set(refused.value.errors) == {"answers.door", "answers.wings"}


def test_a_photo_is_asked_only_where_it_proves_something(world, block):
    order = claim(block.worker, open_to_field(world, block))
    seen = LOOKED | {"door": Found.PROBLEM}
    with pytest.raises(Invalid) as refused:
        report(block.worker, order, answers=seen)
    assert set(refused.value.errors) == {"photos.door"}
    report(block.worker, order, answers=seen, photos=[Photo("door", jpeg())])
    assert [item for item, _file in reports.photos_of(world.again(order))] == ["door"]


def test_a_photo_for_no_item_is_refused(world, block):
    order = claim(block.worker, open_to_field(world, block))
    with pytest.raises(Invalid):
        report(block.worker, order, photos=[Photo("wings", jpeg())])


def test_what_people_wrote_is_nowhere_in_the_clear(world, block):
    order = report(block.worker, claim(block.worker, open_to_field(world, block)), note="王小明不在")
    approve(block.manager, order)
    order = world.again(order)
    told = [*session.scalars(select(AuditEntry.details)), *map(str, session.scalars(select(Notice.values)))]
    told += map(str, session.scalars(select(AlertHistory.details)))
    assert not [text for text in told if "王小明" in text]
    assert "王小明".encode() not in order.note_sealed


# --- the second look ----------------------------------------------------------------------------------------


def minor_order(world, block, drawn: bool) -> WorkOrder:
    """A claimed P3 order that is, or is not, one of the twenty."""
    alert = open_to_field(world, block, severity=Severity.P3)
    with unit_of_work():
        order = service.claim(block.worker.actor, alerts.get_alert(block.worker.actor, alert.uid))
        while approvals.needs_second_person(order) != drawn:
            order.uid = new_uid()
    return order


def test_a_minor_alert_closes_at_once(world, block):
    order = report(block.worker, minor_order(world, block, drawn=False), Verdict.FALSE)
    order = world.again(order)
    assert (order.status, order.alert.status, order.decided_by_id) == (
        OrderStatus.APPROVED,
        AlertStatus.CLOSED,
        None,
    )


def test_one_of_twenty_minor_alerts_is_looked_at_again(world, block):
    order = report(block.worker, minor_order(world, block, drawn=True), Verdict.FALSE)
    order = world.again(order)
    assert (order.status, order.alert.status) == (OrderStatus.REPORTED, AlertStatus.CLAIMED)


def test_the_draw_takes_about_one_in_twenty(world, block):
    alert = world.alert(block.unit, severity=Severity.P3)
    drawn = sum(approvals.needs_second_person(WorkOrder(alert=alert, checklist=[])) for _ in range(2000))
    session.expunge_all()
    assert 60 <= drawn <= 145


# --- handing on, giving back, waiting -----------------------------------------------------------------------


def test_an_order_goes_to_a_colleague_of_the_same_role_in_scope(world, block):
    order = claim(block.worker, open_to_field(world, block))
    colleague, stranger = world.grid_worker(block.grid), world.grid_worker(world.grid(world.building("7栋")))
    for wrong in (stranger, block.manager, block.worker):
        with pytest.raises(Invalid):
            do(handing.assign, block.worker, order, wrong.user.uid)
    new = do(handing.assign, block.worker, order, colleague.user.uid)
    assert world.again(order).status is OrderStatus.DROPPED
    assert world.again(new).alert.claimed_by_id == colleague.user.id
    with pytest.raises(Conflict, match="签收"):
        report(colleague, new)
    do(service.sign, colleague, new)
    report(colleague, new)


def test_past_its_limit_others_may_hand_it_on(world, block):
    order = claim(block.worker, open_to_field(world, block))
    colleague = world.grid_worker(block.grid)
    with pytest.raises(Forbidden), unit_of_work():
        handing.assign(
            block.manager.actor, service.get_order(block.manager.actor, order.uid), colleague.user.uid
        )
    world.pass_time(timedelta(days=3))
    do(handing.assign, block.manager, order, colleague.user.uid)


def test_what_is_given_back_can_be_taken_by_another(world, block):
    alert = open_to_field(world, block)
    order = claim(block.worker, alert)
    do(service.give_back, block.worker, order, "我不在班")
    assert world.again(order).status is OrderStatus.DROPPED
    assert claim(block.manager, alert).assigned_role is Role.PROPERTY_MANAGER


def test_nobody_in_stops_the_clock_of_order_and_alert(world, block):
    alert = open_to_field(world, block)
    order = claim(block.worker, alert)
    before = world.again(alert).resolve_by
    do(service.wait, block.worker, order, world.now + timedelta(days=1))
    assert world.again(order).waits_until == world.now + timedelta(days=1)
    assert world.again(alert).resolve_by > before


# --- a visit that the police order --------------------------------------------------------------------------


def test_a_visit_tells_the_grid_worker_only_the_unit(world, block):
    alert = world.alert(block.unit, "D01", turns=POLICE_ONLY)
    visit = send(block.liaison, alert, block.worker)
    with pytest.raises(NotFound):
        alerts.get_alert(block.worker.actor, alert.uid)
    seen = order_in_full(service.get_order(block.worker.actor, visit.uid), block.worker.actor)
    assert (seen["where"], seen["title"], seen["alert"], seen["rule"]) == ("1栋 1203", "上门核查", None, None)
    assert "无登记" not in seen["report_text"]


def test_a_visits_report_closes_nothing_but_is_approved_by_the_police(world, block):
    alert = world.alert(block.unit, "D01", turns=POLICE_ONLY)
    visit = send(block.liaison, alert, block.worker)
    do(service.sign, block.worker, visit)
    report(block.worker, visit, answers={"present": Found.OK, "as_filed": Found.OK})
    for civilian in (block.manager, block.officer):
        with pytest.raises((Forbidden, NotFound)):
            approve(civilian, visit)
    approve(block.liaison, visit)
    assert world.again(visit).status is OrderStatus.APPROVED
    assert world.again(alert).status is AlertStatus.CLAIMED


def test_only_a_grid_worker_of_the_place_is_sent(world, block):
    alert = world.alert(block.unit, "D01", turns=POLICE_ONLY)
    elsewhere = world.grid_worker(world.grid(world.building("8栋")))
    for wrong in (elsewhere, block.manager):
        with pytest.raises(Invalid):
            send(block.liaison, alert, wrong)


def test_when_the_alert_closes_visits_nobody_needs_are_off(world, block):
    alert = world.alert(block.unit, "D01", turns=POLICE_ONLY)
    visit = send(block.liaison, alert, block.worker)
    own = service.order_on(world.again(alert))
    approve(block.lead, report(block.liaison, own, Verdict.FALSE))
    assert world.again(visit).status is OrderStatus.DROPPED


# --- many at once -------------------------------------------------------------------------------------------


def test_many_close_from_the_desk_and_important_ones_wait(world, block, count_queries):
    important = [world.alert(block.unit, part=f"a{n}") for n in range(6)]
    minor = [world.alert(block.unit, part=f"b{n}", severity=Severity.P4) for n in range(6)]
    world.pass_time(31 * MINUTE)
    mine = claim(block.manager, important[0])
    uids = [alert.uid for alert in (*important, *minor)]
    with count_queries() as seen, unit_of_work():
        orders, left = bulk.report_many(block.manager.actor, uids, Verdict.FALSE, "门锁自检误触发")
    assert len([said for said in seen if not said.startswith("UPDATE ")]) <= 18, seen
    assert (len(orders), left) == (12, [])
    assert world.again(mine).status is OrderStatus.REPORTED
    assert {world.again(alert).status for alert in important} == {AlertStatus.CLAIMED}
    closed = [alert for alert in minor if world.again(alert).status is AlertStatus.CLOSED]
    waiting = [order for order in orders if world.again(order).status is OrderStatus.REPORTED]
    assert len(closed) + len(waiting) == 12
    with unit_of_work():
        approvals.approve_many(
            block.worker.actor, service.get_orders(block.worker.actor, [order.uid for order in waiting])
        )
    assert {world.again(alert).status for alert in (*important, *minor)} == {AlertStatus.CLOSED}


def test_true_is_not_said_of_many(world, block):
    alert = open_to_field(world, block)
    with pytest.raises(Invalid), unit_of_work():
        bulk.report_many(block.manager.actor, [alert.uid], Verdict.TRUE, "x")


def test_one_report_that_may_not_be_approved_keeps_all_as_they_were(world, block):
    mine = report(block.manager, claim(block.manager, open_to_field(world, block, part="1")))
    other = report(block.worker, claim(block.worker, open_to_field(world, block, part="2")))
    with pytest.raises(Forbidden), unit_of_work():
        approvals.approve_many(
            block.manager.actor, service.get_orders(block.manager.actor, [other.uid, mine.uid])
        )
    assert world.again(other).status is OrderStatus.REPORTED


def test_what_to_look_at_is_said_so_that_ok_or_problem_answers_it():
    """“没有问题” answers a statement: 在场人数与登记一致. To a question it would say yes and no."""
    asked = [item for rule in load_rules().values() for item in rule.checklist if "是否" in str(item.words)]
    assert asked == []
    assert "是否" not in str(handing.VISIT_CHECKLIST)
