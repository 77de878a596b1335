"""In: rules (TOML) and decisions by hand. Out: which bed a monitor belongs to, or none: then it is unknown.

A rule names a bed and what a monitor must be to lie there: its address or network, the bed number it states, the port
it calls. All that a rule names must fit; the first rule that fits counts. A decision by hand goes before every rule.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from wardwatch.errors import InputError, UsageError
from wardwatch.printable import printable

from .words import Peer

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_KNOWN: Final = frozenset(("name", "address", "device-bed", "port"))
_NAME_LENGTH: Final = 40
_MOST_BEDS: Final = 4096
_BED_NUMBERS: Final = range(256)
_PORTS: Final = range(1, 65536)


class Identity(NamedTuple):
    """What a decision by hand is about: a monitor at this address that states this bed."""

    address: str
    device_bed: int | None


@dataclass(frozen=True, slots=True)
class BedRule:
    """One bed and what a monitor must be to be admitted to it. With nothing but a name: by hand only."""

    name: str
    network: Network | None = None
    device_bed: int | None = None
    port: int | None = None

    def admits(self, peer: Peer, device_bed: int | None) -> bool:
        """Whether all that is asked for fits, and something is asked for."""
        if self.network is None and self.device_bed is None and self.port is None:
            return False
        return (
            (self.network is None or _inside(peer.address, self.network))
            and (self.device_bed is None or self.device_bed == device_bed)
            and (self.port is None or self.port == peer.local_port)
        )


class Admission:
    """The rules of a site and what was decided by hand; `by_hand` can be kept and given again."""

    def __init__(self, rules: Iterable[BedRule] = (), by_hand: Mapping[Identity, str] | None = None) -> None:
        self.rules = tuple(rules)
        self.by_hand = dict(by_hand or {})

    @property
    def beds(self) -> tuple[str, ...]:
        """Every bed there is, in the rules' order, then those named by hand only."""
        return tuple(dict.fromkeys((*(rule.name for rule in self.rules), *self.by_hand.values())))

    def bed(self, peer: Peer, device_bed: int | None) -> str | None:
        """The bed this monitor belongs to; None: unknown."""
        decided = self.by_hand.get(Identity(peer.address, device_bed))
        if decided is not None:
            return decided
        return next((rule.name for rule in self.rules if rule.admits(peer, device_bed)), None)

    def admit(self, identity: Identity, bed: str) -> None:
        """By hand; UsageError where the name is none, or there are too many beds."""
        name = bed_name(bed)
        if name not in self.beds and len(self.beds) >= _MOST_BEDS:
            raise UsageError(f"there are {_MOST_BEDS} beds already", where=name, cure="Admit it to one of these.")
        self.by_hand[identity] = name

    def release(self, identity: Identity) -> None:
        """Take back what was decided by hand; rules count again."""
        self.by_hand.pop(identity, None)


def bed_name(text: object) -> str:
    """`text` as a bed's name; UsageError where it cannot be one."""
    if isinstance(text, str) and text.strip() and printable(text, _NAME_LENGTH) == text:
        return text.strip()
    raise UsageError("is no bed's name", where=str(text), cure=f"Take 1 to {_NAME_LENGTH} printable characters.")


def rules(entries: object) -> tuple[BedRule, ...]:
    """The `[[bed]]` entries of a configuration; InputError that names the entry where one is wrong."""
    if not isinstance(entries, list) or len(entries) > _MOST_BEDS:
        raise InputError(f"[[bed]] is a list of at most {_MOST_BEDS} entries", cure='Write [[bed]] and name = "ICU 1".')
    return tuple(_rule(number, entry) for number, entry in enumerate(entries, 1))


def _rule(number: int, entry: Mapping[str, Any]) -> BedRule:
    where = f"[[bed]] entry {number}"
    try:
        _only(_KNOWN, entry)
        network = ipaddress.ip_network(entry["address"], strict=False) if "address" in entry else None
        device_bed = _in(entry.get("device-bed"), _BED_NUMBERS)
        return BedRule(bed_name(entry["name"]), network, device_bed, _in(entry.get("port"), _PORTS))
    except (KeyError, TypeError, ValueError, AttributeError, UsageError) as error:
        cure = 'Write for example name = "ICU 1", address = "10.20.0.21", device-bed = 1.'
        raise InputError(f"is no rule of admission: {error}", where=where, cure=cure) from error


def _only(known: frozenset[str], entry: Mapping[str, Any]) -> None:
    if unknown := set(entry) - known:
        raise ValueError(f"nobody knows {', '.join(sorted(unknown))}")


def _in(value: object, allowed: range) -> int | None:
    if value is None:
        return None
    if type(value) is int and value in allowed:
        return value
    raise ValueError(f"{value!r} is not between {allowed[0]} and {allowed[-1]}")


def _inside(address: str, network: Network) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found) in network
