"""In: nothing; this module only names things. Out: the addresses of the ward, its servers, and the world outside.

The ward is one broadcast domain behind one router; the capture point is a mirror port of the ward's switch, so all
that lies behind the router carries the router's MAC address and a TTL that counts the routers in between. Outside
hosts have addresses that are set aside for documentation (RFC 5737), but for the two that the CMS8000 is known for.
"""

from typing import Final

from .packets import BROADCAST, Host, group_mac, ip, local_mac

STATION_ADDRESS: Final = "202.114.4.119"
HL7_ADDRESS: Final = "202.114.4.120"
STATION_PORT: Final = 515
HL7_PORT: Final = 511

_ROUTER: Final = local_mac(0x01_0000_0001)
_INNER_ROUTER: Final = local_mac(0x01_0000_0002)
EVERYBODY: Final = Host(BROADCAST, ip("255.255.255.255"))


def router() -> Host:
    """The ward's way out."""
    return Host(_ROUTER, ip("10.20.0.1"))


def on_ward(address: str, number: int, name: str = "", ttl: int = 64) -> Host:
    """A host on the ward's own network, which is 10.20.0.0/16."""
    return Host(local_mac(number), ip(address), name, ttl)


def behind(address: str, distance: int, ttl: int = 64) -> Host:
    """A host `distance` routers away, as the ward sees it: with the router's MAC address."""
    return Host(_ROUTER, ip(address), ttl=ttl, distance=distance)


def beside(address: str) -> Host:
    """A host one router away inside the hospital, over a router that does not lead outside."""
    return Host(_INNER_ROUTER, ip(address), distance=1)


def group(address: str) -> Host:
    """A multicast group."""
    return Host(group_mac(ip(address)), ip(address))


def monitor(number: int) -> Host:
    """Monitor `number`, from 0, with the address DHCP gives it. Two of its names are published ones of the design."""
    name = ("CMS8000", "CMS8000", "MN-120")[number % 3]
    address = f"10.20.{16 + number // 250}.{1 + number % 250}"
    return on_ward(address, 0x02_0000_0000 + number, f"{name}-{number + 1:04d}")


def factory_address(number: int) -> bytes:
    """The address a monitor has before DHCP gives it one: in the documented network, below the two known hosts."""
    return ip(f"202.114.4.{1 + number % 118}")
