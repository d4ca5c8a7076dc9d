"""Alembic's entry: migrate over the connection that the product opened, or open one from the settings."""

from alembic import context
from sqlalchemy import TypeDecorator

from rental_mgmt import models
from rental_mgmt.core.db import Model

assert models  # imported for its tables


def render(kind: str, found, _autogenerate):
    """A migration names plain column types, so that it still runs when our own types have moved on."""
    if kind == "type" and isinstance(found, TypeDecorator):
        return f"sa.{found.impl_instance!r}"
    return False


def run(connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Model.metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=render,
    )
    with context.begin_transaction():
        context.run_migrations()


connection = context.config.attributes.get("connection")
if connection is not None:
    run(connection)
else:
    import config
    from rental_mgmt.core.db import connect

    with connect(config.from_environment()["DATABASE_URL"]).begin() as opened:
        run(opened)
