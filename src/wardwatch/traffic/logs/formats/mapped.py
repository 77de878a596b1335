"""In: the first bytes of a log. Out: whether a bundled mapping describes it, and a reader by that mapping."""

from wardwatch.traffic.logs.described import opened, recognised
from wardwatch.traffic.logs.layout import Format, Reader
from wardwatch.traffic.logs.mapping import bundled


def _recognise(head: bytes) -> str | None:
    return next((mapping.name for mapping in bundled() if recognised(head, mapping)), None)


def _open(kind: str, head: bytes, where: str) -> Reader:
    return opened(head, next(mapping for mapping in bundled() if mapping.name == kind), where)


FORMAT = Format(
    name="firewall",
    title="a firewall's log that a mapping describes",
    reference="docs/flow-logs.md",
    recognise=_recognise,
    open=_open,
)
