"""Bring a database to the newest tables, from the command line, at start-up and in tests alike."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from .db import engine

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def upgrade(target: str = "head") -> None:
    """Run every migration the connected database has not seen; one transaction."""
    config = alembic_config()
    with engine().begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, target)


def is_current() -> bool:
    """Does the database have the newest tables?"""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    with engine().connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head
