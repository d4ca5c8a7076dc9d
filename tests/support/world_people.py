"""Places, parties and people of the world: who is there, where, and what they may act for."""

from dataclasses import dataclass
from datetime import timedelta

from flask.testing import FlaskClient

from rental_mgmt.accounts.models import (
    ApiKey,
    Membership,
    Party,
    PartyKind,
    SignInMethod,
    User,
    UserSession,
    UserStatus,
)
from rental_mgmt.accounts.tokens import new_token, token_hash
from rental_mgmt.core import clock
from rental_mgmt.core.access import Actor, Role
from rental_mgmt.core.db import Model, new_uid, session, unit_of_work
from rental_mgmt.core.seal import Retention, Where, fingerprints, seal
from rental_mgmt.places.models import (
    Grid,
    GridAssignment,
    GridKind,
    Place,
    PlaceKind,
    PoliceStation,
    StationCompound,
)

from . import people

LONG_AGO = timedelta(days=400)


def add(*rows: Model) -> Model:
    """Store rows for good, so that every door and thread sees them; the first of them."""
    with unit_of_work():
        session.add_all(rows)
    return rows[0]


@dataclass(frozen=True)
class Somebody:
    """A user of the world with one role; `actor` is what an operation takes first."""

    user: User
    role: Role
    target: Model | None
    name: str
    phone: str
    password: str | None

    @property
    def actor(self) -> Actor:
        """This person, just signed in, with what their role is over."""
        kind = type(self.target)
        return Actor(
            user_id=self.user.id,
            uid=self.user.uid,
            role=self.role,
            paths=(self.target.path,) if kind is Place else (),
            grid_ids=(self.target.id,) if kind is Grid else (),
            station_ids=(self.target.id,) if kind is PoliceStation else (),
            party_ids=(self.target.id,) if kind is Party else (),
            verified_at=clock.real_now(),
        )


class PeopleInWorld:
    """Mixed into World."""

    _numbers = 0
    _community = None
    _compound = None

    def next_number(self) -> int:
        """Never the same twice in one world."""
        self._numbers += 1
        return self._numbers

    # --- places ---------------------------------------------------------------------------------------------

    def place(
        self, kind: PlaceKind, name: str, parent: Place | None = None, code: str = "", rank: int = 0
    ) -> Place:
        code = code or f"{self.next_number():03}"
        with unit_of_work():
            parent_id = parent and parent.id
            row = Place(kind=kind, name=name, code=code, parent_id=parent_id, path="", rank=rank)
            session.add(row)
            session.flush()
            row.path = f"{parent.path if parent else '/'}{row.id}/"
        return row

    def find_place(self, place_id: int) -> Place:
        """A place by its serial number."""
        return session.get(Place, place_id)

    def community(self, name: str = "东方社区") -> Place:
        street = self.place(PlaceKind.STREET, "锦官街道")
        return self.place(PlaceKind.COMMUNITY, name, street)

    def compound(self, name: str = "东方新城二期", community: Place | None = None) -> Place:
        """A compound; without a community in the one that all compounds of the world share."""
        if community is None:
            self._community = community = self._community or self.community()
        return self.place(PlaceKind.COMPOUND, name, community)

    def building(self, name: str = "1栋", compound: Place | None = None) -> Place:
        """A building, in the world's first compound unless another is named."""
        if compound is None:
            self._compound = compound = self._compound or self.compound()
        return self.place(PlaceKind.BUILDING, name, compound, code=name.removesuffix("栋"))

    def door(self, building: Place, floor: int, door: str) -> Place:
        """A door such as 1203 on floor 12; the floor is made when it is not there."""
        found = (
            session.query(Place).filter_by(parent_id=building.id, kind=PlaceKind.FLOOR, code=str(floor)).first()
        )
        on = found or self.place(PlaceKind.FLOOR, f"{floor}层", building, code=str(floor), rank=floor)
        return self.place(PlaceKind.DOOR, door, on, code=door)

    def grid(self, *buildings: Place, name: str = "第一网格", compound: Place | None = None) -> Grid:
        """A grid that these buildings lie in."""
        compound_id = compound.id if compound else buildings[0].parent_id
        with unit_of_work():
            grid = Grid(kind=GridKind.ORDINARY, name=name, compound_id=compound_id, path="")
            session.add(grid)
            session.flush()
            grid.path = f"/{grid.id}/"
            since = clock.now() - LONG_AGO
            rows = [GridAssignment(grid_id=grid.id, building_id=b.id, valid_from=since) for b in buildings]
            session.add_all(rows)
        return grid

    def station(self, *compounds: Place, name: str = "锦江派出所") -> PoliceStation:
        """A police station that serves these compounds."""
        station = add(PoliceStation(name=name, code=f"{510104000000 + self.next_number()}"))
        since = clock.now() - LONG_AGO
        if compounds:
            add(
                *(StationCompound(station_id=station.id, compound_id=c.id, valid_from=since) for c in compounds)
            )
        return station

    # --- people ---------------------------------------------------------------------------------------------

    def party(self, name: str | None = None, kind: PartyKind = PartyKind.PERSON) -> Party:
        """A landlord as the law knows them: a person or a company, without a user as yet."""
        who, uid = people.person(self.next_number()), new_uid()
        phone_fp, phone_fp_next = fingerprints("phone", who.phone)
        return add(
            Party(
                uid=uid,
                kind=kind,
                name_sealed=self._sealed(name or who.name, "party", "name_sealed", uid),
                phone_sealed=self._sealed(who.phone, "party", "phone_sealed", uid),
                phone_fp=phone_fp,
                phone_fp_next=phone_fp_next,
                created_at=clock.now(),
            )
        )

    def user(self, role: Role, over: Model | None = None, name: str | None = None, **values) -> Somebody:
        """Someone with a role over a place, a grid, a police station or a party."""
        who, uid = people.person(self.next_number()), new_uid()
        phone_fp, phone_fp_next = fingerprints("phone", who.phone)
        user = add(
            User(
                uid=uid,
                sign_in_name=values.pop("sign_in_name", f"{role}-{who.phone[-4:]}"),
                name_sealed=self._sealed(name or who.name, "user_account", "name_sealed", uid),
                phone_sealed=self._sealed(who.phone, "user_account", "phone_sealed", uid),
                phone_fp=phone_fp,
                phone_fp_next=phone_fp_next,
                status=UserStatus.ACTIVE,
                created_at=clock.now(),
                **values,
            )
        )
        self.membership(user, role, over)
        return Somebody(user, role, over, name or who.name, who.phone, None)

    def membership(self, user: User, role: Role, over: Model | None = None, until=None) -> Membership:
        """That user in another role, or over another target, perhaps only until a moment."""
        column = {Place: "place_id", Grid: "grid_id", PoliceStation: "station_id", Party: "party_id"}
        target = {column[type(over)]: over.id} if over else {}
        since = clock.now() - LONG_AGO
        return add(Membership(user_id=user.id, role=role, valid_from=since, valid_to=until, **target))

    def landlord(self, name: str | None = None, party: Party | None = None) -> Somebody:
        return self.user(Role.LANDLORD, party or self.party(name), name)

    def helper(self, party: Party) -> Somebody:
        return self.user(Role.HELPER, party)

    def property_manager(self, compound: Place) -> Somebody:
        return self.user(Role.PROPERTY_MANAGER, compound)

    def grid_worker(self, grid: Grid) -> Somebody:
        return self.user(Role.GRID_WORKER, grid)

    def community_officer(self, community: Place) -> Somebody:
        return self.user(Role.COMMUNITY_OFFICER, community)

    def liaison(self, station: PoliceStation) -> Somebody:
        return self.user(Role.POLICE_LIAISON, station)

    def station_lead(self, station: PoliceStation) -> Somebody:
        return self.user(Role.STATION_LEAD, station)

    def auditor(self) -> Somebody:
        return self.user(Role.AUDITOR)

    # --- at the door ----------------------------------------------------------------------------------------

    def key(self, somebody: Somebody, place: Place | None = None, lasts: timedelta = timedelta(days=1)) -> dict:
        """An API key of that person, as the headers of a request; perhaps only for one place."""
        token, at = new_token(), clock.real_now()
        add(
            ApiKey(
                user_id=somebody.user.id,
                role=somebody.role,
                place_id=place and place.id,
                key_hash=token_hash(token),
                label="test",
                created_at=at,
                expires_at=at + lasts,
            )
        )
        return {"Authorization": f"Bearer {token}"}

    def session(self, somebody: Somebody, ago: timedelta = timedelta(0)) -> str:
        """A session that this person began some time ago, with all their role asks for; the cookie's value."""
        token, at = new_token(), clock.real_now() - ago
        add(
            UserSession(
                user_id=somebody.user.id,
                role=somebody.role,
                token_hash=token_hash(token),
                label="test",
                method=SignInMethod.TOTP,
                created_at=at,
                last_seen_at=clock.real_now(),
                verified_at=at,
                idle_seconds=900,
                expires_at=at + timedelta(hours=12),
            )
        )
        return token

    def sign_in(self, client: FlaskClient, somebody: Somebody, ago: timedelta = timedelta(0)) -> FlaskClient:
        """That person at this browser, without the way through the sign-in page."""
        client.set_cookie("session", self.session(somebody, ago))
        return client

    def _sealed(self, value: str, table: str, column: str, uid) -> bytes:
        return seal(value, Where(table, column, uid), Retention.ACCOUNT)
