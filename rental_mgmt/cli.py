"""The command line: `flask --app wsgi COMMAND`. Every command is a door to a service, as a page is.

Whatever stands in the way is said in words on standard error: status 2 for what was typed wrong, 1 for what is
refused, does not agree or cannot be reached.
"""

import json
import sys
from datetime import datetime
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy.exc import OperationalError, ProgrammingError

from .core import clock, migrate
from .core.db import session, unit_of_work
from .core.errors import Invalid, Refusal

# As of which moments rules can be asked: windows reach some years back and ahead of it.
EARLIEST, LATEST = 2000, 2100


def init_app(app: Flask) -> None:
    for command in (openapi, migrate_, seed, import_, scheduler, rules, audit, outbox, export, doctor, demo):
        app.cli.add_command(command)


class Door(click.Command):
    """A command that says a refusal or a missing database in words."""

    def invoke(self, context: click.Context):
        try:
            return super().invoke(context)
        except Refusal as problem:
            _say(problem)
        except (OperationalError, ProgrammingError, TimeoutError) as problem:
            raise click.ClickException(_about_database(problem)) from None


class Doors(AppGroup):
    """Commands under one word."""

    command_class = Door


def _say(problem: Refusal) -> None:
    """Print a refusal with its fields, and end with status 1."""
    from .core.api import flat

    click.echo(str(problem.message), err=True)
    if isinstance(problem, Invalid):
        for path, words in flat(problem.errors):
            click.echo(f"  {path}: {words}" if path else f"  {words}", err=True)
    sys.exit(1)


def _about_database(problem: Exception) -> str:
    session.remove()
    kind = type(getattr(problem, "orig", None) or problem).__name__
    try:
        is_current = migrate.is_current()
    except Exception:
        return f"连不上数据库，请检查 DATABASE_URL 和数据库服务 / the database cannot be reached ({kind})"
    if not is_current:
        return "表结构不是最新的，请先运行 flask --app wsgi migrate / the tables are not there yet: run migrate"
    return f"数据库正忙，请稍后再试 / the database is busy, try again ({kind})"


def _moment(_context, _parameter, text: str | None) -> datetime | None:
    """A moment as typed; without an offset it is Shanghai's."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        words = f"{text!r} 不是 ISO 时间，如 2026-10-08T20:00 / not an ISO time such as 2026-10-08T20:00"
        raise click.BadParameter(words) from None
    if not EARLIEST <= at.year < LATEST:
        raise click.BadParameter(
            f"应在 {EARLIEST} 至 {LATEST} 年之间 / must lie between {EARLIEST} and {LATEST}"
        )
    return at if at.tzinfo else at.replace(tzinfo=clock.LOCAL)


@click.command(cls=Door)
def openapi():
    """打印 OpenAPI 文档（JSON）。"""
    from .core.api import the_api

    click.echo(json.dumps(the_api().document(), ensure_ascii=False, indent=2))


@click.command("migrate", cls=Door)
def migrate_():
    """把数据库升级到最新的表结构。"""
    migrate.upgrade()
    migrate.remember_index_key()
    click.echo("数据库已是最新 / the database is up to date")


@click.command(cls=Door)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def seed(file: Path):
    """从 JSON 文件建立地点、人员、密码或接口密钥（格式见 README）。"""
    from .demo.seeding import seed_file

    for line in seed_file(file):
        click.echo(line)


@click.command("import", cls=Door)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--compound", required=True, help="小区编码，如 510108-001 / the compound's code")
@click.option("--store", is_flag=True, help="试运行没有错误时正式导入 / store when the dry run finds no error")
def import_(file: Path, compound: str, store: bool):
    """试运行一份台账（XLSX 或 CSV），加 --store 正式导入。"""
    from .imports.command import import_file

    outcome = import_file(file, compound, store)
    for line in outcome.lines:
        click.echo(line)
    sys.exit(0 if outcome.is_good else 1)


@click.command(cls=Door)
def scheduler():
    """运行调度进程（可同时运行多个，只有一个工作）。"""
    from .scheduler import run_forever

    run_forever()


rules = Doors("rules", help="规则引擎。")


@rules.command("run")
@click.option("--at", callback=_moment, help="按此刻判断（ISO 时间），默认现在")
def rules_run(at: datetime | None):
    """立即运行一次全部规则；--at 按某一时刻完整判断，只打印，不开预警。"""
    from .rules.command import run_now, would_find

    for line in would_find(at) if at else run_now():
        click.echo(line)


audit = Doors("audit", help="审计链。")


@audit.command("verify")
@click.option("--head", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="外部留存的链头文件")
def audit_verify(head: Path | None):
    """核对全部审计链；发现的第一处问题逐链列出，有问题时以状态 1 结束。"""
    from .audit.verify import read_heads, verify

    with unit_of_work(read_only=True):
        try:
            found = verify(read_heads(head) if head else ())
        except ValueError as problem:
            raise click.ClickException(str(problem)) from None
    for fault in found.faults:
        click.echo(str(fault))
    click.echo(f"{found.chains} 条链，{found.entries} 条记录，{len(found.faults)} 处问题")
    sys.exit(1 if found.faults else 0)


outbox = Doors("outbox", help="待送出的消息。")


@outbox.command("status")
def outbox_status():
    """按主题和状态列出消息数，以及最早一条等待了多久。"""
    from sqlalchemy import func, select

    from .core.outbox import Outbox

    with unit_of_work(read_only=True):
        rows = session.execute(
            select(Outbox.topic, Outbox.state, func.count(), func.min(Outbox.created_at))
            .group_by(Outbox.topic, Outbox.state)
            .order_by(Outbox.topic, Outbox.state)
        ).all()
    for topic, state, count, oldest in rows:
        click.echo(f"{topic}\t{state.value}\t{count}\t{oldest.isoformat()}")
    if not rows:
        click.echo("没有消息 / nothing there")


@outbox.command("run")
def outbox_run():
    """立即送出到期的消息。"""
    from .core.outbox_job import send_outbox

    click.echo(f"已送出 {send_outbox(clock.now())} 条")


export = Doors("export", help="导出文件。")


@export.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("manifest", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("public_key", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def export_verify(file: Path, manifest: Path, public_key: Path):
    """离线核对导出文件与其签名清单；不一致时以状态 1 结束。"""
    from .exports.verify import verify

    faults = verify(file, manifest, public_key.read_bytes())
    for words in faults:
        click.echo(words)
    if not faults:
        click.echo("文件与清单一致，签名有效 / file and manifest agree, the signature is valid")
    sys.exit(1 if faults else 0)


@click.command(cls=Door)
def doctor():
    """检查密钥、数据库、迁移、审计链头、调度和规则核对，说明每一项怎样处理。"""
    from .overview.health import examine

    findings = examine(current_app.config)
    for finding in findings:
        click.echo(f"[{'好' if finding.is_good else '问题'}] {finding.words}")
    sys.exit(0 if all(finding.is_good for finding in findings) else 1)


demo = Doors("demo", help="演示：生产模式下拒绝运行。")


@demo.command("start")
def demo_start():
    """从空目录建立演示小区并运行网页和调度；再次运行则接着上次的数据。"""
    from .demo.command import start

    start(current_app._get_current_object(), click.echo)


@demo.command("code")
@click.argument("name")
def demo_code(name: str):
    """打印演示人员此刻的动态码。"""
    from .demo.command import refuse_outside_demo, time_code

    refuse_outside_demo(current_app.config)
    click.echo(time_code(name))
