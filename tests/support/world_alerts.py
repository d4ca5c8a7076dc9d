"""Alerts of the world: what a rule found, opened the way the rules open it."""

from datetime import timedelta
from types import SimpleNamespace

from rental_mgmt.accounts.models import Party
from rental_mgmt.alerts import jobs
from rental_mgmt.alerts.models import Alert, Severity
from rental_mgmt.alerts.passing import open_alerts
from rental_mgmt.core import clock
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.touch import Kind
from rental_mgmt.places.models import GridAssignment, Place, StationCompound
from rental_mgmt.units.models import Unit, UnitStatus

from .world_people import add

HOUR = timedelta(hours=1)
# Landlord, then property and grid, then police: as the first rules have it.
USUAL = (
    (timedelta(0), {Role.LANDLORD}),
    (timedelta(minutes=30), {Role.PROPERTY_MANAGER, Role.GRID_WORKER}),
    (4 * HOUR, {Role.POLICE_LIAISON}),
)
POLICE_ONLY = ((timedelta(0), {Role.POLICE_LIAISON}),)
CHECKLIST = [
    {
        "item": "present",
        "words": "在场人数与登记一致",
        "words_en": "As many present as registered",
        "photo": False,
    },
    {"item": "door", "words": "门锁记录已核对", "words_en": "Lock record checked", "photo": True},
]
EVIDENCE = {"numbers": {"opened": 2}, "checklist": CHECKLIST, "timeline": []}


class AlertsInWorld:
    """Mixed into World."""

    def flat(self, party: Party | None = None, building: Place | None = None, door: str = "") -> Unit:
        """A flat that takes guests, in its building's grid and station as they are now."""
        building = building or self.building()
        number = door or f"{self.next_number():04}"
        at = self.door(building, int(number[:-2]) or 1, number)
        compound = session.get(Place, building.parent_id)
        grid = session.query(GridAssignment).filter_by(building_id=building.id).first()
        station = session.query(StationCompound).filter_by(compound_id=compound.id).first()
        return add(
            Unit(
                status=UnitStatus.ACTIVE,
                code=f"51010400{self.next_number():04}",
                door_id=at.id,
                building_id=building.id,
                compound_id=compound.id,
                community_id=compound.parent_id,
                path=at.path,
                grid_id=grid and grid.grid_id,
                station_id=station and station.station_id,
                party_id=party and party.id,
                name=f"{building.name} {number}",
                area=60.0,
                bedrooms=2,
                beds=2,
                declared_capacity=4,
                capacity=4,
                created_at=clock.now(),
            )
        )

    def alert(
        self, unit: Unit, rule: str = "A01", severity: Severity = Severity.P2, turns=USUAL, **values
    ) -> Alert:
        """An alert of a rule about a flat, opened now, with its turns begun and its people told."""
        alert = self.alert_row(unit, rule, severity, **values)
        with unit_of_work():
            open_alerts([alert], turns, values.get("resolve_within", 12 * HOUR))
        return alert

    def alert_row(self, unit: Unit, rule: str = "A01", severity: Severity = Severity.P2, **values) -> Alert:
        """The same, not stored: as a rule hands it over."""
        at = clock.now()
        values.pop("resolve_within", None)
        return Alert(
            rule=rule,
            rule_version=1,
            severity=severity,
            is_identity=values.pop("is_identity", rule.startswith(("B", "C", "F05"))),
            title="无登记入住",
            title_en="Occupied without registration",
            text="开门 2 次，相隔 31 分，没有登记。",
            text_en="Opened twice, 31 minutes apart, nobody registered.",
            advice="1. 联系经营者；2. 上门核实。",
            advice_en="1. Call the landlord; 2. visit.",
            evidence={"numbers": {"opened": 2}, "checklist": CHECKLIST, "timeline": []}
            | values.pop("evidence", {}),
            basis=["ctl-2018-21"],
            subject_kind=Kind.UNIT,
            subject_key=unit.id,
            subject_part=values.pop("part", ""),
            place_id=unit.door_id,
            unit_id=unit.id,
            community_id=unit.community_id,
            path=unit.path,
            grid_id=unit.grid_id,
            station_id=unit.station_id,
            party_id=unit.party_id,
            first_seen_at=at,
            last_seen_at=at,
            **values,
        )

    def block(self) -> SimpleNamespace:
        """One building with a flat, and one person of each role who reaches it."""
        building = self.building()
        compound = session.get(Place, building.parent_id)
        grid, station = self.grid(building), self.station(compound)
        landlord = self.landlord()
        return SimpleNamespace(
            building=building,
            compound=compound,
            grid=grid,
            station=station,
            landlord=landlord,
            helper=self.helper(landlord.target),
            unit=self.flat(landlord.target, building, "1203"),
            manager=self.property_manager(compound),
            worker=self.grid_worker(grid),
            officer=self.community_officer(session.get(Place, compound.parent_id)),
            liaison=self.liaison(station),
            lead=self.station_lead(station),
        )

    def pass_time(self, span: timedelta) -> None:
        """Let the clock go on and the turns that are over pass."""
        clock.freeze(clock.now() + span)
        jobs.pass_turns()

    def again(self, row):
        """The same row as it is now."""
        session.rollback()
        return session.get(type(row), row.id, populate_existing=True)
