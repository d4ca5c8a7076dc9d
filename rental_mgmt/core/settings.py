"""The few settings that are flipped while the product runs, one row each."""

from sqlalchemy import JSON, select
from sqlalchemy.orm import Mapped, mapped_column

from .db import Model, dialect_insert, session


class Setting(Model):
    """A named value; who changed it stands in the audit chain."""

    __tablename__ = "setting"

    name: Mapped[str] = mapped_column(unique=True)
    value: Mapped[dict | None] = mapped_column(JSON)


def get_setting(name: str, default=None):
    """The value of a setting, or the default where nobody has set it."""
    found = session.scalar(select(Setting.value).where(Setting.name == name))
    return default if found is None else found


def put_setting(name: str, value) -> None:
    insert = dialect_insert(Setting).values(name=name, value=value)
    session.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"value": value}))
