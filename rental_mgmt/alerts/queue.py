"""The list of alerts a person works from: by urgency and time left, one statement a page."""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from sqlalchemy import Row, Select, select, true

from ..accounts.scope import below, within
from ..core.access import Actor, Role
from ..core.db import on_postgresql, run, session
from ..core.i18n import lazy
from ..core.paging import SIZE, Page, as_page, rows_after, rows_of_page, seen_in
from ..core.portable import among
from ..places.models import Place
from ..places.tree import ids_of
from ..units.models import Unit
from .models import Alert, AlertStatus, Severity
from .service import is_read_by

# Who reaches places, and not a grid, a station or a party.
PLACE_ROLES = (Role.PROPERTY_MANAGER, Role.COMMUNITY_OFFICER)


class Which(StrEnum):
    """What a list shows: what still needs somebody, a part of that, or what is behind us."""

    LIVE = "live"
    OPEN = "open"
    CLAIMED = "claimed"
    MINE = "mine"
    CLOSED = "closed"

    @property
    def label(self):
        return WHICH_LABELS[self]


WHICH_LABELS = {
    Which.LIVE: lazy("未办结"),
    Which.OPEN: lazy("待处理"),
    Which.CLAIMED: lazy("处理中"),
    Which.MINE: lazy("在我手上"),
    Which.CLOSED: lazy("已办结"),
}


@dataclass(frozen=True)
class AlertFilter:
    """What to show of the alerts one may read; the same object filters an export."""

    which: Which = Which.LIVE
    rule: str | None = None
    severity: Severity | None = None
    building: UUID | None = None

    def apply(self, query: Select, actor: Actor) -> Select:
        query = query.where(self._status(actor))
        if self.rule:
            query = query.where(Alert.rule == self.rule)
        if self.severity is not None:
            query = query.where(Alert.severity == self.severity)
        if self.building:
            query = query.where(_in_building(self.building))
        return query

    def _status(self, actor: Actor):
        match self.which:
            case Which.CLOSED:
                # Not by live_key: a planner would take "is null" for rare and sort the history of a city.
                return _in_communities(actor) & (Alert.status == AlertStatus.CLOSED)
            case Which.OPEN:
                return Alert.live_key.is_not(None) & (Alert.status == AlertStatus.OPEN)
            case Which.CLAIMED:
                return Alert.live_key.is_not(None) & (Alert.status == AlertStatus.CLAIMED)
            case Which.MINE:
                return Alert.live_key.is_not(None) & (Alert.claimed_by_id == actor.user_id)
        return Alert.live_key.is_not(None)

    @property
    def keys(self) -> tuple:
        """The order: the most urgent and shortest of time first; of the closed ones the newest."""
        if self.which is Which.CLOSED:
            return (Alert.uid.desc(),)
        return (Alert.severity, Alert.resolve_by, Alert.uid)


def _in_communities(actor: Actor):
    """The communities of whoever reaches places, said besides their paths.

    A path is a range, which no index keeps in the order of time: every page read and sorted all of a compound.
    """
    above = [ids_of(path) for path in actor.paths]
    if actor.role not in PLACE_ROLES or any(len(ids) < 2 for ids in above):
        return true()
    communities = {ids[1] for ids in above}
    if len(communities) == 1:
        return Alert.community_id == communities.pop()
    return among(Alert.community_id, communities)


def _in_building(uid: UUID):
    """Below the building; nothing where there is no such place (a path is never below an empty one)."""
    path = _path_of(uid)
    return below(Alert.path, path) if path else Alert.path == ""


def _path_of(uid: UUID) -> str | None:
    return session.scalar(select(Place.path).where(Place.uid == uid))


COLUMNS = (
    *(Alert.id, Alert.uid, Alert.rule, Alert.severity, Alert.status, Alert.is_identity),
    *(Alert.title, Alert.title_en, Alert.text, Alert.text_en, Alert.answer, Alert.verdict),
    *(Alert.turns, Alert.step, Alert.next_turn_at, Alert.sign_by, Alert.resolve_by, Alert.waits_until),
    *(Alert.claimed_by_id, Alert.claimed_role, Alert.first_seen_at, Alert.closed_at),
    Unit.name.label("unit_name"),
    Unit.uid.label("unit_uid"),
    Place.name.label("place_name"),
)


def list_queue(actor: Actor, chosen: AlertFilter) -> Select:
    """The uids of the alerts that a filter shows, as far as the actor may read them."""
    return chosen.apply(select(Alert.uid).where(within(actor, Alert), is_read_by(actor.role)), actor)


def get_page(actor: Actor, chosen: AlertFilter, cursor: str | None = None, size: int = SIZE) -> Page:
    """One page of the queue, each row with the name of its unit or place."""
    seen = seen_in(cursor, chosen.keys) if cursor else {}
    # How somebody signed in changes nothing of what they see.
    actor = replace(actor, verified_at=None, session_id=None, api_key_id=None)
    depends_on = on_postgresql(), chosen.building and _path_of(chosen.building)
    rows = run(list_page(actor, chosen, size, bool(seen), depends_on), seen).all()
    return as_page(rows, chosen.keys, size)


@lru_cache(maxsize=200)
def list_page(actor: Actor, chosen: AlertFilter, size: int, is_later: bool, _depends_on: tuple) -> Select:
    """The statement of a page: chosen among the narrow entries of an index, only its rows then read in full.

    People look at the same list all day: building it took a quarter of the time of a page. What it
    holds besides its other arguments, the dialect and the path of a building, tells the kept ones apart.
    """
    queue = list_queue(actor, chosen)
    page = (rows_after if is_later else rows_of_page)(queue, chosen.keys, size=size).subquery()
    return (
        select(*COLUMNS)
        .join(page, page.c.uid == Alert.uid)
        .join(Place, Place.id == Alert.place_id)
        .outerjoin(Unit, Unit.id == Alert.unit_id)
        .order_by(*chosen.keys)
    )


def where_of(row: Row) -> str:
    """Where a row of the queue is: its unit's name, else its place's."""
    return row.unit_name or row.place_name
