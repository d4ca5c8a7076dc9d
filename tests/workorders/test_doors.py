"""Work orders through the doors: a worker's phone without JavaScript, a desk with many rows, programs."""

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from rental_mgmt.alerts.models import AlertStatus, Verdict
from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.core.db import session
from rental_mgmt.workorders.models import OrderStatus, WorkOrder

from ..support import people
from ..support.forms import fill_in, forms_on
from ..support.pictures import jpeg
from ..support.world_alerts import POLICE_ONLY

MINUTE = timedelta(minutes=1)


@pytest.fixture
def alert(world, block):
    """One whose landlord had their turn."""
    made = world.alert(block.unit)
    world.pass_time(31 * MINUTE)
    return made


def order_of(alert) -> WorkOrder:
    session.rollback()
    return session.scalars(
        select(WorkOrder).where(WorkOrder.alert_id == alert.id).order_by(WorkOrder.id.desc())
    ).first()


def somebody_stays(world, block, name: str) -> None:
    stay = world.stay(block.landlord, block.unit)
    world.guest(block.landlord, stay, replace(people.person(77, age=30), name=name))


def claimed(client, world, somebody, alert) -> str:
    """Somebody claims on the alert's page and lands on the order; its address."""
    world.sign_in(client, somebody)
    answer = fill_in(client, f"/alerts/{alert.uid}", {}, at="/claim/")
    assert answer.status_code == 303
    return answer.headers["Location"]


def test_a_worker_closes_with_a_photo_and_a_second_person_approves(app, client, world, block, alert):
    path = claimed(client, world, block.worker, alert)
    page = client.get(path).text
    for words in ("1栋 1203", "在场人数与登记一致", "提交反馈", "没人在家"):
        assert words in page
    said = {"item_0": "ok", "item_1": "problem", "result": "true", "note": "门口有两双鞋"}
    photo = {"photo_1": (io.BytesIO(jpeg()), "photo.jpg")}
    assert fill_in(client, path, said | photo, at="/report").status_code == 303
    assert world.again(alert).status is AlertStatus.CLAIMED

    desk = world.sign_in(app.test_client(), block.manager)
    listed = desk.get("/work-orders/approvals").text
    assert "1栋 1203" in listed
    seen = desk.get(path).text
    assert "门口有两双鞋" in seen
    picture = seen.split('<img class="shot" src="')[1].split('"')[0]
    shown = desk.get(picture)
    assert (shown.status_code, shown.content_type) == (200, "image/jpeg")
    assert b"Camera of somebody" not in shown.data
    assert fill_in(desk, path, {}, at="/approve").status_code == 303
    assert (world.again(alert).status, world.again(alert).verdict) == (AlertStatus.CLOSED, Verdict.TRUE)


def test_a_missing_photo_is_said_beside_its_item_and_nothing_typed_is_lost(client, world, block, alert):
    path = claimed(client, world, block.worker, alert)
    said = {"item_0": "ok", "item_1": "ok", "result": "false", "note": "只是保洁"}
    answer = fill_in(client, path, said, at="/report")
    assert answer.status_code == 422
    assert "这一项请附一张照片" in answer.text
    assert "只是保洁" in answer.text
    assert order_of(alert).status is OrderStatus.SIGNED


def test_a_report_that_came_back_is_not_typed_again(app, client, world, block, alert):
    path = claimed(client, world, block.worker, alert)
    said = {
        "item_0": "ok",
        "item_1": "problem",
        "result": "true",
        "note": "门口有两双鞋",
        "outside_number": "A-7",
    }
    photo = {"photo_1": (io.BytesIO(jpeg()), "photo.jpg")}
    fill_in(client, path, said | photo, at="/report")
    desk = world.sign_in(app.test_client(), block.manager)
    assert fill_in(desk, path, {"reason": "请补充人数"}, at="/return").status_code == 303
    page = client.get(path).text
    assert "请补充人数" in page
    assert "已有照片" in page
    form = next(f for f in forms_on(page) if "/report" in f.action)
    # A browser drops the line end that opens a textarea.
    assert said.items() <= (form.values | {"note": form.values["note"].strip()}).items()
    assert fill_in(client, path, {"note": "三个人"}, at="/report").status_code == 303
    assert order_of(alert).status is OrderStatus.REPORTED


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("note.txt", b"hello", "只收 JPEG 或 PNG 照片"),
        ("paper.pdf", b"%PDF-1.4 of somebody", "只收 JPEG 或 PNG 照片"),
        ("IMG_1.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
    ],
)
def test_what_is_no_photo_is_refused_in_words_beside_its_item(
    client, world, block, alert, name, content, words
):
    path = claimed(client, world, block.worker, alert)
    said = {"item_0": "ok", "item_1": "ok", "result": "false", "photo_1": (io.BytesIO(content), name)}
    answer = fill_in(client, path, said, at="/report")
    assert answer.status_code == 422
    assert words in answer.text
    assert 'href="#f-photo_1">照片：' in answer.text


def test_the_second_claimer_sees_who_has_it(app, client, world, block, alert):
    desk = world.sign_in(app.test_client(), block.manager)
    form = next(f for f in forms_on(desk.get(f"/alerts/{alert.uid}").text) if "/claim/" in f.action)
    claimed(client, world, block.worker, alert)
    answer = desk.post(form.action, data=form.values)
    assert answer.status_code == 409
    assert "这条预警已由网格员认领" in answer.text
    assert "看工单" in answer.text


def test_who_approves_what_was_approved_before_sees_it_as_it_is(app, client, world, block, alert):
    path = claimed(client, world, block.worker, alert)
    said = {"answers": {"present": "ok", "door": "n_a"}, "result": "false"}
    client.post(f"/api/v1{path}/report", headers=world.key(block.worker), json=said)
    desk = world.sign_in(app.test_client(), block.manager)
    form = next(f for f in forms_on(desk.get(path).text) if "/approve" in f.action)
    assert client.post(f"/api/v1{path}/approve", headers=world.key(block.officer)).status_code == 200
    answer = desk.post(form.action, data=form.values)
    assert answer.status_code == 409
    assert "已经处理过" in answer.text
    assert "审核通过</button>" not in answer.text


def test_nobody_in_is_one_tap(client, world, block, alert):
    path = claimed(client, world, block.worker, alert)
    form = next(f for f in forms_on(client.get(path).text) if "/wait" in f.action)
    name, until = form.buttons[0]
    assert fill_in(client, path, {name: until}, at="/wait").status_code == 303
    assert world.again(alert).waits_until.isoformat() == until
    assert "等到" in client.get("/work-orders").text


@pytest.mark.parametrize(
    ("act", "answers", "field"),
    [("/wait", {"until": ""}, "w-until"), ("/give-back", {"reason": ""}, "g-reason")],
)
def test_what_was_folded_opens_where_something_is_wrong(client, world, block, alert, act, answers, field):
    path = claimed(client, world, block.worker, alert)
    form = next(f for f in forms_on(client.get(path).text) if act in f.action and set(answers) <= set(f.values))
    answer = client.post(form.action, data=form.values | answers)
    assert answer.status_code == 422
    assert f'href="#f-{field}"' in answer.text
    fold = answer.text.split(f'id="f-{field}"')[0].rsplit("<details", 1)[1]
    assert fold.split(">")[0].endswith(" open")


def test_a_worker_sees_masked_names_only_with_the_order_in_hand(client, world, block, alert):
    somebody_stays(world, block, "欧阳小明")
    path = claimed(client, world, block.worker, alert)
    page = client.get(path).text
    assert "欧***" in page
    assert "欧阳小明" not in page
    looks = session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("guest.%"))).all()
    assert "guest.list_masked" in looks
    world.sign_in(client, block.manager)
    assert "欧" not in client.get(path).text
    assert "欧" not in client.get(f"/alerts/{alert.uid}").text


def test_what_is_copied_into_other_platforms_names_nobody(client, world, block, alert):
    somebody_stays(world, block, "欧阳小明")
    path = claimed(client, world, block.worker, alert)
    key = world.key(block.worker)
    said = {
        "answers": {"present": "ok", "door": "n_a"},
        "result": "false",
        "note": "欧阳小明在场",
        "outside_number": "A-7",
    }
    shown = client.post(f"/api/v1{path}/report", headers=key, json=said).json
    text = shown["report_text"]
    assert "1栋 1203" in text
    assert "误报" in text
    assert "A-7" in text
    assert "欧" not in text


def test_a_desk_closes_what_is_ticked(client, world, block, alert):
    other = world.alert(block.unit, part="2")
    world.pass_time(31 * MINUTE)
    world.sign_in(client, block.manager)
    page = client.get("/alerts/")
    assert page.text.count('name="alerts"') == 2
    said = {"alerts": [str(alert.uid), str(other.uid)], "act": "close", "result": "false", "note": "门锁自检"}
    form = next(f for f in forms_on(page.text) if "/many" in f.action)
    answer = client.post(form.action, data=form.values | said)
    assert answer.status_code == 303
    assert order_of(alert).status is OrderStatus.REPORTED
    world.sign_in(client, block.worker)
    page = client.get("/work-orders/approvals")
    form = next(f for f in forms_on(page.text) if "/approvals" in f.action)
    orders = [str(order_of(one).uid) for one in (alert, other)]
    assert client.post(form.action, data=form.values | {"orders": orders}).status_code == 303
    assert world.again(other).verdict is Verdict.FALSE


def test_nothing_ticked_is_said(client, world, block, alert):
    world.sign_in(client, block.manager)
    answer = fill_in(client, "/alerts/", {"act": "claim"}, at="/many", follow=True)
    assert answer.status_code == 200
    assert "请先在列表里勾选" in answer.text


def test_the_second_claimer_gets_409(client, world, block, alert):
    path = f"/api/v1/alerts/{alert.uid}/claim"
    assert client.post(path, headers=world.key(block.worker)).status_code == 201
    assert client.post(path, headers=world.key(block.manager)).status_code == 409


def test_before_their_turn_it_is_403_with_the_minutes(client, world, block):
    alert = world.alert(block.unit)
    answer = client.post(f"/api/v1/alerts/{alert.uid}/claim", headers=world.key(block.manager))
    assert answer.status_code == 403
    assert "剩 30 分" in answer.json["title"]


def test_a_closed_alert_is_reopened_on_its_page(client, world, block, alert):
    path = claimed(client, world, block.worker, alert)
    key = world.key(block.worker)
    said = {"answers": {"present": "ok", "door": "n_a"}, "result": "false"}
    assert client.post(f"/api/v1{path}/report", headers=key, json=said).status_code == 200
    assert client.post(f"/api/v1{path}/approve", headers=world.key(block.manager)).status_code == 200
    world.sign_in(client, block.manager)
    assert fill_in(client, f"/alerts/{alert.uid}", {"reason": "又看到人"}, at="/reopen/").status_code == 303
    assert world.again(alert).status is AlertStatus.OPEN


def test_from_a_closed_alert_one_finds_what_was_reported(client, world, block, alert):
    path = claimed(client, world, block.worker, alert)
    said = {"answers": {"present": "ok", "door": "n_a"}, "result": "false"}
    client.post(f"/api/v1{path}/report", headers=world.key(block.worker), json=said)
    client.post(f"/api/v1{path}/approve", headers=world.key(block.manager))
    world.sign_in(client, block.manager)
    page = client.get(f"/alerts/{alert.uid}").text
    assert "以前的工单（1 张）" in page
    assert f'href="{path}"' in page
    assert client.get(path).status_code == 200


def test_the_police_send_a_grid_worker_who_learns_only_the_unit(app, client, world, block):
    alert = world.alert(block.unit, "D01", turns=POLICE_ONLY)
    world.sign_in(client, block.liaison)
    assert (
        fill_in(client, f"/alerts/{alert.uid}", {"to": str(block.worker.user.uid)}, at="/visit/").status_code
        == 303
    )
    visit = order_of(alert)
    phone = world.sign_in(app.test_client(), block.worker)
    page = phone.get(f"/work-orders/{visit.uid}").text
    assert "上门核查" in page
    assert "无登记" not in page
    assert phone.get(f"/alerts/{alert.uid}").status_code == 404


@pytest.mark.parametrize("name", ["manager", "worker", "officer", "liaison", "lead"])
def test_every_handler_opens_orders_and_approvals(client, world, block, name):
    world.sign_in(client, getattr(block, name))
    assert client.get("/work-orders").status_code == 200
    assert client.get("/work-orders/approvals").status_code == 200


@pytest.mark.parametrize("name", ["landlord", "helper"])
def test_landlords_have_no_work_orders(client, world, block, alert, name):
    key = world.key(getattr(block, name))
    order = client.post(f"/api/v1/alerts/{alert.uid}/claim", headers=world.key(block.worker)).json["uid"]
    assert client.get("/api/v1/work-orders", headers=key).status_code == 403
    assert client.get(f"/api/v1/work-orders/{order}", headers=key).status_code == 403


def test_orders_of_another_place_are_not_there(client, world, block, alert):
    order = client.post(f"/api/v1/alerts/{alert.uid}/claim", headers=world.key(block.worker)).json["uid"]
    other = world.compound("别处")
    for somebody in (world.property_manager(other), world.liaison(world.station(other))):
        key = world.key(somebody)
        for path in ("", "/sign", "/approve"):
            call = client.post if path else client.get
            assert call(f"/api/v1/work-orders/{order}{path}", headers=key).status_code == 404


def test_lists_take_few_statements(client, world, block, count_queries):
    for n in range(6):
        made = world.alert(block.unit, part=str(n))
        world.pass_time(31 * MINUTE)
        client.post(f"/api/v1/alerts/{made.uid}/claim", headers=world.key(block.worker))
    key = world.key(block.worker)
    client.get("/api/v1/work-orders", headers=key)
    with count_queries() as seen:
        assert len(client.get("/api/v1/work-orders", headers=key).json) == 6
    assert len(seen) <= 5, seen
