"""In: what a station listens on. Out: the address plan its monitors need, and how ports below 1024 come to it.

The CMS8000 calls fixed addresses whatever it is told (CISA ICSMA-25-030-01): 202.114.4.119 for the central station
(TCP 515 to 520) and 202.114.4.120 for HL7 (TCP 511). A station inside an isolated segment can bear these addresses, or
a gateway can send to the station what is meant for them.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from .settings import HL7_PORTS, STREAM_PORTS, UNPRIVILEGED, Listen
from .watching import PORTS as WATCHED

STATION: Final = "202.114.4.119"
HL7: Final = "202.114.4.120"
_PRIVILEGED: Final = 1024


def plan(listen: Listen, listening: Iterable[tuple[str, int]] = ()) -> Iterator[str]:
    """The plan, line by line; `listening`: what was really opened, where the station runs already."""
    yield "Monitors call these addresses. The station, or a gateway before it, bears them inside the isolated segment:"
    yield f"  {STATION}  TCP {_ports(STREAM_PORTS)}  central-station stream"
    yield f"  {HL7}  TCP {_ports(HL7_PORTS)}  HL7"
    yield "On a station in that segment (nothing of it may be routed outside; see `wardwatch contain plan`):"
    yield f"  ip address add {STATION}/24 dev WARD"
    yield f"  ip address add {HL7}/24 dev WARD"
    moved = sorted({port for _, port in listening if port - UNPRIVILEGED in (*STREAM_PORTS, *HL7_PORTS)})
    if moved:
        yield from redirect(port - UNPRIVILEGED for port in moved)
    elif any(port < _PRIVILEGED for port in (*listen.stream, *listen.hl7)):
        yield from capability()


def watching(watched: tuple[int, ...]) -> Iterator[str]:
    """What the station can see of a device that calls out, and what it takes to see more."""
    if watched:
        yield f"Watching who tries ports {' and '.join(map(str, watched))} (TCP, UDP), which no central station offers."
    if missing := [port for port in WATCHED if port not in watched]:
        yield f"Not watching ports {' and '.join(map(str, missing))}: they could not be opened."


def redirect(ports: Iterable[int]) -> Iterator[str]:
    """Rules that bring privileged ports to the higher ones that were opened instead."""
    yield f"Ports below {_PRIVILEGED} could not be opened. As root, either let the firewall bring them here:"
    yield "  nft add table inet wardwatch_station"
    yield "  nft add chain inet wardwatch_station prerouting '{ type nat hook prerouting priority dstnat; }'"
    for port in ports:
        yield f"  nft add rule inet wardwatch_station prerouting tcp dport {port} redirect to :{port + UNPRIVILEGED}"
    yield "or run the station with the one right it needs, never as root:"
    yield from _rights()


def capability() -> Iterator[str]:
    """How to open privileged ports without being root."""
    yield f"Ports below {_PRIVILEGED} need one right, never root:"
    yield from _rights()


def _rights() -> Iterator[str]:
    yield "  systemd-run --property=AmbientCapabilities=CAP_NET_BIND_SERVICE --uid=wardwatch wardwatch station run"


def _ports(ports: tuple[int, ...]) -> str:
    return str(ports[0]) if len(ports) == 1 else f"{ports[0]} to {ports[-1]}"
