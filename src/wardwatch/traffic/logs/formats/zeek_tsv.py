"""In: the first bytes of a log. Out: whether it is Zeek's with tabs, and a reader of its connection log."""

import re
from typing import Final

from wardwatch.errors import InputError
from wardwatch.traffic.logs.layout import Format, Reader

_HEADER: Final = re.compile(rb"^#(?:separator |fields[^\w\s]?\s*ts\b)", re.MULTILINE)
_PATH: Final = re.compile(rb"^#path\s+(\S{1,40})", re.MULTILINE)
_NAME: Final = "zeek-conn-tsv"


def _recognise(head: bytes) -> str | None:
    return _NAME if head.startswith(b"#") and _HEADER.search(head) else None


def _open(_kind: str, head: bytes, where: str) -> Reader:
    path = _PATH.search(head)
    if path and path[1] != b"conn":
        raise InputError(
            f"a Zeek log of kind '{path[1].decode('ascii', 'replace')}', of which only the connection log is read",
            where=where,
            cure="Give wardwatch conn.log of the same days.",
        )
    from wardwatch.traffic.logs.readers.zeek_tsv import ZeekTsv  # noqa: PLC0415  # polars is slow to load

    return ZeekTsv()


FORMAT = Format(
    name=_NAME,
    title="Zeek conn.log with tabs",
    reference="https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html",
    recognise=_recognise,
    open=_open,
)
