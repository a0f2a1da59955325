"""What an installation is: its folders, its ports, its secrets, its carriers and nodes.

    configuration = load()

Standard library only: the launcher reads this before there is an environment.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast
from zoneinfo import ZoneInfo

from fernamt.daemons.locks import held
from fernamt.daemons.options import Given, SettingRefused, commented_file, read
from fernamt.daemons.vault import Secrets, open_vault

SOCKET_PATH_LIMIT = 107
"""Bytes that a UNIX socket's path may have."""
CHECKOUT = Path(__file__).resolve().parents[3]
"""Where this program's sources lie."""

Mode = Literal["live", "rehearsal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """A telephone company that brings calls."""

    name: str
    addresses: tuple[str, ...]
    """Addresses or networks its calls come from."""
    contact: str
    """Where calls to it go, ``sip:host:port``; empty: none do."""
    username: str
    """For the digest; empty: it is known by its addresses alone."""
    password: str = field(repr=False)
    register: bool
    """Whether it wants us to register."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskNode:
    """One Asterisk."""

    name: str
    http: str
    """Beginning of its web address, ``http://host:port``."""
    sip: str
    """``host:port``, where carriers and desk telephones reach it."""
    local: bool
    """Whether it is started with the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Everything that the processes of one installation agree on."""

    home: Path
    tools: Path
    """Fetched programs; may be shared between installations."""
    front: Path
    """Built assets of the front end."""
    listen: str
    media_address: str
    web_port: int
    sip_port: int
    """UDP."""
    http_port: int
    """Asterisk's: ARI, and ``/ws`` for the browsers."""
    capture_port: int
    """UDP on loopback: the conductor hears of calls that Asterisk turned away early."""
    rtp_ports: tuple[int, int]
    web_url: str
    """Where browsers find the screens; no slash at its end."""
    websocket_url: str
    """Where browsers find Asterisk's WebSocket."""
    postgres_socket: Path
    """The folder of PostgreSQL's socket."""
    database: str
    database_user: str
    secrets: Secrets
    carriers: tuple[Carrier, ...]
    nodes: tuple[AsteriskNode, ...]
    mode: Mode
    timezone: ZoneInfo
    service_centre: str
    log_level: str
    """``debug``, ``info`` or ``warning``."""
    programs: Mapping[str, str]
    """Programs named in the settings, by name; empty text: find or fetch it."""
    debian_mirror: str
    given: frozenset[str]
    """Names of the settings that a person has given."""

    @property
    def dsn(self) -> str:
        """Connection string of the database, for libpq."""
        return (
            f"host='{_libpq(str(self.postgres_socket))}' dbname='{self.database}'"
            f" user='{self.database_user}' password='{_libpq(self.secrets.database)}'"
        )

    @property
    def asterisk_home(self) -> Path:
        """Folder of everything that Asterisk reads and writes."""
        return self.home / "asterisk"

    @property
    def sounds(self) -> Path:
        """Announcements, spoken or recorded: ``<key>.wav``."""
        return self.home / "sounds"

    @property
    def postgres_home(self) -> Path:
        """The private cluster."""
        return self.home / "postgres"

    @property
    def logs(self) -> Path:
        """``<process>.log``."""
        return self.home / "log"

    @property
    def run(self) -> Path:
        """What is true only while it runs, and the ports chosen."""
        return self.home / "run"

    @property
    def accounts(self) -> Path:
        """Demonstration accounts with their passwords."""
        return self.home / "accounts.json"


def home_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the installation's state is: $FERNAMT_HOME, else ``var`` in the checkout."""
    given = environment.get("FERNAMT_HOME")
    return Path(given).expanduser().absolute() if given else CHECKOUT / "var"


def load(environment: Mapping[str, str] = os.environ) -> Configuration:
    """Return the configuration; on the first start write settings and secrets.

    Raises:
        SettingsUnreadable: If the settings are not TOML.
        UnknownSetting: If there is no such setting.
        SettingRefused: If a value is not allowed.
        SecretsUnreadable: If the file of secrets was spoilt.
    """
    home = home_folder(environment)
    home.mkdir(parents=True, exist_ok=True)
    path = home / "settings.toml"
    if not path.exists():
        _write_settings(path)
    given = read(path, environment)
    secrets = open_vault(home / "secrets.toml")
    values = dict(given.values) | _chosen_ports(home / "run" / "ports.json", given)
    listen, web_port = str(values["listen"]), cast("int", values["web_port"])
    sip_port, http_port = cast("int", values["sip_port"]), cast("int", values["http_port"])
    return Configuration(
        home=home,
        tools=Path(str(values["tools"]) or home / "tools"),
        front=Path(str(values["front"]) or home / "front"),
        listen=listen,
        media_address=str(values["media_address"]),
        web_port=web_port,
        sip_port=sip_port,
        http_port=http_port,
        capture_port=cast("int", values["capture_port"]),
        rtp_ports=cast("tuple[int, int]", values["rtp_ports"]),
        web_url=str(values["web_url"]) or f"http://{reachable(listen)}:{web_port}",
        websocket_url=str(values["websocket_url"]) or f"ws://{reachable(listen)}:{http_port}/ws",
        postgres_socket=_socket_folder(home),
        database="fernamt",
        database_user="fernamt",
        secrets=secrets,
        carriers=_carriers(given, secrets),
        nodes=_nodes(given, listen=reachable(listen), sip_port=sip_port, http_port=http_port),
        mode=_mode(home, given, environment),
        timezone=ZoneInfo(str(values["timezone"])),
        service_centre=str(values["service_centre"]),
        log_level=str(values["log_level"]),
        programs={
            name: str(values[name])
            for name in ("asterisk", "postgresql", "chromium", "sipp", "espeak", "node")
        },
        debian_mirror=str(values["debian_mirror"]),
        given=given.names,
    )


def reachable(listen: str) -> str:
    """Return *listen* as a host in an address; "all addresses" are reached on loopback."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listen, listen)  # noqa: S104 only compared
    return f"[{host}]" if ":" in host else host


def _write_settings(path: Path) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(commented_file(), encoding="utf-8")
    draft.replace(path)


def _chosen_ports(path: Path, given: Given) -> dict[str, object]:
    try:
        chosen = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    ports: dict[str, object] = {
        name: chosen[name]
        for name in ("web_port", "sip_port", "http_port", "capture_port")
        if name in chosen and name not in given.names
    }
    if "rtp_ports" in chosen and "rtp_ports" not in given.names:
        ports["rtp_ports"] = tuple(chosen["rtp_ports"])
    return ports


def _mode(home: Path, given: Given, environment: Mapping[str, str]) -> Mode:
    """Return the mode; a running installation knows better than the settings."""
    if not environment.get("FERNAMT_MODE") and held(home / "run" / "lock"):
        try:
            running = json.loads((home / "run" / "state.json").read_text(encoding="utf-8"))
            if running.get("mode") in ("live", "rehearsal"):
                return cast("Mode", running["mode"])
        except (OSError, ValueError):
            pass
    return cast("Mode", given.values["mode"])


def _socket_folder(home: Path) -> Path:
    folder = home / "run" / "postgres"
    if len(os.fsencode(folder / ".s.PGSQL.5432.lock")) <= SOCKET_PATH_LIMIT:
        return folder
    mark = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path("/tmp") / f"fernamt-{mark}"  # noqa: S108 made 0700 and checked by its owner


def _carriers(given: Given, secrets: Secrets) -> tuple[Carrier, ...]:
    rows = given.tables["carriers"]
    if not rows:
        return (
            Carrier(
                name="carrier",
                addresses=("127.0.0.1",),
                contact="",
                username="",
                password=secrets.carrier,
                register=False,
            ),
        )
    return tuple(_carrier(row, given.path, secrets) for row in rows)


def _carrier(row: Mapping[str, object], path: Path, secrets: Secrets) -> Carrier:
    name = str(row.get("name", ""))
    if not name.isidentifier():
        raise SettingRefused(
            setting="carriers.name", where=path, found=repr(name), allowed="letters, figures and _"
        )
    username = str(row.get("username", ""))
    if username and name not in secrets.carriers:
        raise SettingRefused(
            setting=f"carriers, {name}",
            where=path,
            allowed=f"a username only with a password in secrets.toml, [carriers] {name}",
        )
    addresses = row.get("addresses", [])
    if not isinstance(addresses, list):
        raise SettingRefused(
            setting=f"carriers, {name}, addresses", where=path, allowed="a list of addresses"
        )
    return Carrier(
        name=name,
        addresses=tuple(str(address) for address in addresses),
        contact=str(row.get("contact", "")),
        username=username,
        password=secrets.carriers.get(name, ""),
        register=bool(row.get("register")),
    )


def _nodes(given: Given, *, listen: str, sip_port: int, http_port: int) -> tuple[AsteriskNode, ...]:
    rows = given.tables["nodes"]
    if not rows:
        http, sip = f"http://{listen}:{http_port}", f"{listen}:{sip_port}"
        return (AsteriskNode(name="node1", http=http, sip=sip, local=True),)
    return tuple(
        AsteriskNode(
            name=str(row.get("name", f"node{number}")),
            http=str(row.get("http", f"http://{listen}:{http_port}")).rstrip("/"),
            sip=str(row.get("sip", f"{listen}:{sip_port}")),
            local=bool(row.get("local", False)),
        )
        for number, row in enumerate(rows, start=1)
    )


def _libpq(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
