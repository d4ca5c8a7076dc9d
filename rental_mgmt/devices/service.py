"""Sources and devices: who may send events, and which lock hangs on which door."""

import secrets
from uuid import UUID

from sqlalchemy import Select, false, or_, select

from ..accounts.scope import below
from ..audit.service import record
from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import new_uid, session
from ..core.errors import Conflict, Invalid
from ..core.i18n import _
from ..core.lookup import get_or_404
from ..core.seal import Retention, Where, seal
from ..core.touch import Kind, touch
from ..places.models import Place, PlaceKind
from ..units.models import Unit
from ..units.scope import visible
from .models import Device, DeviceSource

DESK = (Role.PROPERTY_MANAGER, Role.COMMUNITY_OFFICER)


def list_devices(actor: Actor) -> Select:
    """The devices on units in scope, by uid."""
    return visible(actor, Device)


@allow(Role.LANDLORD, *DESK)
def list_sources(actor: Actor) -> Select:
    """The sources of the communities that the actor's places lie in."""
    communities = {int(path.strip("/").split("/")[1]) for path in actor.paths if path.count("/") > 2}
    if actor.party_ids:
        own = select(Unit.community_id).where(Unit.party_id.in_(actor.party_ids)).distinct()
        communities |= set(session.scalars(own))
    return select(DeviceSource).where(
        DeviceSource.community_id.in_(communities), DeviceSource.disabled_at.is_(None)
    )


@allow(*DESK)
def add_source(actor: Actor, name: str) -> tuple[DeviceSource, str]:
    """Let a platform send events; the secret is given once, here."""
    reached = [below(Place.path, path) for path in actor.paths]
    compounds = select(Place).where(Place.kind == PlaceKind.COMPOUND, or_(false(), *reached))
    compound = session.scalars(compounds.order_by(Place.path).limit(1)).first()
    if compound is None:
        raise Invalid(errors={"name": [_("您的范围内还没有小区")]})
    secret, uid = secrets.token_urlsafe(32), new_uid()
    sealed = seal(secret, Where("device_source", "secret_sealed", uid), Retention.ACCOUNT)
    source = DeviceSource(
        uid=uid, name=name, community_id=compound.parent_id, secret_sealed=sealed, created_at=clock.now()
    )
    session.add(source)
    record(actor, "device_source.add", source, chain=f"place:{compound.parent_id}")
    return source, secret


@allow(*DESK)
def disable_source(actor: Actor, source: DeviceSource) -> None:
    """Take nothing more from a source; what it said stays."""
    source.disabled_at = clock.now()
    record(actor, "device_source.disable", source, chain=f"place:{source.community_id}")


@allow(Role.LANDLORD, *DESK)
def add_device(actor: Actor, source: DeviceSource, serial: str, unit_uid: UUID) -> Device:
    """Say which unit a lock hangs on. A serial another party has registered is refused."""
    unit = get_or_404(visible(actor, Unit), unit_uid)
    known = select(Device).where(Device.source_id == source.id, Device.serial == serial)
    if session.scalars(known).first():
        raise Conflict(_("这个序列号已登记在一套房源上；换装请先由物业移除"))
    device = Device(source_id=source.id, serial=serial, unit_id=unit.id, installed_at=clock.now())
    session.add(device)
    touch((Kind.UNIT, unit.id))
    record(actor, "device.add", device, chain=unit.chain)
    return device


@allow(Role.LANDLORD, *DESK)
def remove_device(actor: Actor, device: Device) -> None:
    """Take a lock off its unit; its past events stay with the unit."""
    unit = session.get(Unit, device.unit_id)
    device.unit_id = None
    device.serial = f"{device.serial}#{device.uid.hex[:8]}"
    touch((Kind.UNIT, unit.id))
    record(actor, "device.remove", device, chain=unit.chain)


def get_source(actor: Actor, uid: UUID) -> DeviceSource:
    return get_or_404(list_sources(actor), uid)


def get_device(actor: Actor, uid: UUID) -> Device:
    return get_or_404(list_devices(actor), uid)
