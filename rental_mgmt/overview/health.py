"""Is this installation well? Each finding says what was looked at and, where it is not well, what to do."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, text

from ..audit.anchor import WARN_AFTER, is_configured, lag
from ..core import clock, keys, migrate
from ..core.db import on_postgresql, session, unit_of_work
from ..core.i18n import _
from ..core.jobs import JobRun, Lease
from ..core.outbox import Delivery, Outbox
from ..core.seal import check_vectors
from ..core.settings import get_setting
from ..rules.models import SweepRun

ROOM_MB = 500
SILENT = timedelta(minutes=2)


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    is_good: bool
    words: str


def examine(settings: dict) -> list[Finding]:
    """Look at everything; a check that itself fails is a finding too."""
    checks = (
        *(_ciphers, _keys, _database, _migrations, _index_key),
        *(_heads, _scheduler, _failed_jobs, _outbox, _sweep),
    )
    findings = [found for check in checks for found in _safely(check)]
    return [*findings, _room(settings["DATA_DIR"])]


def _safely(check: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        with unit_of_work(read_only=True):
            return check()
    except Exception as problem:
        name = check.__name__.strip("_")
        return [Finding(False, _("%(check)s 无法检查：%(kind)s", check=name, kind=type(problem).__name__))]


def _ciphers() -> list[Finding]:
    faults = check_vectors()
    return [Finding(False, fault) for fault in faults] or [Finding(True, _("SM4-GCM、SM3 标准向量通过"))]


def _keys() -> list[Finding]:
    faults = keys.check()
    return [Finding(False, fault) for fault in faults] or [Finding(True, _("密钥文件齐全，可以打开"))]


def _database() -> list[Finding]:
    if on_postgresql():
        version = session.scalar(text("show server_version"))
        return [Finding(True, f"PostgreSQL {version}")]
    sound = session.scalar(text("pragma quick_check")) == "ok"
    full = session.scalar(text("pragma synchronous")) == 2
    return [
        Finding(sound, _("SQLite 文件完整") if sound else _("SQLite 文件损坏：请停机并从备份恢复")),
        Finding(full, _("SQLite 每次提交都写盘") if full else _("SQLite 未开启 synchronous=FULL")),
    ]


def _migrations() -> list[Finding]:
    current = migrate.is_current()
    words = _("表结构是最新的") if current else _("表结构不是最新的：请运行 flask --app wsgi migrate")
    return [Finding(current, words)]


def _index_key() -> list[Finding]:
    kept = get_setting("index_key_check")
    if kept is None or kept == keys.check_value():
        return [Finding(True, _("检索密钥与数据库相符"))]
    return [Finding(False, _("检索密钥与数据库不符：KEYS_DIR 可能挂错了，请停机并换回原来的密钥目录"))]


def _heads() -> list[Finding]:
    if not is_configured():
        return [Finding(True, _("未配置外部链头；建议设置 AUDIT_HEAD_FILE 或 AUDIT_HEAD_URL"))]
    behind = lag()
    if behind is None:
        return [Finding(False, _("审计链头还没有送出过：调度进程每分钟送一次；仍没有时请检查文件或地址"))]
    is_good, minutes = behind < WARN_AFTER, int(behind.total_seconds() // 60)
    words = (
        _("审计链头已送到外部") if is_good else _("审计链头已 %(n)s 分钟没有送出：请检查文件或地址", n=minutes)
    )
    return [Finding(is_good, words)]


def _scheduler() -> list[Finding]:
    until = session.scalar(select(Lease.until).where(Lease.name == "scheduler"))
    is_good = until is not None and clock.real_now() - until < SILENT
    words = _("调度进程在工作") if is_good else _("没有调度进程在工作：请运行 flask --app wsgi scheduler")
    return [Finding(is_good, words)]


def _failed_jobs() -> list[Finding]:
    since = clock.real_now() - timedelta(hours=24)
    rows = session.execute(
        select(JobRun.job, func.count())
        .where(JobRun.error.is_not(None), JobRun.started_at > since)
        .group_by(JobRun.job)
    ).all()
    said = [Finding(False, _("任务 %(job)s 24 小时内失败 %(n)s 次：请看日志", job=j, n=n)) for j, n in rows]
    return said or [Finding(True, _("24 小时内没有失败的任务"))]


def _outbox() -> list[Finding]:
    failed = session.scalar(select(func.count()).where(Outbox.state == Delivery.FAILED))
    words = (
        _("消息都已送出或在排队")
        if not failed
        else _("%(n)s 条消息 24 小时未送达：请看 outbox status", n=failed)
    )
    return [Finding(not failed, words)]


def _sweep() -> list[Finding]:
    since = clock.now() - timedelta(days=2)
    rows = session.execute(
        select(SweepRun.rule, SweepRun.missed, SweepRun.stale).where(
            SweepRun.at > since, (SweepRun.missed > 0) | (SweepRun.stale > 0)
        )
    ).all()
    said = [
        Finding(False, _("规则 %(rule)s 夜间核对发现漏 %(m)s、余 %(s)s，已更正；请上报", rule=r, m=m, s=s))
        for r, m, s in rows
    ]
    return said or [Finding(True, _("规则夜间核对无差异"))]


def _room(folder: str) -> Finding:
    try:
        free = shutil.disk_usage(folder).free >> 20
    except FileNotFoundError:
        return Finding(False, _("数据目录不存在：%(folder)s", folder=folder))
    is_good = free >= ROOM_MB
    words = _("磁盘剩余 %(n)s MB", n=free)
    return Finding(is_good, words if is_good else words + _("，不足 500 MB：请清理或扩容"))
