"""API keys: for programs that act as a user, in one role, perhaps only below one place, until a day."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, or_, select, update

from ..audit.service import record
from ..core import clock
from ..core.access import Actor, Role, allow, require_fresh
from ..core.db import session
from ..core.errors import Conflict, Invalid
from ..core.i18n import _
from ..core.lookup import get_or_404
from ..places.models import Grid, Place, PlaceKind
from .actors import SignedIn
from .care import below_any
from .models import ApiKey
from .tokens import new_token, token_hash

PREFIX = "rk_"
LONGEST = timedelta(days=366)
AT_MOST = 10
PLACE_ROLES = (Role.PROPERTY_MANAGER, Role.COMMUNITY_OFFICER, Role.GRID_WORKER)
KEY_PLACES = (PlaceKind.COMPOUND, PlaceKind.BUILDING)


@allow(*Role)
def list_my_keys(actor: Actor) -> Select:
    """The actor's own keys, live and past."""
    return select(ApiKey).where(ApiKey.user_id == actor.user_id).order_by(ApiKey.id.desc())


@allow(*Role)
def make_key(
    actor: Actor, label: str, role: Role, expires_at: datetime, place_uid: UUID | None = None
) -> tuple[ApiKey, str]:
    """A key in one of one's own roles; its text is shown now and never again. Raises Invalid, Conflict.

    A key never counts as a fresh sign-in: reveals and exports stay with the person (ASVS 7.5.3).
    """
    require_fresh(actor)
    _check(actor, role, expires_at)
    place = _place(role, place_uid) if place_uid else None
    text = PREFIX + new_token()
    key = store_key(actor.user_id, label, role, expires_at, text, place)
    record(actor, "api_key.make", key, "system", role=role)
    return key, text


def _check(actor: Actor, role: Role, expires_at: datetime) -> None:
    if role is not actor.role and role not in getattr(actor, "other_roles", ()):
        raise Invalid(errors={"role": [_("只能选择您自己的角色")]})
    if not timedelta(0) < expires_at - clock.real_now() <= LONGEST:
        raise Invalid(errors={"expires_at": [_("到期日须在今后一年之内")]})
    live = select(func.count()).where(
        ApiKey.user_id == actor.user_id, ApiKey.revoked_at.is_(None), ApiKey.expires_at > clock.real_now()
    )
    if session.scalar(live) >= AT_MOST:
        raise Conflict(_("最多 %(n)s 个有效密钥，请先撤销不用的", n=AT_MOST))


def _place(role: Role, uid: UUID) -> Place:
    if role not in PLACE_ROLES:
        raise Invalid(errors={"place_uid": [_("此角色的密钥不能再限定地点，请留空")]})
    # A place outside the role's own reach narrows the key to nothing, so any place may be named.
    return get_or_404(select(Place), uid)


@allow(*Role)
def list_key_places(actor: Actor) -> list[tuple[UUID, str]]:
    """The compounds and buildings in reach of the present role, within which a key may be kept; with names."""
    if actor.role not in PLACE_ROLES:
        return []
    above = Place.__table__.alias("above")
    of_grids = select(Grid.compound_id).where(Grid.id.in_(actor.grid_ids))
    query = (
        select(Place.uid, Place.kind, Place.name, above.c.name.label("within"))
        .outerjoin(above, above.c.id == Place.parent_id)
        .where(Place.kind.in_(KEY_PLACES), or_(below_any(actor, Place.path), Place.id.in_(of_grids)))
        .order_by(Place.path)
    )
    return [(row.uid, f"{row.within or ''} {row.name}".strip()) for row in session.execute(query)]


@allow(*Role)
def place_names(actor: Actor, found: Iterable[ApiKey]) -> dict[int, str]:
    """The names of the places that one's own keys are kept within."""
    ids = {key.place_id for key in found} - {None}
    return dict(session.execute(select(Place.id, Place.name).where(Place.id.in_(ids))).all())


def store_key(
    user_id: int, label: str, role: Role, expires_at: datetime, text: str, place: Place | None = None
) -> ApiKey:
    key = ApiKey(
        user_id=user_id,
        role=role,
        place_id=place and place.id,
        key_hash=token_hash(text),
        label=label,
        created_at=clock.real_now(),
        expires_at=expires_at,
    )
    session.add(key)
    session.flush()
    return key


@allow(*Role)
def revoke_key(actor: Actor, uid: UUID) -> None:
    """Revoke one of one's own keys; it opens nothing from the next request on."""
    key = get_or_404(select(ApiKey).where(ApiKey.user_id == actor.user_id), uid)
    key.revoked_at = key.revoked_at or clock.real_now()
    record(actor, "api_key.revoke", key, "system")


def note_use(key_id: int) -> None:
    session.execute(
        update(ApiKey)
        .where(ApiKey.id == key_id)
        .values(last_used_at=clock.real_now())
        .execution_options(synchronize_session=False)
    )


def roles_of(actor: Actor) -> list[Role]:
    """The roles an actor may give a key: all their own that this session may act in."""
    return [actor.role, *actor.other_roles] if isinstance(actor, SignedIn) else [actor.role]
