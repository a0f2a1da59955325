"""The secrets of an installation: made by chance, kept in one file, never with a default."""

import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fernamt.core.errors import DomainError


class SecretsUnreadable(DomainError):
    """The file of secrets is not as it was written."""

    code = "secrets-unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Passwords and keys. None of them is shown by repr."""

    django: str = field(repr=False)
    """Key that signs sessions."""
    database: str = field(repr=False)
    """Password of the owner of the tables."""
    database_admin: str = field(repr=False)
    """Password of PostgreSQL's superuser ``postgres``."""
    ari: str = field(repr=False)
    """Password of the conductor at Asterisk."""
    demo_ari: str = field(repr=False)
    """Password of the robots at Asterisk."""
    carrier: str = field(repr=False)
    """Password of the carrier that exists by default."""
    telephones: str = field(repr=False)
    """Key from which the passwords of desk telephones are derived."""
    carriers: Mapping[str, str] = field(repr=False, default_factory=dict)
    """Passwords of the carriers in the settings, by name: given by a person."""


GENERATED = ("django", "database", "database_admin", "ari", "demo_ari", "carrier", "telephones")


def open_vault(path: Path) -> Secrets:
    """Return the secrets of *path*; make those that are missing.

    Two processes may do this at the same moment: the first one's file counts.

    Raises:
        SecretsUnreadable: If the file is not TOML, or a secret is not text.
    """
    if not path.exists():
        _write_once(path, {})
    found = _read(path)
    if any(name not in found for name in GENERATED):
        _replace(path, found)
        found = _read(path)
    carriers = found.get("carriers", {})
    if not isinstance(carriers, dict) or not all(
        isinstance(found[name], str) for name in GENERATED
    ):
        raise SecretsUnreadable(file=path, reason="every secret is text, [carriers] is a table")
    return Secrets(
        **{name: str(found[name]) for name in GENERATED},
        carriers={str(name): str(value) for name, value in carriers.items()},
    )


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SecretsUnreadable(file=path, reason=error) from None


def _content(found: Mapping[str, object]) -> str:
    lines = ["# Secrets of this installation. Nobody else may read this file.", ""]
    lines += [f'{name} = "{found.get(name) or secrets.token_urlsafe(32)}"' for name in GENERATED]
    lines += ["", "# Passwords that carriers gave us, by the carrier's name.", "[carriers]"]
    carriers = found.get("carriers", {})
    if isinstance(carriers, dict):
        lines += [f'"{name}" = {_quoted(str(value))}' for name, value in carriers.items()]
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _write_once(path: Path, found: Mapping[str, object]) -> None:
    draft = _draft(path, found)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first: its secrets count
    finally:
        draft.unlink()


def _replace(path: Path, found: Mapping[str, object]) -> None:
    _draft(path, found).replace(path)


def _draft(path: Path, found: Mapping[str, object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(_content(found))
    return draft
