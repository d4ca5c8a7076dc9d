"""The pages of units without JavaScript: every role's way through, refused forms that keep what was typed."""

import io
import re

import pytest
from sqlalchemy import select

from rental_mgmt.core.db import session
from rental_mgmt.units.models import (
    DocumentKind,
    Filing,
    FilingStatus,
    FloorList,
    Unit,
    UnitDocument,
    UnitStatus,
)
from tests.support import browser as browsers
from tests.support.forms import fill_in, forms_on
from tests.support.people import LONGEST_NAME
from tests.support.world_units import picture

TYPED = {"door": "1203", "area": "62.5", "bedrooms": "2", "beds": "3", "declared_capacity": "5"}


def test_from_the_first_click_to_the_plate(client, world, city):
    world.sign_in(client, city.owner)
    assert "登记新房源" in client.get("/units").text
    assert city.building.name in client.get("/units/new?words=东方").text
    form = f"/units/new?building={city.building.uid}"
    contact = {"safety_contact_name": "王责任", "safety_contact_phone": "190 0000 0009"}
    made = fill_in(client, form, TYPED | contact | {"listings": "https://www.tujia.com/1\r\nhttps://a.cn/2"})
    assert made.status_code == 303
    unit = session.scalars(select(Unit)).one()
    page = client.get(made.headers["Location"]).text
    assert "治安责任保证书" in page
    assert "登记住客" in page

    data = {
        "kind": "safety_pledge",
        "file": [(io.BytesIO(picture()), "a.jpg"), (io.BytesIO(picture()), "b.jpg")],
    }
    sent = fill_in(client, f"/units/{unit.uid}", data, at="/documents")
    assert sent.status_code == 303
    assert len(session.scalars(select(UnitDocument)).all()) == 2
    assert fill_in(client, f"/units/{unit.uid}", {}, at="/submit").status_code == 303
    filing = session.scalars(select(Filing)).one()

    world.sign_in(client, city.worker)
    assert unit.name in client.get("/units/filings").text
    assert fill_in(client, f"/units/{unit.uid}", {"note": "一致"}, at="/check").status_code == 303
    world.sign_in(client, city.liaison)
    assert unit.name in client.get("/units/filings").text
    assert fill_in(client, f"/units/{unit.uid}", {}, at="/decide").status_code == 303
    assert world.present(filing).status is FilingStatus.DECIDED

    world.sign_in(client, city.owner)
    page = client.get(f"/units/{unit.uid}").text
    shown = (world.present(unit).code, "已核验", "网格员", "互不代替", "尚无利害关系业主同意材料", "打印码牌")
    assert all(words in page for words in shown)


def test_a_refused_form_keeps_what_was_typed(client, world, city):
    world.sign_in(client, city.owner)
    form = f"/units/new?building={city.building.uid}"
    answer = fill_in(client, form, TYPED | {"beds": "很多", "listings": "http://a.cn", "nickname": "江景房"})
    assert answer.status_code == 422
    assert all(
        words in answer.text for words in ("江景房", "http://a.cn", "很多", "请填写 1 到 100 的整数", "62.5")
    )
    assert session.scalars(select(Unit)).all() == []


def test_the_same_as_my_other_flat(client, world, city):
    first = world.draft(city.owner, city.building, "1201", nickname="江景房", area=62.5, house_rules="请脱鞋")
    world.sign_in(client, city.owner)
    form = f"/units/new?building={city.building.uid}&like={first.uid}"
    assert fill_in(client, form, {"door": "1202"}).status_code == 303
    made = session.scalars(select(Unit).order_by(Unit.id.desc())).first()
    assert (made.area, made.house_rules, made.nickname) == (62.5, "请脱鞋", None)
    stranger = world.landlord()
    world.sign_in(client, stranger)
    assert client.get(form).status_code == 404


def test_a_stale_edit_is_shown_and_nothing_is_lost(client, world, city):
    unit = world.draft(city.owner, city.building)
    world.sign_in(client, city.owner)
    path = f"/units/{unit.uid}/edit"
    assert fill_in(client, path, {"nickname": "一"}).status_code == 303
    answer = fill_in(client, path, {"nickname": "二", "version": "1"})
    assert answer.status_code == 409
    assert "刚被他人修改" in answer.text
    assert 'value="二"' in answer.text


def test_returned_with_a_reason_that_the_landlord_reads(client, world, city):
    filing = world.submitted(city.owner, city.building)
    world.sign_in(client, city.liaison)
    page = f"/units/{filing.unit.uid}"
    assert fill_in(client, page, {"reason": ""}, at="/return").status_code == 422
    assert fill_in(client, page, {"reason": "请补交业主同意书"}, at="/return").status_code == 303
    world.sign_in(client, city.owner)
    assert "请补交业主同意书" in client.get(page).text


def waiting_on(chooser):
    return re.findall(r'class="chip"[^>]*>[^<]*<b class="count">(\d+)', chooser)


def test_a_walk_and_its_decision_on_pages(client, world, city):
    filings = [world.submitted(city.owner, city.building, f"120{n}") for n in (1, 2, 3)]
    world.sign_in(client, city.worker)
    chooser = client.get("/units/walk").text
    assert city.building.name in chooser
    # The whole building, and its one floor: three wait for a check.
    assert waiting_on(chooser) == ["3", "3"]
    floor = world.present(filings[0].unit).door.parent
    path = f"/units/walk?place={floor.uid}"
    answers = {f"result-{one.unit.uid}": "as_filed" for one in filings[:2]}
    refused = fill_in(client, path, answers | {f"result-{filings[2].unit.uid}": "differs"})
    assert (refused.status_code, "哪里与申请不一致" in refused.text) == (422, True)
    note = {f"note-{filings[2].unit.uid}": "多一张床"}
    saved = fill_in(client, path, answers | note | {f"result-{filings[2].unit.uid}": "differs"})
    assert saved.status_code == 303
    assert waiting_on(client.get("/units/walk").text) == ["1", "1"]
    walk = session.scalars(select(FloorList)).one()
    world.sign_in(client, city.liaison)
    assert "一次办结 2 套" in client.get("/units/filings").text
    assert fill_in(client, f"/units/floor-lists/{walk.uid}", {}).status_code == 303
    assert [world.present(one.unit).status for one in filings] == [UnitStatus.ACTIVE] * 2 + [UnitStatus.DRAFT]


def test_claiming_on_pages(client, world, city):
    units = [world.unclaimed(city.building, door, city.owner.phone) for door in ("1201", "1202")]
    coded = world.unclaimed(city.building, "1203")
    world.sign_in(client, city.manager)
    sheet = fill_in(client, f"/units/{coded.uid}", {}, at="claim-code")
    code = sheet.text.split('<p class="mono"><b>')[1].split("<")[0]
    world.sign_in(client, city.owner)
    assert "这些是您的吗" in client.get("/units").text
    taken = client.get("/units/claim")
    assert all(str(unit.uid) in taken.text for unit in units)
    wrong = fill_in(client, "/units/claim", {"code": "0000"})
    assert (wrong.status_code, "重新索取" in wrong.text) == (422, True)
    assert fill_in(client, "/units/claim", {"code": code}).status_code == 303
    form = forms_on(client.get("/units/claim").text)
    first = next(one for one in form if "units" in one.values)
    assert client.post("/units/claim", data=first.values).status_code == 303
    assert {world.present(unit).status for unit in [*units, coded]} == {UnitStatus.DRAFT}


def test_who_has_no_account_comes_in_with_the_code_and_claims_with_one_tap(app, client, world, city):
    unit = world.unclaimed(city.building, "1203", "19000008888")
    world.sign_in(client, city.manager)
    sheet = fill_in(client, f"/units/{unit.uid}", {}, at="claim-code")
    link = sheet.text.split('<p class="mono">http')[1].split("<")[0]
    path = "/" + link.split("/", 3)[3]
    phone = app.test_client()
    assert phone.get(path).headers["Location"] == "/invitation"
    typed = {"name": "何房东", "phone": "19000008888", "password": "Rong-Cheng 2026 jia"}
    entered = fill_in(phone, "/invitation", typed)
    assert entered.status_code == 303, entered.text
    assert "这些是您的吗" in phone.get("/units").text
    (form,) = [one for one in forms_on(phone.get("/units/claim").text) if "units" in one.values]
    assert phone.post("/units/claim", data=form.values).status_code == 303
    assert world.present(unit).status is UnitStatus.DRAFT


def test_suspending_and_closing_on_pages(client, world, city):
    unit = world.decided(city.liaison, world.checked(city.worker, world.submitted(city.owner, city.building)))
    page = f"/units/{unit.uid}"
    world.sign_in(client, city.liaison)
    assert fill_in(client, page, {"reason": "隐患"}, at="/suspend").status_code == 422
    done = fill_in(client, page, {"reason": "隐患未改", "decision_number": "锦公决字 12 号"}, at="/suspend")
    assert done.status_code == 303
    world.sign_in(client, city.owner)
    shown = client.get(page).text
    assert all(words in shown for words in ("隐患未改", "锦公决字 12 号"))
    assert "/resume" not in shown
    world.sign_in(client, city.liaison)
    assert fill_in(client, page, {}, at="/resume").status_code == 303
    world.sign_in(client, city.owner)
    assert fill_in(client, f"{page}/close", {"reason": "不租了"}).status_code == 303
    assert world.present(unit).status is UnitStatus.CLOSED


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_helper_sees_units_and_no_papers(client, world, city):
    filing = world.submitted(city.owner, city.building)
    world.sign_in(client, world.helper(city.owner.target))
    page = client.get(f"/units/{filing.unit.uid}")
    assert page.status_code == 200
    assert all(words not in page.text for words in ("照片和材料", "撤回", "注销房源", "/edit"))
    assert client.get(f"/units/{filing.unit.uid}/edit").status_code == 403


# --- looked at ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("size", [browsers.PHONE, browsers.DESK])
def test_pages_fit_the_screen_and_axe_finds_nothing(open_page, live_server, world, city, size):
    long = {
        "nickname": "江景大床房" * 6,
        "safety_contact_name": LONGEST_NAME[:50],
        "house_rules": "请脱鞋\n" * 20,
    }
    unit = world.draft(city.owner, city.building, "1201", **long)
    world.paper(city.owner, unit, DocumentKind.PHOTO)
    filing = world.checked(city.worker, world.submitted(city.owner, city.building, "1202"))
    active = world.decided(city.liaison, filing)
    walked = world.submitted(city.owner, city.building, "1203")
    world.unclaimed(city.building, "1204", city.owner.phone)
    pages = {
        city.owner: (
            *("/units", "/units/new", f"/units/new?building={city.building.uid}", f"/units/{unit.uid}"),
            *(f"/units/{unit.uid}/edit", "/units/claim", f"/units/{active.uid}", f"/units/{active.uid}/plate"),
        ),
        city.worker: (
            "/units/filings",
            "/units/walk",
            f"/units/walk?place={city.building.uid}",
            f"/units/{walked.unit.uid}",
        ),
        city.liaison: ("/units/filings?status=all", f"/units/{walked.unit.uid}"),
        city.manager: ("/units", "/buildings/notices"),
    }
    faults = []
    for who, paths in pages.items():
        with open_page(size=size) as page:
            cookie = {"name": "session", "value": world.session(who), "url": live_server}
            page.context.add_cookies([cookie])
            for path in paths:
                answer = page.goto(path)
                assert answer.status == 200, path
                faults += [f"{path}: {found}" for found in browsers.accessibility_faults(page)]
                if browsers.is_wider_than_screen(page):
                    faults.append(f"{path}: wider than the screen")
    with open_page(size=size) as page:
        page.goto(f"/q/{active.qr_token}")
        faults += [f"/q: {found}" for found in browsers.accessibility_faults(page)]
    assert faults == []
