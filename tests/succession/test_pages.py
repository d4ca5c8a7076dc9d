"""The pages of merging, handing over and closing, looked at in a browser: they fit, and axe finds nothing."""

import pytest

from rental_mgmt.core.access import Role
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.places import grids
from rental_mgmt.places.models import GridKind
from rental_mgmt.units.models import Unit

from ..support import browser as browsers


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("size", [browsers.PHONE, browsers.DESK])
def test_pages_fit_the_screen_and_axe_finds_nothing(open_page, live_server, world, block, in_house, act, size):
    third = world.flat(block.owner.target, block.building, "1205")
    with unit_of_work():
        session.get(Unit, block.twin.id).party_id = block.owner.target.id
        session.get(Unit, block.unit.id).nickname = "江景大床房" * 6
        grids.make_grid(block.building.parent, GridKind.ORDINARY, "南区网格")
    act(block.owner, block.unit, "transfers", reason="转租给另一位经营者，" * 20)
    assert act(block.owner, third, "merge", into=str(block.twin.uid), reason="重复登记" * 30).status_code == 200
    own, grid = f"/units/{block.unit.uid}", f"/places/{block.building.uid}/grid"
    pages = {
        block.owner: (own, f"{own}/close", f"{own}/merge", f"{own}/hand-over", f"/units/{third.uid}"),
        block.other: ("/units/take-over", "/units/claim"),
        block.officer: (f"/places/{block.building.uid}", f"{grid}/units", f"{grid}/end"),
        world.user(Role.SYSTEM_ADMIN): (f"/places/{block.building.parent.uid}/station/end",),
    }
    faults = []
    for who, paths in pages.items():
        with open_page(size=size) as page:
            page.context.add_cookies([{"name": "session", "value": world.session(who), "url": live_server}])
            for path in paths:
                answer = page.goto(path)
                assert answer.status == 200, path
                faults += [f"{path}: {found}" for found in browsers.accessibility_faults(page)]
                if browsers.is_wider_than_screen(page):
                    faults.append(f"{path}: wider than the screen")
    assert faults == []
