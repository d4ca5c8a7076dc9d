"""Work orders in a real browser: what a hand and a mouse can reach."""

from datetime import timedelta

import pytest

from rental_mgmt.alerts.models import AlertStatus
from rental_mgmt.core.db import session

from ..support.browser import DESK, accessibility_faults

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("database", ["sqlite"], indirect=True),
]
EVERYBODY_AGAIN = timedelta(minutes=31)


@pytest.fixture
def at_desk(world, block, open_page, live_server):
    """A property manager's desk, with two alerts whose landlord had their turn."""
    world.two = [world.alert(block.unit), world.alert(block.unit, part="2")]
    world.pass_time(EVERYBODY_AGAIN)
    with open_page(size=DESK) as page:
        page.context.add_cookies(
            [{"name": "session", "value": world.session(block.manager), "url": live_server}]
        )
        yield page


def test_alerts_are_ticked_with_the_mouse_taken_and_closed(world, at_desk):
    at_desk.goto("/alerts/?severity=2")
    for box in at_desk.locator("input[name=alerts]").all():
        box.click()
    at_desk.get_by_role("button", name="认领选中的").click()
    assert at_desk.url.endswith("/alerts/?severity=2"), "the filter stays"
    assert [world.again(one).status for one in world.two] == [AlertStatus.CLAIMED] * 2
    session.rollback()  # a reader of our own would keep SQLite's one writer waiting
    at_desk.locator("input[name=alerts]").first.click()
    at_desk.get_by_text("批量办结选中的").click()
    at_desk.get_by_role("button", name="办结选中的").click()
    assert at_desk.locator("input[name=alerts]:checked").count() == 1, "nothing ticked is lost"
    assert accessibility_faults(at_desk) == []
    at_desk.get_by_label("结论").select_option(label="误报")
    at_desk.get_by_label("理由").fill("门锁自检")
    at_desk.get_by_role("button", name="办结选中的").click()
    assert "1 条已办" in at_desk.inner_text("body")
