"""Who saw a guest: what was revealed, looked up, listed in clear or taken out, and by whom."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from ..accounts.models import User
from ..audit.models import AuditChain, AuditEntry, Keep
from ..audit.service import microseconds, record
from ..core import clock
from ..core.access import Actor, Role, allow, require_fresh
from ..core.db import session
from ..core.errors import NotFound
from ..core.i18n import lazy
from ..core.seal import Where, unseal_bytes
from ..stays.models import Guest, Person, Stay
from .finding import Asked, prints_of
from .models import Export, ExportMembers, Profile

LOOKED_BACK = timedelta(days=180)


@dataclass(frozen=True)
class Seen:
    """One time that somebody saw a guest. `what`: the action; `details`: its reason or the export's uid."""

    at: datetime
    what: str
    user: UUID | None
    role: str
    details: str
    user_id: int | None = None

    @property
    def label(self) -> str:
        """What was done, in words."""
        return str(SEEN_LABELS.get(self.what, self.what))

    @property
    def role_label(self) -> str:
        return str(Role(self.role).label)

    @property
    def receipt(self) -> str | None:
        """The receipt of the look-up, where it was one."""
        return json.loads(self.details).get("receipt") if self.details.startswith("{") else None


SEEN_LABELS = {
    "guest.look_up": lazy("精确查询，看到姓名"),
    "guest.reveal": lazy("查看一项完整信息"),
    "guest.list_clear": lazy("在入住页看到姓名、电话"),
    "guest.list_masked": lazy("在入住页看到脱敏姓名"),
    "guest.see_clear": lazy("打开住客页，看到姓名、电话"),
    "guest.see_masked": lazy("打开住客页，看到脱敏姓名"),
    "export.full": lazy("下载的导出文件里有完整信息"),
    "export.masked": lazy("下载的导出文件里有脱敏信息"),
}


@dataclass(frozen=True)
class SeenPerson:
    """Everybody who saw somebody, over all of their registrations."""

    registrations: int
    seen: list[Seen]


@allow(Role.AUDITOR)
def who_saw_person(actor: Actor, asked: Asked) -> SeenPerson:
    """Who saw the person of this document during the last 180 days, for the answer to their own question.

    The number is searched whole and kept nowhere; that it was asked, and how much was found, is recorded.
    """
    require_fresh(actor)
    known = select(Guest.uid).join(Person, Person.id == Guest.person_id).where(Person.fp.in_(prints_of(asked)))
    uids = session.scalars(known.order_by(Guest.id)).all()
    if not uids:
        record(actor, "person.who_saw", "person:unknown", "system", registrations=0)
    found = [seen for uid in uids for seen in who_saw(actor, uid)]
    return SeenPerson(len(uids), sorted(found, key=lambda seen: seen.at))


@allow(Role.AUDITOR)
def who_saw(actor: Actor, guest_uid: UUID, since: datetime | None = None) -> list[Seen]:
    """Everyone who saw this guest's data since a moment (180 days ago), oldest first; asking is recorded."""
    since = since or clock.now() - LOOKED_BACK
    guest = session.execute(
        select(Guest.uid, Stay.uid.label("stay_uid")).join(Stay).where(Guest.uid == guest_uid)
    ).one_or_none()
    if guest is None:
        raise NotFound
    found = [*_entries(guest, since), *_exports(guest_uid, since)]
    record(actor, "guest.who_saw", f"guest:{guest_uid}", "system", found=len(found))
    return sorted(found, key=lambda seen: seen.at)


def _entries(guest, since: datetime) -> Iterator[Seen]:
    """What the access chains say of the guest, and of the stay as a whole."""
    query = (
        select(
            *(AuditEntry.at_us, AuditEntry.action, User.uid, AuditEntry.actor_role, AuditEntry.details),
            AuditEntry.actor_id,
        )
        .join(AuditChain, AuditChain.id == AuditEntry.chain_id)
        .outerjoin(User, User.id == AuditEntry.actor_id)
        .where(
            AuditEntry.subject.in_((f"guest:{guest.uid}", f"stay:{guest.stay_uid}")),
            AuditEntry.at_us >= microseconds(since),
            AuditChain.keep == Keep.ACCESS,
        )
        .order_by(AuditEntry.id)
    )
    for at_us, *what in session.execute(query):
        yield Seen(datetime.fromtimestamp(at_us / 1e6, clock.UTC), *what)


def _exports(guest_uid: UUID, since: datetime) -> Iterator[Seen]:
    """The files that held the guest and were fetched, wholly or in part; only parts that can are opened."""
    query = (
        select(ExportMembers.uid, ExportMembers.members_sealed, Export, User.uid)
        .join(Export, Export.id == ExportMembers.export_id)
        .join(User, User.id == Export.requested_by_id)
        .where(
            ExportMembers.first_uid <= guest_uid,
            ExportMembers.last_uid >= guest_uid,
            Export.download_begun_at.is_not(None),
            func.coalesce(Export.downloaded_at, Export.download_begun_at) >= since,
        )
        .execution_options(yield_per=50)
    )
    for uid, sealed, export, user in session.execute(query):
        members = unseal_bytes(sealed, Where("export_members", "members_sealed", uid))
        if holds(members, guest_uid):
            at = export.downloaded_at or export.download_begun_at
            what = "export.full" if export.profile is Profile.FULL else "export.masked"
            role, file = Role.POLICE_LIAISON.value, f"export:{export.uid}"
            yield Seen(at, what, user, role, file, export.requested_by_id)


def holds(members: bytes, uid: UUID) -> bool:
    """Is the uid one of the 16-byte members? Only a hit at a whole place counts."""
    at = members.find(uid.bytes)
    while at >= 0 and at % 16:
        at = members.find(uid.bytes, at + 1)
    return at >= 0
