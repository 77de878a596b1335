"""In: a recording. Out: the central-station stream as sent (`.cms`), and when it began and where seconds are missing.

Without `--reveal` the patient blocks hold pseudonyms; every other byte is as it was received.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from wardwatch.station.recording import Format, Recording
from wardwatch.station.words import SECOND


def _write(recording: Recording, stem: Path) -> tuple[Path, ...]:
    stream, side = stem.with_name(f"{stem.name}.cms"), stem.with_name(f"{stem.name}.cms.json")
    gaps: list[list[int]] = []
    expected = 0
    with stream.open("wb") as file:
        for number, second in enumerate(recording.seconds()):
            if second.number > expected:
                gaps.append([number, second.number - expected])
            expected = second.number + 1
            file.write(b"".join(second.blocks))
    told: dict[str, object] = {"start": _moment(recording.start)}
    side.write_text(json.dumps(told | ({"gaps": gaps} if gaps else {})) + "\n", encoding="ascii")
    return stream, side


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / SECOND, UTC).isoformat().replace("+00:00", "Z")


EXPORT: Final = Format("cms", "the stream as the monitor sent it", _write)
