"""`flask seed FILE.json`: places and people of a new installation from one file; again, it adds nothing.

{
  "stations": [{"code": "510108000001", "name": "保和派出所"}],
  "places": [                                   a tree; kinds street community compound building floor door spot
    {"kind": "street", "code": "baohe", "name": "保和街道", "places": [
      {"kind": "community", "code": "shengli", "name": "胜利社区", "pack": "chengdu", "places": [
        {"kind": "compound", "code": "dfxc2", "name": "东方新城二期", "station": "510108000001",
         "duty": [{"role": "grid_worker", "from": 8, "to": 20}],
         "places": [{"kind": "building", "code": "1", "name": "1栋"}],
         "grids": [{"kind": "general", "name": "总网格", "grids": [
           {"kind": "ordinary", "name": "第一网格", "buildings": ["1"]}]}]}]}]}],
  "parties": [{"key": "wang", "kind": "person", "name": "…", "phone": "…", "credit_code": null}],
  "people": [
    {"name": "…", "phone": "…", "sign_in_name": "wang.fang",
     "password": "…", "pin": "…", "totp_secret": "…",
     "api_keys": [{"key": "rk_…", "role": "landlord", "label": "…", "days": 90}],
     "roles": [{"role": "landlord", "party": "wang"},
               {"role": "property_manager", "place": "baohe/shengli/dfxc2"},
               {"role": "grid_worker", "grid": "baohe/shengli/dfxc2#第一网格"},
               {"role": "police_liaison", "station": "510108000001", "from": "2026-01-01T00:00:00+08:00"}]}]
}

A place is named by its codes from the root, a grid by its compound and its name after "#". Times are ISO 8601
with an offset. Passwords obey the same rules as anybody's; a person without one takes up an invitation, whose
code the seed returns once. Units, devices and stays are seeded by the rooms that own them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from ..core import clock
from ..core.access import Role
from ..core.db import Model, session
from ..core.errors import Invalid
from ..core.i18n import _
from ..core.seal import fingerprint
from ..places import duty, grids, jurisdiction, stations, tree
from ..places.models import Grid, GridKind, Place, PlaceKind, PoliceStation
from . import totp
from .codes import make_code
from .credentials import words_around
from .keys import store_key
from .models import CodePurpose, OneTimeCode, Party, PartyKind, User, UserStatus
from .parties import add_membership, find_user_by_phone, make_party, make_user
from .passwords import check_new_password, check_new_pin, hashed

TARGETS = ("place", "grid", "station", "party")


@dataclass
class Seeded:
    """What was added, and the one-time codes of people without a password, by name or sign-in name."""

    places: int = 0
    people: int = 0
    codes: dict[str, str] = field(default_factory=dict)
    parties: dict[str, Party] = field(default_factory=dict)


def seed(data: dict) -> Seeded:
    """Add what the file says and is not there yet, in the caller's unit of work. Raises Invalid."""
    done = Seeded()
    try:
        for row in data.get("stations", ()):
            _station(row)
        for row in data.get("places", ()):
            _place(row, None, done)
        for row in data.get("parties", ()):
            done.parties[row["key"]] = _party(row)
        for row in data.get("people", ()):
            _person(row, done)
    except KeyError as missing:
        raise Invalid(_("种子文件缺少 %(key)s", key=missing.args[0])) from None
    except ValueError as wrong:
        raise Invalid(_("种子文件的值不正确：%(what)s", what=str(wrong)[:80])) from None
    return done


# --- places -------------------------------------------------------------------------------------------------


def _station(row: dict) -> None:
    if _station_of(row["code"]) is None:
        session.add(PoliceStation(code=row["code"], name=row["name"]))
        session.flush()


def _station_of(code: str) -> PoliceStation | None:
    return session.scalar(select(PoliceStation).where(PoliceStation.code == code))


def _place(row: dict, parent: Place | None, done: Seeded) -> None:
    kind = PlaceKind(row["kind"])
    place = tree.find_child(parent, kind, row["code"])
    is_new = place is None
    if is_new:
        place = tree.make_place(parent, kind, row["name"], row["code"])
        done.places += 1
    for below in row.get("places", ()):
        _place(below, place, done)
    if is_new:
        _furnish(place, row)


def _furnish(place: Place, row: dict) -> None:
    """What a new place carries: pack, station, hours, grids. Seeded history begins long ago."""
    since = clock.now() - timedelta(days=365)
    if "pack" in row:
        jurisdiction.store_pack(place, row["pack"], clock.local_day(since))
    if "station" in row:
        stations.give_compound(_known(_station_of(row["station"]), row["station"]), place, since)
    for hours in row.get("duty", ()):
        duty.store_hours(place, Role(hours["role"]), hours["from"], hours["to"])
    for drawn in row.get("grids", ()):
        _grid(drawn, place, None, since)


def _grid(row: dict, compound: Place, parent: Grid | None, since: datetime) -> None:
    grid = grids.make_grid(compound, GridKind(row["kind"]), row["name"], parent)
    for code in row.get("buildings", ()):
        building = _known(tree.find_child(compound, PlaceKind.BUILDING, code), code)
        grids.give_building(grid, building, since)
    for nested in row.get("grids", ()):
        _grid(nested, compound, grid, since)


def _known(found, name: str):
    if found is None:
        raise ValueError(name)
    return found


# --- people -------------------------------------------------------------------------------------------------


def _party(row: dict) -> Party:
    existing = _party_of_user(row.get("phone"))
    return existing or make_party(
        row["name"], row.get("phone"), PartyKind(row.get("kind", "person")), row.get("credit_code")
    )


def _party_of_user(phone: str | None) -> Party | None:
    return phone and session.scalar(select(Party).where(Party.phone_fp == fingerprint("phone", phone)).limit(1))


def _person(row: dict, done: Seeded) -> None:
    name, phone = row.get("sign_in_name"), row.get("phone")
    if known := (phone and find_user_by_phone(phone)) or (name and _user_named(name)):
        _invite_anew(known, name or row["name"], done)
        return
    user = make_user(row["name"], phone, name, UserStatus.ACTIVE if "password" in row else UserStatus.INVITED)
    for role in row.get("roles", ()):
        since = _moment(role.get("from")) or clock.now() - timedelta(days=365)
        add_membership(user, Role(role["role"]), _target(role, done), since, _moment(role.get("to")))
    if "password" in row:
        _give_secrets(user, row)
    else:
        done.codes[name or row["name"]] = make_code(CodePurpose.INVITATION, None, user.id)[1]
    for key in row.get("api_keys", ()):
        until = clock.real_now() + timedelta(days=key.get("days", 90))
        store_key(user.id, key["label"], Role(key["role"]), until, key["key"])
    done.people += 1


def _invite_anew(user: User, name: str, done: Seeded) -> None:
    """Whose invitation ran out unused gets another: of a new installation nobody else could give one."""
    live = select(OneTimeCode.id).where(
        OneTimeCode.user_id == user.id,
        OneTimeCode.used_at.is_(None),
        OneTimeCode.expires_at > clock.real_now(),
    )
    if user.status is UserStatus.INVITED and session.scalar(live.limit(1)) is None:
        done.codes[name] = make_code(CodePurpose.INVITATION, None, user.id)[1]


def _user_named(name: str) -> User | None:
    return session.scalar(select(User).where(User.sign_in_name == name))


def _give_secrets(user: User, row: dict) -> None:
    check_new_password(row["password"], *words_around(user))
    user.password_hash = hashed(row["password"])
    if "pin" in row:
        check_new_pin(row["pin"])
        user.pin_hash = hashed(row["pin"])
    session.flush()
    if "totp_secret" in row:
        totp.store_secret(user.id, user.uid, row["totp_secret"], 0)


def _moment(text: str | None) -> datetime | None:
    moment = datetime.fromisoformat(text) if text else None
    if moment is not None and moment.tzinfo is None:
        raise ValueError(text)
    return moment


def _target(role: dict, done: Seeded) -> Model | None:
    found = next(iter(_targets(role, done)), None)
    named = [kind for kind in TARGETS if kind in role]
    if named and found is None:
        raise ValueError(role[named[0]])
    return found


def _targets(role: dict, done: Seeded) -> Iterator[Model | None]:
    if "place" in role:
        yield tree.find_by_codes(*role["place"].split("/"))
    if "grid" in role:
        path, _hash, name = role["grid"].partition("#")
        compound = _known(tree.find_by_codes(*path.split("/")), path)
        yield session.scalar(select(Grid).where(Grid.compound_id == compound.id, Grid.name == name))
    if "station" in role:
        yield _station_of(role["station"])
    if "party" in role:
        yield done.parties[role["party"]]
