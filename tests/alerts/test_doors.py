"""Alerts through the doors: the queue in few statements, pages that explain themselves, one-tap answers."""

import re
from datetime import timedelta

import pytest

from rental_mgmt.alerts import service
from rental_mgmt.alerts.models import Alert, AlertStatus, AlertUnit, AnswerKind, Severity, Verdict
from rental_mgmt.core import clock
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.places.models import Place

from ..support.forms import fill_in
from ..support.world_alerts import POLICE_ONLY

MINUTE = timedelta(minutes=1)
NAMES = ("landlord", "helper", "manager", "worker", "officer", "liaison", "lead")


def listed(client, key: dict, **query) -> list[dict]:
    answer = client.get("/api/v1/alerts", headers=key, query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json["items"]


def test_the_most_urgent_with_least_time_left_is_on_top(client, world, block):
    made = [
        world.alert(block.unit, part=str(n), severity=severity, resolve_within=timedelta(hours=hours))
        for n, (severity, hours) in enumerate(
            [(Severity.P3, 1), (Severity.P1, 9), (Severity.P1, 2), (Severity.P0, 5)]
        )
    ]
    found = [row["uid"] for row in listed(client, world.key(block.manager))]
    assert found == [str(made[n].uid) for n in (3, 2, 1, 0)]


def test_pages_follow_each_other_without_gap_or_overlap(client, world, block):
    for n in range(7):
        world.alert(block.unit, part=str(n), severity=Severity(n % 3))
    key, seen, cursor = world.key(block.manager), [], None
    while True:
        query = {"size": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/api/v1/alerts", headers=key, query_string=query).json
        seen += [row["uid"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 7


def test_the_list_takes_at_most_four_statements(client, world, block, count_queries):
    for n in range(5):
        world.alert(block.unit, part=str(n))
    for somebody in (block.landlord, block.manager, block.liaison):
        key = world.key(somebody)
        client.get("/api/v1/alerts", headers=key)
        with count_queries() as seen:
            listed(client, key)
        assert len(seen) <= 4, seen


def test_filters_narrow_the_list(client, world, block):
    key = world.key(block.manager)
    one = world.alert(block.unit, severity=Severity.P1)
    other = world.alert(world.flat(block.landlord.target, world.building("2栋", block.compound)), "A03")
    assert {row["uid"] for row in listed(client, key)} == {str(one.uid), str(other.uid)}
    assert [row["uid"] for row in listed(client, key, rule="A03")] == [str(other.uid)]
    assert [row["uid"] for row in listed(client, key, severity=1)] == [str(one.uid)]
    assert [row["uid"] for row in listed(client, key, building=str(block.building.uid))] == [str(one.uid)]
    assert listed(client, key, which="closed") == []
    assert listed(client, key, which="claimed") == []
    assert listed(client, key, which="mine") == []


def test_an_unknown_filter_names_itself(client, world, block):
    answer = client.get("/api/v1/alerts?severity=9&wings=2", headers=world.key(block.manager))
    assert answer.status_code == 422
    assert {error["path"] for error in answer.json["errors"]} == {"severity", "wings"}


def test_out_of_scope_and_missing_are_byte_equal(client, world, block):
    alert = world.alert(block.unit, "B03", turns=POLICE_ONLY)
    key = world.key(block.manager)
    hidden = client.get(f"/api/v1/alerts/{alert.uid}", headers=key)
    missing = client.get(f"/api/v1/alerts/{block.unit.uid}", headers=key)
    assert hidden.status_code == missing.status_code == 404
    assert hidden.data == missing.data


def test_one_alert_says_everything(client, world, block):
    alert = world.alert(block.unit)
    said = client.get(f"/api/v1/alerts/{alert.uid}", headers=world.key(block.landlord)).json
    assert said["where"] == "1栋 1203"
    assert said["basis"][0]["id"] == "ctl-2018-21"
    assert said["landlord_minutes"] == 30
    assert (said["may_answer"], said["may_claim"]) == (True, False)
    english = {**world.key(block.landlord), "Accept-Language": "en"}
    assert client.get(f"/api/v1/alerts/{alert.uid}", headers=english).json["title"] == alert.title_en


# --- who may what (P12) -------------------------------------------------------------------------------------

# After the landlord's turn: what each role gets for an alert of its scope; 404 where it does not read it.
MATRIX = {
    "landlord": {"read": 200, "answer": 201, "claim": 403, "history": 200},
    "helper": {"read": 200, "answer": 201, "claim": 403, "history": 200},
    "manager": {"read": 200, "answer": 403, "claim": 201, "history": 200},
    "worker": {"read": 200, "answer": 403, "claim": 201, "history": 200},
    "officer": {"read": 404, "answer": 404, "claim": 404, "history": 404},
    "liaison": {"read": 404, "answer": 404, "claim": 404, "history": 404},
    "lead": {"read": 404, "answer": 404, "claim": 404, "history": 404},
}
IDENTITY = {name: dict.fromkeys(("read", "answer", "claim", "history"), 404) for name in NAMES}
IDENTITY["liaison"] = {"read": 200, "answer": 403, "claim": 201, "history": 200}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("rule", "turns", "expected"), [("A01", None, MATRIX), ("B03", POLICE_ONLY, IDENTITY)])
def test_role_by_operation(client, world, block, rule, turns, expected, name):
    alert = world.alert(block.unit, rule, **({"turns": turns} if turns else {}))
    world.pass_time(31 * MINUTE)
    key, path = world.key(getattr(block, name)), f"/api/v1/alerts/{alert.uid}"
    got = {
        "read": client.get(path, headers=key),
        "answer": client.post(f"{path}/answers", headers=key, json={"answer": "vacant"}),
        "history": client.get(f"{path}/history", headers=key),
        "claim": client.post(f"{path}/claim", headers=key),
    }
    assert {what: answer.status_code for what, answer in got.items()} == expected[name]


def test_of_another_place_nobody_gets_anything(client, world, block):
    alert = world.alert(block.unit)
    world.pass_time(31 * MINUTE)
    other = world.compound("别处", world.community("别的社区"))
    building = world.building("1栋", other)
    strangers = [
        world.landlord(),
        world.property_manager(other),
        world.grid_worker(world.grid(building)),
        world.liaison(world.station(other)),
    ]
    for somebody in strangers:
        key, path = world.key(somebody), f"/api/v1/alerts/{alert.uid}"
        assert listed(client, key) == []
        assert client.get(path, headers=key).status_code == 404
        assert client.post(f"{path}/claim", headers=key).status_code in (403, 404)


def test_roles_without_data_scope_see_no_alert(client, world, block):
    world.alert(block.unit)
    assert listed(client, world.key(world.auditor())) == []


# --- pages --------------------------------------------------------------------------------------------------


def test_the_landlord_answers_with_one_tap(client, world, block):
    alert = world.alert(block.unit)
    world.sign_in(client, block.landlord)
    page = client.get(f"/alerts/{alert.uid}").text
    for words in ("现在是什么情况", "空置", "为什么提示", "依据", "怎么办", "1栋 1203"):
        assert words in page
    answer = fill_in(client, f"/alerts/{alert.uid}", {"answer": "vacant"}, at="answer")
    assert answer.status_code == 303
    assert world.again(alert).answer is AnswerKind.VACANT
    assert "您已答复：空置" in client.get(f"/alerts/{alert.uid}").text


def test_registering_now_leads_to_registering(client, world, block):
    alert = world.alert(block.unit)
    world.sign_in(client, block.landlord)
    answer = fill_in(client, f"/alerts/{alert.uid}", {"answer": "registering_now"}, at="answer")
    assert answer.headers["Location"] == f"/stays/units/{block.unit.uid}/register"


def test_where_guests_are_registered_it_leads_to_their_stay(client, world, block):
    alert = world.alert(block.unit, "A05")  # by no rule that asks to register
    world.sign_in(client, block.landlord)
    page = client.get(f"/alerts/{alert.uid}").text
    assert "接着就去续住、退房、更正或补全" in page
    said = {"answer": "registering_now", "note": "今天就退"}
    answer = fill_in(client, f"/alerts/{alert.uid}", said, at="answer")
    assert answer.headers["Location"] == f"/stays/units/{block.unit.uid}"
    world.sign_in(client, block.manager)
    world.pass_time(timedelta(days=2))
    assert "今天就退" in client.get(f"/alerts/{alert.uid}").text


def test_when_their_turn_is_over_the_landlord_reads_who_has_it(client, world, block):
    alert = world.alert(block.unit)
    world.pass_time(31 * MINUTE)
    world.sign_in(client, block.landlord)
    page = client.get(f"/alerts/{alert.uid}").text
    assert "已转给网格员、物业处理" in page
    assert "空置" in page


def test_an_alert_about_several_units_names_all_that_the_reader_reaches(client, world, block):
    alert = world.alert(block.unit, "B03", turns=POLICE_ONLY)
    near = world.flat(building=session.get(Place, block.unit.building_id))
    far = world.flat(building=world.building("9栋", world.compound("别处", world.community("别的社区"))))
    with unit_of_work():
        session.add_all([AlertUnit(alert_id=alert.id, unit_id=unit.id) for unit in (block.unit, near, far)])
    world.sign_in(client, block.liaison)
    page = client.get(f"/alerts/{alert.uid}").text
    assert "涉及的房源" in page
    assert near.name in page
    assert f"/units/{far.uid}" not in page


def test_the_filter_offers_the_rules_one_may_read(client, world, block):
    world.sign_in(client, block.worker)
    page = client.get("/alerts/").text
    assert "A01" in page
    assert 'value="B03"' not in page
    world.sign_in(client, block.liaison)
    assert 'value="B03"' in client.get("/alerts/").text


def test_others_see_how_long_the_landlord_has(client, world, block):
    alert = world.alert(block.unit)
    world.sign_in(client, block.manager)
    assert "经营者处理中，剩 30 分" in client.get("/alerts/").text
    page = client.get(f"/alerts/{alert.uid}").text
    assert "经营者处理中，剩 30 分" in page
    assert "认领</button>" not in page


def test_an_answer_that_is_none_is_refused_on_the_page(client, world, block):
    alert = world.alert(block.unit)
    world.sign_in(client, block.landlord)
    answer = fill_in(client, f"/alerts/{alert.uid}", {"answer": "on the moon"}, at="answer")
    assert answer.status_code == 422
    assert "请从列出的选项中选择" in answer.text


def test_an_unreadable_filter_shows_everything(client, world, block):
    world.alert(block.unit)
    world.sign_in(client, block.manager)
    page = client.get("/alerts/?severity=77&which=nothing")
    assert page.status_code == 200
    assert "无登记入住" in page.text


@pytest.mark.parametrize("name", NAMES)
def test_every_role_opens_its_queue(client, world, block, name):
    world.alert(block.unit)
    world.sign_in(client, getattr(block, name))
    assert client.get("/alerts/").status_code == 200


def test_the_queue_page_takes_few_statements(client, world, block, count_queries):
    for n in range(5):
        world.alert(block.unit, part=str(n))
    world.sign_in(client, block.manager)
    client.get("/alerts/")
    with count_queries() as seen:
        client.get("/alerts/")
    assert len(seen) <= 4, seen


def test_a_closed_alert_is_found_again_and_its_note_is_not_the_landlords(client, world, block):
    alert = world.alert(block.unit)
    with unit_of_work():
        service.close(block.manager.actor, session.get(Alert, alert.id), Verdict.FALSE, "保洁员的钥匙")
    assert world.again(alert).status is AlertStatus.CLOSED
    world.sign_in(client, block.landlord)
    assert "误报" in client.get("/alerts/?which=closed").text
    assert "保洁员的钥匙" not in client.get(f"/alerts/{alert.uid}").text


def test_a_page_says_no_time_but_local(client, world, block):
    alert = world.alert(block.unit)
    world.sign_in(client, block.landlord)
    local = clock.now().astimezone(clock.LOCAL).strftime("%Y-%m-%d %H:%M")
    page = client.get(f"/alerts/{alert.uid}").text
    assert local in page
    assert not re.search(r"\+00:00(?![^<]*\">)", re.sub(r"<time[^>]*>", "", page))
