"""In: the JSON of a report (`wardwatch.report.v1`). Out: the devices that something was found on, and each path found.

The file may be anybody's: it is bounded, only what is needed is taken, and what cannot be used is told, not lost.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final

from wardwatch.errors import InputError
from wardwatch.printable import printable

from .policy import Address

SCHEMA: Final = "wardwatch.report.v1"
LARGEST: Final = 64 << 20
_LAST_PORT: Final = 65535
_NO_HOST: Final = "its evidence names no address at the far end, so no rule of a gateway bears on it"


@dataclass(frozen=True, slots=True)
class Path:
    """What one finding says was spoken between a device and a peer. `inward`: whether the peer began."""

    finding: str
    rule: str
    device: str
    peer: Address
    protocol: str
    port: int
    inward: bool = False

    def __str__(self) -> str:
        port = f" {self.port}" if self.port else ""
        arrow = "from" if self.inward else "to"
        return f"{self.rule}: {self.device} {arrow} {self.peer} {self.protocol}{port}"


@dataclass(frozen=True, slots=True)
class Reported:
    """Devices with what was found on them: id to addresses; paths; and what in the report gives no path."""

    devices: Mapping[str, tuple[Address, ...]]
    profiles: Mapping[str, str]
    paths: tuple[Path, ...]
    left_out: tuple[str, ...]


def read(text: str, where: str) -> Reported:
    """InputError where the text is no such report."""
    report = _report(text, where)
    subjects = [entry for entry in _entries(report, "subjects") if entry.get("kind") == "device"]
    devices = {str(entry.get("id")): tuple(_addresses(entry)) for entry in subjects}
    profiles = {str(entry.get("id")): str(entry["profile"]) for entry in subjects if entry.get("profile")}
    paths: dict[Path, None] = {}
    left_out: Counter[str] = Counter()
    for finding in _entries(report, "findings"):
        if finding.get("severity") == "info":
            continue
        found = tuple(_paths(finding, devices))
        paths.update(dict.fromkeys(found))
        if not found:
            left_out[printable(str(finding.get("rule")), 80)] += 1
    paths.update(dict.fromkeys(_exposed(report, devices)))
    told = tuple(f"{rule} (findings: {count}): {_NO_HOST}" for rule, count in sorted(left_out.items()))
    return Reported(devices, profiles, tuple(paths), told)


def _report(text: str, where: str) -> Mapping[str, Any]:
    if len(text) > LARGEST:
        raise InputError(f"longer than {LARGEST >> 20} MiB", where=where, cure="No report is so long.")
    try:
        report = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("no JSON", where=where, cure="Give what 'wardwatch scan --json FILE' wrote.") from error
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        raise InputError(f"no report of the form {SCHEMA}", where=where, cure="Give what 'scan --json FILE' wrote.")
    return report


def _entries(report: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    found = report.get(key)
    if isinstance(found, list):
        yield from (entry for entry in found if isinstance(entry, dict))


def _addresses(subject: Mapping[str, Any]) -> Iterator[Address]:
    listed = subject.get("addresses")
    for text in listed if isinstance(listed, list) else []:
        address = _address(text)
        if address:
            yield address


def _paths(finding: Mapping[str, Any], devices: Mapping[str, tuple[Address, ...]]) -> Iterator[Path]:
    subject = str(finding.get("subject"))
    about = (str(finding.get("id")), str(finding.get("rule")))
    for evidence in _entries(finding, "evidence"):
        where = evidence.get("where")
        if isinstance(where, dict):
            yield from _flow(where, about, subject, devices.get(subject, ()))
            yield from _peer(where, about, subject)


def _flow(where: Mapping[str, Any], about: tuple[str, str], subject: str, own: tuple[Address, ...]) -> Iterator[Path]:
    src, dst = _address(where.get("src")), _address(where.get("dst"))
    if src and dst and (src in own) != (dst in own):
        inward = dst in own
        protocol = printable(str(where.get("proto", "ip"))).lower()
        yield Path(*about, subject, src if inward else dst, protocol, _port(where.get("dport")), inward)


def _peer(where: Mapping[str, Any], about: tuple[str, str], subject: str) -> Iterator[Path]:
    """A hard-coded peer in a program, as ADDRESS or ADDRESS:PORT."""
    text = where.get("peer")
    if isinstance(text, str):
        host, _, port = text.rpartition(":") if text.count(":") == 1 else (text, "", "")
        address = _address(host.strip("[]"))
        if address:
            yield Path(*about, subject, address, "ip", _port(int(port) if port.isdecimal() else 0))


def _exposed(report: Mapping[str, Any], devices: Mapping[str, tuple[Address, ...]]) -> Iterator[Path]:
    """Where data went outside in clear text."""
    for entry in _entries(report, "exposure"):
        peer, subject = _address(entry.get("to")), str(entry.get("subject"))
        if peer and entry.get("outside") is True and subject in devices:
            yield Path("", "exposure", subject, peer, "tcp", _port(entry.get("port")))


def _address(value: object) -> Address | None:
    try:
        return ip_address(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _port(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value <= _LAST_PORT else 0
