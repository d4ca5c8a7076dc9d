"""Accounts and places in a real browser: usable on a phone, nothing for axe to find, no script needed."""

import pytest

from rental_mgmt.accounts import codes
from rental_mgmt.accounts.models import CodePurpose
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import unit_of_work

from ..support.browser import DESK, PHONE, accessibility_faults, is_wider_than_screen
from .conftest import PASSWORD, PIN, code_now

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("database", ["sqlite"], indirect=True),
]


def faults_of(page, path: str) -> list[str]:
    """What is wrong with a page as it stands: axe's findings, or a page wider than the screen."""
    page.goto(path)
    wide = [f"{path} is wider than the screen"] if is_wider_than_screen(page) else []
    return [f"{path}: {fault}" for fault in accessibility_faults(page)] + wide


def be(page, address: str, token: str) -> None:
    page.context.add_cookies([{"name": "session", "value": token, "url": address}])


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (PHONE, "dark"), (DESK, "light")])
def test_pages_before_the_first(world, open_page, live_server, size, scheme):
    with unit_of_work():
        _row, code = codes.make_code(CodePurpose.CLAIM, None)
    with open_page(size=size, color_scheme=scheme) as page:
        found = [fault for path in ("/sign-in", "/invitation", "/reset") for fault in faults_of(page, path)]
        found += faults_of(page, f"/i/{code}")
        page.goto("/sign-in")
        page.get_by_role("button", name="登录", exact=True).click()
        found += accessibility_faults(page)
    assert found == []


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (PHONE, "dark"), (DESK, "light")])
def test_pages_behind_the_door(world, given, open_page, live_server, size, scheme):
    building = world.building("1栋")
    compound = building.parent
    world.flat(world.party("很长很长的经营者名称有限责任公司第一分公司"), building)
    worker = given(world.grid_worker(world.grid(building)), pin=True)
    officer, admin = world.community_officer(compound.parent), world.user(Role.SYSTEM_ADMIN)
    paths = {
        officer: [
            *("/sessions", "/sessions/pin", "/sessions/password", "/step-up", "/api-keys", "/people"),
            *("/people/new", "/people/new?role=landlord", "/people/new?role=grid_worker"),
            f"/people/{worker.user.uid}",
            *("/places", f"/places/{compound.uid}", f"/places/{building.uid}", f"/places/{compound.uid}/add"),
            *(f"/places/{compound.uid}/duty", f"/places/{building.uid}/contacts/new"),
        ],
        admin: ["/people/waiting", "/people/new?role=police_liaison", f"/places/{compound.uid}/pack"],
    }
    with open_page(size=size, color_scheme=scheme) as page:
        found = []
        for somebody, pages in paths.items():
            be(page, live_server, world.session(somebody))
            found += [fault for path in pages for fault in faults_of(page, path)]
    assert found == []


def test_a_landlord_comes_back_with_a_pin_on_the_phone(world, given, page):
    landlord = given(world.landlord("王芳"))
    page.goto("/sign-in?next=/sessions")
    page.get_by_label("手机号或登录名").fill(landlord.phone)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_label("记住这部手机").check()
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_label("新的 6 位 PIN").fill(PIN)
    page.get_by_role("button", name="保存 PIN").click()
    page.wait_for_url("**/sessions")
    page.locator("details.menu summary").first.click()
    page.get_by_role("button", name="退出登录").click()
    assert "王*" in page.locator("h1").inner_text()
    page.get_by_label("PIN").fill(PIN)
    page.get_by_role("button", name="登录", exact=True).click()
    page.goto("/sessions")
    assert "就是这里" in page.locator("main").inner_text()


def test_a_liaison_enrols_and_signs_in_without_javascript(world, given, open_page):
    liaison = given(world.liaison(world.station(world.compound())), code=True)
    with open_page(size=DESK, java_script_enabled=False) as page:
        page.goto("/sign-in?next=/sessions")
        page.get_by_label("手机号或登录名").fill(liaison.user.sign_in_name)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录", exact=True).click()
        page.get_by_label("动态码").fill(code_now())
        page.get_by_role("button", name="登录", exact=True).click()
        assert page.locator("h1").inner_text() == "登录与设备"


def test_the_enrolment_shows_a_picture_and_the_secret(world, given, page):
    liaison = given(world.liaison(world.station(world.compound())))
    page.goto("/sign-in")
    page.get_by_label("手机号或登录名").fill(liaison.phone)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/sign-in/totp**")
    assert accessibility_faults(page) == []
    assert not is_wider_than_screen(page)
    assert page.locator(".qr svg").bounding_box()["width"] > 100
    assert len(page.locator(".copy input, .copy textarea").input_value()) == 32


def test_two_people_share_a_desk(world, given, open_page, live_server):
    compound = world.compound()
    first, second = (given(world.property_manager(compound), pin=True) for _ in range(2))
    with open_page(size=DESK) as page:
        for somebody in (first, second):
            page.goto("/sign-in?with=password&next=/sessions")
            page.get_by_label("手机号或登录名").fill(somebody.phone)
            page.get_by_label("密码").fill(PASSWORD)
            page.get_by_role("button", name="登录", exact=True).click()
            page.wait_for_url("**/sessions")
            if somebody is first:
                page.get_by_label("给这台电脑起个名字").fill("物业前台")
                page.get_by_role("button", name="登记为值班电脑").click()
        page.locator("details.menu summary").first.click()
        page.get_by_role("button", name="换人操作").click()
        assert accessibility_faults(page) == []
        page.get_by_role("link", name=first.name).click()
        assert accessibility_faults(page) == []
        page.get_by_label("的 PIN").fill(PIN)
        page.get_by_role("button", name="开始操作").click()
        page.goto("/sessions")
        assert first.name in page.locator("header.top").inner_text()


def test_a_printed_code(world, page, live_server):
    building = world.building()
    worker, manager = world.grid_worker(world.grid(building)), world.property_manager(building.parent)
    be(page, live_server, world.session(manager))
    page.goto(f"/people/{worker.user.uid}")
    page.get_by_role("button", name="打印重置码").click()
    assert page.locator("h1").inner_text() == "重置码"
    assert accessibility_faults(page) == []
    assert not is_wider_than_screen(page)
