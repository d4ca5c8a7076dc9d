"""The first page of each role: what is to be done next stands on top, and nobody reads more than they may."""

from datetime import datetime, timedelta

import pytest

from rental_mgmt.alerts import service as alerts
from rental_mgmt.alerts.models import Severity
from rental_mgmt.core import clock
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.exports import lookups, orders
from rental_mgmt.exports.filters import GuestFilter
from rental_mgmt.exports.models import FileFormat, LookupKind, Profile, Purpose
from rental_mgmt.overview.homes import home_of
from rental_mgmt.stays.models import NightState, OverseasReport
from rental_mgmt.stays.nights import mark_night, tonight
from rental_mgmt.units import filing
from rental_mgmt.workorders import handing
from rental_mgmt.workorders import service as work
from tests.support import people
from tests.support.field import Field
from tests.support.world_alerts import POLICE_ONLY
from tests.support.world_people import add

from .conftest import in_order

MINUTE = timedelta(minutes=1)
WHY = orders.Reason(Purpose.CRIMINAL_CASE, "A5101042026060001")
EVENING = datetime(2026, 6, 10, 20, tzinfo=clock.LOCAL)


def say(landlord, unit, state) -> None:
    with unit_of_work():
        mark_night(landlord.actor, unit, tonight(), state)


# --- a landlord ---------------------------------------------------------------------------------------------


def test_a_landlord_reads_alerts_then_the_unregistered_then_what_is_not_said_then_the_rest(world, block, read):
    owner, home = block.landlord, block.building
    silent, calm = (
        world.flat(owner.target, home, "1301"),
        world.flat(owner.target, home, "1401"),
    )
    say(owner, calm, NightState.EMPTY)
    world.stay(owner, block.unit, planned_guests=2)
    world.alert(block.unit)
    page = read(owner)
    assert "1 套有客未登记或待补全" in page
    assert in_order(page, "等您答复", "有客未登记 预计 2 人", "这 1 套今晚怎样", "1301", "保存今晚", "1401 空")
    assert silent.code not in page


def test_the_time_left_is_that_of_the_reader_s_own_turn(world, block):
    alert = world.alert(block.unit)
    with unit_of_work(read_only=True):
        [landlords], [managers] = home_of(block.landlord.actor).alerts, home_of(block.manager.actor).alerts
    assert landlords["until"] == alert.next_turn_at < alert.resolve_by == managers["until"]


def test_who_is_half_registered_is_told_how_many_are_missing(world, block, read):
    stay = world.stay(block.landlord, block.unit, planned_guests=3)
    world.guest(block.landlord, stay)
    assert "待补全 登记 1 人，预计 3 人" in read(block.landlord)


def test_a_clear_evening_says_so(world, block, read):
    world.guest(block.landlord, world.stay(block.landlord, block.unit))
    page = read(block.landlord)
    assert "今晚的都已清楚" in page
    assert "怎样？" not in page


def test_a_landlord_of_nothing_is_shown_the_two_ways_to_begin(world, block, read):
    page = read(world.landlord())
    assert "还没有房源" in page
    assert in_order(page, "认领房源", "登记房源")
    assert "今晚的都已清楚" not in page, "nothing is clear where nothing is"


def test_a_returned_filing_waits_on_the_home_of_its_landlord(world, block, read):
    submitted = world.submitted(block.landlord, block.building, "0301")
    with unit_of_work():
        found = filing.get_filing(block.liaison.actor, submitted.uid)
        filing.return_(block.liaison.actor, found, found.version, "请补同意书")
    assert in_order(read(block.landlord), "备案待办", "被退回，请修改")


def test_a_helper_sees_the_tiles_and_nothing_they_may_not_do(world, block, read):
    world.stay(block.landlord, block.unit)
    page = read(block.helper)
    assert "有客未登记" in page
    assert "认领房源" not in page
    assert "登记房源" not in page


# --- in the field -------------------------------------------------------------------------------------------


def test_a_grid_worker_reads_orders_in_hand_before_what_may_be_claimed(world, block, read):
    mine = world.alert(block.unit)
    world.pass_time(31 * MINUTE)
    with unit_of_work():
        work.claim(block.worker.actor, alerts.get_alert(block.worker.actor, mine.uid))
    other = world.flat(block.landlord.target, block.building, "0901")
    world.alert(other)
    world.pass_time(31 * MINUTE)
    page = read(block.worker)
    assert in_order(page, "我手上的工单", "1203", "无登记入住", "处理中", "待认领", "0901", "今晚在住")
    assert page.count("1203") == 1, "what is in hand is not offered again"


def test_of_a_visit_the_police_ordered_a_grid_worker_s_home_tells_the_place_alone(world, block, read):
    alert = world.alert(block.unit, "B03", Severity.P0, POLICE_ONLY)
    with unit_of_work():
        found = alerts.get_alert(block.liaison.actor, alert.uid)
        handing.order_visit(block.liaison.actor, found, block.worker.user.uid)
    page = read(block.worker)
    assert in_order(page, "我手上的工单", "1203", "上门核查", "待签收")
    assert not [words for words in (alert.title, alert.text, "特急") if words in page]


def test_a_grid_worker_with_nothing_to_do_is_told_so(block, read):
    assert "现在没有轮到您的预警" in read(block.worker)


def test_a_property_manager_reads_the_most_urgent_alert_first_and_how_many_are_there(world, block, read):
    second = world.flat(block.landlord.target, block.building, "0901")
    world.guest(block.landlord, world.stay(block.landlord, second))
    world.stay(block.landlord, block.unit, planned_guests=2)
    world.alert(second, severity=Severity.P3)
    world.alert(block.unit, severity=Severity.P1)
    world.pass_time(31 * MINUTE)
    page = read(block.manager)
    assert "在住 1 人，今晚预计到 1 组" in page
    assert in_order(page, "最急的", "1203", "0901", "1栋 2 套房源")


def test_a_manager_of_another_compound_reads_nothing_of_this_one(world, block, read):
    world.alert(block.unit)
    world.pass_time(31 * MINUTE)
    page = read(world.property_manager(world.compound("别处小区")))
    assert "在住 0 人，今晚预计到 0 组" in page
    assert "现在没有未办结的预警" in page
    assert "1203" not in page


# --- the community ------------------------------------------------------------------------------------------


def test_a_community_officer_reads_numbers_and_no_names(world, block, read):
    person = people.person(777)
    world.guest(block.landlord, world.stay(block.landlord, block.unit), person)
    page = read(block.officer)
    assert in_order(page, "今晚在住", "1", "正常房源", "1", "待认领", "0")
    assert person.name not in page


def test_an_officer_without_a_place_sees_nothing(world, block, read):
    world.guest(block.landlord, world.stay(block.landlord, block.unit))
    world.alert(block.unit, severity=Severity.P0)
    world.pass_time(timedelta(hours=9))
    nowhere = world.user(block.officer.role)
    home = home_of(nowhere.actor)
    assert home.alerts == []
    assert {word: n for word, n in home.counts.items() if n} == {}
    assert "您的范围内还没有房源" in read(nowhere, "/compound")
    assert "您的范围内还没有房源" in read(nowhere, "/compound?wall=1")


# --- the police ---------------------------------------------------------------------------------------------


def test_the_police_room_reads_what_waits_for_a_second_person_but_not_ones_own(world, block, read):
    chosen = GuestFilter(block.building.uid, EVENING.date() - timedelta(days=1), EVENING.date())
    with unit_of_work():
        orders.order_export(block.liaison.actor, chosen, WHY, Profile.MASKED, FileFormat.CSV)
    second = world.liaison(block.station)
    elsewhere = world.liaison(world.station(world.compound("别处小区"), name="别处派出所"))
    waiting = {who: home_of(who.actor).counts["exports"] for who in (block.liaison, second, elsewhere)}
    assert list(waiting.values()) == [0, 1, 0]
    assert "待审批的导出 1" in read(second)


def test_a_look_up_that_met_a_minor_waits_for_the_second_person(world, block):
    child = people.person(2, minor=True)
    world.guest(block.landlord, world.stay(block.landlord, block.unit), child, relation="child")
    with unit_of_work():
        lookups.look_up(block.liaison.actor, lookups.Asked(LookupKind.NUMBER, number=child.id_number), WHY)
    assert home_of(block.lead.actor).counts["looks"] == 1
    assert home_of(block.liaison.actor).counts["looks"] == 0


def test_a_checked_filing_waits_for_the_liaison(world, block):
    submitted = world.submitted(block.landlord, block.building, "0301")
    assert home_of(block.liaison.actor).counts["filings"] == 0
    world.checked(block.worker, submitted)
    assert home_of(block.liaison.actor).counts["filings"] == 1


def test_overseas_clocks_stand_by_the_time_left_until_their_report(house, client, read):
    field = Field()
    field.unit("晚到").stay(hours=-2).guest("Anna", nationality="DEU")
    field.unit("早到").stay(hours=-20).guest("Olga", nationality="RUS")
    field.unit("已走").stay(hours=-30, ended=-1).guest("Mary", nationality="IRL")
    field.unit("国内").stay(hours=-20).guest("王五")
    page = read(field.liaison)
    assert in_order(page, "境外人员 24 小时申报", "早到", "剩 4 小时", "晚到", "剩 22 小时")
    assert not [name for name in ("Anna", "Olga", "已走", "国内") if name in page]
    field.unit("早到").reported()
    field.unit("晚到").reported()
    assert "在住的境外人员都已申报" in read(field.liaison)
    assert session.query(OverseasReport).count() == 2


# --- what no home says --------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["helper", "manager", "worker", "officer", "liaison", "lead", "auditor"])
def test_no_home_tells_who_a_guest_is(world, block, client, role):
    person = people.person(777)
    world.guest(block.landlord, world.stay(block.landlord, block.unit), person)
    world.alert(block.unit)
    world.pass_time(timedelta(hours=9))
    somebody = world.auditor() if role == "auditor" else getattr(block, role)
    page = world.sign_in(client, somebody).get("/").text
    assert not [secret for secret in (person.name, person.id_number, person.phone) if secret in page]


@pytest.mark.parametrize("role", ["manager", "worker", "officer"])
def test_an_identity_alert_is_on_the_police_s_home_alone(world, block, read, role):
    world.alert(block.unit, "B03", Severity.P0, POLICE_ONLY)
    world.pass_time(timedelta(hours=9))
    assert "无登记入住" in read(block.liaison)
    assert "无登记入住" not in read(getattr(block, role))


@pytest.mark.parametrize("role", ["landlord", "manager", "worker", "officer", "liaison"])
def test_a_home_asks_as_often_for_many_units_as_for_one(world, block, count_queries, role):
    somebody = getattr(block, role).actor

    def statements() -> int:
        session.remove()
        with count_queries() as seen:
            home_of(somebody)
        return len(seen)

    def lives(unit) -> None:
        world.guest(block.landlord, world.stay(block.landlord, unit), people.person(world.next_number() + 40))
        world.alert(unit)

    lives(block.unit)
    world.pass_time(31 * MINUTE)
    once = statements()
    for _ in range(4):
        lives(world.flat(block.landlord.target, block.building))
    world.pass_time(31 * MINUTE)
    assert statements() == once


# --- the rest of the house ----------------------------------------------------------------------------------


def test_who_is_not_signed_in_is_shown_the_way_in(client, block):
    answer = client.get("/")
    assert answer.status_code == 303
    assert "/sign-in" in answer.headers["Location"]


def test_administrators_find_people_places_and_health_and_no_guests(world, block, read):
    world.guest(block.landlord, world.stay(block.landlord, block.unit), people.person(777))
    admin, security = world.user("system_admin"), world.user("security_admin")
    assert in_order(read(admin), "人员与权限", "运行状况", "地点、网格与派出所")
    assert "地点、网格与派出所" not in read(security)
    assert "表结构是最新的" in read(security, "/health")
    assert "1203" not in read(admin, "/compound")


@pytest.mark.parametrize("role", ["landlord", "manager", "liaison"])
def test_health_is_for_administrators(block, read, role):
    assert "您的角色无权" in read(getattr(block, role), "/health", 403)


def test_the_auditor_reads_the_chain_and_is_written_down_in_it(world, block, read):
    world.guest(block.landlord, world.stay(block.landlord, block.unit), people.person(777))
    auditor = world.auditor()
    home = read(auditor)
    assert in_order(home, "没有配置外部链头", "审计记录", "审计链 1", "异常多的账号 0", "审计链与记录")
    trail = read(auditor, "/audit?action=guest.register")
    assert "guest.register" in trail
    assert people.person(777).name not in trail
    assert "audit.read" in read(auditor, "/audit?action=audit.read")
    assert "您的角色无权" in read(block.lead, "/audit", 403)


def test_what_the_law_and_the_product_do_with_data_is_read_without_an_account(client, block):
    page = client.get("/privacy").text
    assert "最小" in page or "必要" in page
    assert client.get("/law/ctl-2018-21").status_code == 200
    assert client.get("/law/none-such").status_code == 404


def test_machines_are_told_that_the_house_stands(client, block):
    assert client.get("/healthz").json == {"alive": True}
    assert client.get("/readyz").json == {"ready": True}


def test_a_report_of_an_overseas_guest_belongs_to_its_guest_alone(house):
    field = Field()
    flat = field.unit("合住").stay(hours=-3).guest("Anna", nationality="DEU")
    flat.reported()
    flat.guest("Olga", nationality="RUS")
    clocks = home_of(field.liaison.actor).overseas
    assert [one["unit"] for one in clocks] == ["合住"]
    assert clocks[0]["until"] == clock.now() + timedelta(hours=21)
    add(OverseasReport(**_report_of(flat.last_guest)))
    assert home_of(field.liaison.actor).overseas == []


def _report_of(guest) -> dict:
    return {
        "guest_id": guest.id,
        "receipt_number": "C-0002",
        "reported_at": clock.now(),
        "recorded_at": clock.now(),
    }
