"""The field as rules see it: units, stays, guests and doors written straight into the tables.

Each word returns what it was said of, so that a case reads as one sentence. Times are relative to now
(`hours=-2`) or clock times of today (`"11:30"`).
"""

from datetime import date, datetime, time, timedelta

from rental_mgmt.alerts.models import AlertStatus, Severity
from rental_mgmt.core import clock
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.files import StoredFile
from rental_mgmt.core.seal import Retention
from rental_mgmt.core.touch import Kind, touch
from rental_mgmt.devices.models import (
    Device,
    DeviceDelivery,
    DeviceSource,
    KeyPurpose,
    LockAction,
    LockEvent,
)
from rental_mgmt.imports.models import BatchStatus, ImportBatch
from rental_mgmt.places.models import Place
from rental_mgmt.stays.models import (
    DocumentKind,
    DocumentState,
    Guest,
    OverseasReport,
    Person,
    Sex,
    Stay,
)
from rental_mgmt.units.models import CleaningWindow, Unit, UnitStatus

from .world import World
from .world_people import LONG_AGO, add

SEALED = b"sealed elsewhere"


def moment(days: float = 0, hours: float = 0, minutes: float = 0) -> datetime:
    return clock.now() + timedelta(days=days, hours=hours, minutes=minutes)


class Field:
    """One compound with its people, and as many units as are named."""

    def __init__(self):
        self.world, self.units = World(), {}
        building = self.world.building()
        self.compound_id = building.parent_id
        self.building, self.grid = building, self.world.grid(building)
        self.compound = session.get(type(building), self.compound_id)
        self.station = self.world.station(self.compound)
        self.landlord = self.world.landlord()
        self.property_manager = self.world.property_manager(self.compound)
        self.grid_worker = self.world.grid_worker(self.grid)
        self.liaison = self.world.liaison(self.station)
        self.persons = {}

    def unit(self, name: str, capacity: int = 4, merged_into: str | None = None, **values) -> "FlatInField":
        """The unit of that name; made, long established, when it is named first."""
        if name not in self.units:
            row = self._unit(name, capacity, **values)
            row.merged_into_id = self.units[merged_into].row.id if merged_into else None
            self.units[name] = FlatInField(self, add(row))
        return self.units[name]

    def _unit(self, name: str, capacity: int, building: Place | None = None, **values) -> Unit:
        building = building or self.building
        compound = session.get(Place, building.parent_id)
        door = self.world.door(building, 1, f"1{len(self.units) + 1:02}")
        shared = {
            "status": UnitStatus.ACTIVE,
            "party_id": self.landlord.target.id,
            "created_at": clock.now() - LONG_AGO,
            "claimed_at": clock.now() - LONG_AGO,
        }
        return Unit(
            door_id=door.id,
            building_id=building.id,
            compound_id=compound.id,
            community_id=compound.parent_id,
            path=door.path,
            grid_id=self.grid.id,
            station_id=self.station.id,
            name=name,
            area=60,
            bedrooms=2,
            beds=2,
            declared_capacity=capacity,
            capacity=capacity,
            **shared | values,
        )

    def person(self, name: str) -> int:
        """The row of somebody who is known by this name in the test."""
        if name not in self.persons:
            fp = name.encode().rjust(16, b"\0")[-16:]
            self.persons[name] = add(Person(fp=fp, created_at=clock.now())).id
        return self.persons[name]

    @property
    def batch_id(self) -> int:
        if not hasattr(self, "_batch_id"):
            row = some(ImportBatch, compound_id=self.compound_id, status=BatchStatus.STORED)
            self._batch_id = add(row).id
        return self._batch_id

    @property
    def delivery(self) -> DeviceDelivery:
        if not hasattr(self, "_delivery"):
            source = add(
                DeviceSource(
                    name="门锁", community_id=self.compound.parent_id, secret_sealed=SEALED, created_at=moment()
                )
            )
            self._delivery = add(
                DeviceDelivery(source_id=source.id, received_at=moment(), sha256=b"", body=b"", events=0)
            )
        return self._delivery


class FlatInField:
    """A unit in the field."""

    def __init__(self, field: Field, row: Unit):
        self.field, self.row = field, row
        self.last_stay: Stay | None = None
        self.last_guest: Guest | None = None
        self.device: Device | None = None

    # --- stays ----------------------------------------------------------------------------------------------

    def stay(
        self,
        hours: float = 0,
        minutes: float = 0,
        days: float = 0,
        out: float | None = None,
        ended: float | None = None,
        recorded: float | None = None,
    ) -> "FlatInField":
        """A stay that begins then; `out` (a day from now), `ended` and `recorded` in hours from now."""
        begins = moment(days, hours, minutes)
        planned = 24 if out is None and ended is None else ended if out is None else out
        self.last_stay = self._keep(
            Stay(
                unit_id=self.row.id,
                checks_in_at=begins,
                checks_out_at=moment(hours=planned),
                ended_at=None if ended is None else moment(hours=ended),
                recorded_at=begins - timedelta(days=1) if recorded is None else moment(hours=recorded),
            )
        )
        return self

    def ends(self, hours: float = 0) -> "FlatInField":
        return self._change(self.last_stay, ended_at=moment(hours=hours))

    def extended(self, out: float) -> "FlatInField":
        return self._change(self.last_stay, checks_out_at=moment(hours=out))

    def cancelled(self) -> "FlatInField":
        return self._change(self.last_stay, cancelled_at=clock.now())

    def guest(
        self,
        name: str | None = None,
        hours: float | None = None,
        minutes: float = 0,
        times: int = 1,
        recorded: float | None = None,
        age: int | None = 30,
        left: float | None = None,
        **what,
    ) -> "FlatInField":
        """Somebody in the last stay, from its beginning or from then; recorded on arrival or then (hours)."""
        for _ in range(times):
            self._guest(
                name or f"住客 {self.field.world.next_number()}", hours, minutes, recorded, age, left, what
            )
        return self

    def _guest(self, name, hours, minutes, recorded, age, left, what) -> None:
        given_time = hours is not None or minutes
        arrived_at = moment(hours=hours or 0, minutes=minutes) if given_time else self.last_stay.checks_in_at
        nationality = what.pop("nationality", "CHN")
        person_id = self.field.person(name)
        self.last_guest = self._keep(
            Guest(
                stay_id=self.last_stay.id,
                unit_id=self.row.id,
                person_id=person_id,
                document_kind=DocumentKind.RESIDENT_ID if nationality == "CHN" else DocumentKind.PASSPORT,
                document_state=DocumentState(what.pop("document", "ok")),
                nationality=nationality,
                sex=Sex.UNKNOWN,
                age_at_check_in=age,
                relation_given=what.pop("relation", False),
                guardian_contact_given=what.pop("guardian", False),
                is_overseas=nationality != "CHN",
                missing=[],
                name_sealed=SEALED,
                retention=Retention.GUEST,
                arrived_at=arrived_at,
                arrived_on=clock.local_day(arrived_at),
                left_at=None if left is None else moment(hours=left),
                recorded_at=arrived_at if recorded is None else moment(hours=recorded),
                voided_at=clock.now() if what.pop("voided", False) else None,
                import_batch_id=self.field.batch_id if what.pop("imported", False) else None,
            ),
            (Kind.PERSON, person_id),
        )
        assert not what, what

    def leaves(self, hours: float = 0) -> "FlatInField":
        return self._change(self.last_guest, left_at=moment(hours=hours))

    def voided(self) -> "FlatInField":
        return self._change(self.last_guest, voided_at=clock.now())

    def reported(self, photo: bool = True) -> "FlatInField":
        """The last guest was reported to the police, with a photo of the receipt."""
        self._keep(
            OverseasReport(
                guest_id=self.last_guest.id,
                receipt_number="C-0001",
                photo_file_id=self._photo() if photo else None,
                reported_at=clock.now(),
                recorded_at=clock.now(),
            )
        )
        return self

    def _photo(self) -> int:
        return add(some(StoredFile)).id

    # --- doors ----------------------------------------------------------------------------------------------

    def is_cleaned(self, begins: str, ends: str, weekday: int | None = None) -> "FlatInField":
        window = {"from_minute": _minutes(begins), "to_minute": _minutes(ends), "weekday": weekday}
        self._keep(CleaningWindow(unit_id=self.row.id, **window))
        return self

    def lock(self) -> "FlatInField":
        """A lock that has just reported."""
        if self.device is None:
            source_id = self.field.delivery.source_id
            self.device = self._keep(
                Device(
                    source_id=source_id,
                    serial=f"L-{self.row.id}",
                    unit_id=self.row.id,
                    installed_at=clock.now() - LONG_AGO,
                    last_event_at=clock.now(),
                )
            )
        return self

    def opens(self, *times: str, purpose: str = "guest", key_of_stay: bool = False) -> "FlatInField":
        """The door was opened today at these times."""
        day = clock.local_day(clock.now())
        for at in times:
            self._open(clock.local_time(day, time.fromisoformat(at)), purpose, key_of_stay)
        return self

    def opens_ago(self, hours: float, purpose: str = "guest", key_of_stay: bool = False) -> "FlatInField":
        """The door was opened so long ago, and the lock has said nothing since."""
        self._open(moment(hours=-hours), purpose, key_of_stay)
        return self._change(self.device, last_event_at=moment(hours=-hours))

    def _open(self, at: datetime, purpose: str, key_of_stay: bool) -> None:
        self.lock()
        local = at.astimezone(clock.LOCAL)
        self._keep(
            LockEvent(
                source_id=self.field.delivery.source_id,
                vendor_event_id=f"e-{self.field.world.next_number()}",
                device_id=self.device.id,
                unit_id=self.row.id,
                stay_id=self.last_stay.id if key_of_stay else None,
                delivery_id=self.field.delivery.id,
                action=LockAction.UNLOCK,
                key_purpose=KeyPurpose(purpose),
                occurred_at=at,
                occurred_on=local.date(),
                occurred_minute=local.hour * 60 + local.minute,
                recorded_at=clock.now(),
            )
        )

    # --- alerts ---------------------------------------------------------------------------------------------

    def was_asked(self, hours: float) -> "FlatInField":
        """An alert A01 had been opened about this unit then, and was closed since."""
        alert = self.field.world.alert_row(self.row, "A01", Severity.P2)
        alert.first_seen_at = moment(hours=hours)
        alert.status, alert.turns, alert.readers = AlertStatus.CLOSED, [], 0
        alert.sign_by = alert.resolve_by = alert.closed_at = clock.now()
        add(alert)
        return self

    # --- writing --------------------------------------------------------------------------------------------

    def _keep(self, row, *touched):
        """As the product's rooms do: the row and the touch in one transaction."""
        with unit_of_work():
            session.add(row)
            session.flush()
            touch((Kind.UNIT, self.row.id), *touched)
        return row

    def _change(self, row, **values) -> "FlatInField":
        persons = []
        with unit_of_work():
            row = session.merge(row)
            for name, value in values.items():
                setattr(row, name, value)
            if isinstance(row, Guest):
                persons = [row.person_id]
            elif isinstance(row, Stay):
                persons = [guest.person_id for guest in session.query(Guest).filter_by(stay_id=row.id)]
            touch((Kind.UNIT, self.row.id), *((Kind.PERSON, person) for person in persons))
        for name in ("last_stay", "last_guest", "device"):
            if type(getattr(self, name)) is type(row):
                setattr(self, name, row)
        return self


def _minutes(at: str) -> int:
    hour, minute = map(int, at.split(":"))
    return hour * 60 + minute


def some(model, **given):
    """A row of which a test only says what it cares about."""
    needed = [
        c for c in model.__table__.columns if not (c.nullable or c.primary_key or c.name in given or c.default)
    ]
    return model(**given, **{column.name: _anything(column) for column in needed})


def _anything(column):
    kind = getattr(column.type, "kind", None)
    if kind:
        return next(iter(kind))
    plain = getattr(column.type, "impl", column.type).python_type
    now = clock.now()
    return {datetime: now, date: clock.local_day(now), bytes: b"", dict: {}, list: [], bool: False, int: 0}.get(
        plain, "x"
    )
