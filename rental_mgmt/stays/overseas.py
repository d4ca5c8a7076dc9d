"""The report of an overseas guest to the police: until when it is due, and its receipt with a photo."""

from datetime import datetime
from typing import BinaryIO

from sqlalchemy import select

from ..audit.service import record, record_access
from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import session
from ..core.errors import Conflict, Invalid, NotFound
from ..core.files import StoredFile, store
from ..core.i18n import _
from ..core.seal import Retention
from ..core.touch import Kind, touch
from ..core.uploads import FileKind, Upload
from ..units.packs import pack_of
from .models import Guest, Missing, OverseasReport


def report_of(guest: Guest) -> OverseasReport | None:
    """The receipt that was recorded for this guest."""
    return session.scalar(select(OverseasReport).where(OverseasReport.guest_id == guest.id))


def report_by(guest: Guest) -> datetime | None:
    """Until when an overseas guest is to be reported, by the hours of the place; None when nothing is due."""
    if Missing.OVERSEAS_REPORT not in guest.missing or guest.voided_at:
        return None
    return guest.arrived_at + pack_of(guest.stay.unit).deadlines.overseas_report


@allow(Role.LANDLORD)
def record_overseas_report(
    actor: Actor, guest: Guest, receipt_number: str, reported_at: datetime, photo: BinaryIO | None
) -> OverseasReport:
    """Keep the receipt of the report to the police, with its photo (eel-2012-39, tw-2015-16, hkmo-1986-17)."""
    if not guest.is_overseas:
        raise Conflict(_("该住客不需要境外人员住宿登记"))
    if report_of(guest):
        raise Conflict(_("该住客的申报回执已记录"))
    if not guest.arrived_at <= reported_at <= clock.now():
        raise Invalid(errors={"reported_at": [_("申报时间应在到达之后、现在之前")]})
    report = OverseasReport(
        guest_id=guest.id,
        receipt_number=receipt_number,
        photo_file_id=_keep_photo(actor, guest, photo).id,
        reported_at=reported_at,
        recorded_at=clock.now(),
        recorded_by_id=actor.user_id,
    )
    session.add(report)
    guest.missing = [what for what in guest.missing if what != Missing.OVERSEAS_REPORT]
    touch((Kind.UNIT, guest.unit_id))
    record(actor, "guest.report_overseas", guest, chain=guest.stay.unit.chain)
    return report


def _keep_photo(actor: Actor, guest: Guest, photo: BinaryIO | None) -> StoredFile:
    if photo is None:
        raise Invalid(errors={"photo": [_("请附回执照片")]})
    upload = Upload(
        kind=FileKind.PHOTO,
        retention=Retention.GUEST,
        purpose="overseas_report",
        community_id=guest.stay.unit.community_id,
        source=photo,
        field="photo",
    )
    kept = store(actor, upload)
    session.flush()
    return kept


@allow(Role.LANDLORD)
def get_receipt_photo(actor: Actor, guest: Guest) -> StoredFile:
    """The photo of the receipt, which names the guest: that it was seen is recorded."""
    report = report_of(guest)
    file = report and report.photo_file_id and session.get(StoredFile, report.photo_file_id)
    if not file:
        raise NotFound
    record_access(actor, "guest.see_receipt", guest, chain=guest.stay.unit.chain, minor=guest.is_minor)
    return file
