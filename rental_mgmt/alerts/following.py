"""Live alerts follow their unit: into the unit it was merged into, and to the party that took it over."""

from sqlalchemy import select, update

from ..audit.service import record
from ..core import clock
from ..core.access import Actor
from ..core.db import session
from ..core.touch import Kind
from ..units.models import Unit
from .history import note_down
from .models import Alert, AlertEvent, AlertStatus, Verdict


def follow_merge(merged: Unit, survivor: Unit, actor: Actor) -> int:
    """What still needs somebody goes on at the survivor; an open double of one it has is closed as such."""
    live = session.scalars(select(Alert).where(Alert.live_key.is_not(None), Alert.unit_id == merged.id)).all()
    theirs = select(Alert.live_key).where(Alert.live_key.is_not(None), Alert.unit_id == survivor.id)
    taken = set(session.scalars(theirs))
    for alert in live:
        _take_along(alert, survivor, taken, actor)
    session.flush()
    return len(live)


def _take_along(alert: Alert, survivor: Unit, taken: set[str], actor: Actor) -> None:
    was = alert.subject_key
    if alert.subject_kind is Kind.UNIT:
        alert.subject_key = survivor.id
    is_double = alert.key in taken
    if is_double:
        # Where somebody has it in hand it keeps its own key, and only its place is the survivor's.
        alert.subject_key = was
    if is_double and alert.status is AlertStatus.OPEN:
        _close_double(alert, actor)
        return
    alert.live_key = alert.key
    alert.unit_id, alert.place_id, alert.path = survivor.id, survivor.door_id, survivor.path
    alert.community_id, alert.grid_id = survivor.community_id, survivor.grid_id
    alert.station_id, alert.party_id = survivor.station_id, survivor.party_id


def _close_double(alert: Alert, actor: Actor) -> None:
    alert.move_to(AlertStatus.CLOSED)
    alert.verdict, alert.closed_at = Verdict.DUPLICATE, clock.now()
    alert.next_turn_at = alert.waits_until = None
    note_down(alert, AlertEvent.CLOSED, actor, verdict=Verdict.DUPLICATE)
    record(actor, "alert.close", alert, alert.chain, verdict=Verdict.DUPLICATE)


def follow_party(unit: Unit, party_id: int) -> int:
    """The live alerts of a unit are now its new party's to answer; what is closed stays with the old one."""
    changed = (
        update(Alert)
        .where(Alert.live_key.is_not(None), Alert.unit_id == unit.id)
        .values(party_id=party_id, version=Alert.version + 1)
    )
    return session.execute(changed.execution_options(synchronize_session=False)).rowcount
