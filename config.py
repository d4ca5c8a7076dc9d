"""The settings, read from the environment once; the table in README lists them all."""

import os
import re
import secrets
from pathlib import Path

TRUE = ("1", "true", "yes", "on")
FIVE_YEARS = 5 * 366 * 86_400
DATABASES = re.compile(r"(sqlite|postgres(ql)?(\+psycopg)?)://.+")


class Unusable(SystemExit):
    """A setting that nothing can start with; says which one and what it should be, without a traceback."""


class Unsafe(Unusable):
    """Production mode refuses to start with what only a demo may have."""


def _flag(name: str, default: bool = False) -> bool:
    return os.environ.get(name, "1" if default else "0").lower() in TRUE


def _whole(name: str, default: int, least: int, most: int) -> int:
    text = os.environ.get(name, str(default)).strip()
    if not re.fullmatch(r"-?[0-9]{1,9}", text, re.ASCII) or not least <= int(text) <= most:
        raise Unusable(
            f"{name} 应为 {least} 到 {most} 的整数 / {name} must be a whole number from {least} to {most}"
        )
    return int(text)


def from_environment() -> dict:
    """Every setting of the product, checked; raises Unusable, or Unsafe in production, with the remedy."""
    data = Path(os.environ.get("DATA_DIR", "data")).resolve()
    mode = os.environ.get("MODE", "demo")
    settings = {
        "MODE": mode,
        "DEMO": mode == "demo",
        "PRODUCTION": mode == "production",
        "DATA_DIR": str(data),
        "KEYS_DIR": os.environ.get("KEYS_DIR", str(data / "keys")),
        "MASTER_KEY": os.environ.get("MASTER_KEY"),
        "DATABASE_URL": os.environ.get("DATABASE_URL", f"sqlite:///{data / 'rental.db'}"),
        "PORT": _whole("PORT", 8000, 0, 65_535),
        "HTTPS": not _flag("PLAIN_HTTP", default=mode == "demo"),
        "TRUSTED_PROXIES": _whole("TRUSTED_PROXIES", 0, 0, 9),
        "SITE_NAME": os.environ.get("SITE_NAME", "平安网约房"),
        "PUBLIC_URL": os.environ.get("PUBLIC_URL", ""),
        "USER_DAY_MB": _whole("USER_DAY_MB", 500, 1, 1_000_000),
        "COMMUNITY_MB": _whole("COMMUNITY_MB", 20_000, 1, 100_000_000),
        "SEALING": os.environ.get("SEALING", "sm4"),
        "AUDIT_HEAD_FILE": os.environ.get("AUDIT_HEAD_FILE"),
        "AUDIT_HEAD_URL": os.environ.get("AUDIT_HEAD_URL"),
        "MOVED_CLOCK_SECONDS": _whole("MOVED_CLOCK_SECONDS", 0, -FIVE_YEARS, FIVE_YEARS),
        "SECRET_KEY": os.environ.get("SECRET_KEY", ""),
    }
    _check(settings)
    if settings["PRODUCTION"]:
        _check_production(settings)
    settings["SECRET_KEY"] = settings["SECRET_KEY"] or secrets.token_hex(32)
    return settings


def _check(settings: dict) -> None:
    if settings["MODE"] not in ("demo", "production"):
        raise Unusable("MODE 应为 demo 或 production / MODE must be demo or production")
    if settings["SEALING"] not in ("sm4", "aes256"):
        raise Unusable("SEALING 应为 sm4 或 aes256 / SEALING must be sm4 or aes256")
    if not DATABASES.fullmatch(settings["DATABASE_URL"]):
        raise Unusable(
            "DATABASE_URL 应为 sqlite:///… 或 postgresql://… / DATABASE_URL must be sqlite:///… or postgresql://…"
        )


def _check_production(settings: dict) -> None:
    if len(settings["SECRET_KEY"]) < 32:
        raise Unsafe("请设置至少 32 个字符的 SECRET_KEY / set SECRET_KEY to 32 characters or more")
    if settings["MOVED_CLOCK_SECONDS"]:
        raise Unsafe("生产模式不能移动时钟 / production mode refuses MOVED_CLOCK_SECONDS")
    if not settings["MASTER_KEY"] and not (Path(settings["KEYS_DIR"]) / "master.key").exists():
        raise Unsafe(
            "请设置 MASTER_KEY，或把主密钥放到 KEYS_DIR/master.key / set MASTER_KEY or put KEYS_DIR/master.key"
        )
