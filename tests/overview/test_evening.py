"""The evening as the landlord saves it from the home: of which night, of whose homes, twice and late."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from rental_mgmt.core import clock
from rental_mgmt.core.db import session
from rental_mgmt.stays.models import NightMark, NightState
from tests.support.forms import fill_in, forms_on

EVENING = datetime(2026, 6, 10, 20, tzinfo=clock.LOCAL)
WEDNESDAY, THURSDAY = date(2026, 6, 10), date(2026, 6, 11)


@pytest.fixture
def evening(world, block, client):
    """Eight in the evening; the landlord, at the own phone, with two homes of which nothing is known."""
    clock.freeze(EVENING)
    block.second = world.flat(block.landlord.target, block.building, "0901")
    world.sign_in(client, block.landlord)
    return block


def tile(unit) -> str:
    return f"unit-{unit.uid}"


def said() -> dict:
    """Night → what was said of each home."""
    session.rollback()
    rows = session.execute(select(NightMark.unit_id, NightMark.night_on, NightMark.state))
    return {(unit_id, night_on): state for unit_id, night_on, state in rows}


def open_page(client) -> dict:
    """What the form on the home sends if nothing is touched."""
    [form] = [form for form in forms_on(client.get("/").text) if form.action == "/tonight"]
    return form.values


def save(client, page: dict, **answers):
    return client.post("/tonight", data=page | answers, follow_redirects=True)


def test_two_taps_and_one_button_say_the_whole_evening(client, evening):
    answers = {tile(evening.unit): "empty", tile(evening.second): "occupied"}
    page = fill_in(client, "/", answers, at="/tonight", follow=True).text
    assert "已保存 2 套房源今晚的情况" in page
    assert "有客未登记" in page
    assert said() == {
        (evening.unit.id, WEDNESDAY): NightState.EMPTY,
        (evening.second.id, WEDNESDAY): NightState.OCCUPIED,
    }


def test_what_is_not_answered_stays_not_known(client, evening):
    page = fill_in(client, "/", {tile(evening.unit): "empty"}, at="/tonight", follow=True).text
    assert "已保存 1 套房源今晚的情况" in page
    assert "这 1 套今晚怎样" in page
    assert list(said()) == [(evening.unit.id, WEDNESDAY)]


def test_nothing_answered_is_nothing_said(client, evening):
    assert fill_in(client, "/", {}, at="/tonight", follow=True).status_code == 200
    assert said() == {}


def test_saved_twice_the_later_word_counts(client, evening):
    first, second = open_page(client), open_page(client)
    save(client, first, **{tile(evening.unit): "empty"})
    save(client, second, **{tile(evening.unit): "occupied"})
    assert said() == {(evening.unit.id, WEDNESDAY): NightState.OCCUPIED}


def test_the_same_page_sent_twice_is_saved_once(client, evening):
    page = open_page(client)
    for _ in range(2):
        assert save(client, page, **{tile(evening.unit): "empty"}).status_code == 200
    assert said() == {(evening.unit.id, WEDNESDAY): NightState.EMPTY}


def test_before_noon_it_is_still_last_night(client, evening):
    clock.freeze(EVENING + timedelta(hours=15, minutes=59))
    save(client, open_page(client), **{tile(evening.unit): "empty"})
    assert list(said()) == [(evening.unit.id, WEDNESDAY)]


def test_a_page_left_open_over_noon_speaks_of_the_night_it_showed(client, evening):
    page = open_page(client)
    clock.freeze(EVENING + timedelta(hours=16, minutes=1))
    home = save(client, page, **{tile(evening.unit): "empty"}).text
    assert list(said()) == [(evening.unit.id, WEDNESDAY)]
    assert "这 2 套今晚怎样" in home, "of the new night nothing is known"


def test_a_page_of_last_week_is_refused_in_words_and_says_nothing(client, evening):
    page = open_page(client)
    clock.freeze(EVENING + timedelta(days=9))
    assert "只能标记最近七天和今晚" in save(client, page, **{tile(evening.unit): "empty"}).text
    assert said() == {}


@pytest.mark.parametrize("night_on", ["2026-13-01", "gestern", "0000-00-00", "2026-06-10T00:00"])
def test_a_night_that_is_none_is_refused_in_words(client, evening, night_on):
    answer = save(client, open_page(client), **{tile(evening.unit): "empty", "night_on": night_on})
    assert answer.status_code == 200
    assert said() == {}


def test_a_home_that_is_not_one_s_own_is_not_there_and_nothing_is_saved(world, client, evening):
    strange = world.flat(world.landlord().target, evening.building, "0101")
    answers = {tile(evening.unit): "empty", tile(strange): "empty"}
    page = client.post("/tonight", data=open_page(client) | answers, follow_redirects=True).text
    assert "没有找到" in page or "不存在" in page
    assert said() == {}


@pytest.mark.parametrize("name", ["unit-", "unit-1", "unit-%00", "unit-" + "9" * 200])
def test_a_number_that_is_no_home_s_is_refused(client, evening, name):
    assert client.post("/tonight", data=open_page(client) | {name: "empty"}).status_code == 422
    assert said() == {}


def test_a_word_that_is_none_is_not_heard(client, evening):
    save(client, open_page(client), **{tile(evening.unit): "vacant?"})
    assert said() == {}


def test_a_helper_says_it_too_and_nobody_else_does(world, client, evening):
    page = open_page(client)
    world.sign_in(client, evening.manager)
    [own] = {form.values["csrf"] for form in forms_on(client.get("/").text) if "csrf" in form.values}
    answer = client.post("/tonight", data=page | {"csrf": own, tile(evening.unit): "empty"})
    assert answer.status_code == 403
    world.sign_in(client, evening.helper)
    save(client, open_page(client), **{tile(evening.unit): "empty"})
    assert said() == {(evening.unit.id, WEDNESDAY): NightState.EMPTY}


def test_same_as_last_night_is_one_tap(client, evening):
    save(client, open_page(client), **{tile(evening.unit): "empty", tile(evening.second): "occupied"})
    clock.freeze(EVENING + timedelta(days=1))
    home = fill_in(client, "/", {}, at="same", follow=True).text
    assert said()[evening.unit.id, THURSDAY] is NightState.EMPTY
    assert (evening.second.id, THURSDAY) not in said(), "guests of yesterday are not said to be there today"
    assert "这 1 套今晚怎样" in home
