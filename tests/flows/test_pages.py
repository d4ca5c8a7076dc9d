"""Every page that a role's menu leads to: it answers, axe finds nothing, it fits every screen."""

import pytest

from .guide import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]
EVERYBODY = (
    *("孔磊雨", "陈桂芳", "何春梅", "周海燕", "唐文静"),
    *("秦峰", "雷正", "苏明", "江岚", "方慧"),
)
IN_ENGLISH = {"locale": "en", "theme": "dark", "type_size": "large"}


def test_every_page_of_every_menu_is_fit_to_be_used(at_browser):
    for name in EVERYBODY:
        with at_browser(name) as somebody:
            _walk_through_the_menu(somebody, "menu")


def test_so_it_is_in_english_in_the_dark_and_in_large_type(at_browser):
    for name in ("孔磊雨", "周海燕"):
        with at_browser(name) as somebody:
            kept = [{"name": k, "value": v, "url": somebody.page.url} for k, v in IN_ENGLISH.items()]
            somebody.page.context.add_cookies(kept)
            _walk_through_the_menu(somebody, "dark")
            assert somebody.page.locator("html").get_attribute("lang") == "en"


def test_the_door_is_fit_for_everybody(at_browser):
    with at_browser() as visitor:
        for path in ("/sign-in", "/demo", "/privacy"):
            visitor.go(path)
            visitor.look(f"public-{path.strip('/')}")


def _walk_through_the_menu(somebody: Visitor, kind: str) -> None:
    pages = [link.get_attribute("href") for link in somebody.page.locator("nav.nav > ul > li > a").all()]
    assert pages[0] == "/"
    for path in pages:
        somebody.go(path)
        somebody.look(f"{kind}-{somebody.role}-{path.strip('/').replace('/', '-') or 'home'}")
