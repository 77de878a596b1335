"""In: captures told in lines, and rules of detection. Out: what is to be told of each, and what a second reading tells.

The engine below was written from the manuals of Suricata and Snort 3 and shares nothing with what writes the rules.
Where Suricata itself is installed, both must find the same. It knows what the rules use; any other word is an error.
"""

import importlib.util
import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from wardwatch.contain.detect import detections
from wardwatch.contain.document import read
from wardwatch.contain.watched import Watched
from wardwatch.knowledge.catalogue import indicators

HERE = Path(__file__).parent
TOLD = ("tells", "misses", "sigma", "stix")
Address = IPv4Address | IPv6Address


@dataclass
class Capture:
    """A capture, and which rules must tell of it: `tells` by packets, `sigma` by a log, `stix` by observed data."""

    name: str
    policy: str
    told: Mapping[str, set[str]]
    frames: list[tuple[float, bytes]]
    pcap: bytes


@dataclass
class Packet:
    """What a rule can ask of it. `stream`: all that this side has sent in the connection so far."""

    at: float
    protocol: str
    src: Address
    dst: Address
    sport: int = 0
    dport: int = 0
    flags: int = 0
    payload: bytes = b""
    stream: bytes = b""


@cache
def _plays() -> ModuleType:
    """The reader of playbooks lies with the captures of the scan."""
    path = HERE.parents[1] / "traffic" / "conftest.py"
    spec = importlib.util.spec_from_file_location("wardwatch_playbooks", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    import sys  # noqa: PLC0415  # dataclasses look their module up

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def capture(path: Path) -> Capture:
    lines = path.read_text(encoding="utf-8").splitlines()
    words = [line.split() for line in lines if line.startswith((*TOLD, "policy"))]
    told: dict[str, set[str]] = defaultdict(set)
    for kind, value in words:
        told[kind].add(value)
    book = _plays().read_playbook("\n".join(line for line in lines if not line.startswith((*TOLD, "policy"))))
    (policy,) = told["policy"]
    return Capture(path.stem, policy, told, sorted(book.frames, key=lambda frame: frame[0]), book.pcap())


@cache
def watched(policy: str) -> Watched:
    path = HERE.parent / "policies" / f"{policy}.yaml"
    return Watched(read(path.read_text(encoding="utf-8"), policy), indicators())


@cache
def texts(name: str, policy: str) -> Mapping[str, str]:
    return detections()[name].write(watched(policy)).files


def packets(found: Capture) -> Iterator[Packet]:
    sent: dict[tuple[Any, ...], bytes] = defaultdict(bytes)
    for at, frame in found.frames:
        if frame[12:14] != b"\x08\x00":
            continue
        head = (frame[14] & 15) * 4
        src, dst = ip_address(frame[26:30]), ip_address(frame[30:34])
        body = frame[14 + head : 14 + int.from_bytes(frame[16:18], "big")]
        protocol = {1: "icmp", 6: "tcp", 17: "udp"}.get(frame[23], "ip")
        if protocol not in {"tcp", "udp"}:
            yield Packet(at, protocol, src, dst)
            continue
        sport, dport = int.from_bytes(body[:2], "big"), int.from_bytes(body[2:4], "big")
        flags = body[13] if protocol == "tcp" else 0
        payload = body[(body[12] >> 4) * 4 :] if protocol == "tcp" else body[8:]
        key = (protocol, src, sport, dst, dport)
        sent[key] += payload if protocol == "tcp" else b""
        yield Packet(at, protocol, src, dst, sport, dport, flags, payload, sent[key] or payload)


class Rule:
    """One line of rules, of Suricata or of Snort 3: the words differ, the meaning does not."""

    def __init__(self, line: str) -> None:
        head, _, body = line.partition(" (")
        words = head.split()
        assert words[0] == "alert", line
        assert len(words) == 7, line
        _, self.protocol, self.src, self.sport, self.arrow, self.dst, self.dport = words
        assert self.protocol in {"ip", "tcp", "udp", "icmp"}, line
        assert self.arrow in {"->", "<>"}, line
        self.options = list(_options(body.rstrip().removesuffix(")")))
        values = dict(self.options)
        self.sid, self.message = int(values["sid"]), values["msg"].strip('"')
        self.name = values["metadata"].rpartition(" ")[2]

    def matches(self, packet: Packet) -> bool:
        if self.protocol not in {"ip", packet.protocol} or not self._ends(packet):
            return False
        if ("flags", "S,CE") in self.options and packet.flags & 0x3F != 2:
            return False
        return any(self._contents(data) for data in (packet.payload, packet.stream))

    def _ends(self, packet: Packet) -> bool:
        sides = ((packet.src, packet.sport), (packet.dst, packet.dport))
        ways = (sides, sides[::-1]) if self.arrow == "<>" else (sides,)
        return any(self._side(*a, self.src, self.sport) and self._side(*b, self.dst, self.dport) for a, b in ways)

    @staticmethod
    def _side(address: Address, port: int, addresses: str, ports: str) -> bool:
        return _within(addresses, lambda text: address in ip_network(text)) and _within(
            ports, lambda text: int(text.partition(":")[0]) <= port <= int(text.rpartition(":")[2])
        )

    def _contents(self, data: bytes) -> bool:
        wanted = [_content(value) for word, value in _joined(self.options) if word == "content"]
        if not _found(wanted, data, 0):
            return False
        patterns = [value for word, value in self.options if word == "pcre"]
        return all(re.search(_pattern(value), data) for value in patterns)


def _options(body: str) -> Iterator[tuple[str, str]]:
    known = {
        "msg", "flow", "flags", "content", "distance", "within", "offset", "depth", "pcre", "threshold", "sid", "rev",
        "classtype", "reference", "metadata", "detection_filter",
    }  # fmt: skip
    for part in re.findall(r'((?:[^;"]|"[^"]*")+);', body):
        word, _, value = part.strip().partition(":")
        assert word in known, word
        yield word, value


def _joined(options: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Suricata says where a content lies in options of their own, Snort 3 behind the content: made the latter."""
    parts: list[list[str]] = []
    for word, value in options:
        if word == "content":
            parts.append([value])
        elif word in {"distance", "within", "offset", "depth"}:
            parts[-1].append(f"{word} {value}")
    yield from (("content", ",".join(part)) for part in parts)


def _content(value: str) -> tuple[bytes, dict[str, int]]:
    text, *where = value.split(",")
    data = bytes.fromhex(re.fullmatch(r'"\|([0-9A-F ]+)\|"', text)[1])  # type: ignore[index]  # else no content
    return data, {word: int(number) for word, number in (each.split() for each in where)}


def _found(wanted: list[tuple[bytes, dict[str, int]]], data: bytes, end: int) -> bool:
    """Each in turn, and the next one from there; another place of an earlier one is tried where a later one fails."""
    if not wanted:
        return True
    (needle, where), *rest = wanted
    relative = "distance" in where or "within" in where
    low = end + where.get("distance", 0) if relative else where.get("offset", 0)
    high = (end + where["within"]) if "within" in where else low + where["depth"] if "depth" in where else len(data)
    at = data.find(needle, low)
    while at >= 0 and at + len(needle) <= high:
        if _found(rest, data, at + len(needle)):
            return True
        at = data.find(needle, at + 1)
    return False


def _pattern(value: str) -> re.Pattern[bytes]:
    body = re.fullmatch(r'"/(.*)/s"', value)
    assert body, value
    return re.compile(body[1].encode("latin-1"), re.DOTALL)


def _within(text: str, holds: Callable[[str], bool]) -> bool:
    """`any`, one value, `[a,b,!c]`, each perhaps with `!` in front: in one that is named, and in none that is not."""
    if text.startswith("!"):
        return not _within(text[1:], holds)
    if text == "any":
        return True
    parts = text[1:-1].split(",") if text.startswith("[") else [text]
    wanted = [part for part in parts if not part.startswith("!")]
    return any(map(holds, wanted)) and not any(holds(part[1:]) for part in parts if part.startswith("!"))


@dataclass
class Counter:
    """How often a rule has matched, for whom, and when."""

    times: dict[tuple[int, Any], deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def reached(self, rule: Rule, packet: Packet) -> bool:
        limits = {word: value for word, value in rule.options if word in {"threshold", "detection_filter"}}
        if "detection_filter" in limits:
            found = re.fullmatch(r"track by_src, count (\d+), seconds (\d+)", limits["detection_filter"])
            assert found
            return self._count(rule, packet.src, packet.at, int(found[2])) > int(found[1])
        if "threshold" not in limits:
            return True
        found = re.fullmatch(r"type (limit|both), track by_(src|both), count (\d+), seconds (\d+)", limits["threshold"])
        assert found
        who = packet.src if found[2] == "src" else (packet.src, packet.dst)
        return self._count(rule, who, packet.at, int(found[4])) >= (int(found[3]) if found[1] == "both" else 1)

    def _count(self, rule: Rule, who: object, at: float, seconds: int) -> int:
        times = self.times[rule.sid, who]
        times.append(at)
        while times[0] <= at - seconds:
            times.popleft()
        return len(times)


def rules(text: str) -> list[Rule]:
    return [Rule(line) for line in text.splitlines() if line and not line.startswith("#")]


def alerts(found: list[Rule], seen: Capture) -> set[Rule]:
    """The rules that tell of the capture."""
    counter = Counter()
    return {
        rule for packet in packets(seen) for rule in found if rule.matches(packet) and counter.reached(rule, packet)
    }  # fmt: skip


class House(NamedTuple):
    """What the tests of this folder ask for."""

    capture: Callable[[Path], Capture]
    packets: Callable[[Capture], Iterator[Packet]]
    watched: Callable[[str], Watched]
    texts: Callable[[str, str], Mapping[str, str]]
    rules: Callable[[str], list[Rule]]
    alerts: Callable[[list[Rule], Capture], set[Rule]]


@pytest.fixture(scope="session")
def house() -> House:
    return House(cache(capture), packets, watched, texts, rules, alerts)
