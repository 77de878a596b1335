"""In: a scenario, and the addresses that advisories document. Out: its network, and who is found at which address.

Five segments: the ward, the servers, the central station, and the line outside in two halves, for what that line loses
or delays is done in between. Outside lies far away: its packets arrive with a small time to live, as after 16 routers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from .namespaces import Namespaces
from .network import SWITCH, Network, Port, Route
from .scenario import MONITOR, Scenario

GATEWAY, SERVERS, STATION, LINE, OUTSIDE = "gateway", "servers", "station", "line", "outside"
WARD_SIDE, OUTER_SIDE = "w0", "o0"
NEAR, FAR = "near0", "far0"
ROUTER: Final = "10.20.0.1"
PRINTER, INTERFACE, FOLDERS = "10.10.0.20", "10.10.0.30", "10.10.0.50"
STATION_ADDRESS: Final = "192.168.1.2"
_LINE_HERE, _LINE_THERE = "10.255.255.1", "10.255.255.2"
_FAR_AWAY: Final = "48"


@dataclass(frozen=True, slots=True)
class Place:
    """A machine of the scenario in the network."""

    name: str
    mac: str
    address: str


def places(scenario: Scenario) -> tuple[Place, ...]:
    """Where each machine is plugged in: the number in its address is the one in its MAC address."""
    found = []
    for number, machine in enumerate(scenario.machines, 1):
        block = 16 if machine.role == MONITOR else 8
        found.append(Place(machine.name, f"02:00:00:14:{block:02x}:{number:02x}", f"10.20.{block}.{number}"))
    return tuple(found)


def addresses(scenario: Scenario, documented: Sequence[str]) -> Mapping[str, str]:
    """The address of each machine and server by its name."""
    servers = {
        "gateway": ROUTER, "printer": PRINTER, "interface": INTERFACE, "folders": FOLDERS, "station": STATION_ADDRESS,
        **dict(zip(("central", "results"), documented, strict=False)),
    }  # fmt: skip
    return {**servers, **{place.name: place.address for place in places(scenario)}}


def network(scenario: Scenario, documented: Sequence[str]) -> Network:
    """The whole of it, as data."""
    return Network(tuple(_ports(scenario, documented)), tuple(_routes(scenario, documented)), (GATEWAY,))


def prepare(lab: Namespaces) -> None:
    """What no data says: the ward's switch shows the gateway every frame, and outside is far away."""
    lab.ip(SWITCH, "link", "set", "br0", "type", "bridge", "ageing_time", "0")
    lab.settings(OUTSIDE, {"net/ipv4/ip_default_ttl": _FAR_AWAY})


def _ports(scenario: Scenario, documented: Sequence[str]) -> Iterator[Port]:
    at_home = tuple(f"{each}/32" for each in documented)
    is_ours = scenario.hospital.station == "documented"
    servers = (f"{PRINTER}/24", f"{INTERFACE}/24", f"{FOLDERS}/24")
    yield Port(GATEWAY, WARD_SIDE, "ward", (f"{ROUTER}/16",), "02:00:00:14:00:01")
    for place in places(scenario):
        yield Port(place.name, "eth0", "ward", (), place.mac)
    yield Port(GATEWAY, "s0", "servers", ("10.10.0.1/24",))
    yield Port(SERVERS, "eth0", "servers", servers)
    yield Port(GATEWAY, "c0", "station", ("192.168.1.1/24",))
    yield Port(STATION, "eth0", "station", (f"{STATION_ADDRESS}/24", *(at_home if is_ours else ())))
    yield Port(GATEWAY, OUTER_SIDE, "near", (f"{_LINE_HERE}/24",))
    yield Port(LINE, NEAR, "near")
    yield Port(LINE, FAR, "far")
    yield Port(OUTSIDE, "eth0", "far", (f"{_LINE_THERE}/24", *(() if is_ours else at_home)))


def _routes(scenario: Scenario, documented: Sequence[str]) -> Iterator[Route]:
    yield Route(SERVERS, "0.0.0.0/0", "eth0", "10.10.0.1")
    yield Route(STATION, "0.0.0.0/0", "eth0", "192.168.1.1")
    yield Route(OUTSIDE, "0.0.0.0/0", "eth0", _LINE_HERE)
    yield Route(GATEWAY, "0.0.0.0/0", OUTER_SIDE, _LINE_THERE)
    if scenario.hospital.station == "documented":
        for address in documented:
            yield Route(GATEWAY, f"{address}/32", "c0", STATION_ADDRESS)
