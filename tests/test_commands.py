"""Commands with wrong arguments or without what they need: clear words, a status, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import config
import rental_mgmt
from rental_mgmt.core import db

ROOT = Path(__file__).parent.parent
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def run(app):
    def run(*words: str):
        answer = app.test_cli_runner().invoke(args=[str(word) for word in words])
        assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
        return answer

    return run


@only_sqlite
@pytest.mark.parametrize("typed", ["nonsense", "2026-13-01", "9999-12-31", "0001-01-01", ""])
def test_a_moment_that_is_none_is_named(run, typed):
    answer = run("rules", "run", "--at", typed)
    assert answer.exit_code == 2
    assert "--at" in answer.output


@pytest.mark.parametrize("text", [b"{", b"[]", b"\xff\xfe", b'{"at": 1}', b'{"signature": 5}', b"\n"])
def test_a_head_file_of_another_kind_is_refused(run, tmp_path, text):
    (tmp_path / "heads").write_bytes(text)
    answer = run("audit", "verify", "--head", tmp_path / "heads")
    assert answer.exit_code == 1
    assert "链头文件第 1 行" in answer.output


def test_a_key_of_another_kind_is_refused(run, tmp_path):
    for name, data in (("file", b"x"), ("manifest", b"\xff{}"), ("key", b"\xda\x00")):
        (tmp_path / name).write_bytes(data)
    answer = run("export", "verify", tmp_path / "file", tmp_path / "manifest", tmp_path / "key")
    assert answer.exit_code == 1
    assert "清单" in answer.output


@pytest.mark.parametrize("data", [b"{", b"[]", b"\xff", b'{"people": [{"name": 1}]}'])
def test_a_seed_file_that_cannot_be_read_says_why(run, tmp_path, data):
    (tmp_path / "seed.json").write_bytes(data)
    answer = run("seed", tmp_path / "seed.json")
    assert answer.exit_code == 1
    assert answer.output.strip()
    assert " : " not in answer.output, "an empty path names nothing"


@only_sqlite
@pytest.mark.parametrize("words", ["audit verify", "outbox status", "outbox run", "rules run"])
def test_without_tables_the_remedy_is_named(app, run, tmp_path, words):
    db.engine().dispose()
    db.connect(f"sqlite:///{tmp_path / 'empty.db'}")
    answer = run(*words.split())
    assert answer.exit_code == 1
    assert "flask --app wsgi migrate" in answer.output


@only_sqlite
def test_a_database_that_is_away_is_named(app, run):
    db.engine().dispose()
    db.connect("postgresql://nobody:x@127.0.0.1:1/none")
    answer = run("audit", "verify")
    assert answer.exit_code == 1
    assert "DATABASE_URL" in answer.output


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("PORT", "abc"),
        ("PORT", "99999"),
        ("TRUSTED_PROXIES", "-1"),
        ("USER_DAY_MB", "²"),
        ("MOVED_CLOCK_SECONDS", "soon"),
        ("SEALING", "rot13"),
        ("MODE", "prod"),
        ("DATABASE_URL", "mysql://x"),
        ("DATABASE_URL", "garbage"),
        ("MASTER_KEY", "abc"),
        ("DATA_DIR", "/proc/none"),
    ],
)
def test_a_setting_that_nothing_starts_with_is_named(monkeypatch, tmp_path, setting, value):
    for name in ("MODE", "PORT", "DATABASE_URL", "KEYS_DIR", "MASTER_KEY", "TRUSTED_PROXIES", "SEALING"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv(setting, value)
    with pytest.raises(config.Unusable) as refused:
        rental_mgmt.create_app()
    assert {"MASTER_KEY": "主密钥"}.get(setting, setting) in str(refused.value)


def test_a_person_at_a_terminal_sees_the_words_alone(tmp_path):
    env = os.environ | {"DATA_DIR": str(tmp_path), "PORT": "abc"}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "doctor"]
    answer = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 1
    assert answer.stderr.startswith("PORT 应为")
    assert len(answer.stderr.splitlines()) == 1
