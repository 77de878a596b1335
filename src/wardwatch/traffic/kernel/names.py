"""In: the kernel's counters. Out: what each of them counts, in words."""

from typing import Final

# In the order of the `C_` constants of kernel.h.
_KINDS: Final = (
    "other reasons",
    "{ethertype}",
    "{llc}",
    "SNAP of organisation 0x{value:06x}",
    "link type {value}",
    "encrypted 802.11 frames",
    "802.11 {wifi} frames",
    "802.11 data frames without data",
    "fragmented 802.11 frames",
    "frames shorter than their link-layer header",
    "packets cut by the capture within the IP header",
    "packets cut by the capture within the header of {proto}",
    "malformed IPv4",
    "malformed IPv6",
    "malformed headers of {proto}",
    "IP packets longer than their frame",
    "packets with too many layers",
    "GRE with protocol 0x{value:04x}",
    "PPP with protocol 0x{value:04x}",
    "MPLS without an end of its label stack",
    "ERSPAN of version {value}",
    "ARP for something other than IPv4",
    "loopback frames of address family {value}",
    "raw IP of version {value}",
    "fragments of datagrams that were never complete",
    "fragments that gave way to newer ones",
    "fragments that contradict each other",
    "fragments cut by the capture",
    "overlapping fragments",
    "records longer than 384 KiB",
    "packets of an undeclared interface",
    "packets without a time",
    "bytes passed over after damage",
    "802.11 frames that hold too many others",
    "malformed PPPoE",
)

# Those that are counted beside the packet's being decoded all the same.
REMARKS: Final = frozenset({"IP packets longer than their frame", "overlapping fragments"})

_ETHERTYPES: Final = {
    0x0842: "Wake-on-LAN",
    0x22F0: "AVTP",
    0x22EA: "stream reservation",
    0x6002: "DECnet MOP",
    0x6003: "DECnet",
    0x6004: "LAT",
    0x8035: "RARP",
    0x809B: "AppleTalk",
    0x80F3: "AppleTalk ARP",
    0x8137: "IPX",
    0x8808: "Ethernet flow control",
    0x8809: "slow protocols (LACP)",
    0x8863: "PPPoE discovery",
    0x887B: "HomePlug",
    0x888E: "EAPOL (802.1X)",
    0x8892: "PROFINET",
    0x88A4: "EtherCAT",
    0x88CC: "LLDP",
    0x88E1: "HomePlug AV",
    0x88E5: "MACsec",
    0x88F7: "PTP",
    0x8899: "Realtek loop detection",
    0x893A: "IEEE 1905",
    0x9000: "Ethernet loopback test",
}
_LLC: Final = {0x4242: "STP", 0xE0E0: "IPX", 0xFFFF: "IPX without LLC", 0xF0F0: "NetBIOS", 0xFEFE: "OSI (IS-IS)"}
_WIFI: Final = {0: "management", 1: "control", 3: "extension"}
_PROTOCOLS: Final = {1: "ICMP", 6: "TCP", 17: "UDP", 47: "GRE", 58: "ICMPv6"}


def counter_name(kind: int, value: int) -> str:
    """What the counter of `kind` with the number `value` counts; the same words for the same counter in every run."""
    ethertype = f"{_ETHERTYPES[value]} (0x{value:04x})" if value in _ETHERTYPES else f"EtherType 0x{value:04x}"
    llc = f"{_LLC[value]} (LLC 0x{value:04x})" if value in _LLC else f"LLC 0x{value:04x}"
    wifi = _WIFI.get(value, str(value))
    proto = _PROTOCOLS.get(value, f"IP protocol {value}")
    return _KINDS[kind].format(ethertype=ethertype, llc=llc, wifi=wifi, proto=proto, value=value)
