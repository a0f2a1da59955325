"""The Python environment of an installation, made from ``uv.lock``.

uv comes from PyPI into a small environment of its own, since a distribution's
Python refuses to have it installed beside its own packages. A stamp tells what the
environment was made from: when nothing has changed, nothing is done and no network
is needed.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from fernamt.core.errors import WorldFault
from fernamt.daemons.locks import locked
from fernamt.daemons.program import Program, version_in
from fernamt.daemons.progress import Progress, Task
from fernamt.daemons.toolbox import Toolbox

UV_SINCE = (0, 7)
UV_WANTED = "uv>=0.7,<1"
STAMP = ".fernamt.json"

Packages = Literal["product", "product and checks"]


class EnvironmentNotMade(WorldFault):
    """The Python environment could not be made; is there a network?"""

    code = "environment-not-made"


class Environment:
    """The virtual environment of one installation."""

    def __init__(self, checkout: Path, home: Path, toolbox: Toolbox, progress: Progress) -> None:
        """Make it in *home* for the sources in *checkout*."""
        self.folder = home / "venv"
        self.python = self.folder / "bin" / "python"
        self._checkout = checkout
        self._toolbox = toolbox
        self._progress = progress

    def ensure(self, packages: Packages) -> Path:
        """Return the environment's Python; make the environment if it is not as it should be.

        Raises:
            EnvironmentNotMade: If neither uv nor pip could make it.
        """
        with locked(self.folder.with_name(".venv.lock")):
            if not self._is_current(packages):
                with self._progress.task("Making the Python environment") as task:
                    self._make(packages, task)
        return self.python

    def uv(self) -> Program:
        """Return uv: the machine's own, else one from PyPI in an environment of its own.

        Raises:
            EnvironmentNotMade: If it cannot be had.
        """
        place = shutil.which("uv")
        candidates = [Path(place)] if place else []
        own = self._toolbox.folder / "uv"
        candidates.append(own / "bin" / "uv")
        for path in candidates:
            program = Program(path=path)
            if path.exists() and program.version() >= UV_SINCE:
                return program
        with locked(self._toolbox.folder / ".uv.lock"):
            self._bring_uv(own)
        return Program(path=own / "bin" / "uv")

    def _is_current(self, packages: Packages) -> bool:
        try:
            stamp = json.loads((self.folder / STAMP).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        enough = packages == "product" or stamp.get("packages") == packages
        return enough and self.python.exists() and stamp.get("made_from") == self._made_from()

    def _made_from(self) -> str:
        digest = hashlib.sha256()
        for name in ("uv.lock", "pyproject.toml"):
            digest.update((self._checkout / name).read_bytes())
        place = f"{self._checkout}\0{self.folder}\0{sys.version_info[:2]}"
        return hashlib.sha256(digest.digest() + place.encode()).hexdigest()

    def _make(self, packages: Packages, task: Task) -> None:
        (self.folder / STAMP).unlink(missing_ok=True)
        try:
            task.says("uv is fetched")
            uv = self.uv()
        except WorldFault as error:
            if packages != "product":
                raise
            self._progress.say(f"uv cannot be had, so pip is used: {error.message}")
            self._make_with_pip(task)
        else:
            self._make_with_uv(uv, packages, task)
        made = {"made_from": self._made_from(), "packages": packages}
        (self.folder / STAMP).write_text(json.dumps(made), encoding="utf-8")

    def _make_with_uv(self, uv: Program, packages: Packages, task: Task) -> None:
        chosen = ["--no-dev", "--inexact"] if packages == "product" else ["--group", "dev"]
        command = [*uv.command("sync", "--frozen", *chosen), "--python", interpreter()]
        environment = os.environ | {
            "UV_PROJECT_ENVIRONMENT": str(self.folder),
            "UV_PYTHON_DOWNLOADS": "never",
        }
        environment.pop("VIRTUAL_ENV", None)
        task.says("packages are installed")
        if (self.folder / "bin").exists() and not self.python.exists():
            shutil.rmtree(self.folder)  # its Python has gone
        run(command, says=task.says, cwd=self._checkout, environment=environment)

    def _make_with_pip(self, task: Task) -> None:
        """Make the environment without uv, from the hashed list of packages."""
        self._bare_environment(self.folder)
        task.says("packages are installed by pip")
        wanted = self._checkout / "requirements.lock"
        self._pip(self.folder, "--require-hashes", "--requirement", str(wanted))
        site = next((self.folder / "lib").glob("python3.*/site-packages"))
        (site / "fernamt.pth").write_text(f"{self._checkout / 'src'}\n", encoding="utf-8")

    def _bring_uv(self, folder: Path) -> None:
        if (folder / "bin" / "uv").exists() and Program(path=folder / "bin" / "uv").version():
            return
        shutil.rmtree(folder, ignore_errors=True)
        self._bare_environment(folder)
        self._pip(folder, "--only-binary", ":all:", UV_WANTED)

    def _bare_environment(self, folder: Path) -> None:
        run([interpreter(), "-m", "venv", "--without-pip", "--clear", str(folder)])

    def _pip(self, folder: Path, *arguments: str) -> None:
        """Let pip install into *folder*: this Python's own, else the distribution's wheel."""
        python = str(folder / "bin" / "python")
        answer = subprocess.run(
            [interpreter(), "-m", "pip", "--version"], capture_output=True, text=True, check=False
        )
        if answer.returncode == 0 and version_in(answer.stdout) >= (22, 3):
            pip = [interpreter(), "-m", "pip", "--python", python]
        elif _succeeds(python, "-m", "ensurepip"):
            pip = [python, "-m", "pip"]
        else:
            pip = [python, str(self._toolbox.pip_wheel() / "pip")]
        quiet = (
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
            "--no-warn-script-location",
        )
        run([*pip, "install", *quiet, *arguments])


def interpreter() -> str:
    """Return the Python that runs us, outside any virtual environment."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    candidate = Path(sys.base_prefix) / "bin" / name
    return str(candidate) if candidate.exists() else sys.executable


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def run(
    command: list[str],
    *,
    says: Callable[[str], None] = lambda _: None,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run *command* to its end and tell its last line while it runs.

    Raises:
        EnvironmentNotMade: If it fails; with the end of what it said.
    """
    words: deque[str] = deque(maxlen=12)
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            if line.strip():
                words.append(line.strip())
                says(line.strip()[:60])
    if process.returncode != 0:
        raise EnvironmentNotMade(command=" ".join(command[:3]), said=" | ".join(words)[-600:])
