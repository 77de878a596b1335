"""In: who did or saw what, and when. Out: one line of JSON each, in a file that is only ever added to.

Patients stand in it by their pseudonym, so that the log itself gives nobody away.
"""

import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from wardwatch.printable import printable

_MOST_SEEN: Final = 10_000


@dataclass(slots=True)
class Audit:
    """The audit log at `path`; readable by its owner only."""

    path: Path
    _seen: set[tuple[str, str, str]] = field(default_factory=set)

    def write(self, now: float, who: str, did: str, **what: str) -> None:
        """Adds one line and waits until it is on the disk."""
        at = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
        row = {"time": at, "who": printable(who), "did": did, **{key: printable(each) for key, each in what.items()}}
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.write(descriptor, json.dumps(row, ensure_ascii=False).encode() + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def saw(self, now: float, who: str, session: str, bed: str, patient: str) -> None:
        """`who` was shown the name of `patient` at `bed`: one line a session, bed and patient."""
        key = (session, bed, patient)
        if key in self._seen:
            return
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen.add(key)
        self.write(now, who, "saw the patient's name", bed=bed, patient=patient)
