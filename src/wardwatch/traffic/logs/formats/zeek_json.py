"""In: the first bytes of a log. Out: whether it is Zeek's connection log as JSON lines, and a reader of it."""

import re
from typing import Final

from wardwatch.traffic.logs.layout import Format, Reader

_KEY: Final = re.compile(rb'"id\.orig_h"\s*:')
_OWN: Final = re.compile(rb'"conn_state"\s*:|"_path"\s*:\s*"conn"')
_NAME: Final = "zeek-conn-json"


def _recognise(head: bytes) -> str | None:
    if not head.lstrip().startswith(b"{"):
        return None
    return _NAME if any(_KEY.search(line) and _OWN.search(line) for line in head.split(b"\n")) else None


def _open(_kind: str, _head: bytes, _where: str) -> Reader:
    from wardwatch.traffic.logs.readers.zeek_json import ZeekJson  # noqa: PLC0415  # polars is slow to load

    return ZeekJson()


FORMAT = Format(
    name=_NAME,
    title="Zeek conn.log as JSON lines",
    reference="https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html",
    recognise=_recognise,
    open=_open,
)
