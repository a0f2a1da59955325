"""A program of another project that we start: where it lies and what it needs around it."""

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

MACHINE = Path("/")
LIBRARIES = (
    "usr/lib/*-linux-gnu*",
    "lib/*-linux-gnu*",
    "usr/lib/*-linux-gnu*/pulseaudio",
    "usr/lib/*-linux-gnu*/nss",
)
"""Folders of a package tree that may hold shared libraries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that can be started."""

    path: Path
    root: Path = MACHINE
    """The folder that its ``usr`` lies in."""
    prefix: tuple[str, ...] = ()
    """What stands before it on the command line: its own loader, or what sets variables."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that it needs beside ours, for those who start *path* without the prefix."""

    def command(self, *arguments: str | Path) -> list[str]:
        """Return the command line that starts it with *arguments*."""
        return [*self.prefix, str(self.path), *(os.fspath(argument) for argument in arguments)]

    def environ(self) -> dict[str, str]:
        """Return our environment with what it needs."""
        return os.environ | dict(self.environment)

    def version(self, *arguments: str) -> tuple[int, ...]:
        """Return the first version number that it prints; empty if it does not run."""
        try:
            done = subprocess.run(
                self.command(*(arguments or ("--version",))),
                env=self.environ(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ()
        return version_in(done.stdout + done.stderr)


def version_in(words: str) -> tuple[int, ...]:
    """Return the first version number in *words*, such as (22, 10, 1); empty if there is none."""
    found = re.search(r"\d+(?:\.\d+)+|\d+", words)
    return tuple(map(int, found[0].split("."))) if found else ()


def unpacked(root: Path, path: str, *, environment: Mapping[str, str] | None = None) -> Program:
    """Return a program unpacked from the machine's own distribution.

    It runs on the machine's C library and finds what the machine lacks in *root*.
    """
    needs = {"LD_LIBRARY_PATH": ":".join(library_folders(root))} | dict(environment or {})
    prefix = ("/usr/bin/env", *(f"{name}={value}" for name, value in needs.items()))
    return Program(path=root / path, root=root, prefix=prefix, environment=needs)


def foreign(root: Path, path: str) -> Program:
    """Return a program unpacked with everything it needs, its own loader and C library too."""
    loaders = sorted(root.glob("usr/lib/*/ld-linux*.so.*")) or sorted(
        root.glob("usr/lib*/ld-*.so*")
    )
    prefix = (str(loaders[0]), "--library-path", ":".join(library_folders(root))) if loaders else ()
    return Program(path=root / path, root=root, prefix=prefix)


def library_folders(root: Path) -> Iterable[str]:
    """Return the folders of *root* that hold shared libraries, the usual ones first."""
    return dict.fromkeys(
        str(folder)
        for pattern in LIBRARIES
        for folder in sorted(root.glob(pattern))
        if folder.is_dir() and next(folder.glob("*.so*"), None)
    )
