"""In: a MUD file. Out: a filter that answers as a network would that enforces it at the device's port.

Written from RFC 8520 and RFC 8519 alone. Lists are asked entry by entry; what no entry matches is denied, save DNS and
NTP (RFC 8520, section 4). Only the words that such a filter can be answered for are taken; any other is an error.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from wardwatch.contain.compare import Filter, Reader
from wardwatch.contain.packet import Packet, State
from wardwatch.contain.reading import Network, Words, listed, node, tree, unknown
from wardwatch.contain.sight import of_device

_MUD: Final = "ietf-mud:mud"
_ACLS: Final = "ietf-access-control-list:acls"
_NEEDED: Final = {"mud-version", "mud-url", "last-update", "is-supported"}
_KNOWN: Final = _NEEDED | {"cache-validity", "systeminfo", "from-device-policy", "to-device-policy"}
_NUMBERS: Final = {"tcp": 6, "udp": 17}
_INITIATED: Final = "ietf-mud:direction-initiated"
_LAST_PORT: Final = 65535
_DNS: Final = 53
_NTP: Final = 123

Test = Callable[[Packet], bool]
Entry = tuple[Test, bool]
Node = Mapping[str, Any]


def read(files: Mapping[str, str]) -> Filter:
    """A packet passes if the lists for what a device sends take it, or those for what it gets."""
    ways: dict[str, list[list[Entry]]] = {"from": [], "to": []}
    for where, text in files.items():
        content = node(tree(text, where), where, {_MUD, _ACLS}, {_MUD, _ACLS})
        mud = node(content[_MUD], where, _KNOWN, _NEEDED)
        if mud["mud-version"] != 1 or not str(mud["mud-url"]).startswith("https://"):
            raise unknown("another version, or an address that is not https", where)
        acls = {
            str(acl.get("name")): acl for acl in listed(node(content[_ACLS], where, {"acl"}, {"acl"}), "acl", where)
        }
        for way, found in ways.items():
            found += [
                _acl(acls.get(name), way, f"{where}: {name}") for name in _named(mud, f"{way}-device-policy", where)
            ]
    return lambda packet: _accepts([*ways["from"], *ways["to"]], packet)


def _accepts(lists: list[list[Entry]], packet: Packet) -> bool:
    """What each list says in its first entry that matches; where none has one, what goes without saying."""
    found = [next((accepted for test, accepted in entries if test(packet)), None) for entries in lists]
    said = [each for each in found if each is not None]
    return any(said) if said else _by_default(packet)


def _by_default(packet: Packet) -> bool:
    """Local DNS and NTP; whose server is local, a file can't tell."""
    ports = {packet.sport, packet.dport}
    return packet.has_ports and (_DNS in ports or (packet.protocol == "udp" and _NTP in ports))


def _named(mud: Node, key: str, where: str) -> Iterator[str]:
    lists = node(mud.get(key, {}), where, {"access-lists"}).get("access-lists", {})
    for each in listed(node(lists, where, {"access-list"}), "access-list", where):
        yield str(node(each, where, {"name"}, {"name"})["name"])


def _acl(acl: Node | None, way: str, where: str) -> list[Entry]:
    found = node(acl, where, {"name", "type", "aces"}, {"name", "type", "aces"})
    version = {"ipv4-acl-type": 4, "ipv6-acl-type": 6}.get(str(found["type"]))
    if version is None:
        raise unknown(str(found["type"]), where)
    aces = listed(node(found["aces"], where, {"ace"}, {"ace"}), "ace", where)
    if len({str(ace.get("name")) for ace in aces}) != len(aces):
        raise unknown("two entries of one name", where)
    return [_ace(ace, way, version, where) for ace in aces]


def _ace(ace: Node, way: str, version: int, where: str) -> Entry:
    found = node(ace, where, {"name", "matches", "actions"}, {"name", "actions"})
    action = node(found["actions"], where, {"forwarding"}, {"forwarding"})["forwarding"]
    if action not in ("accept", "drop"):
        raise unknown(str(action), where)
    matches = node(found.get("matches", {}), where, {f"ipv{version}", "tcp", "udp"})
    if {"tcp", "udp"} <= set(matches):
        raise unknown("tcp and udp at once", where)
    tests: list[Test] = [lambda packet: packet.version == version]
    if f"ipv{version}" in matches:
        tests += _l3(node(matches[f"ipv{version}"], where, *_words(version)), version, where)
    for protocol in ("tcp", "udp"):
        if protocol in matches:
            tests += _l4(
                node(matches[protocol], where, {"source-port", "destination-port", _INITIATED}),
                protocol,
                way,
                where,
            )
    return (lambda packet: all(test(packet) for test in tests)), action == "accept"


def _words(version: int) -> tuple[set[str], set[str]]:
    return {f"source-ipv{version}-network", f"destination-ipv{version}-network", "protocol"}, set()


def _l3(found: Node, version: int, where: str) -> Iterator[Test]:
    for end, source in (("source", True), ("destination", False)):
        text = found.get(f"{end}-ipv{version}-network")
        if text is not None:
            yield _is_in(Words([], where).network(str(text)), source=source)
    if "protocol" in found:
        number = found["protocol"]
        if number not in _NUMBERS.values():
            raise unknown(f"protocol {number}"[:40], where)
        yield lambda packet: _NUMBERS.get(packet.protocol) == number


def _l4(found: Node, protocol: str, way: str, where: str) -> Iterator[Test]:
    yield lambda packet: packet.protocol == protocol and packet.has_ports
    for end, source in (("source", True), ("destination", False)):
        if f"{end}-port" in found:
            yield _is_port(_ports(found[f"{end}-port"], where), source=source)
    if _INITIATED in found:
        if protocol != "tcp" or found[_INITIATED] not in ("from-device", "to-device"):
            raise unknown(_INITIATED, where)
        along = found[_INITIATED] == f"{way}-device"
        yield lambda packet: (packet.state is not State.REPLY) is along


def _is_in(network: Network, *, source: bool) -> Test:
    return lambda packet: (packet.src if source else packet.dst) in network


def _is_port(ports: tuple[int, int], *, source: bool) -> Test:
    return lambda packet: ports[0] <= (packet.sport if source else packet.dport) <= ports[1]


def _ports(value: object, where: str) -> tuple[int, int]:
    """RFC 8519, section 4.2: a range, or an operator with its port, which is 'eq' where none is said."""
    found = node(value, where, {"lower-port", "upper-port", "operator", "port"})
    if set(found) == {"lower-port", "upper-port"}:
        low, high = found["lower-port"], found["upper-port"]
    elif "port" in found and found.get("operator", "eq") == "eq" and set(found) <= {"operator", "port"}:
        low = high = found["port"]
    else:
        raise unknown("ports", where)
    if not all(isinstance(port, int) and 0 <= port <= _LAST_PORT for port in (low, high)) or low > high:
        raise unknown(f"ports {low} {high}"[:40], where)
    return low, high


READER: Final = Reader("mud", read, sees=of_device)
