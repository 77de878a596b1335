"""In: nothing. Out: a packet as a gateway that forwards it sees it: the one word that meaning and readers share."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address


class State(StrEnum):
    """Which part of a connection it is, as a tracker sees it; a reply runs against the connection's first packet."""

    NEW = "new"
    ONWARD = "established"
    REPLY = "reply"


@dataclass(frozen=True, slots=True)
class Packet:
    """`fragment`: a later fragment on its own, which has no ports that a filter could see."""

    enters: str
    leaves: str
    mac: str
    src: IPv4Address | IPv6Address
    dst: IPv4Address | IPv6Address
    protocol: str
    sport: int = 0
    dport: int = 0
    state: State = State.NEW
    fragment: bool = False

    @property
    def version(self) -> int:
        """4 or 6."""
        return self.src.version

    @property
    def has_ports(self) -> bool:
        """Whether a filter sees ports."""
        return self.protocol in {"tcp", "udp"} and not self.fragment

    def __str__(self) -> str:
        ports = (f" port {self.sport}", f" port {self.dport}") if self.has_ports else ("", "")
        kind = f"{self.protocol} fragment" if self.fragment else f"{self.state} {self.protocol}"
        return f"{kind} {self.src}{ports[0]} ({self.enters}, {self.mac}) > {self.dst}{ports[1]} ({self.leaves})"
