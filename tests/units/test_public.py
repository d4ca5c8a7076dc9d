"""What the QR on a door and the QR in a lift show to anybody: never a door, a name, or who is in."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from rental_mgmt.core import clock
from rental_mgmt.core.db import new_uid, session, unit_of_work
from rental_mgmt.core.seal import Retention, Where, seal
from rental_mgmt.notices.models import NeighbourMessage, Notice
from rental_mgmt.places.models import DutyContact, Place
from rental_mgmt.units import plates
from rental_mgmt.units.codes import grouped
from rental_mgmt.units.models import UnitStatus
from tests.support.forms import fill_in, forms_on


@pytest.fixture
def active(world, city):
    """An active unit with a plate, and a browser of somebody without an account."""
    filing = world.checked(city.worker, world.submitted(city.owner, city.building, nickname="江景大床房"))
    city.unit = world.decided(city.liaison, filing)
    return city


def scan(client, token, kind="q"):
    moved = client.get(f"/{kind}/{token}")
    assert (moved.status_code, moved.headers["Location"]) == (303, f"/{kind}")
    assert moved.headers["Referrer-Policy"] == "no-referrer"
    return client.get(f"/{kind}")


def test_the_page_behind_a_plate(client, world, active):
    page = scan(client, active.unit.qr_token)
    assert page.status_code == 200
    for shown in (active.unit.code, grouped(active.unit.code), "4 人", "晚十点至早八点保持安静"):
        assert shown in page.text
    hidden = (
        active.unit.name,
        "1203",
        "12层",
        "江景",
        active.owner.name,
        active.owner.phone,
        active.unit.qr_token,
    )
    for words in hidden:
        assert words not in page.text, words


def test_the_page_does_not_tell_when_a_unit_is_empty_or_suspended(client, world, active):
    def shown():
        return re.sub(r'name="(csrf|form_key)" value="[^"]*"', "", scan(client, active.unit.qr_token).text)

    before = shown()
    world.stay(active.owner, active.unit)
    with unit_of_work():
        session.get(type(active.unit), active.unit.id).status = UnitStatus.SUSPENDED
    assert shown() == before


@pytest.mark.parametrize("token", ["x", "x" * 64, "U510104021003000007L"])
@pytest.mark.parametrize("kind", ["q", "b"])
def test_no_token_no_page(client, world, active, token, kind):
    assert scan(client, token, kind).status_code == 404
    client.delete_cookie("unit_link")
    client.delete_cookie("building_link")
    assert client.get(f"/{kind}").status_code == 404


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("token", ["x" * 65, "..%2f", "%00", "a%0d%0aSet-Cookie:b", "%f0%a0%ae%b7", "a;b"])
def test_a_token_that_is_none_is_not_there(client, app, token):
    assert client.get(f"/q/{token}").status_code == client.get(f"/b/{token}").status_code == 404


def test_a_draft_and_a_closed_unit_have_no_page(client, world, active):
    with unit_of_work():
        session.get(type(active.unit), active.unit.id).status = UnitStatus.CLOSED
    assert scan(client, active.unit.qr_token).status_code == 404


def test_a_word_to_the_operator_goes_through_the_product(client, world, active):
    scan(client, active.unit.qr_token)
    sent = fill_in(client, "/q", {"whereabouts": "beside", "text": "请小声一点"})
    assert sent.status_code == 303
    message = session.scalars(select(NeighbourMessage)).one()
    assert (message.unit_id, message.party_id) == (active.unit.id, active.owner.target.id)
    told = set(session.scalars(select(Notice.user_id).where(Notice.kind == "neighbour.message")))
    assert told == {active.owner.user.id, active.manager.user.id}


def test_a_message_pressed_twice_is_left_once_and_many_are_refused(client, world, active):
    scan(client, active.unit.qr_token)
    form = forms_on(client.get("/q").text)[-1]
    sent = form.values | {"whereabouts": "above", "text": "太吵了"}
    assert [client.post("/q", data=sent).status_code for _press in range(2)] == [303, 303]
    count = select(func.count()).select_from(NeighbourMessage)
    assert session.scalar(count) == 1
    answers = [fill_in(client, "/q", {"whereabouts": "above", "text": f"第 {n} 次"}) for n in range(5)]
    assert answers[-1].status_code == 429
    assert "第 4 次" in answers[-1].text
    assert session.scalar(count) < 6


def test_a_message_without_words_is_asked_for(client, world, active):
    scan(client, active.unit.qr_token)
    answer = fill_in(client, "/q", {"text": " "})
    assert (answer.status_code, answer.text.count('class="error"')) == (422, 2)


def test_a_page_of_another_plate_is_refused(client, world, active):
    other = world.decided(
        active.liaison, world.checked(active.worker, world.submitted(active.owner, active.building, "1301"))
    )
    scan(client, active.unit.qr_token)
    form = forms_on(client.get("/q").text)[-1]
    scan(client, other.qr_token)
    sent = form.values | {"whereabouts": "above", "text": "太吵了"}
    assert client.post("/q", data=sent).status_code == 409
    assert session.scalar(select(func.count()).select_from(NeighbourMessage)) == 0


# --- the lift -----------------------------------------------------------------------------------------------


def contact(building, name, duty="物业前台", phone="02800000000", **values):
    uid = new_uid()
    sealed = seal(name, Where("duty_contact", "name_sealed", uid), Retention.ACCOUNT)
    at = clock.now() - timedelta(days=1)
    row = {"uid": uid, "building_id": building.id, "duty": duty, "hours": "8–20 点", "public_phone": phone}
    with unit_of_work():
        session.add(DutyContact(**row | {"name_sealed": sealed, "agreed_at": at} | values))


def test_the_page_behind_the_lift(client, world, active):
    contact(active.building, "李前台")
    contact(active.building, "陈网格", "网格员", None)
    contact(active.building, "赵不愿", withdrawn_at=clock.now())
    with unit_of_work():
        token = plates.renew_lift_token(active.manager.actor, session.get(Place, active.building.id))
    page = scan(client, token, "b")
    assert page.status_code == 200
    assert all(words in page.text for words in ("李前台", "陈网格", "8–20 点", "tel:02800000000"))
    assert all(
        words not in page.text for words in ("赵不愿", "1203", "12层", active.unit.code, active.owner.name)
    )
    assert page.text.count("tel:") == 1
    assert fill_in(client, "/b", {"whereabouts": "not_known", "text": "有人吵闹"}).status_code == 303
    message = session.scalars(select(NeighbourMessage)).one()
    assert (message.building_id, message.unit_id, message.party_id) == (active.building.id, None, None)


def test_a_new_lift_code_ends_the_old_one(client, world, active):
    tokens = []
    for _time in range(2):
        with unit_of_work():
            tokens.append(plates.renew_lift_token(active.manager.actor, session.get(Place, active.building.id)))
    assert [scan(client, token, "b").status_code for token in tokens] == [404, 200]


# --- plates -------------------------------------------------------------------------------------------------


def test_a_plate_carries_the_code_and_no_more(client, world, active):
    for who in (active.owner, active.manager, active.worker, active.liaison):
        world.sign_in(client, who)
        page = client.get(f"/units/{active.unit.uid}/plate")
        assert page.status_code == 200, who.role
        assert grouped(active.unit.code) in page.text
        assert all(words not in page.text for words in ("1203", active.unit.qr_token))
    picture = client.get(f"/units/{active.unit.uid}/plate.svg")
    assert picture.mimetype == "image/svg+xml"
    assert active.unit.code in picture.text
    world.sign_in(client, active.officer)
    assert client.get(f"/units/{active.unit.uid}/plate").status_code == 403


def test_no_plate_before_the_decision(client, world, city):
    unit = world.draft(city.owner, city.building)
    world.sign_in(client, city.owner)
    assert client.get(f"/units/{unit.uid}/plate").status_code == 409


def test_the_configured_address_stands_in_the_code(app, client, world, active, monkeypatch):
    from rental_mgmt.units import plate_web

    seen = []
    monkeypatch.setattr(plate_web.plates, "qr_of", lambda address: seen.append(address) or "")
    monkeypatch.setitem(app.config, "PUBLIC_URL", "https://pingan.example.cn/")
    world.sign_in(client, active.owner)
    client.get(f"/units/{active.unit.uid}/plate")
    assert seen == [f"https://pingan.example.cn/q/{active.unit.qr_token}"]
