"""In: the first bytes of a log. Out: whether it is nfdump's CSV, and a reader of it.

Source: nfdump(1), output format `csv`: the names of nfdump 1.6, and those of 1.7.5 and later. Times carry no zone:
nfdump writes them in that of the machine it runs on. Each row is one direction.
"""

from dataclasses import replace
from typing import Final

from wardwatch.traffic.logs.described import header, opened, recognised
from wardwatch.traffic.logs.layout import Format, Reader
from wardwatch.traffic.logs.mapping import LogMapping

_REFERENCE: Final = "https://github.com/phaag/nfdump, manual page nfdump(1), output formats"
_CLASSIC: Final = LogMapping(
    name="nfdump-csv",
    title="nfdump -o csv",
    reference=_REFERENCE,
    layout="table",
    needs=("ts", "te", "sa", "da", "sp", "dp", "pr"),
    fields={
        "start": (("ts",),),
        "end": (("te",),),
        "duration": (("td",),),
        "src": (("sa",),),
        "dst": (("da",),),
        "sport": (("sp",),),
        "dport": (("dp",),),
        "protocol": (("pr",),),
        "packets_sent": (("ipkt",),),
        "bytes_sent": (("ibyt",),),
        "tcp_flags": (("flg",),),
    },
    formats=("%Y-%m-%d %H:%M:%S%.f", "epoch-s"),
    one_way=True,
)
_NEWER: Final = replace(
    _CLASSIC,
    needs=("firstSeen", "proto", "srcAddr", "srcPort", "dstAddr", "dstPort"),
    fields={
        "start": (("firstSeen",),),
        "end": (("lastSeen",),),
        "duration": (("duration",),),
        "src": (("srcAddr",),),
        "dst": (("dstAddr",),),
        "sport": (("srcPort",),),
        "dport": (("dstPort",),),
        "protocol": (("proto",),),
        "packets_sent": (("packets",), ("inPackets",)),
        "bytes_sent": (("bytes",), ("inBytes",)),
        "tcp_flags": (("flags",), ("tcpFlags",)),
    },
)
_FOOTER: Final = (b"Summary", b"No matching flows", b"Time window", b"Total flows", b"Sys:")


def _of(head: bytes) -> LogMapping | None:
    return next((mapping for mapping in (_CLASSIC, _NEWER) if recognised(head, mapping)), None)


def _recognise(head: bytes) -> str | None:
    found = _of(head)
    return found.name if found else None


def _open(_kind: str, head: bytes, where: str) -> Reader:
    from wardwatch.traffic.logs.readers.footed import Footed  # noqa: PLC0415  # polars is slow to load

    mapping = _of(head) or _CLASSIC
    found = header(head, mapping)
    return Footed(opened(head, mapping, where), _FOOTER, found.text if found else b"")


FORMAT = Format(
    name=_CLASSIC.name,
    title=_CLASSIC.title,
    reference=_REFERENCE,
    recognise=_recognise,
    open=_open,
)
