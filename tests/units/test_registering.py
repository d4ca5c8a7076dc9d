"""Registering a unit: its door, what is refused and how, papers, and what may change later."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.core import clock
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import session
from rental_mgmt.core.errors import Invalid
from rental_mgmt.places.models import Place, PlaceKind
from rental_mgmt.units import details, papers, placing
from rental_mgmt.units.models import CleaningWindow, DocumentKind, PartyRole, PartyRoleKind, Unit, UnitDocument
from tests.support import people
from tests.support.world_units import picture

BODY = {"door": "1203", "area": 60, "bedrooms": 2, "beds": 2, "declared_capacity": 4}


def register(client, world, who, building, **given):
    body = BODY | {"building": str(building.uid)} | given
    return client.post("/api/v1/units", json=body, headers=world.key(who))


def upload(client, world, who, unit, data=None, kind="photo", name="flat.jpg", **given):
    sent = {"kind": kind, "file": (io.BytesIO(picture() if data is None else data), name)} | given
    path = f"/api/v1/units/{unit.uid}/documents"
    return client.post(path, data=sent, headers=world.key(who), content_type="multipart/form-data")


def test_a_landlord_registers_a_unit_and_may_take_guests_at_once(client, world, city):
    made = register(
        client, world, city.owner, city.building, door="12-1203室", listings=["https://www.tujia.com/1"]
    )
    assert made.status_code == 201, made.json
    unit = session.scalars(select(Unit)).one()
    assert (unit.name, unit.takes_guests, unit.capacity) == ("1栋 12层 12-1203", True, 4)
    assert unit.path.startswith(city.building.path)
    assert unit.party_id == city.owner.target.id
    assert session.scalars(select(PartyRole.role)).one() is PartyRoleKind.OWNER
    assert [one.platform for one in details.listings_of(unit)] == ["途家"]
    assert "place.add" in session.scalars(select(AuditEntry.action)).all()


def test_a_door_is_made_once_for_everybody(client, world, city):
    for who in (city.owner, world.landlord()):
        assert register(client, world, who, city.building).status_code == 201
    doors = select(func.count()).select_from(Place).where(Place.kind == PlaceKind.DOOR)
    assert session.scalar(doors) == 1


def test_the_limit_is_the_least_of_beds_area_and_what_was_declared(client, world, city):
    cases = {"1201": (2, 60, 9, 4), "1202": (5, 22, 9, 4), "1203": (5, 60, 3, 3)}
    for door, (beds, area, declared, limit) in cases.items():
        made = register(
            client,
            world,
            city.owner,
            city.building,
            door=door,
            beds=beds,
            area=area,
            declared_capacity=declared,
        )
        assert made.json["capacity"] == limit, door


WRONG = {
    "door": ("楼下", "1203"),
    "floor": (999, "整数"),
    "area": (0, "数字"),
    "beds": (0, "整数"),
    "bedrooms": ("2", "整数"),
    "declared_capacity": (10**9, "整数"),
    "legal_regime": ("castle", "选项"),
    "safety_contact_phone": ("12345", "手机号"),
    "house_rules": ("字" * 2001, "2000"),
    "nickname": ("x" * 31, "30"),
    "listings": (["http://www.tujia.com/1"], "https"),
    "cleaning_windows": (["14:00-10:00"], "每天"),
    "neighbour_consent_on": ("2026-02-30", "日期"),
    "keeper": ("x", "没有这一项"),
}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_field_is_named_with_the_remedy(client, world, city, name):
    value, remedy = WRONG[name]
    answer = register(client, world, city.owner, city.building, **{name: value})
    assert answer.status_code == 422
    assert [error["path"].partition("[")[0] for error in answer.json["errors"]] == [name]
    assert remedy in answer.json["errors"][0]["detail"]
    assert session.scalar(select(func.count()).select_from(Unit)) == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "https://", "https://a b.com/", "https://u:p@a.com/", "ftp://a.com"]
)
def test_only_plain_https_links_are_kept(client, world, city, link):
    assert register(client, world, city.owner, city.building, listings=[link]).status_code == 422


def test_names_are_kept_exactly(client, world, city):
    rare = ["𠮷田䶮", people.LONGEST_NAME[:50], "‏محمد‏", "O'BRIEN <b>"]
    for n, name in enumerate(rare):
        register(client, world, city.owner, city.building, door=f"12{n:02}", safety_contact_name=name)
    kept = [
        details.contact_of(unit)["safety_contact_name"]
        for unit in session.scalars(select(Unit).order_by(Unit.id))
    ]
    assert kept == rare
    blob = session.scalars(select(Unit.safety_contact_name_sealed)).first()
    assert rare[0].encode() not in blob


def test_only_a_landlord_registers(client, world, city):
    for who in (world.helper(city.owner.target), city.manager, city.worker, city.liaison, city.officer):
        assert register(client, world, who, city.building).status_code == 403, who.role


def test_the_same_door_is_registered_once_by_one_landlord(client, world, city):
    register(client, world, city.owner, city.building)
    answer = register(client, world, city.owner, city.building)
    assert (answer.status_code, "已在这个门号" in answer.json["title"]) == (409, True)


def test_a_unit_of_the_ledger_is_claimed_and_not_registered(client, world, city):
    world.unclaimed(city.building, "1203")
    answer = register(client, world, city.owner, city.building)
    assert (answer.status_code, "认领" in answer.json["title"]) == (409, True)


def test_a_door_that_another_answers_for_is_refused(client, world, city):
    world.decided(city.liaison, world.checked(city.worker, world.submitted(city.owner, city.building)))
    rival = world.landlord()
    answer = register(client, world, rival, city.building)
    assert answer.status_code == 409
    assert city.owner.name not in answer.text


def test_rooms_of_a_flat_share_its_door(client, world, city):
    whole = register(client, world, city.owner, city.building).json["uid"]
    for name in ("主卧", "次卧"):
        made = register(client, world, city.owner, city.building, parent=whole, nickname=name)
        assert made.status_code == 201, made.json
    elsewhere = register(client, world, city.owner, city.building, parent=whole, door="1301")
    assert elsewhere.json["errors"][0]["path"] == "parent"


def test_nobody_fills_a_floor_with_doors(client, world, city, monkeypatch):
    monkeypatch.setattr(placing, "MOST_DOORS_OF_A_FLOOR", 3)
    answers = [
        register(client, world, city.owner, city.building, door=f"12{n:02}").status_code for n in range(1, 5)
    ]
    assert answers == [201, 201, 201, 409]


def test_a_building_that_is_none_is_not_there(client, world, city):
    compound = session.get(Place, city.building.parent_id)
    assert register(client, world, city.owner, compound).status_code == 404


def test_who_acts_for_several_parties_says_for_which(client, world, city):
    company = world.party("锦程民宿有限公司")
    world.membership(city.owner.user, Role.LANDLORD, company)
    assert register(client, world, city.owner, city.building).json["errors"][0]["path"] == "party"
    made = register(client, world, city.owner, city.building, party=str(company.uid))
    assert made.status_code == 201
    assert session.scalars(select(Unit.party_id)).one() == company.id
    stranger = register(client, world, city.owner, city.building, party=str(world.party().uid), door="1301")
    assert stranger.status_code == 404


def test_another_landlord_finds_nothing_byte_for_byte(client, world, city):
    unit = world.draft(city.owner, city.building)
    headers = world.key(world.landlord())
    there = client.get(f"/api/v1/units/{unit.uid}", headers=headers)
    missing = client.get(f"/api/v1/units/{city.owner.user.uid}", headers=headers)
    assert (there.status_code, there.data) == (404, missing.data)


# --- changing -----------------------------------------------------------------------------------------------


def test_an_edit_of_an_older_state_is_refused(client, world, city):
    unit = world.draft(city.owner, city.building)
    body = {k: v for k, v in BODY.items() if k != "door"} | {"version": unit.version}
    headers, path = world.key(city.owner), f"/api/v1/units/{unit.uid}"
    assert client.put(path, json=body | {"nickname": "一"}, headers=headers).status_code == 200
    stale = client.put(path, json=body | {"nickname": "二"}, headers=headers)
    assert stale.status_code == 409
    assert world.present(unit).nickname == "一"


def test_cleaning_windows_are_read_as_people_write_them(client, world, city):
    lines = [
        "每天 10:00-14:00",
        "周三 9:30—11:00",
        "星期天 08:00至09:00",
        "Fri 10:00-11:00",
        "每天 10:00-14:00",
    ]
    made = register(client, world, city.owner, city.building, cleaning_windows=lines)
    assert made.status_code == 201, made.json
    found = session.execute(
        select(CleaningWindow.weekday, CleaningWindow.from_minute, CleaningWindow.to_minute)
    )
    assert sorted(map(tuple, found), key=str) == sorted(
        [(None, 600, 840), (2, 570, 660), (6, 480, 540), (4, 600, 660)], key=str
    )


def test_a_role_has_its_dates(client, world, city):
    unit = world.draft(city.owner, city.building)
    body = {k: v for k, v in BODY.items() if k != "door"} | {"version": unit.version, "party_role": "sublessor"}
    client.put(f"/api/v1/units/{unit.uid}", json=body, headers=world.key(city.owner))
    rows = session.scalars(select(PartyRole).order_by(PartyRole.id)).all()
    assert [(row.role.value, row.valid_to is None) for row in rows] == [("owner", False), ("sublessor", True)]


def test_the_contact_is_clear_for_its_landlord_alone_and_the_look_is_kept(client, world, city):
    unit = world.draft(
        city.owner, city.building, safety_contact_name="王责任", safety_contact_phone="19000000009"
    )
    path = f"/api/v1/units/{unit.uid}"
    clear = client.get(path, headers=world.key(city.owner)).json["safety_contact"]
    assert clear == {"name": "王责任", "phone": "19000000009"}
    for who in (city.worker, city.manager, city.liaison, city.officer, world.helper(city.owner.target)):
        shown = client.get(path, headers=world.key(who)).json["safety_contact"]
        assert shown == {"name": "王**", "phone": "190****0009"}, who.role
    looks = select(AuditEntry.actor_id).where(AuditEntry.action == "safety_contact.read")
    assert session.scalars(looks).all() == [city.owner.user.id]


# --- papers -------------------------------------------------------------------------------------------------


def test_a_paper_is_kept_sealed_and_read_by_those_who_need_it(client, world, city):
    unit = world.draft(city.owner, city.building)
    assert upload(client, world, city.owner, unit, kind="safety_pledge").status_code == 201
    paper = session.scalars(select(UnitDocument)).one()
    page = f"/documents/{paper.uid}"
    readers = {who.role: client_get(client, world, who, page) for who in (city.owner, city.liaison, city.lead)}
    assert set(readers.values()) == {200}
    others = (city.worker, city.manager, city.officer, world.helper(city.owner.target), world.landlord())
    assert {client_get(client, world, who, page) for who in others} == {404}
    looks = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "unit_document.read")
    assert session.scalar(looks) == 3


def client_get(client, world, who, path):
    world.sign_in(client, who)
    return client.get(path).status_code


def test_a_grid_worker_reads_papers_while_checking(client, world, city):
    filing = world.submitted(city.owner, city.building)
    paper = session.scalars(select(UnitDocument)).one()
    assert client_get(client, world, city.worker, f"/documents/{paper.uid}") == 200
    world.decided(city.liaison, world.checked(city.worker, filing))
    assert client_get(client, world, city.worker, f"/documents/{paper.uid}") == 404


BAD_FILES = {
    "empty": (b"", "photo", "空"),
    "a page": (b"<html><script>alert(1)</script>", "photo", "照片"),
    "a pdf as a photo": (b"%PDF-1.7 ...", "photo", "照片"),
    "half a picture": (picture()[:60], "photo", ""),
    "a program": (b"MZ\x90\x00" + b"\0" * 99, "lease", "PDF"),
}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_is_refused_with_the_remedy(client, world, city, case):
    data, kind, remedy = BAD_FILES[case]
    unit = world.draft(city.owner, city.building)
    answer = upload(client, world, city.owner, unit, data, kind)
    assert answer.status_code == 422, answer.text
    assert answer.json["errors"][0]["path"] == "file"
    assert remedy in answer.json["errors"][0]["detail"]
    assert session.scalar(select(func.count()).select_from(UnitDocument)) == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_file_above_ten_megabytes_is_refused(world, city):
    unit = world.draft(city.owner, city.building)
    with pytest.raises(Invalid) as refused:
        papers.add_document(
            city.owner.actor, unit, DocumentKind.PHOTO, b"\xff\xd8\xff" + bytes(10 << 20), "a.jpg"
        )
    assert "10 MB" in refused.value.errors["file"][0]


def test_a_paper_that_ran_out_is_refused_and_counts_no_more(client, world, city):
    unit = world.draft(city.owner, city.building)
    old = upload(client, world, city.owner, unit, kind="insurance", expires_on="2026-06-09")
    assert old.json["errors"][0]["path"] == "expires_on"
    assert (
        upload(client, world, city.owner, unit, kind="safety_pledge", expires_on="2026-06-10").status_code
        == 201
    )
    assert papers.kinds_on_file(unit) == {DocumentKind.SAFETY_PLEDGE}
    clock.freeze(clock.now() + timedelta(days=1))
    assert papers.kinds_on_file(unit) == set()


def test_papers_stay_while_somebody_looks_at_them(client, world, city):
    filing = world.submitted(city.owner, city.building)
    paper = session.scalars(select(UnitDocument)).one()
    path = f"/api/v1/units/{filing.unit.uid}/documents/{paper.uid}"
    assert client.delete(path, headers=world.key(city.owner)).status_code == 409
    client.post(
        f"/api/v1/filings/{filing.uid}/withdraw",
        json={"version": filing.version},
        headers=world.key(city.owner),
    )
    assert client.delete(path, headers=world.key(city.owner)).status_code == 204


def test_fifty_units_come_in_pages(client, world, city, count_queries):
    for n in range(50):
        world.draft(city.owner, city.building, f"{n // 10 + 1}{n % 10 + 1:02}")
    headers = world.key(city.manager)
    client.get("/api/v1/units", headers=headers)
    seen, cursor = [], ""
    for _page in range(3):
        with count_queries() as asked:
            page = client.get(f"/api/v1/units?size=20{cursor and '&cursor=' + cursor}", headers=headers).json
        assert len(asked) <= 2
        seen += [unit["name"] for unit in page["items"]]
        cursor = page["next_cursor"]
    assert (len(set(seen)), cursor) == (50, None)
    found = client.get("/api/v1/units?words=3层&status=draft", headers=headers).json["items"]
    assert len(found) == 10
    assert client.get("/api/v1/units?words=%25", headers=headers).json["items"] == []
    assert client.get("/api/v1/units?sort=name", headers=headers).status_code == 422
