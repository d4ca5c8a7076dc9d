"""Statistics without names: counted set-based, frozen once, corrected in the open, too few never shown."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from rental_mgmt.alerts.models import Severity
from rental_mgmt.core import clock
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.errors import Invalid
from rental_mgmt.core.jobs import JOBS
from rental_mgmt.reporting import service
from rental_mgmt.reporting.figures import FIGURES
from rental_mgmt.reporting.jobs import freeze
from rental_mgmt.reporting.models import MonthFigure
from rental_mgmt.scheduler import missed_slots
from rental_mgmt.stays import registration
from rental_mgmt.stays.models import Guest, NightMark, NightState, Stay
from tests.support import people
from tests.support.world_people import add


@pytest.fixture
def flat(world):
    """A landlord with a flat whose month of May holds some guests."""
    world.owner = world.landlord()
    world.unit = world.flat(party=world.owner.target)
    world.compound_ = world.find_place(world.unit.compound_id)
    world.manager = world.property_manager(world.compound_)
    return world


def month_of(world, name="2026-06"):
    with unit_of_work(read_only=True):
        months = {month.name: month for month in service.list_months(world.manager.actor, world.compound_)}
    return months[name]


def test_the_present_month_is_counted_now(flat):
    stay = flat.stay(flat.owner, flat.unit)
    flat.guest(flat.owner, stay, people.person(1))
    late = flat.details(people.person(2)) | {"arrived_at": clock.now() - timedelta(hours=3)}
    with unit_of_work():
        registration.register_guest(flat.owner.actor, stay.uid, late)
    month = month_of(flat)
    assert month.is_open
    assert (month.values["stays"], month.values["guests"], month.values["guests_on_time"]) == (1, 2, 1)
    assert month.values["median_minutes"] == 90
    assert month.share("on_time_share") == 50.0


def test_the_registration_rate_is_of_the_nights_that_are_known(flat):
    """Three nights with a registered guest, two of a stay without anybody, one marked: three of six."""
    at, other = (
        clock.now() - timedelta(days=8),
        flat.flat(flat.owner.target, flat.building("9栋", flat.compound_)),
    )
    stay = flat.stay(flat.owner, flat.unit, 3, at)
    registered = flat.details(people.person(1)) | {"arrived_at": at}
    with unit_of_work():
        registration.register_guest(flat.owner.actor, stay.uid, registered)
    with unit_of_work():
        session.get(Stay, stay.id).ended_at = at + timedelta(days=3)
    flat.stay(flat.owner, other, 2, at)
    marked = clock.local_day(clock.now()) - timedelta(days=1)
    for night, state in ((marked, NightState.OCCUPIED), (marked - timedelta(days=1), NightState.EMPTY)):
        add(NightMark(unit_id=flat.unit.id, night_on=night, state=state, said_at=clock.now()))
    # Tonight is not over, and says nothing yet.
    flat.guest(flat.owner, flat.stay(flat.owner, flat.unit))
    month = month_of(flat)
    assert (month.values["nights_registered"], month.values["nights_occupied"]) == (3, 6)
    assert month.share("registration_rate") == 50.0


def test_new_alerts_are_counted_by_severity(flat):
    for n, severity in enumerate((Severity.P0, Severity.P2, Severity.P2, Severity.P4)):
        flat.alert(flat.unit, severity=severity, part=str(n))
    values = month_of(flat).values
    assert [values[f"alerts_p{n}"] for n in range(5)] == [1, 0, 2, 0, 1]
    assert values["alerts_urgent"] + values["alerts_other"] == 4


def test_one_place_is_counted_as_all_are(flat):
    """The running month of a page asks for its own place only; the answer is the same."""
    other = flat.flat(flat.owner.target, flat.building("9栋", flat.compound("南区")))
    for unit in (flat.unit, flat.unit, other):
        flat.guest(flat.owner, flat.stay(flat.owner, unit))
    with unit_of_work(read_only=True):
        for kind, column in service.COLUMNS.items():
            for figure in FIGURES:
                every = service.count(figure, "2026-06", kind)
                for place in {getattr(flat.unit, column), getattr(other, column)}:
                    own = service.count(figure, "2026-06", kind, place)
                    assert own == {key: value for key, value in every.items() if key == place}, figure.name


def test_a_month_without_anybody_has_no_median(flat):
    assert month_of(flat).shown("median_minutes") == "—"


def test_a_month_is_frozen_once(flat):
    flat.guest(flat.owner, flat.stay(flat.owner, flat.unit))
    clock.freeze(clock.now() + timedelta(days=40))
    with unit_of_work():
        assert service.freeze_month("2026-06") == 2 * len(FIGURES)
    with unit_of_work():
        assert service.freeze_month("2026-06") == 0
    session.scalars(select(Guest)).one().voided_at = clock.now()
    session.commit()
    assert month_of(flat).values["guests"] == 1, "what is frozen stays"


def test_the_running_month_cannot_be_frozen(flat):
    with pytest.raises(Invalid):
        service.freeze_month("2026-06")


def test_a_correction_is_a_marked_revision(flat):
    flat.guest(flat.owner, flat.stay(flat.owner, flat.unit))
    clock.freeze(clock.now() + timedelta(days=40))
    officer = flat.community_officer(flat.find_place(flat.unit.community_id))
    with unit_of_work():
        service.freeze_month("2026-06")
        session.scalars(select(Guest)).one().voided_at = clock.now()
    with unit_of_work():
        changed = service.correct_month(officer.actor, flat.compound_, "2026-06", "误登一人")
    assert changed > 0
    month = month_of(flat)
    assert month.values["guests"] == 0
    assert "guests" in month.corrected
    assert "units_known" not in month.corrected


def test_too_few_to_show(flat):
    stay = flat.stay(flat.owner, flat.unit)
    flat.guest(flat.owner, stay, people.person(5, age=9))
    month = month_of(flat)
    assert month.values["minors"] == 1
    assert month.shown("minors") == "<3"
    assert month.share("minors_share") is None
    assert month.shown("guests") == "1"


def test_missed_months_are_frozen_one_by_one(flat):
    job = JOBS["freeze_month"]
    clock.freeze(clock.now() + timedelta(days=70))
    slots = missed_slots(job, clock.now())
    assert len(slots) == 1, "a new installation freezes the month before"
    freeze(slots[0])
    assert session.scalar(select(func.count(MonthFigure.month.distinct()))) == 1


def test_months_before_the_product_came_are_frozen_too(flat):
    guest = flat.guest(flat.owner, flat.stay(flat.owner, flat.unit))
    with unit_of_work():
        long_ago = clock.now() - timedelta(days=100)
        values = {"arrived_at": long_ago, "arrived_on": clock.local_day(long_ago)}
        session.execute(update(Guest).where(Guest.id == guest.id).values(values))
    freeze(clock.now())
    frozen = select(MonthFigure.month).distinct().order_by(MonthFigure.month)
    assert session.scalars(frozen).all() == ["2026-03", "2026-04", "2026-05"]
    before = session.scalar(select(func.count()).select_from(MonthFigure))
    session.rollback()
    freeze(clock.now())
    assert session.scalar(select(func.count()).select_from(MonthFigure)) == before


def test_pages_and_file_say_the_same(flat, client):
    flat.guest(flat.owner, flat.stay(flat.owner, flat.unit), people.person(3))
    flat.sign_in(client, flat.manager)
    page = client.get(f"/statistics/{flat.compound_.uid}")
    assert page.status_code == 200
    assert "按时登记率" in page.text
    assert people.person(3).name not in page.text
    file = client.get(f"/statistics/{flat.compound_.uid}/months.csv")
    assert file.data.startswith(b"\xef\xbb\xbf")
    assert "登记住客,1" in file.text.replace("\r", "")


def test_another_compound_is_not_there(flat, client):
    stranger = flat.property_manager(flat.compound("西方新城"))
    answer = client.get(f"/api/v1/places/{flat.compound_.uid}/statistics", headers=flat.key(stranger))
    assert answer.status_code == 404
