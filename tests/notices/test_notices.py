"""Notices: told in one statement, delivered through the outbox, read in the reader's own language."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from rental_mgmt.core import clock
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.i18n import lazy, use_locale
from rental_mgmt.core.outbox import Delivery, Outbox
from rental_mgmt.core.outbox_job import send_outbox
from rental_mgmt.notices import service
from rental_mgmt.notices.models import Notice
from rental_mgmt.notices.service import Message, in_both, notify, tell

from ..support.forms import fill_in

TITLE = lazy("轮到您：%(title)s")


@pytest.fixture
def told(world):
    """Two people who were told one thing each."""
    one, other = world.landlord(), world.landlord()
    with unit_of_work():
        notify([one.user.id], "test", TITLE, "", "/alerts/", title="无登记入住", title_en="Unregistered")
        notify([other.user.id], "test", TITLE, "", None, title="别的")
    return one, other


def test_many_are_told_in_two_statements(world, count_queries):
    people = [world.landlord().user.id for _n in range(5)]
    with unit_of_work(), count_queries() as seen:
        assert notify([*people, people[0]], "test", TITLE, "", None, title="x") == 5
        session.flush()
    assert len(seen) == 2, "the notices, and one row of the outbox"


def test_a_thousand_notices_travel_in_batches(world):
    someone = world.landlord().user.id
    with unit_of_work():
        tell(Message([someone], "test", TITLE, values={"title": str(n)}) for n in range(1001))
    assert session.scalar(select(func.count()).select_from(Notice)) == 1001
    assert session.scalar(select(func.count()).select_from(Outbox)) == 3


def test_the_outbox_marks_them_delivered_once(world, told):
    send_outbox(world.now)
    session.rollback()
    assert set(session.scalars(select(Notice.delivered_at))) == {clock.now()}
    assert set(session.scalars(select(Outbox.state))) == {Delivery.DELIVERED}
    clock.freeze(world.now + timedelta(hours=1))
    notice = session.scalars(select(Notice)).first()
    with unit_of_work():
        service.deliver_in_app("", None, {"notices": [notice.uid.hex]})
    assert session.scalar(select(func.count()).where(Notice.delivered_at == clock.now())) == 0


def test_it_is_said_in_the_readers_language():
    values = {"title": "无登记入住", "title_en": "Unregistered"}
    assert service.said("轮到您：%(title)s", values) == "轮到您：无登记入住"
    with use_locale("en"):
        assert "Unregistered" in service.said("轮到您：%(title)s", values)
    assert in_both(word=lazy("误报"))["word"] == "误报"


def test_one_reads_only_ones_own(client, world, told):
    one, other = told
    key = world.key(one)
    page = client.get("/api/v1/notices", headers=key).json
    assert [notice["title"] for notice in page["items"]] == ["轮到您：无登记入住"]
    assert page["unread"] == 1
    of_other = session.scalar(select(Notice.uid).where(Notice.user_id == other.user.id))
    marked = client.post("/api/v1/notices/read", headers=key, json={"uids": [str(of_other)]})
    assert marked.json == {"marked": 0}
    assert client.post("/api/v1/notices/read", headers=key, json={}).json == {"marked": 1}


def test_opening_one_reads_it_and_leads_on(client, world, told):
    one, other = told
    world.sign_in(client, one)
    assert "轮到您：无登记入住" in client.get("/notices").text
    answer = fill_in(client, "/notices", {}, at="/open")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/alerts/")
    assert session.scalar(select(Notice.read_at).where(Notice.user_id == one.user.id)) == clock.now()
    foreign = session.scalar(select(Notice.uid).where(Notice.user_id == other.user.id))
    form = {"csrf": client.get("/notices").text.split('name="csrf" value="')[1].split('"')[0]}
    assert client.post(f"/notices/{foreign}/open", data=form).status_code == 404


def test_a_page_of_notices_takes_few_statements(client, world, told, count_queries):
    world.sign_in(client, told[0])
    client.get("/notices")
    with count_queries() as seen:
        client.get("/notices")
    assert len(seen) <= 4, seen
