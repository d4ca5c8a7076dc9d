"""Who is there for an alert in a role: found for many alerts at once, from the memberships valid now."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

from sqlalchemy import or_, select

from ..accounts.models import Membership, User, UserStatus
from ..core import clock
from ..core.access import Role
from ..core.db import session
from ..places.models import DutyHours, Grid
from .models import Alert
from .turns import DutyTable

HELD = (
    *(Membership.user_id, Membership.role),
    *(Membership.place_id, Membership.grid_id, Membership.station_id, Membership.party_id),
)


class Placed(NamedTuple):
    """Where an alert belongs: the targets whose people reach it."""

    places: frozenset[int]
    grids: frozenset[int]
    station: int | None
    party: int | None


class People:
    """The people of some alerts: `of(alert, roles)` are the ids of the users who reach it in these roles."""

    def __init__(self, alerts: Collection[Alert]):
        grids = _grids_above({alert.grid_id for alert in alerts})
        self._placed = {alert.uid: _placed(alert, grids) for alert in alerts}
        # (role, column, target) → users
        self._users: dict[tuple[Role, str, int], set[int]] = defaultdict(set)
        for row in session.execute(_memberships_over(self._placed.values())):
            target = (
                ("place", row.place_id),
                ("grid", row.grid_id),
                ("station", row.station_id),
                ("party", row.party_id),
            )
            for column, key in target:
                if key is not None:
                    self._users[row.role, column, key].add(row.user_id)

    def of(self, alert: Alert, roles: Iterable[Role]) -> set[int]:
        placed = self._placed[alert.uid]
        targets = [
            *(("place", key) for key in placed.places),
            *(("grid", key) for key in placed.grids),
            ("station", placed.station),
            ("party", placed.party),
        ]
        return {user for role in roles for target in targets for user in self._users.get((role, *target), ())}


def ids_in(path: str) -> list[int]:
    """The ids of a path "/1/4/9/", from the root on."""
    return [int(key) for key in path.split("/") if key]


def _placed(alert: Alert, grids: dict[int, frozenset[int]]) -> Placed:
    above = grids.get(alert.grid_id, frozenset())
    return Placed(frozenset(ids_in(alert.path)), above, alert.station_id, alert.party_id)


def _grids_above(grid_ids: set[int | None]) -> dict[int, frozenset[int]]:
    """Each grid with those it lies in: whoever has a general grid has the micro grids too."""
    known = grid_ids - {None}
    if not known:
        return {}
    found = session.execute(select(Grid.id, Grid.path).where(Grid.id.in_(known)))
    return {row.id: frozenset(ids_in(row.path)) | {row.id} for row in found}


def _memberships_over(placed: Iterable[Placed]):
    places, grids, stations, parties = (set() for _ in range(4))
    for one in placed:
        places |= one.places
        grids |= one.grids
        stations.add(one.station)
        parties.add(one.party)
    at = clock.now()
    reaches = or_(
        Membership.place_id.in_(places),
        Membership.grid_id.in_(grids),
        Membership.station_id.in_(stations - {None}),
        Membership.party_id.in_(parties - {None}),
    )
    return (
        select(*HELD)
        .join(User, User.id == Membership.user_id)
        .where(
            reaches,
            Membership.valid_from <= at,
            or_(Membership.valid_to.is_(None), Membership.valid_to > at),
            Membership.awaits_confirmation.is_(False),
            User.status == UserStatus.ACTIVE,
        )
    )


def duty_tables(alerts: Iterable[Alert]) -> dict[int | None, DutyTable]:
    """The hours that compounds set for their roles, by compound."""
    compounds = {compound_of(alert) for alert in alerts} - {None}
    tables: dict[int | None, dict[Role, tuple[int, int]]] = defaultdict(dict)
    if compounds:
        for row in session.scalars(select(DutyHours).where(DutyHours.compound_id.in_(compounds))):
            tables[row.compound_id][row.role] = (row.from_hour, row.to_hour)
    return tables


def compound_of(alert: Alert) -> int | None:
    """The compound of an alert: the place below its community."""
    above = ids_in(alert.path)
    following = above.index(alert.community_id) + 1 if alert.community_id in above else len(above)
    return above[following] if following < len(above) else None
