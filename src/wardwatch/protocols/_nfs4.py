"""In: an NFSv4 COMPOUND call and its reply in XDR. Out: its operations, and which path they speak of.

RFC 7530 (4.0), with the operations of RFC 8881 (4.1) that stand before the telling ones. Arguments lie one behind the
other without lengths, so reading stops at the first operation that is not known here; what came before it counts.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from . import _xdr as xdr
from ._rpc_programs import Facts, Handles, join, text

_MOST_OPERATIONS: Final = 128
_TOLD: Final = 16
_HANDLE: Final = 128
_BULK: Final = 1 << 25
_STATE_ID, _VERIFIER, _SESSION_ID = 16, 8, 16
_UP: Final = "LOOKUPP"
_GETFH, _OPEN, _PUTFH, _LOOKUP, _GETATTR, _READ = 10, 18, 22, 15, 9, 25
_KINDS: Final = ("write", "create", "remove", "rename", "read", "open", "list", "lookup", "set-attributes")


class Compound:
    """One call: what it does, step by step, and the path after each step, until the reply tells the handles."""

    def __init__(self) -> None:
        self.paths: list[str] = []  # the current path after each operation
        self.kinds: set[str] = set()
        self.path = ""
        self.saved = ""


def read_call(reader: xdr.Reader, facts: Facts, handles: Handles) -> Compound:
    """Adds 'path', 'operations' and the minor version to the facts; never fails on cut or unknown operations."""
    compound = Compound()
    names: list[str] = []
    try:
        reader.opaque(_HANDLE)  # tag
        facts["minor version"] = reader.word()
        for _ in range(min(reader.word(), _MOST_OPERATIONS)):
            if not _operation(reader, facts, handles, compound, names):
                break
    except xdr.ShortError:
        pass
    facts["operations"] = " ".join(names[:_TOLD])
    if compound.path and "path" not in facts:
        facts["path"] = compound.path
    return compound


def kind(compound: Compound) -> str:
    """The most telling of what it does."""
    return next((name for name in _KINDS if name in compound.kinds), "compound")


def read_reply(reader: xdr.Reader, facts: Facts, handles: Handles, compound: Compound) -> None:
    """Adds the status, and learns the handle that each GETFH tells for the path the call had reached there."""
    status = reader.word()
    facts["status"] = f"error {status}" if status else "ok"
    reader.opaque(_HANDLE)
    for step in range(min(reader.word(), _MOST_OPERATIONS)):
        operation, failed = reader.word(), reader.word()
        if failed:
            return
        if operation == _GETFH:
            handle = reader.opaque(_HANDLE)
            if step < len(compound.paths) and compound.paths[step]:
                handles.learn(handle, compound.paths[step])
        elif operation == _READ:
            reader.word()
            facts["bytes"] = reader.word()
            return
        elif operation in _RESULTS:
            _RESULTS[operation](reader)
        else:
            return


def _operation(reader: xdr.Reader, facts: Facts, handles: Handles, compound: Compound, names: list[str]) -> bool:
    number = reader.word()
    known = _ARGUMENTS.get(number)
    if known is None:
        return False
    name, does, arguments = known
    names.append(name)
    if does:
        compound.kinds.add(does)
    if number == _PUTFH:
        handle = reader.opaque(_HANDLE)
        compound.path = handles.path(handle)
        if not compound.path:
            facts["file handle"] = handle.hex()
    else:
        told = arguments(reader)
        _move(name, told, facts, compound)
    compound.paths.append(compound.path)
    return True


def _move(name: str, told: str, facts: Facts, compound: Compound) -> None:
    """How an operation changes the current path, and which path it speaks of."""
    if name == "PUTROOTFH":
        compound.path = "/"
    elif name in {"LOOKUP", "OPEN", "CREATE"} and told:
        compound.path = join(compound.path, told)
    elif name == _UP:
        compound.path = compound.path.rpartition("/")[0] or "/"
    elif name == "SAVEFH":
        compound.saved = compound.path
    elif name == "RESTOREFH":
        compound.path = compound.saved
    elif name == "REMOVE":
        facts["path"] = join(compound.path, told)
    elif name == "RENAME":
        old, _, new = told.partition("\0")
        facts["path"], facts["new path"] = join(compound.saved, old), join(compound.path, new)


def _none(_reader: xdr.Reader) -> str:
    return ""


def _skipping(count: int) -> Callable[[xdr.Reader], str]:
    def skip(reader: xdr.Reader) -> str:
        reader.skip(count)
        return ""

    return skip


def _name(reader: xdr.Reader) -> str:
    return text(reader)


def _two_names(reader: xdr.Reader) -> str:
    return f"{text(reader)}\0{text(reader)}"


def _bitmap(reader: xdr.Reader) -> str:
    reader.skip(4 * reader.word())
    return ""


def _attributes(reader: xdr.Reader) -> str:
    _bitmap(reader)
    reader.opaque(_BULK)
    return ""


def _set_attributes(reader: xdr.Reader) -> str:
    reader.skip(_STATE_ID)
    return _attributes(reader)


def _read_folder(reader: xdr.Reader) -> str:
    reader.skip(8 + _VERIFIER + 8)
    return _bitmap(reader)


def _write(reader: xdr.Reader) -> str:
    reader.skip(_STATE_ID + 8 + 4)
    reader.opaque(_BULK)
    return ""


def _create(reader: xdr.Reader) -> str:
    what = reader.word()
    if what == 5:  # noqa: PLR2004  # NF4LNK: a link's text
        text(reader)
    elif what in {3, 4}:  # NF4BLK, NF4CHR
        reader.skip(8)
    name = text(reader)
    _attributes(reader)
    return name


def _client_id(reader: xdr.Reader) -> str:
    reader.skip(_VERIFIER)
    reader.opaque(1024)
    reader.word()
    text(reader)
    text(reader)
    reader.word()
    return ""


def _release(reader: xdr.Reader) -> str:
    reader.skip(8)
    reader.opaque(1024)
    return ""


def _open(reader: xdr.Reader) -> str:
    reader.skip(12)  # sequence, access, denied access
    _release(reader)  # owner
    if reader.word():
        mode = reader.word()
        if mode in {2, 3}:  # EXCLUSIVE4, EXCLUSIVE4_1
            reader.skip(_VERIFIER)
        if mode != 2:  # noqa: PLR2004  # EXCLUSIVE4 has no attributes
            _attributes(reader)
    claim = reader.word()
    if claim in {2, 5}:  # CLAIM_DELEGATE_CUR, CLAIM_DELEG_CUR_FH
        reader.skip(_STATE_ID)
    if claim == 1:  # CLAIM_PREVIOUS
        reader.word()
    return text(reader) if claim in {0, 2, 3} else ""


def _opened(reader: xdr.Reader) -> str:
    reader.skip(_STATE_ID + 20 + 4)
    _bitmap(reader)
    delegation = reader.word()
    if delegation in {1, 2}:
        reader.skip(_STATE_ID + 4 + (12 if delegation == 2 else 0))  # noqa: PLR2004  # a write delegation has a limit
        reader.skip(12)
        text(reader)
    elif delegation == 3:  # noqa: PLR2004  # OPEN_DELEGATE_NONE_EXT
        reader.skip(4 if reader.word() in {1, 2} else 0)
    return ""


_CHANGE: Final = 20  # change_info4
_ARGUMENTS: Final[Mapping[int, tuple[str, str, Callable[[xdr.Reader], str]]]] = MappingProxyType(
    {
        3: ("ACCESS", "", _skipping(4)),
        4: ("CLOSE", "", _skipping(4 + _STATE_ID)),
        5: ("COMMIT", "", _skipping(12)),
        6: ("CREATE", "create", _create),
        8: ("DELEGRETURN", "", _skipping(_STATE_ID)),
        _GETATTR: ("GETATTR", "", _bitmap),
        _GETFH: ("GETFH", "", _none),
        11: ("LINK", "", _name),
        _LOOKUP: ("LOOKUP", "lookup", _name),
        16: (_UP, "lookup", _none),
        17: ("NVERIFY", "", _attributes),
        _OPEN: ("OPEN", "open", _open),
        20: ("OPEN_CONFIRM", "", _skipping(_STATE_ID + 4)),
        21: ("OPEN_DOWNGRADE", "", _skipping(_STATE_ID + 12)),
        _PUTFH: ("PUTFH", "", _none),
        23: ("PUTPUBFH", "", _none),
        24: ("PUTROOTFH", "", _none),
        _READ: ("READ", "read", _skipping(_STATE_ID + 12)),
        26: ("READDIR", "list", _read_folder),
        27: ("READLINK", "", _none),
        28: ("REMOVE", "remove", _name),
        29: ("RENAME", "rename", _two_names),
        30: ("RENEW", "", _skipping(8)),
        31: ("RESTOREFH", "", _none),
        32: ("SAVEFH", "", _none),
        33: ("SECINFO", "", _name),
        34: ("SETATTR", "set-attributes", _set_attributes),
        35: ("SETCLIENTID", "", _client_id),
        36: ("SETCLIENTID_CONFIRM", "", _skipping(8 + _VERIFIER)),
        37: ("VERIFY", "", _attributes),
        38: ("WRITE", "write", _write),
        39: ("RELEASE_LOCKOWNER", "", _release),
        44: ("DESTROY_SESSION", "", _skipping(_SESSION_ID)),
        52: ("SECINFO_NO_NAME", "", _skipping(4)),
        53: ("SEQUENCE", "", _skipping(_SESSION_ID + 16)),
        58: ("RECLAIM_COMPLETE", "", _skipping(4)),
    }
)
_RESULTS: Final[Mapping[int, Callable[[xdr.Reader], str]]] = MappingProxyType(
    {
        3: _skipping(8),
        4: _skipping(_STATE_ID),
        5: _skipping(_VERIFIER),
        8: _none,
        _GETATTR: _attributes,
        _LOOKUP: _none,
        16: _none,
        17: _none,
        _OPEN: _opened,
        20: _skipping(_STATE_ID),
        21: _skipping(_STATE_ID),
        _PUTFH: _none,
        23: _none,
        24: _none,
        28: _skipping(_CHANGE),
        29: _skipping(2 * _CHANGE),
        30: _none,
        31: _none,
        32: _none,
        34: _bitmap,
        37: _none,
        38: _skipping(8 + _VERIFIER),
        53: _skipping(_SESSION_ID + 20),
    }
)
