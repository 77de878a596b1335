"""A station over a bad shift: broken lines, garbage, readers that do not read, kill -9; and what is left of it all.

`benchmarks/station_soak.py` is the shift. WARDWATCH_SOAK_SECONDS shortens it. What must hold is said in counts and in
the order of events: what came in the last second before the last question that the killed station still answered, or
later, is not owed.
"""

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from struct import Struct

import pytest

from wardwatch.station.keeping.reader import Segment
from wardwatch.station.keeping.records import RAW, SETS
from wardwatch.station.keeping.retention import listed

SECONDS = os.environ.get("WARDWATCH_SOAK_SECONDS", "1800")
SHIFT = Path(__file__).parents[2] / "benchmarks" / "station_soak.py"
STAMP = Struct("<IHH")
ECG_HEAD = b"\x05\x46\x00\x00\x14\x00"
RESP_AT = 6 + 3 * 256
GROWTH = 24 << 10
"""kB that a process may gain between its second quarter and its last: trends gain some bytes a minute."""


def key_of(raw: bytes) -> str | None:
    """Which set of which monitor this is, by the stamp in its respiration wave."""
    at = raw.find(ECG_HEAD)
    if at < 0 or len(raw) < at + RESP_AT + STAMP.size:
        return None
    number, monitor, magic = STAMP.unpack_from(raw, at + RESP_AT)
    return f"{monitor}-{number}" if magic == 0xC0DE else None


def on_disk(folder: Path) -> tuple[set[str | None], set[str], list[int], list[str]]:
    """Sets, messages, how many of both each run of the station left, and what cannot be read."""
    key, missing = (folder / "key").read_bytes(), list[str]()
    found, talks, runs = set[str | None](), set[str](), dict[int, int]()
    for path in listed(folder / "data"):
        segment = Segment.of(path, key)
        for record in segment.records():
            runs[segment.head.run] = runs.get(segment.head.run, 0) + (record.kind in RAW)
            if record.kind in SETS:
                found.add(key_of(record.payload))
            elif record.kind in RAW and (control := re.search(rb"\|(S\d+-\d+)\|P\|", record.payload)):
                talks.add(control[1].decode())
        missing += [f"{path.name} at {each.offset}: {each.why}" for each in segment.gaps]
    return found, talks, [runs[run] for run in sorted(runs)], missing


def gained(memory: list[int]) -> int:
    """kB between the middle of a run's second quarter and that of its last."""
    quarter = max(len(memory) // 4, 1)
    quarters = [sorted(memory[at : at + quarter])[quarter // 2] for at in (quarter, len(memory) - quarter)]
    return next(after - before for before, after in pairwise(quarters))


@pytest.mark.long
def test_a_station_outlives_a_bad_shift(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(SHIFT), "--folder", str(tmp_path), "--seconds", SECONDS], check=True)
    told = json.loads((tmp_path / "account.json").read_text())
    found, talks, runs, missing = on_disk(tmp_path)
    assert len(told["owed"]) > told["sent"] / 2 > 0
    assert set(told["owed"]) - found == set()
    assert set(told["owed_messages"]) - talks == set()
    assert told["owed_messages"]
    assert len(runs) == 2
    assert runs[0] >= told["kept_at_kill"] > 0
    assert len(missing) <= 1, "at most the chunk that was being written at the kill"
    assert min(told["frames"]) > 0, "a page was shown something by either run"
    assert told["passed_on"] > 0
    assert told["status"] == 0
    assert [each for each in map(gained, told["memory"]) if each > GROWTH] == []
    assert "Traceback" not in (tmp_path / "told").read_text()
