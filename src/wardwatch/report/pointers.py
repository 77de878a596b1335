"""In: one piece of evidence. Out: its place in words, and how to open it: a display filter, a command to copy.

Nothing of the input reaches a command unquoted, and no filter is written of a text that is no address.
"""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from ipaddress import ip_address
from typing import Any, Final

from wardwatch.report.contents import plain_where
from wardwatch.report.units import cut, elapsed, number, sentence, service, size, stamp
from wardwatch.vocabulary import Evidence, EvidenceKind

_TRANSPORTS: Final = ("tcp", "udp")
_LONGEST: Final = 200
_PATH: Final = 600
_AGES: Final = 1e9
"""Seconds; no recording is longer."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """`place` in words and more of it in `detail`, a Wireshark display `filter`, a shell `command`, what was seen."""

    place: str
    detail: str = ""
    filter: str = ""
    command: str = ""
    excerpt: str = ""


def pointer(evidence: Evidence, zone: tzinfo) -> Pointer:
    """Say where one piece of evidence is, and how to look at it."""
    where = plain_where(evidence.where)
    excerpt = cut(evidence.excerpt, 2 * _LONGEST)
    if evidence.kind is EvidenceKind.PACKET and isinstance(where.get("number"), int):
        return Pointer(_packet(where, zone), "", f"frame.number == {where['number']}", _wireshark(where), excerpt)
    if evidence.kind is EvidenceKind.FLOW:
        return Pointer(_flow(where), _extent(where, zone), _conversation(where), "", excerpt)
    if evidence.kind is EvidenceKind.FUNCTION:
        return Pointer(_function(where), _reached(where), "", "", excerpt)
    if evidence.kind is EvidenceKind.SAMPLES and _are_seconds(where, "start_s", "end_s"):
        return Pointer(_stretch(where), _samples(where), "", "", excerpt)
    if evidence.kind is EvidenceKind.LINE and isinstance(where.get("line"), int):
        return Pointer(_line(where), _reached(where) if where.get("trigger") else "", "", "", excerpt)
    return Pointer(_anything(where), excerpt=excerpt)


def _packet(where: Mapping[str, Any], zone: tzinfo) -> str:
    told = [f"Packet {number(where['number'])}", _time(where.get("time"), zone), f"in {_text(where, 'file')}"]
    return ", ".join(filter(None, told))


def _time(text: object, zone: tzinfo) -> str:
    """RFC 3339 text in the site's zone; as it stands where it is none."""
    try:
        return stamp(datetime.fromisoformat(str(text)), zone) if text else ""
    except ValueError:
        return cut(str(text), 40)


def _text(where: Mapping[str, Any], name: str) -> str:
    return cut(str(where.get(name, "")), _LONGEST)


def _wireshark(where: Mapping[str, Any]) -> str:
    """Open the capture at this packet (`man wireshark`: -r, -g); nothing where its name could not be shown as it is."""
    file = str(where.get("file", ""))
    if not file or "\\x" in file or "\\u" in file or len(file) > _PATH:
        return ""
    return f"wireshark -r {shlex.quote(file)} -g {where['number']}"


def _flow(where: Mapping[str, Any]) -> str:
    proto = _text(where, "proto").upper()
    return f"Conversation {_end(where, 'src', 'sport')} to {_end(where, 'dst', 'dport')}, {proto}"


def _extent(where: Mapping[str, Any], zone: tzinfo) -> str:
    span = " to ".join(filter(None, (_time(where.get(name), zone) for name in ("first", "last"))))
    return ", ".join(filter(None, (span, _count(where, "packets", " packets"), _size(where))))


def _end(where: Mapping[str, Any], address: str, port: str) -> str:
    value = where.get(port)
    shown = service(value) if isinstance(value, int) and address == "dst" else _text(where, port)
    return f"{_text(where, address)} port {shown}"


def _count(where: Mapping[str, Any], name: str, unit: str) -> str:
    value = where.get(name)
    return f"{number(value)}{unit}" if isinstance(value, int) else ""


def _size(where: Mapping[str, Any]) -> str:
    value = where.get("bytes")
    return size(value) if isinstance(value, int) else ""


def _conversation(where: Mapping[str, Any]) -> str:
    """A display filter for one conversation, of checked addresses and numbers only."""
    transport = str(where.get("proto", "")).lower()
    ports = [where.get("sport"), where.get("dport")]
    if transport not in _TRANSPORTS or not all(isinstance(port, int) for port in ports):
        return ""
    try:
        ends = [ip_address(str(where.get(name)).partition("%")[0]) for name in ("src", "dst")]
    except ValueError:
        return ""
    named = [f"{'ip' if end.version == 4 else 'ipv6'}.addr == {end}" for end in ends]  # noqa: PLR2004  # IP version
    return " && ".join([*named, *(f"{transport}.port == {port}" for port in ports)])


def _function(where: Mapping[str, Any]) -> str:
    address = where.get("address")
    at = f"{address:#x}" if isinstance(address, int) else _text(where, "address")
    return f"{_text(where, 'name')} at {at} in {_text(where, 'file')}"


def _reached(where: Mapping[str, Any]) -> str:
    path = where.get("call_path")
    steps = " → ".join(cut(str(step), 80) for step in path[:12]) if isinstance(path, list) else ""
    told = [
        f"Reached by {_text(where, 'trigger')}",
        f"through {steps}" if steps else "",
        f"peer {_text(where, 'peer')}" if where.get("peer") else "",
    ]
    return ", ".join(filter(None, told))


def _are_seconds(where: Mapping[str, Any], *names: str) -> bool:
    return all(isinstance(where.get(name), (int, float)) and 0 <= where[name] < _AGES for name in names)


def _stretch(where: Mapping[str, Any]) -> str:
    return f"{_text(where, 'signal')}, {elapsed(where['start_s'])} to {elapsed(where['end_s'])} of the recording"


def _samples(where: Mapping[str, Any]) -> str:
    first, last, rate = (where.get(name) for name in ("start_sample", "end_sample", "rate"))
    told = [f"raised at {elapsed(where['raised_s'])}"] if _are_seconds(where, "raised_s") else []
    if isinstance(first, int) and isinstance(last, int) and isinstance(rate, (int, float)):
        told.insert(0, f"samples {number(first)} to {number(last)} at {rate:g} a second")
    return sentence(", ".join(told)).rstrip(".") if told else ""


def _line(where: Mapping[str, Any]) -> str:
    inside = f", in {_text(where, 'name')}" if where.get("name") else ""
    return f"Line {number(where['line'])} of {_text(where, 'file')}{inside}"


def _anything(where: Mapping[str, Any]) -> str:
    return ", ".join(_pairs(where))


def _pairs(where: Mapping[str, Any]) -> Iterator[str]:
    for name, value in list(where.items())[:16]:
        shown = ", ".join(map(str, value[:12])) if isinstance(value, list) else str(value)
        yield f"{cut(name, 40)}: {cut(shown, _LONGEST)}"


def reference(name: str) -> str:
    """A reference with the place where it can be read, as text; the document itself reaches for nothing."""
    kind, _, rest = name.partition("-")
    if kind == "CVE":
        return f"{name} (www.cve.org/CVERecord?id={name})"
    if kind == "CWE" and rest.isdigit():
        return f"{name} (cwe.mitre.org/data/definitions/{rest}.html)"
    if kind == "ICSMA":
        return f"{name} (www.cisa.gov/news-events/ics-medical-advisories/{name.lower()})"
    return name
