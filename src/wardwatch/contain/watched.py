"""In: a policy and what was published. Out: the values that detection rules are made of, of no language yet.

What the policy keeps is never told of. Where the hospital itself uses a published address, its own use is left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from typing import Final, NamedTuple

from wardwatch.errors import UsageError
from wardwatch.knowledge.catalogue import profiles, rules
from wardwatch.vocabulary import Indicator, Rule

from .policy import Address, Begins, Keep, Network, Policy, Ports, Protocol

MARK: Final = b"\x05\x46\x00\x00"
"""How a telemetry block of the central-station stream goes on behind its length: mark, type 0x46, two zero bytes."""
SUB_TYPES: Final = (0x14, 0x17)
"""Then its sub-type, ECG to temperature, and a zero byte."""
REACH: Final = 4096
"""Within so many bytes the next telemetry block begins; four of them make a second."""
RPC_CALL: Final = bytes((0, 0, 0, 0, 0, 0, 0, 2))
"""A call, of RPC version 2 (RFC 5531, section 9); behind the transaction's number, and over TCP the record's mark."""
PROGRAMS: Final = {"portmap": 100000, "mount": 100005, "nfs": 100003}
"""RFC 1833, section 3; RFC 1813, section 5.2; RFC 1813, section 2."""
ATTEMPTS: Final = 3
WITHIN_S: Final = 600
"""So many attempts in so many seconds are a call home: a published finding repeats every minute."""
REPEAT_S: Final = 3600
"""Told once in so many seconds for one sender."""


class Group(NamedTuple):
    """Peers and the ports on which a device may call them; `answers`: its own ports on which they may call it."""

    peers: tuple[Address, ...]
    calls: tuple[Ports, ...]
    answers: tuple[Ports, ...] = ()


@dataclass(frozen=True)
class Watched:
    """What there is to look for. `published`: the facts that the knowledge names."""

    policy: Policy
    published: tuple[Indicator, ...]

    def __post_init__(self) -> None:
        if not self.networks:
            raise UsageError("no network to watch for", where=self.policy.name, cure="Name one under 'block'.")

    @cached_property
    def devices(self) -> tuple[Address, ...]:
        """The contained devices' addresses."""
        return tuple(dict.fromkeys(address for device in self.policy.devices for address in device.addresses))

    @cached_property
    def networks(self) -> tuple[Network, ...]:
        """Blocked networks, with the hospital's own addresses still in them."""
        return tuple(dict.fromkeys(network for block in self.policy.blocks for network in block.networks))

    @cached_property
    def own(self) -> tuple[Address, ...]:
        """Addresses in a block that the hospital itself uses."""
        peers = dict.fromkeys(peer for keep in self.policy.keeps for peer in keep.peers)
        return tuple(peer for peer in peers if self.policy.blocks_address(peer))

    @cached_property
    def named(self) -> tuple[Address, ...]:
        """Single addresses that were published: what a program holds has nothing to do with who uses them on site."""
        return tuple(ip_address(each.value) for each in self.published if each.kind == "address")

    @cached_property
    def addresses(self) -> tuple[Address, ...]:
        """Those that the policy blocks and the hospital does not use itself."""
        return tuple(each for each in self.named if self.policy.blocks_address(each) and each not in self.own)

    @cached_property
    def hashes(self) -> tuple[Indicator, ...]:
        """Published hashes of programs."""
        return tuple(each for each in self.published if each.kind == "sha256")

    @cached_property
    def share(self) -> str:
        """The network share that the update function asks for."""
        return next(clue.path for profile in profiles() for clue in profile.clues if clue.see == "mount")

    def groups(self, protocol: Protocol) -> tuple[Group, ...]:
        """Peers by what is kept with them, those with the same ports together."""
        by_peer = {peer: self.of(peer, protocol) for keep in self.policy.keeps for peer in keep.peers}
        together: dict[tuple[tuple[Ports, ...], tuple[Ports, ...]], list[Address]] = {}
        for peer, found in by_peer.items():
            if found.calls or found.answers:
                together.setdefault((found.calls, found.answers), []).append(peer)
        return tuple(Group(tuple(peers), *ports) for ports, peers in together.items())

    def of(self, peer: Address, protocol: Protocol) -> Group:
        """What is kept with one peer, perhaps nothing."""
        kept = [keep for keep in self.policy.keeps if peer in keep.peers and keep.protocol is protocol]
        return Group((peer,), _ports(kept, Begins.DEVICE), _ports(kept, Begins.PEER))


def rule(name: str) -> Rule:
    """The house's own words for what a rule tells."""
    return rules()[name]


def references(name: str) -> Mapping[str, str]:
    """What a rule refers to, with the page of the record where there is one for all."""
    pages = {"CVE": "https://nvd.nist.gov/vuln/detail/", "CWE": "https://cwe.mitre.org/data/definitions/"}
    found = {}
    for text in rule(name).references:
        kind, _, number = text.partition("-")
        if kind in pages:
            found[text] = pages[kind] + (text if kind == "CVE" else f"{number}.html")
    return found


def _ports(kept: Iterable[Keep], begins: Begins) -> tuple[Ports, ...]:
    return tuple(sorted({ports for keep in kept if keep.begins is begins for ports in keep.ports}))
