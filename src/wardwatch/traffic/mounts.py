"""In: what NFS and MOUNT conversations told of file handles. Out: NFS paths from the root of the share mounted.

NFS names a folder by a handle, and only MOUNT says which path that is (RFC 1813, appendix I): in another conversation,
with another port of the same server, and perhaps later in the capture than the first use. So both are joined at the
end, by the server's address and the handle. Where one handle was mounted under two paths, the mount before the use
counts.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from operator import itemgetter
from posixpath import normpath
from typing import Final

import numpy as np

from .content import Content, Notable
from .ledger import Flows

_LONGEST_PATH: Final = 1024
_Share = tuple[bytes, str]
"""A server's version and address, and a handle in hexadecimal digits."""


def join_mounts(flows: Flows, contents: Mapping[int, Content]) -> None:
    """Complete the paths of NFS calls whose folder a MOUNT call to the same server named."""
    mounts = _mounts(flows, contents)
    if not mounts:
        return
    for content, servers in _conversations(flows, contents):
        content.notable = [_absolute(notable, mounts, servers) for notable in content.notable]


def _conversations(flows: Flows, contents: Mapping[int, Content]) -> Iterator[tuple[Content, tuple[bytes, bytes]]]:
    """Those of ONC RPC, each with the address of the server of a call of side 0, and of one of side 1."""
    told = [flow for flow, content in contents.items() if content.protocol == "sunrpc" and content.notable]
    for record in flows[np.isin(flows["id"], np.array(told, np.uint32))]:
        version = bytes([record["ver"]])
        yield contents[int(record["id"])], (version + record["b"].tobytes(), version + record["a"].tobytes())


def _mounts(flows: Flows, contents: Mapping[int, Content]) -> dict[_Share, list[tuple[int, str]]]:
    """Times and paths of all successful mounts of each share, in order of time."""
    found: dict[_Share, list[tuple[int, str]]] = defaultdict(list)
    mounting = {flow: content for flow, content in contents.items() if any(map(_is_mount, content.notable))}
    for content, servers in _conversations(flows, mounting):
        for notable in filter(_is_mount, content.notable):
            share = servers[notable.side], notable.fact("file handle")
            found[share].append((notable.mark.time, notable.fact("path")))
    for times in found.values():
        times.sort(key=itemgetter(0))
    return found


def _is_mount(notable: Notable) -> bool:
    facts = notable.facts
    return notable.kind == "mount" and "file handle" in facts and bool(facts.get("path"))


def _absolute(
    notable: Notable, mounts: Mapping[_Share, list[tuple[int, str]]], servers: tuple[bytes, bytes]
) -> Notable:  # fmt: skip
    facts = notable.facts
    times = mounts.get((servers[notable.side], notable.fact("file handle")))
    if times is None or facts.get("program") != "nfs":
        return notable
    root = times[max(0, bisect_right(times, notable.mark.time, key=itemgetter(0)) - 1)][1]
    return notable._replace(facts={**facts, "path": _below(root, notable.fact("path"))})


def _below(root: str, path: str) -> str:
    """`path`, which is relative, in the folder `root`; what climbs out of an absolute one ends at the top."""
    joined = normpath(f"{root}/{path}")
    return (f"/{joined.lstrip('/')}" if root.startswith("/") else joined)[-_LONGEST_PATH:]
