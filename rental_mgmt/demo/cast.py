"""The people of the demo: who they are, what they do there, and the secrets they sign in with.

Passwords, PINs and TOTP secrets follow from the installation's own master key: every installation has others,
nothing of them is stored in clear, and the same ones are shown at every start.
"""

import base64
import hmac
from dataclasses import dataclass
from functools import cache

from ..accounts.passwords import check_new_pin
from ..accounts.totp import code_at
from ..core import clock, keys
from ..core.access import Role
from ..core.errors import Invalid
from ..core.i18n import Lazy, lazy
from .compound import Landlord, landlords

STREET, COMMUNITY, COMPOUND = "510108-08", "510108008003", "510108-001"
COMPOUND_PATH = f"{STREET}/{COMMUNITY}/{COMPOUND}"
STATION = "510108570000"
GRID = "东方新城二期总网格"
# Words that are easily told apart and typed on a phone.
WORDS = (
    *("apple", "bamboo", "candle", "desert", "ember", "falcon", "garden", "harbor"),
    *("island", "jasmine", "kettle", "lantern", "meadow", "needle", "orchid", "pepper"),
    *("quartz", "river", "saffron", "temple", "umbrella", "velvet", "willow", "yonder"),
    *("zephyr", "anchor", "basket", "copper", "dragon", "engine", "forest", "ginger"),
)


@dataclass(frozen=True)
class Player:
    """Somebody who signs in at the demo; `over` says over what, as the seed file writes it."""

    name: str
    role: Role
    task: Lazy
    over: tuple[str, str] | None = None
    phone: str | None = None
    sign_in_name: str | None = None

    @property
    def signs_in_as(self) -> str:
        return self.sign_in_name or self.phone

    @property
    def password(self) -> str:
        """Three words and two digits."""
        drawn = _drawn(self.signs_in_as, "password")
        words = [WORDS[byte % len(WORDS)] for byte in drawn[:3]]
        return "-".join([*words, f"{drawn[3] % 90 + 10}"])

    @property
    def pin(self) -> str | None:
        """Six digits for those who work with a remembered phone or at a shared desk."""
        return _good_pin(self.signs_in_as) if self.totp_secret is None else None

    @property
    def totp_secret(self) -> str | None:
        if self.role in (Role.LANDLORD, Role.HELPER, Role.PROPERTY_MANAGER, Role.GRID_WORKER):
            return None
        return base64.b32encode(_drawn(self.signs_in_as, "totp")[:20]).decode()

    @property
    def code(self) -> str | None:
        """The time code of this moment."""
        return self.totp_secret and code_at(self.totp_secret, clock.real_now())


def _drawn(name: str, what: str) -> bytes:
    return hmac.digest(keys.derive("demo"), f"{what} {name}".encode(), "sha256")


def _good_pin(name: str) -> str:
    for number in range(100):
        pin = f"{int.from_bytes(_drawn(name, f'pin {number}')[:8]) % 10**6:06}"
        try:
            check_new_pin(pin)
        except Invalid:
            continue
        return pin
    raise AssertionError("no PIN is good enough")


def phone_of(landlord: Landlord) -> str:
    return landlord.phone.replace("-", "")


# The one whose flats have locks, whose evening is shown; and the one whose flats wait to be claimed.
ESTABLISHED, NEWCOMER = landlords()[3], landlords()[12]


@cache
def players() -> tuple[Player, ...]:
    """Everybody, in the order of the guided tour."""
    place, grid, station = ("place", COMPOUND_PATH), ("grid", f"{COMPOUND_PATH}#{GRID}"), ("station", STATION)
    community = ("place", f"{STREET}/{COMMUNITY}")
    host, new = ESTABLISHED, NEWCOMER
    return (
        Player(new.name, Role.LANDLORD, lazy("有三套房源待认领"), ("party", "newcomer"), phone_of(new)),
        Player(host.name, Role.LANDLORD, lazy("六套在册房源，装有门锁"), ("party", "host"), phone_of(host)),
        Player("陈桂芳", Role.HELPER, lazy("上一位房东的保洁"), ("party", "host"), "19000000103"),
        Player("何春梅", Role.GRID_WORKER, lazy("全小区"), grid, "19000000101"),
        Player("罗建平", Role.GRID_WORKER, lazy("全小区，同组"), grid, "19000000102"),
        Player("周海燕", Role.PROPERTY_MANAGER, lazy("物业服务中心"), place, None, "wuye.zhou"),
        Player("林志远", Role.PROPERTY_MANAGER, lazy("物业服务中心，夜班"), place, None, "wuye.lin"),
        Player("唐文静", Role.COMMUNITY_OFFICER, lazy("东方社区"), community, None, "shequ.tang"),
        Player("秦峰", Role.POLICE_LIAISON, lazy("东方派出所"), station, None, "police.qin"),
        Player("雷正", Role.STATION_LEAD, lazy("东方派出所所长，审批导出"), station, None, "lead.lei"),
        Player("苏明", Role.SYSTEM_ADMIN, lazy("不看业务数据"), None, None, "admin.su"),
        Player("江岚", Role.SECURITY_ADMIN, lazy("密钥、保存期限"), None, None, "security.jiang"),
        Player("方慧", Role.AUDITOR, lazy("审计链"), None, None, "auditor.fang"),
    )


def player(role: Role) -> Player:
    """The first of the cast in a role."""
    return next(one for one in players() if one.role is role)


def find_player(name: str) -> Player | None:
    """By sign-in name, phone or name."""
    return next((one for one in players() if name in (one.signs_in_as, one.name)), None)


# --- as a seed file -----------------------------------------------------------------------------------------


def seed_data() -> dict:
    """The demo's places and people as `flask seed` reads them."""
    return {
        "stations": [{"code": STATION, "name": "东方派出所"}],
        "places": [_street()],
        "parties": [_party("newcomer", NEWCOMER), _party("host", ESTABLISHED)],
        "people": [_person(one) for one in players()],
    }


def _street() -> dict:
    buildings = [{"kind": "building", "code": code, "name": f"{code}栋"} for code in "123"]
    around_the_clock = {"role": Role.GRID_WORKER.value, "from": 0, "to": 0}
    compound = {
        "kind": "compound",
        "code": COMPOUND,
        "name": "东方新城二期",
        "station": STATION,
        # So that somebody is on duty at whatever hour the demo is shown.
        "duty": [around_the_clock, around_the_clock | {"role": Role.PROPERTY_MANAGER.value}],
        "places": buildings,
        "grids": [{"kind": "general", "name": GRID, "buildings": ["1", "2", "3"]}],
    }
    community = {
        "kind": "community",
        "code": COMMUNITY,
        "name": "东方社区",
        "pack": "chengdu",
        "places": [compound],
    }
    return {"kind": "street", "code": STREET, "name": "锦水街道", "places": [community]}


def _party(key: str, landlord: Landlord) -> dict:
    return {"key": key, "kind": "person", "name": landlord.name, "phone": phone_of(landlord)}


def _person(one: Player) -> dict:
    role = {"role": one.role.value} | ({one.over[0]: one.over[1]} if one.over else {})
    said = {
        "name": one.name,
        "phone": one.phone,
        "sign_in_name": one.sign_in_name,
        "password": one.password,
        "pin": one.pin,
        "totp_secret": one.totp_secret,
    }
    return {name: value for name, value in said.items() if value} | {"roles": [role]}
