"""What the manifest of an export says: where, why, how many, by whom; no names."""

from sqlalchemy import select

from ..accounts.models import User
from ..core.db import session
from ..core.files import StoredFile
from ..places.models import Place, PoliceStation
from . import manifest
from .filters import VERSION as FILTERS
from .models import Export
from .rows import LAYOUT

# Raised when accounts/masking.py shows more or less than before.
MASKING = 1


def said_of(export: Export, file: StoredFile, broken: int) -> dict:
    """What the manifest of an export that is built says; `broken` rows do not open and are left out."""
    place, community = (session.get_one(Place, key) for key in (export.place_id, export.community_id))
    station = session.get_one(PoliceStation, export.station_id)
    return {
        "kind": manifest.KIND,
        "export": str(export.uid),
        "station": {"code": station.code, "name": station.name},
        "community": str(community.uid),
        "place": {"uid": str(place.uid), "kind": place.kind.value, "name": place.name},
        "rows": export.rows,
        "withheld": export.withheld,
        "broken": broken,
        "minors": export.minors,
        "file": file.name,
        "sha256": file.sha256,
        "size": file.size,
        "built_at": export.built_at.isoformat(),
        "definitions": {"layout": LAYOUT, "filters": FILTERS, "masking": MASKING},
        **_asked(export),
        **_persons(export),
    }


def _asked(export: Export) -> dict:
    return {
        "purpose": export.purpose.value,
        "urgent": export.is_urgent,
        "from_day": export.from_day.isoformat(),
        "to_day": export.to_day.isoformat(),
        "filters": export.filters,
        "profile": export.profile.value,
        "format": export.file_format.value,
        "requested_at": export.requested_at.isoformat(),
        "approved_at": export.approved_at.isoformat() if export.approved_at else None,
    }


def _persons(export: Export) -> dict:
    """The two persons, by uid; an urgent export may have been built before its second one spoke."""
    users = (export.requested_by_id, export.approved_by_id)
    uids = dict(session.execute(select(User.id, User.uid).where(User.id.in_(users))).all())
    approved_by = uids.get(export.approved_by_id)
    return {
        "requested_by": str(uids[export.requested_by_id]),
        "approved_by": str(approved_by) if approved_by else None,
    }
