"""Who asks: an API key or a session becomes an Actor with the targets of the memberships valid now."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Row, Select, and_, bindparam, or_, select

from ..core import clock
from ..core.access import DESK_ROLES, Actor, Role
from ..core.db import run
from ..core.seal import Where, unseal_or_none
from ..places.models import Grid, Place
from ..places.scope import below_column
from .models import ApiKey, DeviceKind, Membership, SignInMethod, TrustedDevice, User, UserSession, UserStatus
from .tokens import token_hash

# A role that has to be proven with a time code besides the password (decisions.md 5.4).
TOTP_ROLES = DESK_ROLES
# Which role a person with several begins in.
ORDER = {role: n for n, role in enumerate(Role)}
SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class SignedIn(Actor):
    """An actor with a session: what pages show about them, and the other roles they may change to."""

    name_sealed: bytes | None = None
    locale: str | None = None
    method: SignInMethod = SignInMethod.PASSWORD
    device_id: int | None = None
    device_kind: DeviceKind | None = None
    other_roles: tuple[Role, ...] = ()
    seen_is_due: bool = False

    @property
    def display_name(self) -> str:
        return name_of(self.uid, self.name_sealed)

    @property
    def role_label(self) -> str:
        return str(self.role.label)

    @property
    def is_at_desk(self) -> bool:
        return self.device_kind is DeviceKind.DESK


def name_of(uid, name_sealed: bytes | None) -> str:
    """A user's own name in clear: for themselves and for those who look after their account."""
    return unseal_or_none(name_sealed, Where("user_account", "name_sealed", uid)) or "—"


def valid_now() -> list:
    """Conditions on Membership: in force at the moment bound as `now`."""
    now = bindparam("now")
    return [
        Membership.valid_from <= now,
        or_(Membership.valid_to.is_(None), Membership.valid_to > now),
        Membership.awaits_confirmation.is_(False),
    ]


# --- what memberships reach ---------------------------------------------------------------------------------

_Own = Grid.__table__.alias("own")
_Compound, _KeyPlace = Place.__table__.alias("compound"), Place.__table__.alias("key_place")
# A grid worker also has all grids nested in theirs.
_nested = below_column(Grid.path, _Own.c.path)
REACHED = (
    Place.path.label("place_path"),
    Grid.id.label("grid_id"),
    _Compound.c.path.label("grid_path"),
    Membership.station_id,
    Membership.party_id,
)
TARGETS = (Membership.id.label("membership_id"), Membership.role.label("held_role"), *REACHED)


def _with_targets(query: Select) -> Select:
    return (
        query.outerjoin(Place, Place.id == Membership.place_id)
        .outerjoin(_Own, _Own.c.id == Membership.grid_id)
        .outerjoin(Grid, _nested)
        .outerjoin(_Compound, _Compound.c.id == Grid.compound_id)
    )


_BY_USER = _with_targets(
    select(*TARGETS).select_from(Membership).where(Membership.user_id == bindparam("user_id"), *valid_now())
)


def reach(rows: Iterable[Row], within: str | None = None) -> dict[str, tuple]:
    """The targets of some memberships as an Actor holds them, kept inside one place's path if one is given."""
    paths, grids, stations, parties = [], [], [], []
    for row in rows:
        if row.place_path and (narrowed := _narrowed(row.place_path, within)):
            paths.append(narrowed)
        if row.grid_id and (within is None or row.grid_path.startswith(within)):
            grids.append(row.grid_id)
        if within is None:
            stations.append(row.station_id)
            parties.append(row.party_id)
    found = {"paths": paths, "grid_ids": grids, "station_ids": stations, "party_ids": parties}
    return {name: tuple(dict.fromkeys(filter(None, values))) for name, values in found.items()}


def _narrowed(path: str, within: str | None) -> str | None:
    if within is None or path.startswith(within):
        return path
    return within if within.startswith(path) else None


# --- by key -------------------------------------------------------------------------------------------------

_BY_KEY = _with_targets(
    select(
        ApiKey.id.label("key_id"),
        ApiKey.role,
        ApiKey.last_used_at,
        _KeyPlace.c.path.label("key_path"),
        User.id.label("user_id"),
        User.uid,
        *REACHED,
    )
    .select_from(ApiKey)
    .join(User, User.id == ApiKey.user_id)
    .outerjoin(_KeyPlace, _KeyPlace.c.id == ApiKey.place_id)
    .join(Membership, and_(Membership.user_id == User.id, Membership.role == ApiKey.role, *valid_now()))
).where(
    ApiKey.key_hash == bindparam("key_hash"),
    ApiKey.revoked_at.is_(None),
    ApiKey.expires_at > bindparam("real_now"),
    User.status == UserStatus.ACTIVE,
)


def actor_by_key(key: str) -> tuple[Actor, bool] | None:
    """The actor of a live API key, and whether its last use is to be noted; None when it opens nothing."""
    at = clock.real_now()
    rows = run(_BY_KEY, {"key_hash": token_hash(key), "now": clock.now(), "real_now": at}).all()
    if not rows:
        return None
    first = rows[0]
    found = reach(rows, first.key_path)
    actor = Actor(first.user_id, first.uid, first.role, **found, api_key_id=first.key_id)
    return actor, first.last_used_at is None or at - first.last_used_at > SEEN_EVERY


# --- by session ---------------------------------------------------------------------------------------------

_BY_TOKEN = (
    select(
        UserSession.id,
        UserSession.role,
        UserSession.method,
        UserSession.last_seen_at,
        UserSession.verified_at,
        UserSession.idle_seconds,
        UserSession.device_id,
        TrustedDevice.kind.label("device_kind"),
        TrustedDevice.revoked_at.label("device_revoked_at"),
        User.id.label("user_id"),
        User.uid,
        User.name_sealed,
        User.locale,
    )
    .select_from(UserSession)
    .join(User, User.id == UserSession.user_id)
    .outerjoin(TrustedDevice, TrustedDevice.id == UserSession.device_id)
    .where(
        UserSession.token_hash == bindparam("token_hash"),
        UserSession.ended_at.is_(None),
        UserSession.expires_at > bindparam("real_now"),
        User.status == UserStatus.ACTIVE,
    )
)


def actor_by_session(token: str) -> SignedIn | None:
    """The actor of a live session in the role it is in; None when it is over or no role is left."""
    at = clock.real_now()
    found = run(_BY_TOKEN, {"token_hash": token_hash(token), "real_now": at}).one_or_none()
    if found is None or found.device_revoked_at:
        return None
    if at - found.last_seen_at > timedelta(seconds=found.idle_seconds):
        return None
    rows = memberships_of(found.user_id)
    roles = open_roles(rows, found.method)
    if not roles:
        return None
    role = found.role if found.role in roles else roles[0]
    return SignedIn(
        found.user_id,
        found.uid,
        role,
        **reach(row for row in rows if row.held_role is role),
        verified_at=found.verified_at,
        session_id=found.id,
        name_sealed=found.name_sealed,
        locale=found.locale,
        method=found.method,
        device_id=found.device_id,
        device_kind=found.device_kind,
        other_roles=tuple(other for other in roles if other is not role),
        seen_is_due=at - found.last_seen_at > SEEN_EVERY,
    )


def memberships_of(user_id: int) -> list[Row]:
    """A user's memberships valid now, with their targets; one row per nested grid."""
    return run(_BY_USER, {"user_id": user_id, "now": clock.now()}).all()


def open_roles(rows: Iterable[Row], method: SignInMethod) -> list[Role]:
    """The roles that a session begun in this way may act in, the usual one first."""
    held = {row.held_role for row in rows}
    proven = held if method is SignInMethod.TOTP else held - TOTP_ROLES
    return sorted(proven, key=ORDER.__getitem__)
