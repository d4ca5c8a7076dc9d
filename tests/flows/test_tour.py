"""The guided tour of README, in a real browser: the way through that a newcomer walks, step by step.

One test, for each step leaves the compound as the next one expects it.
"""

import io
import re
import time
from datetime import timedelta

import pytest
from PIL import Image

from rental_mgmt.core import clock

from ..support import people
from ..support.browser import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

NEWCOMER, HOST, WORKER, MANAGER = "史庆栋", "孔磊雨", "何春梅", "周海燕"
LIAISON, LEAD = "秦峰", "雷正"
UNIT = "1栋 7层 701"
GUEST = people.person(77)
# As architecture.md promises: an alert appears at most half a minute after its fact.
APPEARS_WITHIN = 30


def photo() -> dict:
    out = io.BytesIO()
    Image.new("RGB", (320, 240), (200, 210, 190)).save(out, "JPEG")
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def test_the_guided_tour(at_browser, demo, tmp_path):
    step_1_a_landlord_claims_an_imported_unit_and_files_it(at_browser)
    step_2_a_grid_worker_checks_it_on_site(at_browser)
    step_3_the_liaison_confirms_it(at_browser)
    step_4_a_landlord_registers_a_guest_on_a_phone(at_browser)
    step_5_a_door_opens_and_the_landlord_answers(at_browser)
    step_6_a_grid_worker_works_an_alert_off_with_a_photo(at_browser)
    step_7_the_property_manager_approves_it(at_browser)
    step_8_the_liaison_looks_up_one_person(at_browser)
    step_9_an_export_is_ordered_approved_taken_once_and_verified(at_browser, demo, tmp_path)


# --- a unit ---------------------------------------------------------------------------------------------------


def step_1_a_landlord_claims_an_imported_unit_and_files_it(at_browser):
    with at_browser(NEWCOMER, PHONE) as landlord:
        landlord.look("landlord-home-empty")
        landlord.press("认领房源")
        assert landlord.sees("这些是您的吗？")
        landlord.look("claim")
        landlord.press("是我的，认领")
        assert landlord.sees("已认领 3 套")
        landlord.look("units-claimed")
        landlord.press(UNIT)
        landlord.look("unit-draft")
        landlord.press("去补齐")
        landlord.page.select_option("[name=kind]", "safety_pledge")
        landlord.page.set_input_files("[name=file]", photo())
        landlord.press("上传")
        landlord.look("unit-complete")
        landlord.press("提交备案")
        assert landlord.sees("已提交，等待现场核查")
        landlord.look("unit-submitted")


def step_2_a_grid_worker_checks_it_on_site(at_browser):
    with at_browser(WORKER, PHONE) as worker:
        worker.look("worker-home")
        worker.go("/notices")
        worker.look("notices-worker")
        worker.press("有房源备案等您现场核查")
        worker.look("filings-worker")
        worker.press(UNIT)
        worker.look("unit-check")
        worker.page.fill("[name=note]", "门号、床位与申请一致")
        worker.press("现场核查一致")
        assert worker.sees("已现场核查")


def step_3_the_liaison_confirms_it(at_browser):
    with at_browser(LIAISON) as liaison:
        liaison.look("liaison-home")
        liaison.go("/units/filings")
        liaison.look("filings-liaison")
        liaison.press(UNIT)
        liaison.look("unit-decide")
        liaison.press("办结为“已确认”")
        assert re.search(r"U[0-9]{18}[0-9A-Z]", liaison.page.inner_text("main"))
        liaison.look("unit-active")


# --- a guest, a door, an answer -------------------------------------------------------------------------------


def step_4_a_landlord_registers_a_guest_on_a_phone(at_browser):
    with at_browser(HOST, PHONE) as landlord:
        landlord.look("landlord-home")
        landlord.press("有客未登记")
        landlord.look("stay-planned")
        landlord.press("登记住客")
        landlord.look("guest-form")
        landlord.page.fill("[name=name]", GUEST.name)
        wrong = GUEST.id_number[:17] + ("0" if GUEST.id_number[17] != "0" else "1")
        landlord.page.fill("[name=number]", wrong)
        landlord.page.fill("[name=phone]", "190 0000 0777")
        landlord.press("登记")
        assert landlord.sees(f"第 18 位应为 {GUEST.id_number[17]}")
        assert landlord.page.input_value("[name=name]") == GUEST.name, "what was typed is kept"
        landlord.look("guest-form-refused")
        landlord.page.fill("[name=number]", GUEST.id_number)
        landlord.press("登记")
        assert landlord.sees("已登记")
        landlord.look("stay-registered")
        landlord.press("出示本房在住登记")
        landlord.look("at-door")


def step_5_a_door_opens_and_the_landlord_answers(at_browser):
    with at_browser(HOST, PHONE) as landlord:
        landlord.press("登录名和演示按钮")
        landlord.look("demo")
        landlord.press("发送开门事件")
        assert landlord.sees("已发送")
        _until(landlord, "/alerts", "无登记入住")
        landlord.look("alerts-landlord")
        landlord.press("无登记入住")
        landlord.look("alert-landlord")
        landlord.press("保洁或本人")
        assert landlord.sees("您已答复：保洁或本人")
        landlord.look("alert-answered")


def _until(somebody, path: str, words: str) -> None:
    """Look again until there is something to press that says so."""
    deadline = time.monotonic() + APPEARS_WITHIN
    somebody.go(path)
    while not somebody.page.locator("main a, main button", has_text=words).count():
        assert time.monotonic() < deadline, somebody.page.inner_text("main")
        time.sleep(1)
        somebody.go(path)


# --- an alert to its end --------------------------------------------------------------------------------------


def step_6_a_grid_worker_works_an_alert_off_with_a_photo(at_browser):
    with at_browser(WORKER, PHONE) as worker:
        worker.go("/alerts/")
        worker.look("alerts-worker")
        worker.press("无登记入住")
        worker.look("alert-worker")
        worker.press("认领")
        worker.look("order")
        for item in worker.page.locator("fieldset:has(input[name^=item_])").all():
            item.locator("label", has_text="没有问题").click()
        worker.page.set_input_files("[name^=photo_]", photo())
        worker.page.locator("label", has_text="属实").click()
        worker.page.fill("#f-note", "房内有人，已请经营者当场补登。")
        worker.press("提交反馈")
        assert worker.sees("等第二人审核")
        worker.look("order-reported")


def step_7_the_property_manager_approves_it(at_browser):
    with at_browser(MANAGER) as manager:
        manager.look("manager-home")
        manager.go("/work-orders/approvals")
        manager.look("approvals")
        manager.page.locator("main .task a").first.click()
        manager.page.wait_for_load_state()
        manager.look("order-to-approve")
        manager.press("审核通过")
        assert manager.sees("已审核通过")
        manager.go("/alerts/?which=closed")
        assert manager.sees("无登记入住")
        manager.look("alerts-closed")


# --- the police -----------------------------------------------------------------------------------------------


def step_8_the_liaison_looks_up_one_person(at_browser):
    with at_browser(LIAISON) as liaison:
        liaison.go("/lookups")
        liaison.look("lookup-form")
        liaison.page.select_option("[name=purpose]", "public_order")
        liaison.page.fill("[name=case_number]", "东公治字〔2026〕88 号")
        liaison.page.locator("label", has_text="按证件号码").click()
        liaison.page.fill("[name=number]", GUEST.id_number)
        liaison.press("查询")
        assert liaison.sees("1 条登记")
        assert not liaison.sees(GUEST.id_number), "a number is masked until it is asked for"
        liaison.look("lookup-found")


def step_9_an_export_is_ordered_approved_taken_once_and_verified(at_browser, demo, tmp_path):
    with at_browser(LIAISON) as liaison:
        liaison.go("/exports/new")
        today = clock.local_day(clock.real_now())
        liaison.page.fill("#f-s-from_day", (today - timedelta(days=20)).isoformat())
        liaison.page.fill("#f-s-to_day", (today - timedelta(days=10)).isoformat())
        liaison.press("看清单")
        assert liaison.sees("不含姓名的清单")
        liaison.look("export-list")
        liaison.page.select_option("[name=purpose]", "public_order")
        liaison.page.fill("[name=case_number]", "东公治字〔2026〕88 号")
        liaison.press("提交申请")
        order = liaison.page.url
        liaison.look("export-requested")
        with at_browser(LEAD) as lead:
            lead.look("lead-home")
            lead.go("/exports")
            lead.look("exports-lead")
            lead.go(order.removeprefix(demo.address))
            lead.press("批准")
            lead.look("export-approved")
        _until(liaison, order.removeprefix(demo.address), "下载文件")
        liaison.look("export-ready")
        with liaison.page.expect_download() as taken:
            liaison.find("下载文件").click()
        file = tmp_path / taken.value.suggested_filename
        taken.value.save_as(file)
        manifest = _saved(liaison, "下载清单", tmp_path / "manifest.json")
        public_key = _saved(liaison, "下载公钥", tmp_path / "key.pem")
        verified = demo.flask("export", "verify", str(file), str(manifest), str(public_key))
        assert verified.returncode == 0, verified.stdout + verified.stderr
        file.write_bytes(file.read_bytes()[:-1] + b"x")
        assert demo.flask("export", "verify", str(file), str(manifest), str(public_key)).returncode == 1
        liaison.go(order.removeprefix(demo.address))
        assert liaison.sees("已下载")
        liaison.look("export-downloaded")


def _saved(somebody, words: str, path):
    """What a link gives, as the browser's “save as” would keep it."""
    address = somebody.find(words).get_attribute("href")
    path.write_bytes(somebody.page.request.get(address).body())
    return path
