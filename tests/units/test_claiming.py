"""Units of the ledger find their landlord: by phone, by a printed code, and never somebody else's."""

import threading

import pytest
from sqlalchemy import func, select

from rental_mgmt.accounts.models import CodePurpose, OneTimeCode
from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.units.models import PartyRole, Unit, UnitStatus


def claim(client, world, who, **body):
    return client.post("/api/v1/units/claims", json=body, headers=world.key(who))


def print_code(client, world, who, unit):
    return client.post(f"/api/v1/units/{unit.uid}/claim-code", headers=world.key(who))


def test_these_are_yours_by_the_phone_on_the_ledger(client, world, city):
    mine = [world.unclaimed(city.building, door, city.owner.phone) for door in ("1201", "1202")]
    world.unclaimed(city.building, "1203", world.landlord().phone)
    headers = world.key(city.owner)
    listed = client.get("/api/v1/units/claimable", headers=headers).json
    assert [unit["uid"] for unit in listed] == [str(unit.uid) for unit in mine]
    taken = claim(client, world, city.owner, units=[str(unit.uid) for unit in mine])
    assert [unit["status"] for unit in taken.json] == ["draft", "draft"]
    unit = world.present(mine[0])
    assert (unit.party_id, unit.claim_phone_fp) == (city.owner.target.id, None)
    live = select(func.count()).select_from(PartyRole).where(PartyRole.party_id == city.owner.target.id)
    assert session.scalar(live) == 2
    assert session.scalars(select(AuditEntry.action)).all().count("unit.claim") == 2


def test_nobody_claims_what_is_not_theirs(client, world, city):
    unit = world.unclaimed(city.building, "1201", city.owner.phone)
    stranger = world.landlord()
    assert claim(client, world, stranger, units=[str(unit.uid)]).status_code == 404
    assert claim(client, world, city.manager, units=[str(unit.uid)]).status_code == 403
    assert claim(client, world, stranger).status_code == 422
    assert world.present(unit).status is UnitStatus.UNCLAIMED


def test_a_printed_code_is_good_once(client, world, city):
    unit = world.unclaimed(city.building, "1201")
    printed = print_code(client, world, city.manager, unit)
    assert printed.status_code == 201
    code = printed.json["code"]
    taken = claim(client, world, city.owner, code=code.lower().replace("-", " "))
    assert (taken.status_code, taken.json[0]["status"]) == (201, "draft")
    again = claim(client, world, world.landlord(), code=code)
    assert (again.status_code, again.json["errors"][0]["path"]) == (422, "code")


def test_only_desks_print_codes_and_only_for_what_is_unclaimed(client, world, city):
    unit = world.unclaimed(city.building, "1201")
    for who in (city.owner, city.worker, city.liaison, city.lead):
        assert print_code(client, world, who, unit).status_code in (403, 404), who.role
    elsewhere = world.property_manager(world.compound("别处"))
    assert print_code(client, world, elsewhere, unit).status_code == 404
    mine = world.draft(city.owner, city.building, "1301")
    assert print_code(client, world, city.manager, mine).status_code == 409


def test_a_newer_code_makes_the_older_one_useless(client, world, city):
    unit = world.unclaimed(city.building, "1201")
    old, new = (print_code(client, world, city.manager, unit).json["code"] for _time in range(2))
    assert claim(client, world, city.owner, code=old).status_code == 422
    assert claim(client, world, city.owner, code=new).status_code == 201


def test_a_secret_is_not_said_twice(client, world, city):
    unit = world.unclaimed(city.building, "1201")
    headers = world.key(city.manager) | {"Idempotency-Key": "once"}
    path = f"/api/v1/units/{unit.uid}/claim-code"
    code = client.post(path, headers=headers).json["code"]
    again = client.post(path, headers=headers)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert code not in again.text


def test_after_five_wrong_codes_even_a_right_one_waits(client, world, city):
    unit = world.unclaimed(city.building, "1201")
    code = print_code(client, world, city.manager, unit).json["code"]
    for _time in range(5):
        assert claim(client, world, city.owner, code="0000-0000-0000-0000-0000").status_code == 422
    waits = claim(client, world, city.owner, code=code)
    assert (waits.status_code, "Retry-After" in waits.headers) == (429, True)
    # Nobody else is held up by it.
    assert claim(client, world, world.landlord(), code=code).status_code == 201


def test_who_opened_an_account_with_a_code_gets_that_ledgers_units_and_no_others(client, world, city):
    """They typed a phone themselves; it may be somebody else's."""
    victim = world.landlord()
    newcomer = world.landlord()
    ledger_phone = "19000009999"
    coded = world.unclaimed(city.building, "1201", ledger_phone)
    sibling = world.unclaimed(city.building, "1202", ledger_phone)
    world.unclaimed(city.building, "1203", newcomer.phone)
    assert victim
    text = print_code(client, world, city.manager, coded).json["code"]
    with unit_of_work():
        code = session.scalars(select(OneTimeCode).where(OneTimeCode.purpose == CodePurpose.CLAIM)).one()
        code.user_id = newcomer.user.id
    listed = client.get("/api/v1/units/claimable", headers=world.key(newcomer)).json
    assert {unit["uid"] for unit in listed} == {str(coded.uid), str(sibling.uid)}
    assert claim(client, world, city.owner, code=text).status_code == 422
    taken = claim(client, world, newcomer, units=[str(coded.uid), str(sibling.uid)])
    assert len(taken.json) == 2
    assert world.present(code).used_at is not None
    assert client.get("/api/v1/units/claimable", headers=world.key(newcomer)).json == []


@pytest.mark.parametrize("how", ["phone", "code"])
def test_two_who_claim_at_once_do_not_both_get_it(app, client, world, city, how):
    unit = world.unclaimed(city.building, "1201", city.owner.phone)
    helper_party = world.membership(
        world.landlord(party=city.owner.target).user, city.owner.role, city.owner.target
    )
    assert helper_party
    body = {"units": [str(unit.uid)]}
    if how == "code":
        body = {"code": print_code(client, world, city.manager, unit).json["code"]}
    keys = [world.key(city.owner), world.key(city.owner)]
    answers, start = [], threading.Barrier(2)

    def click(headers):
        start.wait()
        answers.append(app.test_client().post("/api/v1/units/claims", json=body, headers=headers).status_code)

    clicks = [threading.Thread(target=click, args=(headers,)) for headers in keys]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert sorted(answers)[0] == 201
    assert sorted(answers)[1] in (404, 409, 422)
    assert session.scalar(select(func.count()).select_from(PartyRole).where(PartyRole.valid_to.is_(None))) >= 1
    assert session.scalars(select(Unit.version).where(Unit.id == unit.id)).one() == unit.version + 1
