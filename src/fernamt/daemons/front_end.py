"""The front end of an installation: TypeScript and styles, built once and when they change."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fernamt.daemons.environment import Environment, run
from fernamt.daemons.locks import locked
from fernamt.daemons.program import Program
from fernamt.daemons.progress import Progress
from fernamt.daemons.toolbox import Toolbox

NODE_LOCK = "requirements-node.lock"
"""Names the wheel that brings Node.js, with its hashes."""
STAMP = ".made-from"


class FrontEnd:
    """The assets that the browser loads."""

    def __init__(self, checkout: Path, home: Path, toolbox: Toolbox, progress: Progress) -> None:
        """Build from *checkout*, work in *home*: a checkout may belong to somebody else."""
        self._sources = checkout / "front"
        self._workshop = home / "node"
        self._home = home
        self._toolbox = toolbox
        self._progress = progress

    def ensure(self, built: Path, environment: Environment) -> None:
        """See to it that *built* holds the assets of these sources.

        Raises:
            ProgramUnusable: If Node.js cannot be had.
            EnvironmentNotMade: If npm fails; with its words.
        """
        wanted = self._made_from()
        stamp = built / STAMP
        with locked(self._home / ".front.lock"):
            if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
                return
            with self._progress.task("Building the front end") as task:
                task.says("packages are fetched")
                self._prepare_workshop(environment)
                task.says("is bundled")
                part = Path(tempfile.mkdtemp(prefix=".front.part-", dir=built.parent))
                part.chmod(0o755)
                try:
                    self.npm(environment, "run", "build", out=part)
                    (part / STAMP).write_text(wanted, encoding="utf-8")
                    shutil.rmtree(built, ignore_errors=True)
                    part.rename(built)
                finally:
                    shutil.rmtree(part, ignore_errors=True)

    def check(self, environment: Environment) -> None:
        """Check types and run the front end's own tests.

        Raises:
            EnvironmentNotMade: If a check fails; with npm's words.
        """
        with locked(self._home / ".front.lock"):
            self._prepare_workshop(environment)
            self.npm(environment, "run", "check")
            self.npm(environment, "test")

    def npm(self, environment: Environment, *arguments: str, out: Path | None = None) -> None:
        """Run npm in the workshop."""
        node = self.node(environment)
        path = os.pathsep.join((str(node.path.parent), os.environ.get("PATH", os.defpath)))
        variables = os.environ | {"PATH": path, "NO_UPDATE_NOTIFIER": "1"}
        if out is not None:
            variables["FERNAMT_FRONT_OUT"] = str(out)
        program = _npm_of(node)
        command = [str(node.path), str(program)] if program else ["npm"]
        run([*command, *arguments], cwd=self._workshop, environment=variables)

    def _prepare_workshop(self, environment: Environment) -> None:
        """Bring the sources and the packages they need into the workshop."""
        self._workshop.mkdir(parents=True, exist_ok=True)
        for entry in self._workshop.iterdir():
            if entry.name == "node_modules":
                continue
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        shutil.copytree(
            self._sources,
            self._workshop,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("node_modules"),
        )
        packages = self._workshop / "node_modules"
        stamp = packages / STAMP
        wanted = hashlib.sha256((self._workshop / "package-lock.json").read_bytes()).hexdigest()
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
            self.npm(environment, "ci", "--no-audit", "--no-fund", "--prefer-offline")
            stamp.write_text(wanted, encoding="utf-8")

    def node(self, environment: Environment) -> Program:
        """Return Node.js: the machine's own, else one from PyPI."""

        def fetch(into: Path) -> None:
            with self._progress.task("Fetching Node.js"):
                uv = environment.uv()
                wanted = ("--require-hashes", "--requirement", self._sources.parent / NODE_LOCK)
                run(uv.command("pip", "install", "--quiet", "--target", into, *wanted))

        return self._toolbox.node(fetch)

    def _made_from(self) -> str:
        digest = hashlib.sha256()
        for path in sorted(self._files()):
            digest.update(str(path.relative_to(self._sources)).encode() + b"\0")
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def _files(self) -> Iterator[Path]:
        for folder, folders, names in os.walk(self._sources):
            folders[:] = [name for name in folders if name != "node_modules"]
            yield from (Path(folder, name) for name in names)


def _npm_of(node: Program) -> Path | None:
    """Return npm's own program if it lies where Node.js brings it, else None."""
    lib = node.path.resolve().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return lib if lib.exists() else None
