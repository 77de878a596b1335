"""In: bytes from the fuzzer. Out: nothing, unless the readers of recordings let more out than an InputError.

The first byte chooses the form: a WFDB record with its table, in one piece or in segments (r, of which s is one), or a
stored stream with its side file.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["wardwatch"]):
    from wardwatch.errors import InputError
    from wardwatch.vitals.bed import Bed
    from wardwatch.vitals.readers.stream import open_stream
    from wardwatch.vitals.readers.wfdb import open_wfdb
    from wardwatch.vitals.readers.wfdb_segments import open_segments

_FOLDER = Path(tempfile.mkdtemp())
_MOST_SECONDS = 200


def test_one(data: bytes) -> None:
    """One recording; its seconds go through every check."""
    if not data:
        return
    parts = data[1:].split(b"\xff\xfe\xfd")
    parts += [b""] * (4 - len(parts))
    record = _FOLDER / "r.hea"
    stored = _FOLDER / "r.cms"
    record.write_bytes(parts[0])
    (_FOLDER / "r.dat").write_bytes(parts[1])
    (_FOLDER / "s.hea").write_bytes(parts[3] or parts[0])
    (_FOLDER / "r.numerics.csv").write_bytes(parts[2])
    stored.write_bytes(parts[0])
    stored.with_name("r.cms.json").write_bytes(parts[1] or b"{}")
    try:
        recording = (open_wfdb if data[0] & 2 else open_segments)(record) if data[0] & 1 else open_stream(stored)
        bed = Bed()
        for count, second in enumerate(recording.seconds()):
            bed.feed(second)
            if count > _MOST_SECONDS:
                break
    except InputError:
        pass


def main() -> None:
    """Run until the engine ends."""
    atheris.Setup(sys.argv, test_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
