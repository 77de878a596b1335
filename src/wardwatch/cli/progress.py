"""In: bytes read, as they are read. Out: a progress bar on stderr once the work has taken two seconds."""

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_SECONDS: Final = 2.0


class LateBar(AbstractContextManager["LateBar"]):
    """Call it with the bytes read since the last call. It draws after two seconds, and only on a terminal."""

    def __init__(self, label: str, total: int | None, *, quiet: bool = False) -> None:
        self._label, self._total = label, total
        self._silent = quiet or not sys.stderr.isatty()
        self._began = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._done = 0

    def __call__(self, more: int) -> None:
        """`more` bytes are read."""
        self._done += more
        if self._silent:
            return
        if self._bar is None and time.monotonic() - self._began > PATIENCE_SECONDS:
            self._start()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=self._done)

    def _start(self) -> None:
        from rich.console import Console  # noqa: PLC0415  # only long work pays for it
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415  # as above

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._bar.start()
        self._task = self._bar.add_task(self._label, total=self._total)

    def __enter__(self) -> Self:
        """Start the clock."""
        self._began = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()


def size_of(paths: tuple[str, ...]) -> int | None:
    """Bytes of all files together; None where one is standard input."""
    total = 0
    for text in paths:
        path = Path(text)
        if text == "-":
            return None
        total += (
            sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
            if path.is_dir()
            else (path.stat().st_size if path.exists() else 0)
        )
    return total


@contextmanager
def waiting(label: str, *, quiet: bool = False) -> Iterator[None]:
    """A sign of life on stderr for work whose end nobody can count; only on a terminal, and after two seconds."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415  # only long work pays for it

    shown = Console(stderr=True).status(label)
    late = Timer(PATIENCE_SECONDS, shown.start)
    late.start()
    try:
        yield
    finally:
        late.cancel()
        shown.stop()
