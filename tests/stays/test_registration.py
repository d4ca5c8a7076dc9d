"""Registering guests at the door: who may, what is refused, what is kept; a race fills no bed twice."""

import io
import threading
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import func, select

from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.core import clock
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import session
from rental_mgmt.core.outbox import Outbox
from rental_mgmt.core.touch import Touch
from rental_mgmt.stays.corrections import secret
from rental_mgmt.stays.models import Guest, Person
from tests.support import people


@pytest.fixture
def flat(world):
    """A landlord with a flat for four."""
    world.owner = world.landlord()
    world.unit = world.flat(party=world.owner.target)
    return world


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30)).save(out, "JPEG")
    return out.getvalue()


def body(person, **given):
    return {"name": person.name, "number": person.id_number, "phone": person.phone} | given


def post(client, world, stay, sent, who=None):
    return client.post(f"/api/v1/stays/{stay.uid}/guests", json=sent, headers=world.key(who or world.owner))


def test_a_landlord_registers_a_guest(client, flat):
    stay, person = flat.stay(flat.owner, flat.unit), people.person(1)
    answer = post(client, flat, stay, body(person))
    assert answer.status_code == 201, answer.json
    assert answer.json["missing"] == []
    assert answer.json["document_state"] == "ok"
    guest = session.scalars(select(Guest)).one()
    assert (secret(guest, "name"), secret(guest, "number")) == (person.name, person.id_number)
    assert guest.age_at_check_in == person.age_on(clock.local_day(clock.now()))
    assert person.id_number.encode() not in guest.number_sealed
    assert session.scalar(select(func.count()).select_from(Outbox)) == 1
    assert session.scalars(select(AuditEntry.action)).all()[-1] == "guest.register"
    assert {touched.kind.value for touched in session.scalars(select(Touch))} == {"unit", "person"}


def test_few_statements(client, flat, count_queries):
    stay = flat.stay(flat.owner, flat.unit)
    headers, url = flat.key(flat.owner), f"/api/v1/stays/{stay.uid}/guests"
    # The first use of a key also writes down, once a minute, that it was used.
    client.post(url, json=body(people.person(9)), headers=headers)
    headers |= {"Idempotency-Key": "a-key"}
    with count_queries() as seen:
        sent = body(people.person(1))
        assert client.post(url, json=sent, headers=headers).status_code == 201
    most = 7 if session.get_bind().dialect.name == "postgresql" else 11
    assert len(seen) <= most, "\n".join(seen)


def test_a_wrong_check_digit_names_the_field_and_the_digit(client, flat):
    stay, person = flat.stay(flat.owner, flat.unit), people.person(1)
    wrong = people.with_wrong_check_digit(person.id_number)
    answer = post(client, flat, stay, body(person, number=wrong))
    assert answer.status_code == 422
    [error] = answer.json["errors"]
    assert error["path"] == "number"
    assert person.id_number[-1] in error["detail"]
    assert wrong not in answer.text
    assert session.scalar(select(func.count()).select_from(Guest)) == 0


def test_birth_date_and_sex_agree_with_the_number(client, flat):
    stay, person = flat.stay(flat.owner, flat.unit), people.person(1, sex="male")
    answer = post(client, flat, stay, body(person, birth_on="1950-01-01", sex="female"))
    assert {error["path"] for error in answer.json["errors"]} == {"birth_on", "sex"}


@pytest.mark.parametrize(
    "role", [role for role in Role if role not in (Role.LANDLORD, Role.HELPER, Role.SYSTEM)]
)
def test_nobody_else_registers(client, flat, role):
    stay = flat.stay(flat.owner, flat.unit)
    somebody = flat.user(role, None)
    assert post(client, flat, stay, body(people.person(1)), who=somebody).status_code == 403


def test_another_landlord_finds_nothing_byte_for_byte(client, flat):
    stay, stranger = flat.stay(flat.owner, flat.unit), flat.landlord()
    elsewhere = post(client, flat, stay, body(people.person(1)), who=stranger)
    headers = flat.key(stranger)
    missing = client.post(f"/api/v1/stays/{flat.unit.uid}/guests", json=body(people.person(1)), headers=headers)
    assert elsewhere.status_code == missing.status_code == 404
    assert elsewhere.data == missing.data


def test_the_same_guest_twice_is_a_conflict(client, flat):
    stay, sent = flat.stay(flat.owner, flat.unit), body(people.person(1))
    assert post(client, flat, stay, sent).status_code == 201
    again = post(client, flat, stay, sent)
    assert again.status_code == 409
    assert "已登记" in again.json["title"]
    assert session.scalar(select(func.count()).select_from(Guest)) == 1


def test_above_capacity_asks_for_an_explanation_and_registers(client, flat):
    stay = flat.stay(flat.owner, flat.unit)
    for n in range(4):
        assert post(client, flat, stay, body(people.person(n))).status_code == 201
    fifth = body(people.person(5))
    refused = post(client, flat, stay, fifth)
    assert refused.status_code == 422
    assert refused.json["errors"][0]["path"] == "explanation"
    explained = post(client, flat, stay, fifth | {"explanation": "婴儿床一张"})
    assert explained.status_code == 201
    assert explained.json["is_over_capacity"] is True
    assert session.scalar(select(func.count()).where(Guest.is_over_capacity.is_(True))) == 1


def test_those_who_left_make_room(client, flat):
    stay = flat.stay(flat.owner, flat.unit, nights=3)
    for n in range(4):
        post(client, flat, stay, body(people.person(n)))
    guest = session.scalars(select(Guest)).first()
    clock.freeze(clock.now() + timedelta(hours=5))
    left = client.post(f"/api/v1/guests/{guest.uid}/leave", json={}, headers=flat.key(flat.owner))
    assert left.status_code == 204
    assert post(client, flat, stay, body(people.person(7))).json["is_over_capacity"] is False


def test_a_race_for_the_last_bed_overfills_nothing(app, flat):
    stay = flat.stay(flat.owner, flat.unit)
    for n in range(3):
        flat.guest(flat.owner, stay, people.person(n))
    headers, answers = flat.key(flat.owner), []
    session.remove()

    def register(n):
        answer = app.test_client().post(
            f"/api/v1/stays/{stay.uid}/guests", json=body(people.person(20 + n)), headers=headers
        )
        answers.append(answer.status_code)

    threads = [threading.Thread(target=register, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201, 422, 422, 422, 422, 422]


def test_a_minor_is_saved_incomplete(client, flat):
    stay, child = flat.stay(flat.owner, flat.unit), people.person(3, age=10)
    answer = post(client, flat, stay, body(child))
    assert answer.status_code == 201
    assert set(answer.json["missing"]) == {"guardian_contact", "relation"}
    assert session.scalars(select(Guest.retention)).one() == "minor"


def test_an_overseas_guest_is_saved_incomplete_until_reported(client, flat):
    stay, traveller = flat.stay(flat.owner, flat.unit), people.passport(1)
    sent = {
        "name": traveller.name,
        "document_kind": "passport",
        "number": traveller.number,
        "nationality": traveller.nationality,
        "birth_on": traveller.birth_on.isoformat(),
        "sex": traveller.sex,
        "valid_until": traveller.valid_until.isoformat(),
    }
    answer = post(client, flat, stay, sent)
    assert answer.status_code == 201
    assert answer.json["missing"] == ["overseas_report"]
    clock.freeze(clock.now() + timedelta(hours=2))
    report = {"receipt_number": "CD-0001", "reported_at": clock.now().isoformat()}
    url, headers = f"/api/v1/guests/{answer.json['uid']}/overseas-report", flat.key(flat.owner)
    assert client.post(url, data=report, headers=headers).json["errors"][0]["path"] == "photo"
    report["photo"] = (io.BytesIO(picture()), "receipt.jpg")
    assert client.post(url, data=report, headers=headers).status_code == 204
    assert session.scalars(select(Guest.missing)).one() == []


def test_nobody_stays_unregistrable(client, flat):
    stay = flat.stay(flat.owner, flat.unit)
    nothing = {"name": "王某", "document_kind": "none"}
    assert post(client, flat, stay, nothing).json["errors"][0]["path"] == "none_reason"
    answer = post(client, flat, stay, nothing | {"none_reason": "证件遗失，正在补办"})
    assert answer.status_code == 201
    assert "document" in answer.json["missing"]
    other = {
        "name": "陈某",
        "document_kind": "other",
        "other_document": "taiwan_travel_permit",
        "number": "01234567",
        "issuing_place": "台湾",
        "nationality": "TWN",
    }
    assert post(client, flat, stay, other).json["missing"] == ["overseas_report"]
    assert session.scalar(select(func.count()).select_from(Person)) == 1


@pytest.mark.parametrize(
    "name", [*people.RARE_NAMES, people.LONGEST_NAME, people.MINORITY_NAME, people.RTL_NAME]
)
def test_names_are_kept_exactly(client, flat, name):
    stay = flat.stay(flat.owner, flat.unit)
    assert post(client, flat, stay, body(people.person(1), name=name)).status_code == 201
    assert secret(session.scalars(select(Guest)).one(), "name") == name


def test_the_same_key_has_one_effect_and_one_answer(app, flat):
    stay, sent = flat.stay(flat.owner, flat.unit), body(people.person(1))
    headers, answers = flat.key(flat.owner) | {"Idempotency-Key": "evening-1"}, []
    session.remove()

    def register():
        made = app.test_client().post(f"/api/v1/stays/{stay.uid}/guests", json=sent, headers=headers)
        answers.append((made.status_code, made.data))

    threads = [threading.Thread(target=register) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 1
    assert answers[0][0] == 201
    assert session.scalar(select(func.count()).select_from(Guest)) == 1
    other = app.test_client().post(
        f"/api/v1/stays/{stay.uid}/guests", json=body(people.person(2)), headers=headers
    )
    assert other.status_code == 422


def test_an_ended_stay_takes_nobody(client, flat):
    stay = flat.stay(flat.owner, flat.unit)
    flat.guest(flat.owner, stay)
    clock.freeze(clock.now() + timedelta(hours=1))
    headers = flat.key(flat.owner)
    assert client.post(f"/api/v1/stays/{stay.uid}/check-out", json={}, headers=headers).status_code == 200
    refused = post(client, flat, stay, body(people.person(8)))
    assert refused.status_code == 409
    assert "已结束" in refused.json["title"]


@pytest.mark.parametrize("sent", [[], [{"name": "王某"}], "王某", 1, None, {"name": ["王某"]}])
def test_what_is_no_guest_at_all_is_refused(client, flat, sent):
    stay = flat.stay(flat.owner, flat.unit)
    assert 400 <= post(client, flat, stay, sent).status_code < 500


def test_a_year_that_cannot_be_is_said_to_be_the_year(client, flat):
    stay = flat.stay(flat.owner, flat.unit)
    sent = {"name": "王某", "document_kind": "none", "none_reason": "遗失", "birth_on": "0198-01-01"}
    answer = post(client, flat, stay, sent)
    assert answer.json["errors"][0]["path"] == "birth_on"
    assert "年份不对" in answer.text
