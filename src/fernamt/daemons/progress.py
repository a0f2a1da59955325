"""What a person sees while something takes long: one line that moves, or one a step."""

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

QUIET_SECONDS = 0.5
"""A task shorter than this leaves no line."""
REMIND_SECONDS = 10
"""Without a terminal, a task that goes on says so this often."""


class Task:
    """One thing being done."""

    def __init__(self, name: str, progress: "Progress") -> None:
        """Begin *name* now."""
        self.name = name
        self.step = ""
        self.began = time.monotonic()
        self.spoken = self.began
        self._progress = progress

    def says(self, step: str) -> None:
        """Tell how far it is, in a few words."""
        self.step = step
        self._progress.show(self)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self.began


class Progress:
    """Tasks that run at the same time, shown on one stream. Safe for threads."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Write to *stream*, by default to standard error."""
        self._stream = stream or sys.stderr
        self._moving = self._stream.isatty()
        self._tasks: list[Task] = []
        self._lock = threading.RLock()

    @contextmanager
    def task(self, name: str) -> Iterator[Task]:
        """Show *name* as being done until the block ends."""
        task = Task(name, self)
        with self._lock:
            self._tasks.append(task)
        self.show(task)
        try:
            yield task
        except BaseException:
            self._end(task, mark="✗")
            raise
        self._end(task, mark="✓")

    def continue_on(self, stream: TextIO) -> None:
        """Write to another stream from now on."""
        with self._lock:
            self._stream, self._moving = stream, stream.isatty()

    def say(self, line: str) -> None:
        """Print *line* above what moves."""
        with self._lock:
            self._wipe()
            try:
                print(line, file=self._stream, flush=True)
            except BrokenPipeError:  # whoever watched has gone: our own log goes on
                self.continue_on(sys.stderr)
            self._redraw()

    def show(self, task: Task) -> None:
        """Show the step that *task* has reached."""
        with self._lock:
            if self._moving:
                self._redraw()
            elif time.monotonic() - task.spoken >= REMIND_SECONDS:
                task.spoken = time.monotonic()
                self.say(f"  {task.name}: {task.step or 'still at it'} ({task.seconds:.0f} s)")

    def _end(self, task: Task, *, mark: str) -> None:
        with self._lock:
            self._tasks.remove(task)
            if mark == "✗" or task.seconds >= QUIET_SECONDS:
                self.say(f"{mark} {task.name} ({task.seconds:.1f} s)")
            else:
                self._redraw()

    def _redraw(self) -> None:
        if self._moving:
            shown = " · ".join(f"{task.name} {task.step}".strip() for task in self._tasks)
            width = shutil.get_terminal_size().columns - 3
            self._stream.write(f"\r\x1b[K{'… ' + shown[:width] if shown else ''}")
            self._stream.flush()

    def _wipe(self) -> None:
        if self._moving:
            self._stream.write("\r\x1b[K")
