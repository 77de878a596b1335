"""In: a path. Out: the recording there, opened by what it contains; or an error that says what is read."""

from pathlib import Path

from wardwatch.errors import InputError
from wardwatch.protocols.cms import CODEC
from wardwatch.protocols.codec import Transport

from .recording import Recording
from .stream import open_stream
from .wfdb import open_wfdb
from .wfdb_header import segmented
from .wfdb_segments import open_segments

_LOOKED_AT = 1 << 16
_CURE = "wardwatch reads WFDB headers (.hea), stored central-station streams (.cms), and captures (pcap, pcapng)."


def open_recording(path: Path) -> Recording:
    """The recording at `path`; InputError where it is none."""
    head = _head(path)
    if CODEC.recognise(Transport.TCP, head, b"") > 0.5:  # noqa: PLR2004  # more likely than not
        return open_stream(path)
    if path.suffix == ".hea":
        return open_segments(path) if segmented(head.decode("latin-1")) else open_wfdb(path)
    header = path.with_suffix(".hea")
    if path.suffix in {".dat", ".mat"} and header.is_file():
        return open_wfdb(header)
    raise InputError("not a recording", where=str(path), cure=_CURE)


def _head(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise InputError("not a regular file", where=str(path), cure=_CURE)
    try:
        with path.open("rb") as stream:
            return stream.read(_LOOKED_AT)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path), cure=_CURE) from error
