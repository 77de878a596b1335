"""In: the first bytes of something that is no capture. Out: the sentence that says what it is and what to do."""

import string
from typing import Final, NamedTuple

from wardwatch.errors import InputError

from .compression import GZIP_MAGIC, compression_of
from .opening import Source, name_of


class _Form(NamedTuple):
    begins: bytes
    is_a: str
    cure: str


_UNPACK: Final = "Unpack it, or give wardwatch the folder."
_CONVERT: Final = "Convert it with `editcap -F pcapng IN OUT`, which comes with Wireshark."
_PROGRAM: Final = "Give wardwatch a pcap or pcapng file of the traffic."
_MAPPING: Final = (
    "If it is a flow log, say in a TOML file which column holds what, and give it with `--mapping FILE`; "
    "docs/flow-logs.md shows how."
)
_FORMS: Final = (
    _Form(b"PK", "a zip archive", _UNPACK),
    _Form(b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    _Form(b"Rar!", "a RAR archive", _UNPACK),
    _Form(b"BZh", "a bzip2 file", "Decompress it with `bunzip2`."),
    _Form(b"\xfd7zXZ", "an xz file", "Decompress it with `unxz`."),
    _Form(b"\x04\x22\x4d\x18", "an LZ4 file", "Decompress it with `lz4 -d`."),
    _Form(GZIP_MAGIC, "a gzip file inside another", "Decompress it once."),
    _Form(b"\x7fELF", "a Linux program", _PROGRAM),
    _Form(b"MZ", "a Windows program", _PROGRAM),
    _Form(b"\xcf\xfa\xed\xfe", "a macOS program", _PROGRAM),
    _Form(b"GMBU", "a capture of Microsoft Network Monitor", _CONVERT),
    _Form(b"RTSS", "a capture of Microsoft Network Monitor", _CONVERT),
    _Form(b"snoop\0\0\0", "a snoop capture", _CONVERT),
    _Form(b"TRSNIFF data", "a Sniffer capture", _CONVERT),
    _Form(b"XCP\0", "a NetXRay capture", _CONVERT),
    _Form(b"%PDF", "a PDF document", _PROGRAM),
    _Form(b"\xd0\xcf\x11\xe0", "an old Office document", _PROGRAM),
    _Form(b"SQLite format 3", "an SQLite database", _PROGRAM),
    _Form(b"\x45\x3d\xcd\x28", "a cramfs file system, as firmware images hold it", _PROGRAM),
    _Form(b"hsqs", "a squashfs file system, as firmware images hold it", _PROGRAM),
    _Form(b"\x89PNG", "a picture", _PROGRAM),
)
_SHOWN: Final = 4
_LEAST_SEPARATORS: Final = 3
_TAR: Final = slice(257, 262)
_TEXT: Final = frozenset(string.printable.encode())


def _shown(head: bytes) -> str:
    """The first bytes as letters where they are letters, else as numbers."""
    letters = head[:_SHOWN].decode("latin-1")
    short = letters.rstrip("\0").split("\x03")[0]
    if short and all(letter in string.ascii_letters + string.digits + string.punctuation + " " for letter in short):
        return f"'{short}'"
    return f"the bytes {head[:_SHOWN].hex(' ')}"


def _is_text(head: bytes) -> bool:
    return all(byte in _TEXT or byte > 0x7F for byte in head[:256])  # noqa: PLR2004  # beyond ASCII: text in some charset


def _is_table(head: bytes) -> bool:
    """Whether the first two lines are text with the same number of separators, three or more."""
    lines = head.replace(b"\r\n", b"\n").split(b"\n")[:2]
    if len(lines) < len(("header", "row")) or not _is_text(head):
        return False
    counts = [{lines[0].count(mark), lines[1].count(mark)} for mark in (b",", b";", b"\t")]
    return any(len(each) == 1 and min(each) >= _LEAST_SEPARATORS for each in counts)


def _form_of(head: bytes) -> _Form:
    for form in _FORMS:
        if head.startswith(form.begins):
            return form
    if head[_TAR] == b"ustar":
        return _Form(b"", "a tar archive", _UNPACK)
    if _is_table(head):
        return _Form(b"", "a table whose columns wardwatch does not know", _MAPPING)
    if _is_text(head):
        return _Form(b"", "text", "Give wardwatch the capture itself, or name the log's form with a mapping.")
    return _Form(b"", "no form of capture that wardwatch knows", "Give it a pcap or pcapng file, plain, .gz or .zst.")


def not_a_capture(source: Source, head: bytes) -> InputError:
    """What to raise for `source`, whose (decompressed) content begins with `head`."""
    where = name_of(source)
    if not head and _is_compressed(source):
        what = "not a capture: nothing in it can be decompressed"
        return InputError(what, where=where, cure="It is cut off or damaged: copy it again.")
    if not head:
        return InputError("not a capture: the file is empty", where=where, cure="Record it again, or leave it out.")
    form = _form_of(head)
    place = "the compressed content" if _is_compressed(source) else "the file"
    return InputError(
        f"not a capture: {place} begins with {_shown(head)}, which is {form.is_a}", where=where, cure=form.cure
    )


def _is_compressed(source: Source) -> bool:
    if source == "-":
        return False
    try:
        with source.open("rb") as file:
            return bool(compression_of(file.read(_SHOWN)))
    except OSError:
        return False
