"""In: a policy. Out: a Manufacturer Usage Description (RFC 8520) of its devices: whom they may talk to, nobody else.

The maker never wrote one; this is the site's own, for switches and access points that take such files.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from wardwatch.contain.dialect import Dialect, Texts
from wardwatch.contain.policy import Address, Begins, Keep, Policy, Ports, Protocol

FILE: Final = "wardwatch-mud.json"
URL: Final = "https://mud.invalid/wardwatch.json"
"""No host has this name (RFC 2606, section 2): the site puts its own MUD server's there."""
KNOWN_SINCE: Final = datetime(2025, 1, 30, tzinfo=UTC)
"""The day the advisory was published. No clock is asked: the same policy gives the same text."""
_NUMBERS: Final = {Protocol.TCP: 6, Protocol.UDP: 17}
_HOURS: Final = 48
_NAME: Final = 40
"""What is shown to people should not be longer than 60 characters (RFC 8520, section 3.7)."""

Ace = dict[str, Any]


def write(policy: Policy) -> Texts:
    """One file; `from` and `to` are the device's, for both versions of IP."""
    lists = [(way, version) for way in ("from", "to") for version in (4, 6)]
    names = {
        way: [{"name": f"{way}-ipv{version}"} for wanted, version in lists if wanted == way] for way in ("from", "to")
    }
    content = {
        "ietf-mud:mud": {
            "mud-version": 1, "mud-url": URL, "last-update": KNOWN_SINCE.isoformat(), "cache-validity": _HOURS,
            "is-supported": True, "systeminfo": f"{policy.name[:_NAME]}, until {policy.expires}",
            "from-device-policy": {"access-lists": {"access-list": names["from"]}},
            "to-device-policy": {"access-lists": {"access-list": names["to"]}},
        },
        "ietf-access-control-list:acls": {"acl": [_acl(policy, way, version) for way, version in lists]},
    }  # fmt: skip
    return Texts(
        {FILE: json.dumps(content, indent=2) + "\n"},
        install=(
            f"put {FILE} on your MUD server, with its address as mud-url and the day as last-update",
            "sign it (RFC 8520, section 13.1) and bind it to the devices' ports or MAC addresses in the MUD manager",
        ),
        rollback=("unbind the devices in the MUD manager",),
        check=("show the access lists that the MUD manager has made of it",),
    )


def _acl(policy: Policy, way: str, version: int) -> dict[str, Any]:
    aces = [ace for keep in policy.keeps for ace in _aces(keep, way, version)]
    for number, ace in enumerate(aces, 1):
        ace["name"] = f"{ace['name']}-{number}"
    # Without it local DNS and NTP would be let through (RFC 8520, section 4).
    rest = {"name": "rest", "actions": {"forwarding": "drop"}}
    return {"name": f"{way}-ipv{version}", "type": f"ipv{version}-acl-type", "aces": {"ace": [*aces, rest]}}


def _aces(keep: Keep, way: str, version: int) -> Iterator[Ace]:
    for peer in keep.peers:
        for ports in keep.ports:
            if peer.version == version:
                yield _ace(keep, way, peer, ports)


def _ace(keep: Keep, way: str, peer: Address, ports: Ports) -> Ace:
    """The peer is where it goes to, or comes from; the port is that of whoever is called."""
    outward, device_calls = way == "from", keep.begins is Begins.DEVICE
    end = "destination" if outward else "source"
    called = "destination" if outward is device_calls else "source"
    l4: dict[str, Any] = {f"{called}-port": _range(ports)}
    if keep.protocol is Protocol.TCP:
        l4["ietf-mud:direction-initiated"] = "from-device" if device_calls else "to-device"
    l3 = {f"{end}-ipv{peer.version}-network": f"{peer}/{peer.max_prefixlen}", "protocol": _NUMBERS[keep.protocol]}
    return {
        "name": re.sub(r"[^A-Za-z0-9]+", "-", keep.name).strip("-"),
        "matches": {f"ipv{peer.version}": l3, str(keep.protocol): l4},
        "actions": {"forwarding": "accept"},
    }


def _range(ports: Ports) -> dict[str, Any]:
    if ports.first == ports.last:
        return {"operator": "eq", "port": ports.first}
    return {"lower-port": ports.first, "upper-port": ports.last}


DIALECT: Final = Dialect(
    "mud",
    "MUD file (RFC 8520)",
    "RFC 8520, sections 2, 3 and 7; RFC 8519, section 4",
    write,
    limits=(
        "It is bound to a device's port, not to its address, and says nothing of blocks for anybody else.",
        "UDP answers are told by their port alone: a kept peer can send to a device from that port at any time.",
        "Which ends of a TCP connection opened it is for the switch to keep in mind; ask whether yours does.",
        "It is the site's file, not the maker's: 'is-supported' rests on the maker's patch of July 2025.",
    ),
)
