"""In: what the kernel is to look for, in Python's words. Out: the same as the tables that the C library reads."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, collapse_addresses

import numpy as np
import numpy.typing as npt

from wardwatch.errors import UsageError
from wardwatch.protocols.codec import Signature, Transport
from wardwatch.traffic.table import TCP, UDP

from .library import RANGE, SIGNATURE, Networks, SettingsStruct

Network = IPv4Network | IPv6Network

_PORTS = 16
_SIGNATURES = 255
_NO_LESS = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Settings:
    """What the kernel is to look for, and its bounds. `signatures` pair a codec's index, from 1, with its signature."""

    local: tuple[Network, ...]
    known: tuple[Network, ...] = ()
    signatures: tuple[tuple[int, Signature], ...] = ()
    max_flows: int = 200_000
    tcp_idle_s: float = 3600
    other_idle_s: float = 120
    unknown_budget: int = 256 * 1024
    seed: int = 0
    """Of the hash table; 0 draws one. Results do not depend on it, only what an attacker can do to the speed."""


def _packed(address: IPv4Address | IPv6Address, fill: bytes) -> npt.NDArray[np.uint8]:
    return np.frombuffer(address.packed.ljust(16, fill), np.uint8)


def _ranges(networks: Sequence[Network], version: int) -> npt.NDArray[np.void]:
    """Sorted and disjoint, as the kernel's search by halving needs them."""
    chosen = collapse_addresses(network for network in networks if network.version == version)  # type: ignore[type-var]  # one version at a time
    ordered = sorted(chosen, key=lambda network: network.network_address.packed)
    table = np.zeros(max(1, len(ordered)), RANGE)
    for row, network in zip(table, ordered, strict=False):
        row["low"] = _packed(network.network_address, b"\0")
        row["high"] = _packed(network.broadcast_address, b"\xff")
    return table[: len(ordered)]


def _signature_rows(codec: int, signature: Signature) -> Iterable[tuple[object, ...]]:
    """One row, or several where it names more ports than a row holds."""
    proto = TCP if signature.transport is Transport.TCP else UDP
    pattern, mask = (list(part.ljust(_PORTS, b"\0")) for part in (signature.pattern, signature.mask))
    for start in range(0, max(1, len(signature.ports)), _PORTS):
        ports = list(signature.ports[start : start + _PORTS])
        filled = ports + [0] * (_PORTS - len(ports))
        length = len(signature.pattern)
        yield (
            *(pattern, mask, signature.budget, signature.offset, filled),
            *(len(ports), length, proto, signature.anywhere, codec, [0] * 3, min(signature.inside_budget, _NO_LESS)),
        )


def _signature_table(signatures: Sequence[tuple[int, Signature]]) -> npt.NDArray[np.void]:
    rows = [row for codec, signature in signatures for row in _signature_rows(codec, signature)]
    if len(rows) > _SIGNATURES:
        raise UsageError(f"{len(rows)} signatures are more than the kernel's {_SIGNATURES}")
    return np.array(rows, SIGNATURE) if rows else np.zeros(0, SIGNATURE)


class Prepared:
    """The settings as the library reads them; it points into `tables`, which live as long as this does."""

    def __init__(self, settings: Settings) -> None:
        self._tables: list[npt.NDArray[np.void]] = []
        self.structure = self._made(settings)

    def _networks(self, networks: Sequence[Network]) -> Networks:
        both = [_ranges(networks, 4), _ranges(networks, 6)]
        self._tables += both
        result = Networks()
        result.ranges[:] = [table.ctypes.data for table in both]
        result.count[:] = [len(table) for table in both]
        return result

    def _made(self, settings: Settings) -> SettingsStruct:
        table = _signature_table(settings.signatures)
        self._tables.append(table)
        seed = settings.seed or secrets.randbits(128)
        result = SettingsStruct(
            local=self._networks(settings.local),
            known=self._networks(settings.known),
            signatures=table.ctypes.data,
            nsignatures=len(table),
            max_flows=settings.max_flows,
            unknown_budget=settings.unknown_budget,
            tcp_idle=int(settings.tcp_idle_s * 1e9),
            other_idle=int(settings.other_idle_s * 1e9),
        )
        result.seed[:] = [seed & (2**64 - 1), seed >> 64 & (2**64 - 1)]
        return result
