"""网约房登记与安全监测: registration and safety monitoring for online-booked short-stay homes."""

import importlib
import importlib.util
import logging
from datetime import timedelta

from flask import Flask

from . import cli, models
from .audit import anchor
from .audit import service as audit
from .core import api, clock, db, files, housekeeping, http, keys, outbox_job, web
from .core.log import log_as_json

# The rooms whose doors and jobs the product opens, downstairs first.
ROOMS = (
    *("audit", "places", "accounts", "notices", "units"),
    *("stays", "devices", "alerts"),
    *("rules", "workorders", "exports", "reporting", "imports", "succession"),
    *("overview", "demo"),
)
DOORS = ("api", "web", "hooks", "jobs", "senders")

assert models  # imported for its tables
# Imported for their jobs.
assert outbox_job
assert housekeeping


def create_app(settings: dict | None = None) -> http.App:
    """The web application: settings, database, keys, and the doors of every room.

    Without `settings` a person starts it: what only they can mend ends it in words and not with a traceback.
    """
    if settings is None:
        settings = _prepared_from_environment()
    else:
        prepare(settings)
    app = http.App(__name__)
    app.config.update(settings, SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_SECURE=settings["HTTPS"])
    app.config["SESSION_COOKIE_NAME"] = "__Host-flash" if settings["HTTPS"] else "flash"
    if settings["TRUSTED_PROXIES"]:
        _trust_proxies(app, settings["TRUSTED_PROXIES"])
    for part in (http, web):
        part.init_app(app)
    _open_doors(app)
    cli.init_app(app)
    return app


def _prepared_from_environment() -> dict:
    import config

    settings = config.from_environment()
    try:
        prepare(settings)
    except keys.KeyMissing as problem:
        raise config.Unusable(str(problem)) from None
    except OSError as problem:
        folders = f"DATA_DIR={settings['DATA_DIR']} KEYS_DIR={settings['KEYS_DIR']}"
        raise config.Unusable(
            f"不能读写数据目录 / cannot use the data folders: {folders} ({problem})"
        ) from None
    return settings


def prepare(settings: dict) -> None:
    """Connect what every process needs: web, scheduler, command line."""
    log_as_json()
    keys.configure(
        settings["KEYS_DIR"],
        master=settings["MASTER_KEY"],
        allow_create=not settings["PRODUCTION"],
        algorithm=settings["SEALING"],
    )
    files.configure(settings["DATA_DIR"], settings["USER_DAY_MB"], settings["COMMUNITY_MB"])
    db.connect(settings["DATABASE_URL"])
    audit.init()
    anchor.configure(settings["AUDIT_HEAD_FILE"], settings["AUDIT_HEAD_URL"])
    clock.move(timedelta(seconds=settings["MOVED_CLOCK_SECONDS"]))


def _open_doors(app: Flask) -> None:
    """Every room's doors are found by file name; a room that needs fewer has fewer."""
    apis = []
    for room in ROOMS:
        for door in DOORS:
            module = _door(room, door)
            if module is None:
                continue
            if door == "api":
                apis.append(module.api)
            elif door in ("web", "hooks"):
                app.register_blueprint(getattr(module, door))
            if hasattr(module, "init_app"):
                module.init_app(app)
    api.init_app(app, apis)
    auth = importlib.import_module(".accounts.auth", __name__)
    auth.init_app(app)


def _door(room: str, door: str):
    name = f"{__name__}.{room}.{door}"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def _trust_proxies(app: Flask, count: int) -> None:
    from werkzeug.middleware.proxy_fix import ProxyFix

    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)


logging.getLogger("werkzeug").setLevel(logging.WARNING)
