"""Bring a database to the newest tables, from the command line, at start-up and in tests alike."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from . import keys
from .db import engine, unit_of_work
from .settings import get_setting, put_setting

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


def remember_index_key() -> None:
    """Keep what tells one key folder from another, so that `doctor` notices when a wrong one is mounted."""
    with unit_of_work():
        if get_setting("index_key_check") is None:
            put_setting("index_key_check", keys.check_value())


def is_current() -> bool:
    """Does the database have the newest tables?"""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    with engine().connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head
