"""The product inside the measuring process: to lay out what a line needs before it drives the real server."""

import contextlib
import os
from collections.abc import Iterator
from unittest.mock import patch

import config
import rental_mgmt
from rental_mgmt.core import db

from . import Place, servers


@contextlib.contextmanager
def opened(place: Place) -> Iterator[dict]:
    """Connected to the migrated database of this place, with its keys; yields the settings."""
    servers.flask(place, "migrate")
    with patch.dict(os.environ, servers.settings(place)):
        settings = config.from_environment()
    rental_mgmt.prepare(settings)
    try:
        yield settings
    finally:
        db.session.remove()
        db.engine().dispose()
