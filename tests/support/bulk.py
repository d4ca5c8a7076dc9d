"""Many rows at once, where the words of the world would take minutes."""

from datetime import timedelta

from sqlalchemy import insert

from rental_mgmt.core import clock
from rental_mgmt.core.db import new_uid, session, unit_of_work
from rental_mgmt.stays.models import Stay
from rental_mgmt.units.models import Unit

NOT_COPIED = ("id", "uid", "code", "qr_token")


def open_stays(like: Unit, how_many: int, capacity: int = 4) -> list[str]:
    """Flats like this one, each with a stay that began now; the stays' uids."""
    at = clock.now()
    flat = {c.name: getattr(like, c.name) for c in Unit.__table__.columns if c.name not in NOT_COPIED}
    flat["capacity"] = capacity
    stay = {"checks_in_at": at, "checks_out_at": at + timedelta(days=1), "recorded_at": at, "version": 1}
    uids = [new_uid() for _ in range(how_many)]
    with unit_of_work():
        ids = session.scalars(insert(Unit).returning(Unit.id), [flat | {"uid": new_uid()} for _ in uids]).all()
        rows = [stay | {"uid": uid, "unit_id": unit} for uid, unit in zip(uids, ids, strict=True)]
        session.execute(insert(Stay), rows)
    return [str(uid) for uid in uids]
