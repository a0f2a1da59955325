"""As whom PostgreSQL runs: it refuses to run as root.

An ordinary user runs it as themselves. For root there is another user of the
machine, who then must be able to reach the folders. Where they lie inside folders
that only root may enter, there are two more ways: a user namespace, in which root's
own files belong to somebody who is not called root; and, where none can be had (in
many containers), another user who is given root's right to enter any folder.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from fernamt.core.errors import WorldFault

CANDIDATES = ("postgres", "nobody")
REACHES = 'test -x "$0" || exit 1; for folder; do test -x "$folder" || exit 1; done'


class NoIdentityForPostgres(WorldFault):
    """PostgreSQL refuses to run as root, and no other way was found."""

    code = "no-identity-for-postgres"


class Credentials(TypedDict, total=False):
    """What subprocess needs to start something as another user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """As whom a program is started."""

    owner: int | None = None
    """The user that has to own its files; None: whoever we are."""
    group: int | None = None
    prefix: tuple[str, ...] = ()
    """What stands before the program on the command line."""
    credentials: Credentials = field(default_factory=Credentials)
    """What subprocess needs."""

    def give(self, *paths: Path) -> None:
        """Make *paths* its own."""
        if self.owner is not None and self.group is not None:
            for path in paths:
                os.chown(path, self.owner, self.group)


def identity_for_postgres(*, folders: Iterable[Path], program: Path) -> Identity:
    """Return as whom PostgreSQL can run.

    Args:
        folders: Those that its own folders lie in, which it must be able to enter.
        program: The server.

    Raises:
        NoIdentityForPostgres: If we are root and there is no way.
    """
    if os.geteuid() != 0:
        return Identity()
    others = tuple(_known(CANDIDATES))
    for entry in others:
        identity = _as_another(entry)
        if _reaches(identity, folders=folders, program=program):
            return identity
    if prefix := _namespace():
        return Identity(prefix=prefix)
    for entry in others:
        identity = _as_another_who_enters_everywhere(entry)
        if _reaches(identity, folders=folders, program=program):
            return identity
    raise NoIdentityForPostgres(
        program=program,
        folders=", ".join(map(str, folders)),
        remedy="start ./fernamt as an ordinary user, or put FERNAMT_HOME and FERNAMT_TOOLS into"
        " folders that the user nobody may enter",
    )


def _known(names: Iterable[str]) -> Iterator[pwd.struct_passwd]:
    for name in names:
        with suppress(KeyError):
            yield pwd.getpwnam(name)


def _as_another(entry: pwd.struct_passwd) -> Identity:
    return Identity(
        owner=entry.pw_uid,
        group=entry.pw_gid,
        credentials={"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []},
    )


def _as_another_who_enters_everywhere(entry: pwd.struct_passwd) -> Identity:
    user = (f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups")
    right = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    kept = "--securebits=+no_setuid_fixup"  # else access(2) does not count the right
    # The change of user makes the kernel forget with whom it was to end: say it again.
    prefix = ("setpriv", kept, *user, *right, "--pdeathsig=INT", "--")
    return Identity(owner=entry.pw_uid, group=entry.pw_gid, prefix=prefix)


def _reaches(identity: Identity, *, folders: Iterable[Path], program: Path) -> bool:
    shell = ("/bin/sh", "-c", REACHES, str(program), *map(str, folders))
    try:
        done = subprocess.run(
            [*identity.prefix, *shell],
            cwd="/",
            capture_output=True,
            check=False,
            **identity.credentials,
        )
    except OSError:
        return False
    return done.returncode == 0


def _namespace() -> tuple[str, ...]:
    """Return what starts a program in a user namespace of its own; empty if that fails."""
    unshare = shutil.which("unshare")
    user = next((entry for entry in pwd.getpwall() if 0 < entry.pw_uid < 60000), None)
    if not unshare or not user:
        return ()
    mapped = (f"--map-user={user.pw_uid}", f"--map-group={user.pw_gid}")
    prefix = (unshare, "--user", *mapped, "--")
    works = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    return prefix if works else ()
