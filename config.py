"""The settings, read from the environment once; the table in README lists them all."""

import os
import secrets
from pathlib import Path

TRUE = ("1", "true", "yes", "on")


class Unsafe(SystemExit):
    """Production mode refuses to start with what only a demo may have."""


def _flag(name: str, default: bool = False) -> bool:
    return os.environ.get(name, "1" if default else "0").lower() in TRUE


def from_environment() -> dict:
    """Every setting of the product, checked; raises Unsafe with the remedy where production would be unsafe."""
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
        "PORT": int(os.environ.get("PORT", "8000")),
        "HTTPS": not _flag("PLAIN_HTTP", default=mode == "demo"),
        "TRUSTED_PROXIES": int(os.environ.get("TRUSTED_PROXIES", "0")),
        "SITE_NAME": os.environ.get("SITE_NAME", "平安网约房"),
        "PUBLIC_URL": os.environ.get("PUBLIC_URL", ""),
        "USER_DAY_MB": int(os.environ.get("USER_DAY_MB", "500")),
        "COMMUNITY_MB": int(os.environ.get("COMMUNITY_MB", "20000")),
        "SEALING": os.environ.get("SEALING", "sm4"),
        "AUDIT_HEAD_FILE": os.environ.get("AUDIT_HEAD_FILE"),
        "AUDIT_HEAD_URL": os.environ.get("AUDIT_HEAD_URL"),
        "MOVED_CLOCK_SECONDS": int(os.environ.get("MOVED_CLOCK_SECONDS", "0")),
        "SECRET_KEY": os.environ.get("SECRET_KEY", ""),
    }
    if mode not in ("demo", "production"):
        raise Unsafe("MODE 应为 demo 或 production / MODE must be demo or production")
    if settings["PRODUCTION"]:
        _check_production(settings)
    settings["SECRET_KEY"] = settings["SECRET_KEY"] or secrets.token_hex(32)
    return settings


def _check_production(settings: dict) -> None:
    if len(settings["SECRET_KEY"]) < 32:
        raise Unsafe("请设置至少 32 个字符的 SECRET_KEY / set SECRET_KEY to 32 characters or more")
    if settings["MOVED_CLOCK_SECONDS"]:
        raise Unsafe("生产模式不能移动时钟 / production mode refuses MOVED_CLOCK_SECONDS")
    if not settings["MASTER_KEY"] and not (Path(settings["KEYS_DIR"]) / "master.key").exists():
        raise Unsafe(
            "请设置 MASTER_KEY，或把主密钥放到 KEYS_DIR/master.key / set MASTER_KEY or put KEYS_DIR/master.key"
        )
