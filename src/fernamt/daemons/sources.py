"""Where this machine's apt gets its packages from, and so where Debian is nearest."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

KEYRINGS = (
    "usr/share/keyrings/debian-archive-keyring.gpg",
    "usr/share/keyrings/debian-archive-keyring.pgp",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One place that packages come from."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str
    """Path of a keyring; empty: the machine's trusted ones."""


def machine_sources(etc: Path = Path("/etc/apt")) -> tuple[Source, ...]:
    """Return the machine's sources of binary packages, in apt's order.

    Args:
        etc: apt's folder; a file that may not be read is passed over.
    """
    found: list[Source] = []
    for path in (etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))):
        try:
            content = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if path.suffix == ".list":
            found += one_line(content)
        elif path.suffix == ".sources":
            found += deb822(content)
    return tuple(found)


def one_line(content: str) -> Iterator[Source]:
    """Read the old format: ``deb [signed-by=…] uri suite component …``."""
    pattern = re.compile(r"deb\s+(?:\[(?P<options>[^]]*)\]\s*)?(?P<uri>\S+)\s+(?P<rest>\S.*)")
    for line in content.splitlines():
        found = pattern.fullmatch(line.split("#", 1)[0].strip())
        if found is None:
            continue
        suite, *components = found["rest"].split()
        pairs = (option.split("=", 1) for option in (found["options"] or "").split())
        options = {pair[0].lower(): pair[-1] for pair in pairs}
        yield Source(
            uri=found["uri"],
            suites=(suite,),
            components=tuple(components),
            signed_by=_keyring(options.get("signed-by", "")),
        )


def deb822(content: str) -> Iterator[Source]:
    """Read the newer format: stanzas of ``Key: value`` lines."""
    for stanza in re.split(r"\n[ \t]*(?:\n[ \t]*)+", content):
        fields = _fields(stanza)
        switched_off = fields.get("enabled", "yes").lower() in ("no", "false", "off", "0")
        if switched_off or "deb" not in fields.get("types", "").split():
            continue
        for uri in fields.get("uris", "").split():
            yield Source(
                uri=uri,
                suites=tuple(fields.get("suites", "").split()),
                components=tuple(fields.get("components", "").split()),
                signed_by=_keyring(fields.get("signed-by", "")),
            )


def debian_source(sources: tuple[Source, ...], release: Mapping[str, str]) -> Source | None:
    """Return the source that Debian itself comes from; None if this is no Debian.

    Args:
        sources: The machine's.
        release: What ``/etc/os-release`` says.
    """
    if release.get("ID") != "debian":
        return None
    names = {release.get("VERSION_CODENAME", ""), "stable", "testing", "sid", "unstable"} - {""}
    for source in sources:
        reachable = not source.uri.startswith(("cdrom:", "file:", "copy:"))
        if reachable and names & set(source.suites) and "main" in source.components:
            return source
    return None


def os_release(path: Path = Path("/etc/os-release")) -> dict[str, str]:
    """Return what the distribution says of itself."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.split("=", 1) for line in lines if "=" in line)
    return {name: value.strip().strip("\"'") for name, value in pairs}


def _fields(stanza: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace():
            fields[name] = f"{fields.get(name, '')} {line.strip()}"
        elif ":" in line:
            name, value = line.split(":", 1)
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def _keyring(value: str) -> str:
    """Return *value* if it is a path; keys may also stand in the file itself."""
    return value if value.startswith("/") and "," not in value else ""
