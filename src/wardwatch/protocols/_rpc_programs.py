"""In: a call's arguments and its reply's results in XDR. Out: what was asked for and what came of it, in words.

Portmapper and rpcbind: RFC 1833. MOUNT: RFC 1094, appendix A, and RFC 1813, appendix I. NFS: RFC 1094 (version 2),
RFC 1813 (version 3). A reader takes the call's facts and the known handles and adds to the facts; what is missing at
the end of cut bytes is left out.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from . import _xdr as xdr
from .charsets import guess

Facts = dict[str, str | int]

PORTMAP: Final = 100000
NFS: Final = 100003
MOUNT: Final = 100005
PROGRAMS: Final[Mapping[int, str]] = MappingProxyType(
    {
        PORTMAP: "portmap",
        100001: "rstat",
        100002: "rusers",
        NFS: "nfs",
        100004: "ypserv",
        MOUNT: "mount",
        100007: "ypbind",
        100011: "rquota",
        100021: "nlockmgr",
        100024: "status",
        100227: "nfs_acl",
    }
)
_PROTOCOLS: Final = {6: "tcp", 17: "udp"}
_LONGEST_PATH: Final = 1024
_LONGEST_NAME: Final = 255
_HANDLES_KEPT: Final = 4096
_V2, _V3 = 2, 3
_V2_HANDLE: Final = 32
_V2_ATTRIBUTES: Final = 68
_V3_ATTRIBUTES: Final = 84
_LONGEST_HANDLE: Final = 128


class Handles:
    """Which path a file handle stands for, as far as this conversation has told; the oldest are forgotten.

    A path that begins in a folder of which only the handle is known stays relative to it, and that handle goes along:
    another conversation may tell what it stands for, as MOUNT does for NFS.
    """

    def __init__(self) -> None:
        self._paths: OrderedDict[bytes, tuple[str, str]] = OrderedDict()

    def learn(self, handle: bytes, path: str, root: str = "") -> None:
        """`handle` stands for `path`, in the folder whose handle in hexadecimal digits is `root`."""
        self._paths[handle] = path, root
        self._paths.move_to_end(handle)
        if len(self._paths) > _HANDLES_KEPT:
            self._paths.popitem(last=False)

    def path(self, handle: bytes) -> str:
        """The path, empty where it is not known."""
        return self._paths.get(handle, ("", ""))[0]

    def tell(self, facts: Facts, handle: bytes, name: str = "") -> None:
        """Adds 'path', and where that begins in an unknown folder, 'file handle', which is that folder's."""
        base, root = self._paths.get(handle, ("", ""))
        path = join(base, name) if name else base
        if path:
            facts["path"] = path
        if root or not base:
            facts["file handle"] = root or handle.hex()

    def learn_found(self, facts: Facts, handle: bytes) -> None:
        """`handle` stands for what the call's facts name."""
        self.learn(handle, str(facts.get("path", "")), str(facts.get("file handle", "")))


def join(base: str, name: str) -> str:
    """`name` in the folder `base`; relative where the folder is not known."""
    if name == ".":
        return base or name
    if name == ".." and base.rpartition("/")[2] not in {"", ".", ".."}:
        return base.rpartition("/")[0] or ("/" if base.startswith("/") else ".")
    joined = f"{base.rstrip('/')}/{name}" if base else name
    return joined[-_LONGEST_PATH:]


def text(reader: xdr.Reader, most: int = _LONGEST_PATH) -> str:
    """A string; RFC 1094 and 1813 name no character set."""
    return guess(reader.opaque(most))[0]


class Procedure(NamedTuple):
    """`kind` as messages call it; what reads its arguments and its results."""

    name: str
    kind: str
    call: Callable[[xdr.Reader, Facts, Handles], None] | None = None
    reply: Callable[[xdr.Reader, Facts, Handles], None] | None = None


# -- portmap and rpcbind ----------------------------------------------------------------------------------------------


def _asked(facts: Facts, program: int, version: int) -> None:
    facts["asked program"] = PROGRAMS.get(program, str(program))
    facts["asked version"] = version


def _port_asked(reader: xdr.Reader, facts: Facts, _handles: Handles) -> None:
    program, version, protocol, port = (reader.word() for _ in range(4))
    _asked(facts, program, version)
    facts["protocol"] = _PROTOCOLS.get(protocol, str(protocol))
    if port:
        facts["port"] = port


def _port_told(reader: xdr.Reader, facts: Facts, _handles: Handles) -> None:
    facts["port"] = reader.word()
    facts["status"] = "ok" if facts["port"] else "not registered"


def _address_asked(reader: xdr.Reader, facts: Facts, _handles: Handles) -> None:
    _asked(facts, reader.word(), reader.word())
    facts["protocol"] = text(reader, _LONGEST_NAME)
    address = text(reader, _LONGEST_NAME)
    if address:
        facts["address"] = address


def _address_told(reader: xdr.Reader, facts: Facts, _handles: Handles) -> None:
    facts["address"] = text(reader, _LONGEST_NAME)
    facts["status"] = "ok" if facts["address"] else "not registered"
    parts = str(facts["address"]).rsplit(".", 2)
    if len(parts) == 3 and all(part.isascii() and part.isdigit() and len(part) < 4 for part in parts[1:]):  # noqa: PLR2004  # RFC 5665, 5.2.3.3: two numbers of a byte each
        facts["port"] = int(parts[1]) << 8 | int(parts[2])


# -- mount ------------------------------------------------------------------------------------------------------------


def _path_asked(reader: xdr.Reader, facts: Facts, _handles: Handles) -> None:
    facts["path"] = text(reader)


def _mounted(reader: xdr.Reader, facts: Facts, handles: Handles) -> None:
    if not _status(reader, facts):
        return
    handle = reader.opaque(_LONGEST_HANDLE) if facts["version"] == _V3 else reader.fixed(_V2_HANDLE)
    handles.learn(handle, str(facts.get("path", "")))
    facts["file handle"] = handle.hex()


# -- nfs, versions 2 and 3 --------------------------------------------------------------------------------------------


def _status(reader: xdr.Reader, facts: Facts) -> bool:
    status = reader.word()
    facts["status"] = f"error {status}" if status else "ok"
    return not status


def _handle(reader: xdr.Reader, facts: Facts) -> bytes:
    return reader.opaque(_LONGEST_HANDLE) if facts["version"] == _V3 else reader.fixed(_V2_HANDLE)


def _file(reader: xdr.Reader, facts: Facts, handles: Handles) -> None:
    handles.tell(facts, _handle(reader, facts))


def _named(reader: xdr.Reader, facts: Facts, handles: Handles) -> None:
    folder = _handle(reader, facts)
    handles.tell(facts, folder, text(reader, _LONGEST_NAME))


def _read(reader: xdr.Reader, facts: Facts, handles: Handles) -> None:
    _file(reader, facts, handles)
    facts["offset"] = reader.long() if facts["version"] == _V3 else reader.word()
    facts["count"] = reader.word()


def _written(reader: xdr.Reader, facts: Facts, handles: Handles) -> None:
    _file(reader, facts, handles)
    if facts["version"] == _V3:
        facts["offset"], facts["count"] = reader.long(), reader.word()
    else:
        reader.word()
        facts["offset"] = reader.word()
        reader.word()
        facts["count"] = reader.word()


def _renamed(reader: xdr.Reader, facts: Facts, handles: Handles) -> None:
    _named(reader, facts, handles)
    to: Facts = {"version": facts["version"]}
    _named(reader, to, handles)
    if "path" in to:
        facts["new path"] = to["path"]


def _result(reader: xdr.Reader, facts: Facts, _handles: Handles) -> None:
    _status(reader, facts)


def _found(reader: xdr.Reader, facts: Facts, handles: Handles) -> None:
    if _status(reader, facts):
        handles.learn_found(facts, _handle(reader, facts))


def _created(reader: xdr.Reader, facts: Facts, handles: Handles) -> None:
    if _status(reader, facts) and (facts["version"] != _V3 or reader.word()):
        handles.learn_found(facts, _handle(reader, facts))


def _bytes_read(reader: xdr.Reader, facts: Facts, _handles: Handles) -> None:
    if not _status(reader, facts):
        return
    if facts["version"] == _V3:
        reader.skip(_V3_ATTRIBUTES if reader.word() else 0)
    else:
        reader.skip(_V2_ATTRIBUTES)
    facts["bytes"] = reader.word()


_NULL: Final = Procedure("NULL", "null")
_LOOKUP: Final = Procedure("LOOKUP", "lookup", _named, _found)
_GETATTR: Final = Procedure("GETATTR", "get-attributes", _file, _result)
_SETATTR: Final = Procedure("SETATTR", "set-attributes", _file, _result)
_READLINK: Final = Procedure("READLINK", "read-link", _file, _result)
_READ: Final = Procedure("READ", "read", _read, _bytes_read)
_WRITE: Final = Procedure("WRITE", "write", _written, _result)
_CREATE: Final = Procedure("CREATE", "create", _named, _created)
_MKDIR: Final = Procedure("MKDIR", "create", _named, _created)
_REMOVE: Final = Procedure("REMOVE", "remove", _named, _result)
_RMDIR: Final = Procedure("RMDIR", "remove", _named, _result)
_RENAME: Final = Procedure("RENAME", "rename", _renamed, _result)
_LINK: Final = Procedure("LINK", "link", _file, _result)
_READDIR: Final = Procedure("READDIR", "list", _file, _result)
_FSSTAT: Final = Procedure("FSSTAT", "get-attributes", _file, _result)

_PORTMAP_SET: Final = Procedure("SET", "portmap-set", _port_asked)
_RPCBIND_SET: Final = Procedure("SET", "portmap-set", _address_asked)
_RPCBIND: Final[Mapping[int, Procedure]] = MappingProxyType(
    {
        0: _NULL,
        1: _RPCBIND_SET,
        2: Procedure("UNSET", "portmap-unset", _address_asked),
        3: Procedure("GETADDR", "portmap-lookup", _address_asked, _address_told),
        4: Procedure("DUMP", "portmap-list"),
        5: Procedure("CALLIT", "portmap-call"),
        9: Procedure("GETVERSADDR", "portmap-lookup", _address_asked, _address_told),
    }
)
_MOUNT: Final[Mapping[int, Procedure]] = MappingProxyType(
    {
        0: _NULL,
        1: Procedure("MNT", "mount", _path_asked, _mounted),
        2: Procedure("DUMP", "mount-list"),
        3: Procedure("UMNT", "unmount", _path_asked),
        4: Procedure("UMNTALL", "unmount"),
        5: Procedure("EXPORT", "export"),
        6: Procedure("EXPORTALL", "export"),
        7: Procedure("PATHCONF", "get-attributes", _path_asked),
    }
)
_NFS_2: Final[Mapping[int, Procedure]] = MappingProxyType(
    {
        0: _NULL,
        1: _GETATTR,
        2: _SETATTR,
        3: Procedure("ROOT", "null"),
        4: _LOOKUP,
        5: _READLINK,
        6: _READ,
        7: Procedure("WRITECACHE", "null"),
        8: _WRITE,
        9: _CREATE,
        10: _REMOVE,
        11: _RENAME,
        12: _LINK,
        13: Procedure("SYMLINK", "create", _named, _result),
        14: _MKDIR,
        15: _RMDIR,
        16: _READDIR,
        17: Procedure("STATFS", "get-attributes", _file, _result),
    }
)
_NFS_3: Final[Mapping[int, Procedure]] = MappingProxyType(
    {
        0: _NULL,
        1: _GETATTR,
        2: _SETATTR,
        3: _LOOKUP,
        4: Procedure("ACCESS", "get-attributes", _file, _result),
        5: _READLINK,
        6: _READ,
        7: _WRITE,
        8: _CREATE,
        9: _MKDIR,
        10: Procedure("SYMLINK", "create", _named, _created),
        11: Procedure("MKNOD", "create", _named, _created),
        12: _REMOVE,
        13: _RMDIR,
        14: _RENAME,
        15: _LINK,
        16: _READDIR,
        17: Procedure("READDIRPLUS", "list", _file, _result),
        18: _FSSTAT,
        19: Procedure("FSINFO", "get-attributes", _file, _result),
        20: Procedure("PATHCONF", "get-attributes", _file, _result),
        21: Procedure("COMMIT", "write", _file, _result),
    }
)
PROCEDURES: Final[Mapping[tuple[int, int], Mapping[int, Procedure]]] = MappingProxyType(
    {
        (PORTMAP, 2): MappingProxyType(
            {
                0: _NULL,
                1: _PORTMAP_SET,
                2: Procedure("UNSET", "portmap-unset", _port_asked),
                3: Procedure("GETPORT", "portmap-lookup", _port_asked, _port_told),
                4: Procedure("DUMP", "portmap-list"),
                5: Procedure("CALLIT", "portmap-call"),
            }
        ),
        (PORTMAP, 3): _RPCBIND,
        (PORTMAP, 4): _RPCBIND,
        (MOUNT, 1): _MOUNT,
        (MOUNT, 2): _MOUNT,
        (MOUNT, 3): _MOUNT,
        (NFS, _V2): _NFS_2,
        (NFS, _V3): _NFS_3,
    }
)
