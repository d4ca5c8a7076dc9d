"""Two communities that have nothing to do with each other, alike in everything: whoever is of one is foreign in
the other. Each has somebody of every role and one thing of every kind that an address can name."""

import io
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from rental_mgmt.accounts.codes import ask_for_code
from rental_mgmt.accounts.models import (
    ApiKey,
    CodePurpose,
    DeviceKind,
    Membership,
    TrustedDevice,
    UserSession,
)
from rental_mgmt.accounts.tokens import new_token, token_hash
from rental_mgmt.alerts.models import Alert, Verdict
from rental_mgmt.core import clock
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import new_uid, session, unit_of_work
from rental_mgmt.core.files import StoredFile
from rental_mgmt.core.seal import Retention, Where, seal
from rental_mgmt.devices.models import Device, DeviceSource
from rental_mgmt.exports import building, lookups, orders
from rental_mgmt.exports.filters import GuestFilter
from rental_mgmt.exports.lookups import Asked
from rental_mgmt.exports.models import FileFormat, LookupKind, Profile, Purpose
from rental_mgmt.imports import service as imports
from rental_mgmt.notices import messages
from rental_mgmt.notices.messages import Addressed
from rental_mgmt.notices.models import Notice, Whereabouts
from rental_mgmt.places import contacts
from rental_mgmt.succession import transfers
from rental_mgmt.units import walks
from rental_mgmt.units.models import CheckResult, Unit, UnitDocument
from rental_mgmt.workorders import reports
from rental_mgmt.workorders import service as work
from rental_mgmt.workorders.models import WorkOrderPhoto
from tests.support import people
from tests.support.pictures import jpeg
from tests.support.world import World
from tests.support.world_people import Somebody, add

HOUR = timedelta(hours=1)
WHY = orders.Reason(Purpose.CRIMINAL_CASE, "A5101042026060001")
BY_LETTER = {
    "L": Role.LANDLORD,
    "H": Role.HELPER,
    "M": Role.PROPERTY_MANAGER,
    "W": Role.GRID_WORKER,
    "C": Role.COMMUNITY_OFFICER,
    "P": Role.POLICE_LIAISON,
    "S": Role.STATION_LEAD,
    "A": Role.SYSTEM_ADMIN,
    "K": Role.SECURITY_ADMIN,
    "U": Role.AUDITOR,
}


@dataclass
class Side:
    """One community: `people` by role, `things` as kind → uid, and what is each person's own."""

    people: dict[Role, Somebody]
    things: dict[str, str]
    own: dict[Role, dict[str, str]]

    def of(self, role: Role) -> dict[str, str]:
        return self.things | self.own[role]


def both_sides() -> tuple[Side, Side]:
    """The side of whoever asks, and the other one."""
    mine, other = World(), World()
    # Names and numbers of the two worlds never meet.
    other._numbers = 5_000
    return _side(mine, "1203"), _side(other, "1203")


def _side(world: World, door: str) -> Side:
    block = world.block()
    people_ = {
        Role.LANDLORD: block.landlord,
        Role.HELPER: block.helper,
        Role.PROPERTY_MANAGER: block.manager,
        Role.GRID_WORKER: block.worker,
        Role.COMMUNITY_OFFICER: block.officer,
        Role.POLICE_LIAISON: block.liaison,
        Role.STATION_LEAD: block.lead,
        Role.SYSTEM_ADMIN: world.user(Role.SYSTEM_ADMIN),
        Role.SECURITY_ADMIN: world.user(Role.SECURITY_ADMIN),
        Role.AUDITOR: world.auditor(),
    }
    things = _of_units(world, block) | _of_stays(world, block) | _of_alerts(world, block)
    things |= _of_police(block) | _of_places(world, block)
    own = {role: _own(who, people_) | _gives(role, things) for role, who in people_.items()}
    return Side(people_, things, own)


def _gives(role: Role, things: dict) -> dict:
    gives = GIVES.get(role, Role.GRID_WORKER)
    return {"gives": gives, "gives_over": things["grid"] if gives is Role.GRID_WORKER else None}


def _of_units(world: World, block) -> dict:
    filing = world.submitted(block.landlord, block.building, "1501")
    document = session.scalars(select(UnitDocument).where(UnitDocument.unit_id == filing.unit_id)).one()
    with unit_of_work():
        unit = session.get_one(Unit, block.unit.id)
        transfer, _code = transfers.offer_transfer(block.landlord.actor, unit, "转租", unit.version)
        place = world.find_place(world.find_place(filing.unit.door_id).parent_id)
        seen = [walks.Seen(filing.unit.uid, CheckResult.AS_FILED)]
        walk = walks.record_walk(block.worker.actor, place, seen)
    return {
        "unit": block.unit.uid,
        "filed_unit": filing.unit.uid,
        "filing": filing.uid,
        "document": document.uid,
        "floor_list": walk.uid,
        "transfer": transfer.uid,
    }


def _of_stays(world: World, block) -> dict:
    stay = world.stay(block.landlord, block.unit)
    return {
        "stay": stay.uid,
        "guest": world.guest(block.landlord, stay, people.person(world.next_number())).uid,
    }


def _of_alerts(world: World, block) -> dict:
    """An alert whose every turn has come, claimed by the worker, who has reported with a photo."""
    alert = world.alert(block.unit)
    for span in (HOUR, 4 * HOUR):
        world.pass_time(span)
    with unit_of_work():
        order = work.claim(block.worker.actor, session.get_one(Alert, alert.id))
        photo = reports.Photo("door", jpeg())
        answers = {"present": reports.Found.OK, "door": reports.Found.OK}
        session.flush()
        reports.report(block.worker.actor, order, reports.Report(Verdict.TRUE, answers, photos=[photo]))
    file = select(StoredFile.uid).join(WorkOrderPhoto, WorkOrderPhoto.file_id == StoredFile.id)
    photo_uid = session.scalars(file.where(WorkOrderPhoto.work_order_id == order.id)).one()
    return {"alert": alert.uid, "order": order.uid, "order_photo": photo_uid}


def _of_police(block) -> dict:
    """A look-up and an export that is ready, both of the liaison."""
    today = clock.local_day(clock.now())
    chosen = GuestFilter(place=block.compound.uid, from_day=today - timedelta(days=30), to_day=today)
    asked = Asked(LookupKind.UNIT_DATE, unit=block.unit.code, on_day=today)
    with unit_of_work():
        lookup = lookups.look_up(block.liaison.actor, asked, WHY)
        export = orders.order_export(block.liaison.actor, chosen, WHY, Profile.MASKED, FileFormat.CSV)
    with unit_of_work():
        orders.approve_export(block.lead.actor, export.uid)
    found = {"lookup": lookup.uid, "export": export.uid}
    assert building.build_next()
    return found


def _of_places(world: World, block) -> dict:
    uid, unit = new_uid(), block.unit
    sealed = seal("not-a-real-secret", Where("device_source", "secret_sealed", uid), Retention.ACCOUNT)
    source = add(
        DeviceSource(
            uid=uid,
            name="锁",
            community_id=unit.community_id,
            secret_sealed=sealed,
            created_at=clock.now(),
        )
    )
    device = add(Device(source_id=source.id, serial="SN-1", unit_id=unit.id, installed_at=clock.now()))
    with unit_of_work():
        contact = contacts.agree_to_be_shown(block.manager.actor, block.building, "王师傅", "物业", "全天")
        about = Addressed(unit.building_id, unit.path, unit.community_id, unit.id, unit.party_id)
        message = messages.leave_message("somebody", about, Whereabouts.ABOVE, "半夜还在唱歌")
        ledger = io.BytesIO("楼栋,房号\n1栋,1203\n".encode())
        batch = imports.upload(block.manager.actor, block.compound.uid, ledger, "台账.csv")
    return {
        "source": source.uid,
        "device": device.uid,
        "contact": contact.uid,
        "message": message.uid,
        "batch": batch.uid,
        "compound": block.compound.uid,
        "building": block.building.uid,
        "grid": block.grid.uid,
        "station": block.station.uid,
    }


def _own(who: Somebody, around: dict[Role, Somebody]) -> dict[str, str]:
    """What is this person's alone, and somebody whose account they look after."""
    at = clock.real_now()
    shared = {"user_id": who.user.id, "created_at": at}
    key = ApiKey(role=who.role, key_hash=token_hash(new_token()), label="x", expires_at=at + HOUR, **shared)
    phone = TrustedDevice(
        kind=DeviceKind.PHONE, label="x", token_hash=token_hash(new_token()), last_used_at=at, **shared
    )
    notice = Notice(kind="x", title="x", text="", created_at=clock.now(), user_id=who.user.id)
    add(key, phone, notice)
    World().session(who)
    other = session.scalars(select(UserSession).where(UserSession.user_id == who.user.id)).first()
    return {
        "key": key.uid,
        "phone": phone.uid,
        "notice": notice.uid,
        "session": other.uid,
    } | _looked_after(who, around)


# Somebody whom the role looks after, and what role it gives; for the others somebody of their own place.
AFTER = {
    Role.LANDLORD: Role.HELPER,
    Role.SYSTEM_ADMIN: Role.STATION_LEAD,
    Role.SECURITY_ADMIN: Role.STATION_LEAD,
}
GIVES = {Role.LANDLORD: Role.HELPER, Role.SYSTEM_ADMIN: Role.AUDITOR, Role.SECURITY_ADMIN: Role.AUDITOR}


def _looked_after(who: Somebody, around: dict[Role, Somebody]) -> dict[str, str]:
    person = around[AFTER.get(who.role, Role.GRID_WORKER)].user
    found = select(Membership.uid).where(Membership.user_id == person.id)
    found = {"person": person.uid, "membership": session.scalars(found).first()}
    asks = Role.SECURITY_ADMIN if who.role is Role.SYSTEM_ADMIN else Role.SYSTEM_ADMIN
    with unit_of_work():
        waits = around[Role.AUDITOR].user.id
        code = ask_for_code(CodePurpose.RESET, around[asks].user.id, waits)
        role = Membership(
            user_id=waits, role=Role.AUDITOR, valid_from=clock.now() - HOUR, awaits_confirmation=True
        )
        session.add(role)
        session.flush()
        found |= {"waiting_code": code.uid, "waiting_role": role.uid}
    return found
