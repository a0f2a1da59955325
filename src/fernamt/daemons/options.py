"""Every setting that a person may give: its name, its default, what is allowed.

A setting stands in ``settings.toml``; the environment variable ``FERNAMT_<NAME>``
wins over the file. One that is given nowhere has its default.
"""

import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fernamt.core.errors import DomainError


class SettingRefused(DomainError):
    """A setting has a value that is not allowed."""

    code = "setting-refused"


class UnknownSetting(DomainError):
    """There is no setting of this name."""

    code = "unknown-setting"


class SettingsUnreadable(DomainError):
    """The settings file is not valid TOML."""

    code = "settings-unreadable"


class NotAllowed(ValueError):
    """The value is outside what the setting allows; the text says what is."""


def text(value: object) -> str:
    """Accept text as it is."""
    if not isinstance(value, str):
        raise NotAllowed("text in quotes")
    return value


def port(value: object) -> int:
    """Accept a port that an ordinary user may open."""
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= 65535:
        raise NotAllowed("a port number from 1 to 65535")
    return number


def port_range(value: object) -> tuple[int, int]:
    """Accept ``"first-last"``, at least 10 ports."""
    found = re.fullmatch(
        r"\s*(\d{1,5})\s*-\s*(\d{1,5})\s*", value if isinstance(value, str) else ""
    )
    if found is None:
        raise NotAllowed('two port numbers such as "20000-20999"')
    first, last = int(found[1]), int(found[2])
    if not 1024 <= first <= last - 9 <= 65526:
        raise NotAllowed("at least ten ports between 1024 and 65535, the lower one first")
    return first, last


def address(value: object) -> str:
    """Accept an IP address of this machine, written in figures."""
    try:
        return str(ipaddress.ip_address(text(value)))
    except ValueError:
        raise NotAllowed('an IP address such as "127.0.0.1"') from None


def mode(value: object) -> str:
    """Accept the two ways the service centre can run."""
    if value not in ("live", "rehearsal"):
        raise NotAllowed('"live" or "rehearsal"')
    return str(value)


def log_level(value: object) -> str:
    """Accept how much the processes may say."""
    if value not in ("debug", "info", "warning"):
        raise NotAllowed('"debug", "info" or "warning"')
    return str(value)


def timezone(value: object) -> str:
    """Accept the name of a time zone that this machine knows."""
    try:
        return ZoneInfo(text(value)).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise NotAllowed('the name of a time zone such as "Europe/Berlin"') from None


def named(value: object) -> str:
    """Accept any text that is not empty."""
    if not text(value).strip():
        raise NotAllowed("text that is not empty")
    return text(value).strip()


def place(value: object) -> str:
    """Accept a path; ``~`` is the home folder, empty text means: find it yourself."""
    return str(Path(text(value)).expanduser().absolute()) if text(value) else ""


def web_address(value: object) -> str:
    """Accept the beginning of a web address, without a slash at its end."""
    if text(value) and not re.match(r"(https?|wss?)://[^/\s]+", text(value)):
        raise NotAllowed('an address such as "https://fernamt.example"')
    return text(value).rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One setting."""

    name: str
    default: object
    check: Callable[[object], object]
    comment: str


OPTIONS: tuple[Option, ...] = (
    Option(
        name="service_centre",
        default="Service Center Wolfsburg",
        check=named,
        comment="Name of the service centre, as it stands on the screens.",
    ),
    Option(
        name="timezone",
        default="Europe/Berlin",
        check=timezone,
        comment="Time zone of the service hours.",
    ),
    Option(
        name="log_level",
        default="info",
        check=log_level,
        comment='How much the processes say: "debug", "info" or "warning".',
    ),
    Option(
        name="mode",
        default="live",
        check=mode,
        comment='"live" on Asterisk, or "rehearsal": robot callers, no telephony.',
    ),
    Option(
        name="listen",
        default="127.0.0.1",
        check=address,
        comment="Address that all sockets listen on. Loopback: only this machine.",
    ),
    Option(
        name="media_address",
        default="127.0.0.1",
        check=address,
        comment="Address of this machine that carrier and telephones send speech to.",
    ),
    Option(
        name="web_port",
        default=8010,
        check=port,
        comment="Port of the screens (TCP). A port named here must be free; a default may move.",
    ),
    Option(
        name="sip_port",
        default=5070,
        check=port,
        comment="Port of SIP for carrier and desk telephones (UDP).",
    ),
    Option(
        name="http_port",
        default=8098,
        check=port,
        comment="Port of Asterisk's HTTP: its interface to us, and the browsers' WebSocket.",
    ),
    Option(
        name="rtp_ports",
        default="20000-20999",
        check=port_range,
        comment="Ports for speech (UDP), two a call.",
    ),
    Option(
        name="capture_port",
        default=8099,
        check=port,
        comment="Port on loopback where the conductor hears of calls turned away early (UDP).",
    ),
    Option(
        name="web_url",
        default="",
        check=web_address,
        comment="Address under which browsers find the screens, if a proxy stands before them.",
    ),
    Option(
        name="websocket_url",
        default="",
        check=web_address,
        comment="Address of the browsers' telephony (wss://…), if a proxy stands before it.",
    ),
    Option(
        name="tools",
        default="",
        check=place,
        comment="Folder of fetched programs; several installations may share one.",
    ),
    Option(
        name="front",
        default="",
        check=place,
        comment="Folder of the built front end; by default it is built beside this file.",
    ),
    Option(
        name="asterisk",
        default="",
        check=place,
        comment="The Asterisk program (22.5 or later), if not to be found or fetched.",
    ),
    Option(
        name="postgresql",
        default="",
        check=place,
        comment="Folder of PostgreSQL's programs (15 or later), if not to be found or fetched.",
    ),
    Option(
        name="chromium",
        default="",
        check=place,
        comment="The Chromium program for tests, if not to be found or fetched.",
    ),
    Option(
        name="sipp",
        default="",
        check=place,
        comment="The SIPp program for tests, if not to be found or fetched.",
    ),
    Option(
        name="espeak",
        default="",
        check=place,
        comment="The eSpeak NG program that speaks announcements, if not to be found or fetched.",
    ),
    Option(
        name="node",
        default="",
        check=place,
        comment="The Node.js program (20 or later) that builds the front end, if not to be found.",
    ),
    Option(
        name="debian_mirror",
        default="",
        check=web_address,
        comment="Debian mirror to fetch Asterisk from; by default the machine's own.",
    ),
)
TABLES = {
    "carriers": {"name", "addresses", "contact", "username", "register"},
    "nodes": {"name", "http", "sip", "local"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a person has set, checked; the rest has its default."""

    values: Mapping[str, object]
    """Every setting, given or not."""
    names: frozenset[str]
    """The settings that a person has given."""
    tables: Mapping[str, tuple[Mapping[str, object], ...]]
    """``carriers`` and ``nodes`` as they stand in the file."""
    path: Path


def read(path: Path, environment: Mapping[str, str] = os.environ) -> Given:
    """Read the settings of *path* and of *environment*.

    Raises:
        SettingsUnreadable: If the file is not TOML.
        UnknownSetting: If the file has a key that is no setting.
        SettingRefused: If a value is not allowed.
    """
    source = path.read_text(encoding="utf-8") if path.exists() else ""
    try:
        entries = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise SettingsUnreadable(file=path, reason=error) from None
    _refuse_unknown(entries, source=source, path=path)
    values: dict[str, object] = {}
    names = set()
    for option in OPTIONS:
        variable = f"FERNAMT_{option.name.upper()}"
        value: object
        if environment.get(variable):
            where, value = f"environment variable {variable}", environment[variable]
        elif option.name in entries:
            where, value = _where(option.name, source=source, path=path), entries[option.name]
        else:
            where, value = "default", option.default
        try:
            values[option.name] = option.check(value)
        except NotAllowed as allowed:
            raise SettingRefused(
                setting=option.name, where=where, found=repr(value), allowed=allowed
            ) from None
        if where != "default":
            names.add(option.name)
    tables = {name: _rows(entries, name, source=source, path=path) for name in TABLES}
    return Given(values=values, names=frozenset(names), tables=tables, path=path)


def commented_file() -> str:
    """Return a settings file that tells every setting and changes nothing."""
    lines = [
        "# Settings of this installation. A line without # counts; without it the default",
        "# shown here does. The environment variable FERNAMT_<NAME> wins over this file.",
        "",
    ]
    for option in OPTIONS:
        shown = option.default if isinstance(option.default, int) else f'"{option.default}"'
        lines += [f"# {option.comment}", f"# {option.name} = {shown}", ""]
    lines += [
        "# Carriers that calls come from. Their passwords belong into secrets.toml, [carriers].",
        "# [[carriers]]",
        '# name = "carrier"',
        '# addresses = ["127.0.0.1"]       # where its calls come from; a network is allowed',
        '# contact = "sip:sip.carrier.example:5060"  # where calls to it go; empty: none do',
        '# username = ""                    # if it asks for a digest',
        "# register = false                 # if it wants to know where we are",
        "",
        "# Asterisk nodes; a local one is started with the rest.",
        "# [[nodes]]",
        '# name = "node1"',
        '# http = "http://127.0.0.1:8098"',
        '# sip = "127.0.0.1:5070"',
        "# local = true",
        "",
    ]
    return "\n".join(lines)


def _refuse_unknown(entries: Mapping[str, object], *, source: str, path: Path) -> None:
    known = [option.name for option in OPTIONS] + list(TABLES)
    for name in entries:
        if name not in known:
            raise UnknownSetting(
                setting=name,
                where=_where(name, source=source, path=path),
                perhaps=", ".join(get_close_matches(name, known, n=1)) or "see the file's comments",
            )


def _rows(
    entries: Mapping[str, object], name: str, *, source: str, path: Path
) -> tuple[Mapping[str, object], ...]:
    rows = entries.get(name, [])
    allowed = TABLES[name]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SettingRefused(
            setting=name,
            where=_where(name, source=source, path=path),
            allowed=f"tables that begin with [[{name}]]",
        )
    for row in rows:
        for key in set(row) - allowed:
            raise UnknownSetting(
                setting=f"{name}.{key}",
                where=_where(key, source=source, path=path),
                perhaps=", ".join(sorted(allowed)),
            )
    return tuple(rows)


def _where(name: str, *, source: str, path: Path) -> str:
    pattern = re.compile(rf"\s*(\[+\s*)?\"?{re.escape(name)}\b")
    for number, line in enumerate(source.splitlines(), start=1):
        if pattern.match(line):
            return f"{path}, line {number}"
    return str(path)
