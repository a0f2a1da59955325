"""Log files that do not grow for ever."""

import shutil
from pathlib import Path

LARGEST_BYTES = 50_000_000
LOOK_AGAIN_SECONDS = 60


def trim(folder: Path, *, largest: int = LARGEST_BYTES) -> None:
    """Begin each log anew that has grown too large, and keep the one before as ``*.log.1``.

    A process goes on writing to the same file, which it opened for appending.
    """
    for path in folder.glob("*.log"):
        if path.stat().st_size > largest:
            shutil.copyfile(path, path.with_suffix(".log.1"))
            with path.open("r+b") as file:
                file.truncate()
