"""Neighbours' messages: heard by operator and desk, from nobody anyone could name, and not too many."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.core import clock
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.errors import TooMany
from rental_mgmt.notices import messages
from rental_mgmt.notices.messages import Addressed
from rental_mgmt.notices.models import NeighbourMessage, Notice, Whereabouts

TEXT = "半夜还在唱歌，我是1304的"


@pytest.fixture
def block(world):
    return world.block()


def about_unit(block) -> Addressed:
    unit = block.unit
    return Addressed(unit.building_id, unit.path, unit.community_id, unit.id, unit.party_id)


def about_building(block) -> Addressed:
    return Addressed(block.building.id, block.building.path, block.unit.community_id)


def leave(about, visitor="somebody", text=TEXT):
    with unit_of_work():
        return messages.leave_message(visitor, about, Whereabouts.ABOVE, text)


def hearers() -> set[int]:
    session.rollback()
    return set(session.scalars(select(Notice.user_id)))


def test_operator_and_desk_hear_what_is_about_a_unit(world, block):
    leave(about_unit(block))
    assert hearers() == {block.landlord.user.id, block.manager.user.id}


def test_only_the_desk_hears_what_is_about_a_building(world, block):
    leave(about_building(block))
    assert hearers() == {block.manager.user.id}


def test_what_was_written_is_in_no_notice_and_nowhere_in_the_clear(world, block):
    message = leave(about_unit(block))
    assert TEXT.encode() not in message.text_sealed
    told = [*session.scalars(select(Notice.text)), *map(str, session.scalars(select(Notice.values)))]
    told += session.scalars(select(AuditEntry.details)).all()
    assert not [words for words in told if "1304" in words]
    assert b"somebody" not in message.visitor_fp


def test_a_visitor_leaves_three_an_hour(world, block):
    for _n in range(3):
        leave(about_unit(block))
    with pytest.raises(TooMany) as refused:
        leave(about_building(block))
    assert refused.value.retry_after == 3600
    leave(about_unit(block), visitor="another")
    clock.freeze(world.now + timedelta(hours=1))
    leave(about_unit(block))


def test_many_visitors_do_not_flood_a_building(world, block):
    for n in range(30):
        leave(about_building(block), visitor=f"visitor {n}")
    with pytest.raises(TooMany):
        leave(about_building(block), visitor="one more")


def test_who_may_read_it(client, world, block):
    message = leave(about_unit(block))
    stranger = world.landlord()
    expected = {
        "landlord": 200,
        "manager": 200,
        "officer": 200,
        "helper": 403,
        "worker": 403,
        "liaison": 403,
    }
    for name, status in expected.items():
        world.sign_in(client, getattr(block, name))
        assert client.get(f"/messages/{message.uid}").status_code == status, name
    world.sign_in(client, stranger)
    assert client.get(f"/messages/{message.uid}").status_code == 404


def test_reading_is_recorded_and_shows_no_sender(client, world, block):
    message = leave(about_unit(block))
    world.sign_in(client, block.landlord)
    page = client.get(f"/messages/{message.uid}").text
    assert TEXT in page
    assert "楼上" in page
    assert "neighbour_message.read" in session.scalars(select(AuditEntry.action)).all()
    assert "楼上" in client.get("/messages").text
    assert session.scalar(select(NeighbourMessage.visitor_fp)).hex() not in page
