"""Tell somebody what happened to their account; notices live upstairs, so only their table is known here."""

from sqlalchemy import insert

from ..core import clock
from ..core.db import Model, new_uid, session
from ..core.i18n import Lazy
from ..core.outbox import enqueue

# The topic by which notices delivers what stands in its table.
TOPIC = "notice.in_app"


def tell(user_id: int, title: Lazy, text: Lazy, link: str = "/sessions", **values) -> None:
    """Put a notice into the person's list, in the same transaction as the act. No names in it."""
    uid = new_uid()
    session.execute(
        insert(Model.metadata.tables["notice"]).values(
            uid=uid,
            user_id=user_id,
            kind="account",
            title=title.message,
            text=text.message,
            values=values,
            link=link,
            created_at=clock.now(),
        )
    )
    enqueue(TOPIC, {"notices": [uid.hex]})
