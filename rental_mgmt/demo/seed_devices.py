"""Device sources of a seed file: the secret they sign with, and the locks on units' doors."""

from collections.abc import Iterator

from sqlalchemy import select

from ..core import clock
from ..core.db import new_uid, session
from ..core.errors import Invalid
from ..core.i18n import _
from ..core.seal import Retention, Where, seal
from ..devices.models import Device, DeviceSource
from ..places.models import Place, PlaceKind
from ..places.scope import below
from ..units.models import Unit
from .seed_units import find_place


def add_source(row: dict) -> Iterator[str]:
    """A source of signed events with its devices; says the address it sends to."""
    community = find_place(row["community"], PlaceKind.COMMUNITY, "device_sources.community")
    known = DeviceSource.name == row["name"], DeviceSource.community_id == community.id
    source = session.scalar(select(DeviceSource).where(*known))
    if source is None:
        source = _new_source(row, community)
        yield _("设备接口 %(name)s：/hooks/generic/%(uid)s", name=row["name"], uid=source.uid)
    serials = set(session.scalars(select(Device.serial).where(Device.source_id == source.id)))
    session.add_all(_device(source, device) for device in row["devices"] if device["serial"] not in serials)
    session.flush()


def _new_source(row: dict, community: Place) -> DeviceSource:
    uid = new_uid()
    sealed = seal(row["secret"], Where("device_source", "secret_sealed", uid), Retention.ACCOUNT)
    source = DeviceSource(
        uid=uid, name=row["name"], community_id=community.id, secret_sealed=sealed, created_at=clock.now()
    )
    session.add(source)
    session.flush()
    return source


def _device(source: DeviceSource, row: dict) -> Device:
    building = find_place(row["building"], PlaceKind.BUILDING, "device_sources.devices.building")
    door = select(Place.id).where(
        Place.kind == PlaceKind.DOOR, Place.code == row["door"], below(Place.path, building.path)
    )
    unit_id = session.scalar(
        select(Unit.id).where(Unit.door_id.in_(door), Unit.merged_into_id.is_(None)).order_by(Unit.id).limit(1)
    )
    if unit_id is None:
        words = _("%(door)s 没有房源，请先加上", door=row["door"])
        raise Invalid(errors={"device_sources.devices.door": [words]})
    return Device(source_id=source.id, serial=row["serial"], unit_id=unit_id, installed_at=clock.now())
