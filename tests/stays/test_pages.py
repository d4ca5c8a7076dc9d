"""The pages of stays: a phone without JavaScript, a slip taken back, a list of what is to come."""

import io
from datetime import timedelta

import pytest

from rental_mgmt.core import clock
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.errors import Conflict
from rental_mgmt.stays import service
from rental_mgmt.stays.models import Guest, Stay
from rental_mgmt.stays.standing import Standing, open_stays, past_stays
from rental_mgmt.units.models import UnitStatus

from ..support import people
from ..support.forms import fill_in, forms_on
from ..support.pictures import jpeg

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PERSON = people.person(1, age=30)


@pytest.fixture
def phone(client, flat):
    """The landlord's phone."""
    return flat.sign_in(client, flat.owner)


def typed(someone=PERSON, **more) -> dict:
    return {"name": someone.name, "number": someone.id_number} | more


def again(model, row):
    session.rollback()
    return session.get(model, row.id)


# --- the stays of a unit ------------------------------------------------------------------------------------


def test_a_unit_shows_what_goes_on_what_is_planned_and_what_is_over(flat, phone, count_queries):
    here = flat.stay(flat.owner, flat.unit)
    flat.guest(flat.owner, here, PERSON)
    now = clock.now()
    with unit_of_work():
        planned = service.plan_stay(flat.owner.actor, flat.unit, now + 3 * DAY, now + 4 * DAY, 2, "十点到")
        over = service.plan_stay(flat.owner.actor, flat.unit, now - 3 * DAY, now - 2 * DAY)
        session.flush()
        service.cancel_stay(flat.owner.actor, over)
    with unit_of_work(read_only=True), count_queries() as seen:
        found = open_stays(flat.owner.actor, flat.unit)
        past, _page = past_stays(flat.owner.actor, flat.unit)
    assert [(row.stay.id, row.standing, row.registered) for row in found] == [
        (here.id, Standing.IN_HOUSE, 1),
        (planned.id, Standing.PLANNED, 0),
    ]
    assert [(row.stay.id, row.standing) for row in past] == [(over.id, Standing.CANCELLED)]
    assert len(seen) <= 5
    page = phone.get(f"/stays/units/{flat.unit.uid}").text
    for words in ("在住", "还没到", "十点到", "，预计 2 人", "已取消", f"/stays/units/{flat.unit.uid}/plan"):
        assert words in page


@pytest.mark.parametrize(
    ("begins", "ends", "registered", "standing"),
    [
        (-2, 20, 0, Standing.UNREGISTERED),
        (-2, 20, 1, Standing.IN_HOUSE),
        (5, 20, 0, Standing.PLANNED),
        (-30, -1, 1, Standing.OVERDUE),
    ],
)
def test_how_a_stay_stands(flat, begins, ends, registered, standing):
    now = clock.now()
    with unit_of_work():
        stay = service.plan_stay(flat.owner.actor, flat.unit, now + begins * HOUR, now + ends * HOUR)
    if registered:
        flat.guest(flat.owner, stay, PERSON)
    with unit_of_work(read_only=True):
        assert [row.standing for row in open_stays(flat.owner.actor, flat.unit)] == [standing]


def test_another_landlords_unit_is_not_there(flat, phone):
    other = flat.landlord()
    theirs = flat.flat(other.target, flat.tower)
    assert phone.get(f"/stays/units/{theirs.uid}").status_code == 404


def test_planning_is_reached_from_the_unit_and_its_note_is_shown(flat, phone):
    assert f"/stays/units/{flat.unit.uid}" in phone.get(f"/units/{flat.unit.uid}").text
    answer = fill_in(phone, f"/stays/units/{flat.unit.uid}/plan", {"note": "晚班机"})
    assert answer.status_code == 303
    assert "备注：晚班机" in phone.get(answer.headers["Location"]).text


# --- registering --------------------------------------------------------------------------------------------


def test_who_comes_belongs_to_the_stay_that_goes_on(flat, phone):
    stay = flat.stay(flat.owner, flat.unit)
    path = f"/stays/units/{flat.unit.uid}/register"
    assert phone.get(path).headers["Location"] == f"/stays/{stay.uid}/guests/new"
    assert phone.get(f"{path}?new=1").status_code == 200
    flat.stay(flat.owner, flat.unit)
    assert phone.get(path).headers["Location"] == f"/stays/units/{flat.unit.uid}"


def test_an_overdue_stay_takes_nobody_new(flat, phone):
    now = clock.now()
    with unit_of_work():
        service.plan_stay(flat.owner.actor, flat.unit, now - 2 * DAY, now - HOUR)
    assert phone.get(f"/stays/units/{flat.unit.uid}/register").status_code == 200


def test_all_that_is_wrong_is_said_at_once(flat, phone):
    path = f"/stays/{flat.stay(flat.owner, flat.unit).uid}/guests/new"
    answer = fill_in(phone, path, {"name": "", "phone": "12345"})
    assert answer.status_code == 422
    for name in ("name", "phone", "number"):
        assert f'href="#f-{name}"' in answer.text
    answer = fill_in(phone, path, {"name": "ANNA", "document_kind": "passport"})
    for name in ("number", "nationality", "birth_on"):
        assert f'href="#f-{name}"' in answer.text


def test_a_foreigner_is_not_taken_for_a_chinese_by_default(flat, phone):
    path = f"/stays/{flat.stay(flat.owner, flat.unit).uid}/guests/new"
    said = {"name": "ANNA", "document_kind": "passport", "number": "X1234567", "birth_on": "1990-01-01"}
    assert fill_in(phone, path, said).status_code == 422
    assert fill_in(phone, path, said | {"nationality": "DEU"}).status_code == 303
    permit = {"name": "陈大文", "document_kind": "other", "number": "12345678", "issuing_place": "福建"}
    permit |= {"other_document": "taiwan_travel_permit"}
    assert fill_in(phone, path, permit).status_code == 422
    assert fill_in(phone, path, permit | {"nationality": "TWN"}).status_code == 303
    session.rollback()
    assert [guest.is_overseas for guest in session.query(Guest)] == [True, True]


def test_what_is_still_missing_is_said_in_the_same_breath(flat, phone):
    child = people.person(9, minor=True)
    path = f"/stays/{flat.stay(flat.owner, flat.unit).uid}/guests/new"
    answer = fill_in(phone, path, typed(child), follow=True)
    assert "住客已登记" in answer.text
    assert "还缺：监护人联系方式、与同住人关系" in answer.text


def test_until_when_an_overseas_guest_is_to_be_reported(flat, phone):
    path = f"/stays/{flat.stay(flat.owner, flat.unit).uid}/guests/new"
    said = {"name": "ANNA", "document_kind": "passport", "number": "X1234567", "birth_on": "1990-01-01"}
    fill_in(phone, path, said | {"nationality": "DEU"})
    session.rollback()
    guest = session.query(Guest).one()
    page = phone.get(f"/stays/guests/{guest.uid}").text
    assert "剩 1 天" in page or "剩 23 小时" in page
    assert "德国" in page


# --- a slip taken back --------------------------------------------------------------------------------------


def test_a_check_out_by_mistake_is_taken_back(flat, phone):
    stay = flat.stay(flat.owner, flat.unit)
    flat.guest(flat.owner, stay, PERSON)
    path = f"/stays/{stay.uid}"
    fill_in(phone, path, {}, at="/check-out")
    page = phone.get(path).text
    assert "已离店" in page
    assert fill_in(phone, path, {}, at="/resume").status_code == 303
    assert again(Stay, stay).ended_at is None
    assert f"{path}/resume" not in phone.get(path).text


def test_after_a_day_a_check_out_is_history(client, flat):
    stay = flat.stay(flat.owner, flat.unit)
    path, key = f"/api/v1/stays/{stay.uid}/resume", flat.key(flat.owner)
    assert client.post(path, headers=key).status_code == 409
    with unit_of_work():
        service.check_out(flat.owner.actor, service.get_stay(flat.owner.actor, stay.uid))
    assert client.post(path, headers=key).status_code == 200
    with unit_of_work():
        service.check_out(flat.owner.actor, service.get_stay(flat.owner.actor, stay.uid))
    clock.freeze(clock.now() + timedelta(hours=25))
    assert client.post(path, headers=key).status_code == 409


def test_nobody_is_in_house_again_in_a_closed_unit(flat):
    stay = flat.stay(flat.owner, flat.unit)
    with unit_of_work():
        mine = service.get_stay(flat.owner.actor, stay.uid)
        service.check_out(flat.owner.actor, mine)
        mine.unit.status = UnitStatus.CLOSED
    with pytest.raises(Conflict, match="注销"), unit_of_work():
        service.resume_stay(flat.owner.actor, service.get_stay(flat.owner.actor, stay.uid))


def test_a_guest_who_left_by_mistake_is_there_again(client, flat, phone):
    stay = flat.stay(flat.owner, flat.unit)
    guest = flat.guest(flat.owner, stay, PERSON)
    path = f"/stays/guests/{guest.uid}"
    assert client.post(f"/api/v1/guests/{guest.uid}/stay-on", headers=flat.key(flat.owner)).status_code == 409
    fill_in(phone, path, {}, at="/leave")
    assert again(Guest, guest).left_at is not None
    assert fill_in(phone, path, {}, at="/stay-on").status_code == 303
    assert again(Guest, guest).left_at is None


def test_who_pressed_too_late_sees_the_stay_as_it_is(flat, phone):
    stay = flat.stay(flat.owner, flat.unit)
    form = next(f for f in forms_on(phone.get(f"/stays/{stay.uid}").text) if "/cancel" in f.action)
    flat.guest(flat.owner, stay, PERSON)
    answer = phone.post(form.action, data=form.values)
    assert answer.status_code == 409
    assert "已有住客登记，不能取消" in answer.text
    assert "办理退房" in answer.text


# --- afterwards ---------------------------------------------------------------------------------------------


def test_who_corrected_when_and_why_is_there_to_read(client, flat, phone):
    guest = flat.guest(flat.owner, flat.stay(flat.owner, flat.unit), PERSON)
    path = f"/stays/guests/{guest.uid}"
    assert fill_in(phone, f"{path}/correct", {"phone": "19000000077", "reason": "号码记错"}).status_code == 303
    page = phone.get(path).text
    assert "更正过 1 次" in page
    assert "号码记错" in page
    answer = client.get(f"/api/v1/guests/{guest.uid}/corrections", headers=flat.key(flat.owner))
    assert [one["reason"] for one in answer.json] == ["号码记错"]
    assert PERSON.name not in answer.text


def test_programs_show_the_count_at_the_door_too(client, flat):
    flat.guest(flat.owner, flat.stay(flat.owner, flat.unit), PERSON)
    answer = client.post(f"/api/v1/units/{flat.unit.uid}/at-door", headers=flat.key(flat.owner))
    assert (answer.status_code, answer.json["registered"]) == (200, 1)


def test_who_was_signed_out_meanwhile_signs_in_and_is_back_at_the_form(flat, phone):
    path = f"/stays/{flat.stay(flat.owner, flat.unit).uid}/guests/new"
    form = next(f for f in forms_on(phone.get(path).text) if "document_kind" in f.names)
    phone.delete_cookie("session")
    answer = phone.post(path, data=form.values | typed())
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/sign-in?next={path}"
    assert "刚才填写的没有保存" in phone.get(answer.headers["Location"]).text


def test_a_helper_is_told_who_completes_what_is_missing(client, flat):
    flat.sign_in(client, flat.helper(flat.owner.target))
    path = f"/stays/{flat.stay(flat.owner, flat.unit).uid}/guests/new"
    answer = fill_in(
        client, path, {"name": "王某", "document_kind": "none", "none_reason": "忘带"}, follow=True
    )
    assert "还缺：证件。请经营者补上" in answer.text
    guest = session.query(Guest).one()
    page = client.get(f"/stays/guests/{guest.uid}").text
    assert "更正或补全" not in page
    assert "证件号码" not in page


def test_the_receipt_of_a_report_is_kept_with_its_photo_and_seen_again(client, flat, phone):
    stay = flat.stay(flat.owner, flat.unit)
    given = {"name": "ANNA", "document_kind": "passport", "number": "X1234567", "birth_on": "1990-01-01"}
    guest = flat.guest(flat.owner, stay, **given, nationality="DEU")
    path = f"/stays/guests/{guest.uid}"
    assert phone.get(f"{path}/overseas-report/photo").status_code == 404
    said = {"receipt_number": "CD-0001", "photo": (io.BytesIO(b"%PDF-1.4 of somebody"), "receipt.pdf")}
    answer = fill_in(phone, path, said, at="/overseas-report")
    assert answer.status_code == 422
    assert "回执照片：只收 JPEG 或 PNG 照片" in answer.text
    assert "CD-0001" in answer.text
    said["photo"] = (io.BytesIO(jpeg()), "receipt.jpg")
    assert fill_in(phone, path, said, at="/overseas-report").status_code == 303
    assert "看回执照片" in phone.get(path).text
    assert phone.get(f"{path}/overseas-report/photo").content_type == "image/jpeg"
    stranger = flat.sign_in(client, flat.landlord())
    assert stranger.get(f"{path}/overseas-report/photo").status_code == 404
