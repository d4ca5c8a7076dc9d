"""The seed file: the sample in README's words works, twice adds nothing, and a mistake is named by its path."""

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select

from rental_mgmt.accounts.actors import actor_by_key
from rental_mgmt.accounts.models import Party, User
from rental_mgmt.accounts.totp import code_at
from rental_mgmt.core import clock
from rental_mgmt.core.access import Role
from rental_mgmt.core.api import flat
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.errors import Invalid, Refusal
from rental_mgmt.demo import seeding
from rental_mgmt.devices.models import Device
from rental_mgmt.places.models import Grid, Place, PlacePack
from rental_mgmt.units.models import Unit, UnitCapacity, UnitStatus

SAMPLE = Path(seeding.__file__).with_name("seed_sample.json")


@pytest.fixture
def sample() -> dict:
    return json.loads(SAMPLE.read_text("utf-8"))


def count(model) -> int:
    return session.scalar(select(func.count()).select_from(model))


def test_the_sample_makes_what_it_names(house):
    lines = list(seeding.seed_file(SAMPLE))
    assert lines[0] == "新增地点 6 处、人员 10 位、房源 3 套"
    assert lines[1].startswith("设备接口 门锁平台：/hooks/generic/")
    units = {unit.name: unit for unit in session.scalars(select(Unit))}
    assert [units[name].status for name in ("1栋 12层 1203", "2栋 3层 1-302", "2栋 11层 2-1101")] == [
        UnitStatus.ACTIVE,
        UnitStatus.DRAFT,
        UnitStatus.UNCLAIMED,
    ]
    active = units["1栋 12层 1203"]
    assert active.code
    assert active.grid_id == session.scalar(select(Grid.id).where(Grid.name == "第一网格"))
    assert active.station_id
    assert (count(Place), count(PlacePack), count(Device)) == (12, 1, 1)
    history = session.scalars(select(UnitCapacity.valid_from).where(UnitCapacity.unit_id == active.id)).all()
    assert history == [active.claimed_at], "what was decided before the system began then"


def test_read_again_it_adds_nothing(house):
    list(seeding.seed_file(SAMPLE))
    before = [count(model) for model in (Place, Grid, Party, User, Unit, Device)]
    assert list(seeding.seed_file(SAMPLE)) == ["新增地点 0 处、人员 0 位、房源 0 套"]
    assert [count(model) for model in (Place, Grid, Party, User, Unit, Device)] == before


def test_its_people_sign_in_and_its_key_opens(app, client, sample):
    list(seeding.seed_file(SAMPLE))
    with unit_of_work(read_only=True):
        actor, _is_due = actor_by_key("rk_put-at-least-32-random-characters-here")
    assert actor.role is Role.LANDLORD
    assert len(actor.party_ids) == 1
    officer = next(one for one in sample["people"] if one.get("sign_in_name") == "police.qin")
    page = _sign_in(client, "/sign-in", name="police.qin", password=officer["password"])
    page = _sign_in(client, page.headers["Location"], code=code_at(officer["totp_secret"], clock.real_now()))
    assert client.get(page.headers["Location"]).status_code == 200


def _sign_in(client, path, **typed):
    from tests.support.forms import fill_in

    answer = fill_in(client, path, typed)
    assert answer.status_code == 303, answer.text
    return answer


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda s: s["places"][0].update(kind="village"), "places[0].kind"),
        (lambda s: s["places"][0]["places"][0].update(pack="atlantis"), "places[0].places[0].pack"),
        (lambda s: s["people"][0].update(age=3), "people[0].age"),
        (lambda s: s["people"][0].update(password="password1234"), "people[0].password"),
        (lambda s: s["people"][3]["roles"][0].pop("place"), "people[3].roles[0].place"),
        (lambda s: s["people"][0]["api_keys"][0].update(role="auditor"), "people[0].api_keys[0].role"),
        (lambda s: s["units"][2].update(party="wang"), "units[2].party"),
        (lambda s: s["units"][0].update(beds="2"), "units[0].beds"),
        (lambda s: s["units"][0].update(building="nowhere"), "units.building"),
        (lambda s: s["device_sources"][0].update(secret="short"), "device_sources[0].secret"),
    ],
)
def test_a_mistake_is_named_by_its_path_and_nothing_is_stored(house, sample, change, path):
    change(sample)
    with pytest.raises(Invalid) as refused:
        seeding.seed(sample)
    assert path in dict(flat(refused.value.errors))
    assert count(Place) == count(User) == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("text", ["", "[", "[]", '{"places": NaN}', '{"places": [], "places": []}', "{}x"])
def test_what_is_no_seed_file_is_refused(house, tmp_path, text):
    file = tmp_path / "seed.json"
    file.write_text(text)
    with pytest.raises(Refusal):
        list(seeding.seed_file(file))
