"""The floor: the smallest honest Flask program over SQLAlchemy Core, on the same server, driver and database.

POST / does one durable INSERT; POST /many one multi-row INSERT of the array it is sent; GET / dumps one indexed
SELECT of 50 rows to JSON.
"""

import os
import uuid
from datetime import UTC, datetime

from flask import Flask, Response, json, jsonify, request
from sqlalchemy import (
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Uuid,
    create_engine,
    event,
    insert,
    select,
)

metadata = MetaData()
rows = Table(
    "bare",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("uid", Uuid, nullable=False, unique=True),
    Column("owner", Integer, nullable=False),
    Column("name", String, nullable=False),
    Column("text", String, nullable=False),
    Column("at", DateTime, nullable=False),
    Index("ix_bare_owner", "owner", "id"),
)
FIRST_PAGE = select(rows.c.uid, rows.c.name, rows.c.text, rows.c.at).order_by(rows.c.id.desc()).limit(50)


def connect(url: str):
    """An engine whose commits are on the disk before they return."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _(connection, _record):
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")

    return engine


def fill(url: str, owners: int, each: int) -> None:
    """Rows to read: so many for each owner, mixed as they would arrive."""
    engine = connect(url)
    metadata.create_all(engine)
    at = datetime.now(UTC).replace(tzinfo=None)
    with engine.begin() as connection:
        for turn in range(each):
            connection.execute(insert(rows), [_row(owner, f"{turn}", at) for owner in range(owners)])
    engine.dispose()


def _row(owner: int, name: str, at: datetime) -> dict:
    return {"uid": uuid.uuid4(), "owner": owner, "name": name, "text": "凌晨开锁 6 次，超过 5 次。", "at": at}


def create_app() -> Flask:
    app = Flask(__name__)
    engine = app.config["ENGINE"] = connect(os.environ["DATABASE_URL"])

    @app.post("/")
    def add():
        given = request.get_json()
        row = _row(given["owner"], given["name"], datetime.now(UTC).replace(tzinfo=None))
        with engine.begin() as connection:
            connection.execute(insert(rows).values(row))
        return jsonify(uid=row["uid"]), 201

    @app.post("/many")
    def add_many():
        at = datetime.now(UTC).replace(tzinfo=None)
        given = [_row(item["owner"], item["name"], at) for item in request.get_json()]
        with engine.begin() as connection:
            connection.execute(insert(rows), given)
        return jsonify(stored=len(given)), 201

    @app.get("/")
    def first_page():
        owner = request.args.get("owner", 0, int)
        with engine.connect() as connection:
            found = connection.execute(FIRST_PAGE.where(rows.c.owner == owner)).mappings()
            page = [{**row, "at": row["at"].isoformat(), "uid": str(row["uid"])} for row in found]
        return Response(json.dumps({"items": page}, ensure_ascii=False), content_type="application/json")

    return app
