"""The database: the one session, how it is connected, and the one place a transaction ends."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from sqlalchemy import Connection, Engine, Executable, Result, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, scoped_session, sessionmaker

# Rooms take what they need of the database from here, tables and transactions alike.
from .tables import Fingerprint as Fingerprint
from .tables import Json as Json
from .tables import LongText as LongText
from .tables import Model as Model
from .tables import Path as Path
from .tables import Sealed as Sealed
from .tables import Uid as Uid
from .tables import UtcDateTime as UtcDateTime
from .tables import Words as Words
from .tables import new_uid as new_uid

LOCK_WAIT_SECONDS = 3
# A request that SQLite does not let write says so within two seconds, over threads and processes (P7); jobs and
# commands, where nobody waits for an answer, are more patient.
WRITER_WAIT_SECONDS = 1.5

session: scoped_session[Session] = scoped_session(sessionmaker(expire_on_commit=False))

# Functions that run in the transaction as its last statements, just before it commits (audit appends there).
before_commit: list[Callable[[], None]] = []
# Functions that forget what a refused transaction had buffered.
after_refusal: list[Callable[[], object]] = []
# Is something buffered that a read has to write down before its answer leaves?
pending_after_read: list[Callable[[], bool]] = []


def dialect_insert(table):
    """An INSERT that knows ON CONFLICT on both databases."""
    dialect = postgresql if on_postgresql() else sqlite
    return dialect.insert(table)


def run(statement: Executable, values: dict | list[dict] | None = None) -> Result:
    """Execute a statement of a hot path without the ORM in between; it should be built once and kept.

    Measured: 60 µs for a small SELECT, against 210 µs for one built anew and run through the ORM.
    """
    connection = session.connection()
    for rider, theirs in _waiting_riders():
        if isinstance(values, list):
            connection.execute(rider, theirs)
        else:
            statement, values = _with_rider(statement, rider), (values or {}) | theirs
    return connection.execute(statement, values)


def run_alongside(statement: Executable, values: dict) -> None:
    """Execute a change that nobody waits for together with the next `run`: on PostgreSQL one round trip less.

    The two must not touch the same rows. No parameter of either may bear the name of a column that the other
    one writes: SQLAlchemy would write it there.
    """
    if on_postgresql():
        session().info.setdefault("riders", []).append((statement, values))
    else:
        run(statement, values)


def _waiting_riders() -> list[tuple[Executable, dict]]:
    return session().info.pop("riders", [])


after_refusal.append(_waiting_riders)


@lru_cache(maxsize=100)
def _with_rider(statement: Executable, rider: Executable) -> Executable:
    return statement.add_cte(rider.cte())


def on_postgresql() -> bool:
    return session.get_bind().dialect.name == "postgresql"


def engine() -> Engine:
    return session.get_bind()


# --- transactions -------------------------------------------------------------------------------------------

_reading: ContextVar[bool] = ContextVar("reading", default=False)
_patience: ContextVar[float] = ContextVar("patience", default=LOCK_WAIT_SECONDS)
_kept: ContextVar[list | None] = ContextVar("kept", default=None)
# SQLite lets one writer in; waiting here is cheap, waiting in SQLite is a busy loop.
_one_writer = threading.Lock()


@contextmanager
def unit_of_work(read_only: bool = False) -> Iterator[None]:
    """Commit what the block did, or nothing of it; what must survive a refusal is kept afterwards.

    A read-only unit takes no write lock; if it buffered audit entries (someone saw something), they are
    written in a transaction of their own before the answer leaves.
    """
    reading, kept = _reading.set(read_only), _kept.set([])
    try:
        yield
        if not read_only:
            _last_words()
            session.commit()
        elif any(check() for check in pending_after_read):
            session.rollback()
            _reading.set(False)
            _last_words()
            session.commit()
        else:
            session.rollback()
    except BaseException:
        session.rollback()
        for forget in after_refusal:
            forget()
        _keep(_kept.get())
        raise
    finally:
        _reading.reset(reading)
        _kept.reset(kept)


def _last_words() -> None:
    for keep in _kept.get():
        keep()
    session.flush()
    for act in before_commit:
        act()
    for rider, values in _waiting_riders():
        run(rider, values)


@contextmanager
def answering(patience: float = WRITER_WAIT_SECONDS) -> Iterator[None]:
    """Somebody waits for the answer: rather refuse after so many seconds than keep them."""
    token = _patience.set(patience)
    try:
        yield
    finally:
        _patience.reset(token)


def keep_even_if_refused(keep: Callable[[], None]) -> None:
    """Write something down even when this unit of work is refused: failed sign-ins, spent codes.

    It runs with the unit when that commits; else in a transaction of its own after the refused one has
    rolled back and before the answer leaves.
    """
    _kept.get().append(keep)


def _keep(kept: list) -> None:
    if kept:
        with unit_of_work():
            for keep in kept:
                keep()


def start_over() -> None:
    """Drop what the present unit of work did so far, but stay in it (a refused form is shown again)."""
    session.rollback()
    for forget in after_refusal:
        forget()


@contextmanager
def long_read() -> Iterator[Connection]:
    """A connection of its own for one long read: one snapshot, rows as they come, and no writer waits for it.

    Units of work inside the block (progress, say) are transactions of their own.
    """
    with engine().connect() as connection:
        if on_postgresql():
            connection = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        reading = _reading.set(True)
        try:
            connection.begin()
        finally:
            _reading.reset(reading)
        yield connection


# --- connecting ---------------------------------------------------------------------------------------------


def connect(url: str, **options) -> Engine:
    """Bind the session to a database; `postgresql://` means psycopg 3."""
    address = make_url(url)
    if address.drivername in ("postgresql", "postgres"):
        address = address.set(drivername="postgresql+psycopg")
    if address.get_backend_name() == "sqlite":
        made = create_engine(address, connect_args={"timeout": LOCK_WAIT_SECONDS, "check_same_thread": False})
        _tune_sqlite(made)
    else:
        made = create_engine(
            address,
            connect_args={
                "connect_timeout": 2,
                # Milliseconds: a server behind a cut cable is away, not slow.
                "tcp_user_timeout": 1500,
                "options": f"-c lock_timeout={LOCK_WAIT_SECONDS}s -c timezone=UTC",
            },
            pool_pre_ping=False,
            pool_timeout=LOCK_WAIT_SECONDS,
            **options,
        )
        _tune_postgresql(made)
    session.remove()
    session.configure(bind=made)
    return made


def _tune_sqlite(made: Engine) -> None:
    @event.listens_for(made, "connect")
    def _(connection, _record):
        # Transactions begin when we say so; else a released savepoint outlives the outer rollback.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            # With NORMAL a 201 was sent before any fsync.
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
            "cache_size=-16000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(made, "begin")
    def _(connection):
        reading = _reading.get()
        if connection.info.get("reads") is not reading:
            _tell(connection, f"PRAGMA query_only={'ON' if reading else 'OFF'}")
            connection.info["reads"] = reading
        if reading:
            _tell(connection, "BEGIN")
            return
        wait = _patience.get()
        until = time.monotonic() + wait
        if not _one_writer.acquire(timeout=wait):
            raise TimeoutError("database is busy")
        connection.info["writes"] = True
        _tell(connection, f"PRAGMA busy_timeout={max(1, int(1000 * (until - time.monotonic())))}")
        _tell(connection, "BEGIN IMMEDIATE")

    # Back in the pool, whoever used it (a session, a migration): its transaction is over.
    @event.listens_for(made, "checkin")
    def _(_connection, record):
        if record.info.pop("writes", False):
            _one_writer.release()


def _tell(connection: Connection, words: str) -> None:
    """Straight to the driver: every transaction says these, and SQLAlchemy's way costs 40 µs each."""
    try:
        connection.connection.driver_connection.execute(words)
    except sqlite3.OperationalError as problem:
        raise OperationalError(words, None, problem) from problem


def _tune_postgresql(made: Engine) -> None:
    @event.listens_for(made, "begin")
    def _(connection):
        # Travels with the BEGIN: a read that writes is an error and not a loss.
        driver, reading = connection.connection.driver_connection, _reading.get()
        if driver.read_only is not reading:
            driver.read_only = reading
