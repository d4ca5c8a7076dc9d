"""Tell somebody what happened to their account; notices live upstairs, so only their table is known here."""

from sqlalchemy import insert

from ..core import clock
from ..core.db import Model, new_uid, session


def tell(user_id: int, title: str, text: str, link: str = "/sessions") -> None:
    """Put a notice into the person's list, in the same transaction as the act. No names in it."""
    at = clock.now()
    session.execute(
        insert(Model.metadata.tables["notice"]).values(
            uid=new_uid(),
            user_id=user_id,
            kind="account",
            title=title,
            text=text,
            link=link,
            created_at=at,
            delivered_at=at,
        )
    )
