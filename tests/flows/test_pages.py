"""Every page that a role's menu leads to: it answers, axe finds nothing, it fits every screen."""

import pytest

from ..support.browser import DESK

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]
EVERYBODY = (
    *("孔磊雨", "陈桂芳", "何春梅", "周海燕", "唐文静"),
    *("秦峰", "雷正", "苏明", "江岚", "方慧"),
)


@pytest.mark.parametrize("name", EVERYBODY)
def test_every_page_of_the_menu_is_fit_to_be_used(at_browser, name):
    with at_browser(name, DESK) as somebody:
        pages = [link.get_attribute("href") for link in somebody.page.locator("nav.nav > ul > li > a").all()]
        assert pages[0] == "/"
        for path in pages:
            somebody.go(path)
            somebody.look(f"menu-{somebody.role}-{path.strip('/').replace('/', '-') or 'home'}")


@pytest.mark.parametrize("name", ["孔磊雨", "周海燕"])
def test_the_same_in_english_in_the_dark_and_in_large_type(at_browser, name):
    with at_browser(name, DESK) as somebody:
        pages = [link.get_attribute("href") for link in somebody.page.locator("nav.nav > ul > li > a").all()]
        keep = {"locale": "en", "theme": "dark", "type_size": "large"}
        address = somebody.page.url
        somebody.page.context.add_cookies([{"name": k, "value": v, "url": address} for k, v in keep.items()])
        for path in pages:
            somebody.go(path)
            assert somebody.page.locator("html").get_attribute("lang") == "en"
            somebody.look(f"dark-{somebody.role}-{path.strip('/').replace('/', '-') or 'home'}")


def test_the_door_is_fit_for_everybody(at_browser, demo):
    with at_browser() as visitor:
        for path in ("/sign-in", "/demo", "/privacy"):
            visitor.go(path)
            visitor.look(f"public-{path.strip('/')}")
