"""In: who did or saw what, and when. Out: one line of JSON each, in a file that is only ever added to.

Patients stand in it by their pseudonym, so that the log itself gives nobody away.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from wardwatch.printable import printable

_MOST_SEEN: Final = 50_000


@dataclass(slots=True)
class Audit:
    """The audit log at `path`; readable by its owner only."""

    path: Path
    _seen: set[tuple[str, str, str]] = field(default_factory=set)

    def write(self, now: float, who: str, did: str, **what: str) -> None:
        """Adds one line and waits until it is on the disk. OSError where that is impossible."""
        self._add([_row(now, who, did, what)])

    def saw(self, now: float, who: str, session: str, patients: Iterable[tuple[str, str]]) -> None:
        """`who` is shown the names of `patients` (bed, pseudonym): one line a session, bed and patient.

        OSError where the log cannot be written: then the names must not be shown.
        """
        new = [each for each in patients if (session, *each) not in self._seen]
        if not new:
            return
        self._add(
            [_row(now, who, "was shown a patient's name", {"bed": bed, "patient": patient}) for bed, patient in new]
        )
        if len(self._seen) + len(new) > _MOST_SEEN:
            self._seen.clear()
        self._seen.update((session, *each) for each in new)

    def _add(self, rows: list[bytes]) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            text = b"".join(rows)
            if os.write(descriptor, text) != len(text):
                raise OSError("the audit log could not be written whole")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _row(now: float, who: str, did: str, what: Mapping[str, str]) -> bytes:
    at = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
    row = {"time": at, "who": printable(who), "did": did, **{key: printable(each) for key, each in what.items()}}
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"
