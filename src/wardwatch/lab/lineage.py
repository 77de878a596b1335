"""In: numbers of processes. Out: the programs, the first one first, that led to each."""

from pathlib import Path
from typing import Final

_LONGEST: Final = 12
_DEEPEST: Final = 64


class Lineage:
    """Which program started which. What a process came from is kept when those before it have ended."""

    def __init__(self, first: int, program: str) -> None:
        self._known: dict[int, tuple[str, ...]] = {first: (program,)}

    def of(self, pid: int) -> tuple[str, ...]:
        """The programs that led to what this process is now."""
        asked: list[int] = []
        process = self.process(pid)
        while process not in self._known and process > 1 and len(asked) < _DEEPEST:
            asked.append(process)
            process = _number(process, "PPid")
        found = self._known.get(process, ())
        for each in asked:
            self._known[each] = found
        return found

    def becomes(self, pid: int, program: str) -> None:
        """It runs another program from now on."""
        before = self.of(pid)
        if len(before) < _LONGEST:
            self._known[self.process(pid)] = (*before, program)

    def process(self, pid: int) -> int:
        """The process of a thread."""
        return _number(pid, "Tgid") or pid


def _number(pid: int, name: str) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key == name:
                return int(value)
    except (OSError, ValueError):
        pass
    return 0
