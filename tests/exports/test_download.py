"""One complete download by who asked for it; what broke on the line is resumed; then the file is gone."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.core import clock, files, keys
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.errors import Conflict, Forbidden, NotFound, StepUpNeeded
from rental_mgmt.core.frames import FRAME
from rental_mgmt.exports import download, retiring
from rental_mgmt.exports.models import Export, ExportStatus, FileFormat

from .conftest import again, built, ordered
from .test_building import many

MINUTE = timedelta(minutes=1)


def begin(somebody, export) -> None:
    with unit_of_work():
        download.begin_download(somebody.actor, export.uid)


def opened(somebody, export, start=0):
    with unit_of_work(read_only=True):
        return download.open_stream(somebody.actor, export.uid, start)


def taken(somebody, export, start=0) -> bytes:
    _head, stream = opened(somebody, export, start)
    found = b"".join(stream)
    stream.close()
    return found


def set_to(export, **values) -> None:
    with unit_of_work():
        session.execute(update(Export).where(Export.id == export.id).values(**values))


def quarter_later(export) -> None:
    """The job that removes files comes by when the time to resume is over, and not before."""
    assert retiring.shred_finished() == 0
    set_to(export, download_seen_at=clock.real_now() - 15 * MINUTE)
    assert retiring.shred_finished() == 1


@pytest.fixture
def ready(room):
    """A file of more than one sealed frame."""
    many(room, 9_000)
    export = built(room)
    assert session.get(files.StoredFile, export.file_id).size > FRAME
    return export


@pytest.fixture
def small(room):
    return built(room)


# --- once ---------------------------------------------------------------------------------------------------


def test_a_complete_download_ends_the_file(room, small):
    file = session.get(files.StoredFile, small.file_id)
    whole = files.open_file(file)
    begin(room.liaison, small)
    assert taken(room.liaison, small) == whole
    assert again(small).status is ExportStatus.DOWNLOADED
    with pytest.raises(Conflict, match="已完整送出"):
        opened(room.liaison, small)
    quarter_later(small)
    over = again(small)
    assert (over.status, over.file_id) == (ExportStatus.DOWNLOADED, None)
    assert over.downloaded_at
    assert not files.path_of(file.uid).exists()
    with pytest.raises(keys.KeyErased):
        keys.find(file.key_id)
    assert over.manifest["size"] == len(whole)
    with pytest.raises(Conflict):
        opened(room.liaison, small)
    with pytest.raises(Conflict):
        begin(room.liaison, small)


def test_of_two_downloads_at_once_one_wins(room, ready):
    begin(room.liaison, ready)
    won, lost, go = [], [], threading.Barrier(4)

    def fetch():
        go.wait()
        try:
            won.append(taken(room.liaison, ready))
        except Conflict:
            lost.append(True)
        finally:
            session.remove()

    several = [threading.Thread(target=fetch) for _n in range(4)]
    for one in several:
        one.start()
    for one in several:
        one.join()
    assert (len(won), len(lost)) == (1, 3)
    assert again(ready).status is ExportStatus.DOWNLOADED


def test_a_second_stream_is_refused_while_the_first_lives(room, ready):
    begin(room.liaison, ready)
    _head, first = opened(room.liaison, ready)
    next(first)
    with pytest.raises(Conflict):
        opened(room.liaison, ready)
    first.close()
    assert taken(room.liaison, ready)


def test_the_stream_of_a_killed_process_is_taken_over_and_cannot_finish(room, ready):
    begin(room.liaison, ready)
    _head, dead = opened(room.liaison, ready)
    next(dead)
    set_to(ready, stream_until=clock.real_now() - timedelta(seconds=1))
    _head, alive = opened(room.liaison, ready)
    rest = [*dead]
    assert rest
    assert again(ready).status is ExportStatus.READY
    assert b"".join(alive)
    assert again(ready).status is ExportStatus.DOWNLOADED


# --- resumed ------------------------------------------------------------------------------------------------


def test_a_broken_download_goes_on_where_it_broke(room, ready):
    whole = files.open_file(session.get(files.StoredFile, ready.file_id))
    begin(room.liaison, ready)
    _head, stream = opened(room.liaison, ready)
    first = next(stream)
    stream.close()
    assert again(ready).status is ExportStatus.READY
    received = len(first) - 1000
    assert first[:received] + taken(room.liaison, ready, start=received) == whole
    assert again(ready).status is ExportStatus.DOWNLOADED


def test_a_line_that_broke_behind_the_server_is_resumed(room, ready):
    """Waitress and proxies take a whole file at once; that the person got only half of it nobody sees here."""
    begin(room.liaison, ready)
    whole = taken(room.liaison, ready)
    seen = again(ready).download_seen_at
    assert taken(room.liaison, ready, start=1000) == whole[1000:]
    after = again(ready)
    assert (after.status, after.download_seen_at) == (ExportStatus.DOWNLOADED, seen), "no longer for it"
    with pytest.raises(Conflict):
        opened(room.liaison, ready)
    for somebody, refusal in ((room.second, Forbidden), (room.foreign, NotFound)):
        with pytest.raises(refusal):
            opened(somebody, ready, start=1000)
    quarter_later(ready)
    with pytest.raises(Conflict):
        opened(room.liaison, ready, start=1000)
    said = select(AuditEntry.action).where(AuditEntry.subject == f"export:{ready.uid}").order_by(AuditEntry.id)
    assert session.scalars(said).all()[-2:] == ["export.download", "export.resume"]


def test_the_end_alone_is_not_a_download(room, ready):
    begin(room.liaison, ready)
    size = session.get(files.StoredFile, ready.file_id).size
    assert len(taken(room.liaison, ready, start=size - 1)) == 1
    assert again(ready).status is ExportStatus.READY
    with pytest.raises(download.RangeRefused):
        opened(room.liaison, ready, start=size)


def test_after_fifteen_minutes_a_broken_one_is_over(room, ready):
    begin(room.liaison, ready)
    _head, stream = opened(room.liaison, ready)
    next(stream)
    stream.close()
    seen = again(ready).download_seen_at
    set_to(ready, download_seen_at=seen - 14 * MINUTE)
    assert retiring.expire() == 0
    set_to(ready, download_seen_at=seen - 15 * MINUTE)
    for act in (begin, opened):
        with pytest.raises(Conflict):
            act(room.liaison, ready)
    assert retiring.expire() == 1
    assert again(ready).status is ExportStatus.EXPIRED


def test_a_stream_that_takes_long_says_that_it_lives(room, ready, monkeypatch):
    begin(room.liaison, ready)
    _head, stream = opened(room.liaison, ready)
    next(stream)
    before = again(ready).stream_until
    monkeypatch.setattr(download, "SAY_EVERY", timedelta(0))
    next(stream)
    assert again(ready).stream_until > before
    stream.close()
    assert again(ready).sent > FRAME


# --- whose, when --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        ("second", Forbidden),
        ("lead", Forbidden),
        ("foreign", NotFound),
        ("officer", Forbidden),
        ("landlord", Forbidden),
    ],
)
def test_only_who_asked_may_take_it(room, small, who, refusal):
    begin(room.liaison, small)
    for act in (begin, opened):
        with pytest.raises(refusal):
            act(getattr(room, who), small)


def test_a_download_is_begun_before_it_is_fetched(room, small):
    with pytest.raises(Conflict):
        opened(room.liaison, small)
    from dataclasses import replace

    stale = replace(room.liaison.actor, verified_at=clock.real_now() - 6 * MINUTE)
    with pytest.raises(StepUpNeeded):
        download.begin_download(stale, small.uid)


def test_nothing_is_fetched_that_is_not_built(room):
    with pytest.raises(Conflict):
        begin(room.liaison, ordered(room))


def test_nobody_fetched_it_within_a_day(room, small):
    file = session.get(files.StoredFile, small.file_id)
    clock.freeze(small.built_at + timedelta(hours=24) - MINUTE)
    assert retiring.expire() == 0
    clock.freeze(small.built_at + timedelta(hours=24))
    with pytest.raises(Conflict):
        begin(room.liaison, small)
    assert retiring.expire() == 1
    assert retiring.shred_finished() == 1
    assert again(small).file_id is None
    assert not files.path_of(file.uid).exists()
    assert session.get(files.StoredFile, file.id) is None


def test_shredding_goes_on_after_a_crash(room, small):
    file = session.get(files.StoredFile, small.file_id)
    set_to(small, status=ExportStatus.EXPIRED)
    keys.destroy(file.key_id)
    assert retiring.shred_finished() == 1
    assert retiring.shred_finished() == 0
    assert again(small).file_id is None


def test_what_happened_stands_in_the_chain(room, small):
    begin(room.liaison, small)
    taken(room.liaison, small)
    said = session.execute(
        select(AuditEntry.action, AuditEntry.actor_id)
        .where(AuditEntry.subject == f"export:{small.uid}")
        .order_by(AuditEntry.id)
    ).all()
    asker, second = room.liaison.user.id, room.second.user.id
    assert [tuple(row) for row in said] == [
        ("export.order", asker),
        ("export.approve", second),
        ("export.build", None),
        ("export.begin_download", asker),
        ("export.download", asker),
    ]


# --- over HTTP ----------------------------------------------------------------------------------------------


@pytest.fixture
def browser_of(app, world):
    return lambda somebody: world.sign_in(app.test_client(), somebody)


def press(client, path, **values):
    from ..support.forms import fill_in

    return fill_in(client, path.rsplit("/", 1)[0], values, at=path.rsplit("/", 1)[1])


def test_a_person_presses_once_and_gets_the_file(room, small, browser_of):
    client, file = browser_of(room.liaison), session.get(files.StoredFile, small.file_id)
    answer = press(client, f"/exports/{small.uid}/download")
    assert (answer.status_code, answer.location) == (303, f"/exports/{small.uid}/file")
    fetched = client.get(answer.location)
    assert fetched.status_code == 200
    assert fetched.headers["Content-Length"] == str(file.size)
    assert fetched.headers["Content-Disposition"] == f'attachment; filename="export-{small.uid}.csv"'
    assert fetched.headers["Cache-Control"] == "no-store"
    assert len(fetched.data) == file.size
    assert client.get(answer.location).status_code == 409
    assert again(small).status is ExportStatus.DOWNLOADED


def test_head_counts_for_nothing(room, small, browser_of):
    client = browser_of(room.liaison)
    begin(room.liaison, small)
    for _n in range(3):
        head = client.head(f"/exports/{small.uid}/file")
        assert (head.status_code, head.data) == (200, b"")
        assert head.headers["Accept-Ranges"] == "bytes"
    assert again(small).status is ExportStatus.READY
    assert len(client.get(f"/exports/{small.uid}/file").data) == int(head.headers["Content-Length"])


def test_a_range_is_answered_with_the_rest(room, small, browser_of):
    client, path = browser_of(room.liaison), f"/exports/{small.uid}/file"
    begin(room.liaison, small)
    set_to(small, sent=10)
    head = client.head(path)
    size, etag = int(head.headers["Content-Length"]), head.headers["ETag"]
    part = client.get(path, headers={"Range": "bytes=10-", "If-Range": etag})
    assert (part.status_code, part.headers["Content-Range"]) == (206, f"bytes 10-{size - 1}/{size}")
    assert len(part.data) == size - 10
    assert again(small).status is ExportStatus.DOWNLOADED


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=10-", "If-Range": '"another"'},
        {"Range": "bytes=10-20"},
        {"Range": "bytes=-5"},
        {"Range": "bytes=0-1,5-"},
        {"Range": "lines=1-"},
    ],
)
def test_a_range_that_cannot_be_honoured_is_the_whole(room, small, browser_of, headers):
    begin(room.liaison, small)
    answer = browser_of(room.liaison).get(f"/exports/{small.uid}/file", headers=headers)
    assert answer.status_code == 200
    assert len(answer.data) == again(small).manifest["size"]


def test_a_range_beyond_the_end_is_416(room, small, browser_of):
    begin(room.liaison, small)
    answer = browser_of(room.liaison).get(f"/exports/{small.uid}/file", headers={"Range": "bytes=99999999-"})
    assert answer.status_code == 416
    assert again(small).stream_until is None


def test_a_workbook_comes_as_a_workbook(room, browser_of):
    export = built(room, file_format=FileFormat.XLSX)
    begin(room.liaison, export)
    answer = browser_of(room.liaison).get(f"/exports/{export.uid}/file")
    assert answer.content_type.endswith("spreadsheetml.sheet")
    assert answer.data.startswith(b"PK")
