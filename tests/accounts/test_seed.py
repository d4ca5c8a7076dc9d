"""A new installation from one file: places, grids, people who can sign in, and nothing twice."""

import copy

import pytest
from sqlalchemy import func, select, update

from rental_mgmt.accounts.models import Membership, OneTimeCode, User
from rental_mgmt.accounts.seed import seed
from rental_mgmt.core import clock
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.errors import Invalid
from rental_mgmt.places import jurisdiction, stations, tree
from rental_mgmt.places.models import Grid, Place

from ..support.forms import fill_in
from .conftest import PASSWORD, PIN, SECRET, code_now, is_in

FILE = {
    "stations": [{"code": "510108000001", "name": "保和派出所"}],
    "places": [
        {
            "kind": "street",
            "code": "baohe",
            "name": "保和街道",
            "places": [
                {
                    "kind": "community",
                    "code": "shengli",
                    "name": "胜利社区",
                    "pack": "chengdu",
                    "places": [
                        {
                            "kind": "compound",
                            "code": "dfxc2",
                            "name": "东方新城二期",
                            "station": "510108000001",
                            "duty": [{"role": "grid_worker", "from": 8, "to": 20}],
                            "places": [
                                {"kind": "building", "code": "1", "name": "1栋"},
                                {"kind": "building", "code": "2", "name": "2栋"},
                            ],
                            "grids": [
                                {
                                    "kind": "general",
                                    "name": "总网格",
                                    "grids": [{"kind": "ordinary", "name": "第一网格", "buildings": ["1"]}],
                                }
                            ],
                        }
                    ],
                }
            ],
        }
    ],
    "parties": [{"key": "wang", "kind": "person", "name": "王芳", "phone": "19990000001"}],
    "people": [
        {
            "name": "王芳",
            "phone": "19990000001",
            "password": PASSWORD,
            "pin": PIN,
            "roles": [{"role": "landlord", "party": "wang"}],
            "api_keys": [{"key": "rk_a-key-of-a-test", "role": "landlord", "label": "门店"}],
        },
        {
            "name": "陈强",
            "phone": "19990000002",
            "roles": [{"role": "grid_worker", "grid": "baohe/shengli/dfxc2#第一网格"}],
        },
        {
            "name": "李警官",
            "sign_in_name": "liaison",
            "password": PASSWORD,
            "totp_secret": SECRET,
            "roles": [{"role": "police_liaison", "station": "510108000001"}],
        },
    ],
}


def test_a_seeded_town_stands(world, client):
    with unit_of_work():
        done = seed(FILE)
    assert (done.places, done.people, list(done.codes)) == (5, 3, ["陈强"])
    compound = tree.find_by_codes("baohe", "shengli", "dfxc2")
    assert jurisdiction.code_at(compound.path, world.now.date()) == "chengdu"
    assert stations.station_at(compound.id, world.now).code == "510108000001"
    top, first = session.scalars(select(Grid).order_by(Grid.id))
    assert first.path == f"/{top.id}/{first.id}/"
    assert fill_in(client, "/sign-in", {"name": "19990000001", "password": PASSWORD}).status_code == 303
    headers = {"Authorization": "Bearer rk_a-key-of-a-test"}
    assert client.get("/api/v1/me", headers=headers).json["role"] == "landlord"


def test_a_seeded_liaison_signs_in_with_the_code(client, world):
    with unit_of_work():
        seed(FILE)
    fill_in(client, "/sign-in", {"name": "liaison", "password": PASSWORD})
    assert fill_in(client, "/sign-in/code", {"code": code_now()}).status_code == 303
    assert is_in(client)


def test_someone_without_a_password_takes_up_an_invitation(client, world):
    with unit_of_work():
        done = seed(FILE)
    client.get(f"/i/{done.codes['陈强']}")
    assert fill_in(client, "/invitation", {"password": PASSWORD}).status_code == 303
    assert client.get("/api/v1/me").json["role"] == Role.GRID_WORKER


def test_seeding_twice_adds_nothing(world):
    for _ in range(2):
        with unit_of_work():
            done = seed(copy.deepcopy(FILE))
    assert (done.places, done.people) == (0, 0)
    counted = [session.scalar(select(func.count()).select_from(table)) for table in (Place, User, Membership)]
    assert counted == [5, 3, 3]


SLIPS = {
    "a common password": lambda file: file["people"][0].update(password="password12345"),
    "no name": lambda file: file["people"][0].pop("name"),
    "no such grid": lambda file: file["people"][1]["roles"][0].update(grid="baohe/shengli/dfxc2#没有"),
    "no such station": lambda file: file["people"][2]["roles"][0].update(station="510108000002"),
    "a time without its zone": lambda file: file["people"][2]["roles"][0].update(
        {"from": "2026-01-01T00:00:00"}
    ),
    "an unknown kind": lambda file: file["places"][0].update(kind="galaxy"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_the_file_stops_it_whole(world, slip):
    file = copy.deepcopy(FILE)
    SLIPS[slip](file)
    with pytest.raises(Invalid), unit_of_work():
        seed(file)
    assert session.scalar(select(func.count()).select_from(Place)) == 0


def test_an_invitation_that_ran_out_is_given_anew_by_the_same_file(app):
    file = {"people": [{"name": "苏明", "sign_in_name": "admin.su", "roles": [{"role": "system_admin"}]}]}
    with unit_of_work():
        first = seed(copy.deepcopy(file)).codes["admin.su"]
    with unit_of_work():
        assert seed(copy.deepcopy(file)).codes == {}, "the first one is still good"
    with unit_of_work():
        session.execute(update(OneTimeCode).values(expires_at=clock.real_now()))
    with unit_of_work():
        again = seed(copy.deepcopy(file))
    assert again.codes["admin.su"] != first
    assert again.people == 0
    visitor = app.test_client()
    visitor.get(f"/i/{again.codes['admin.su'].replace('-', '')}")
    assert "admin.su" in visitor.get("/invitation").text
