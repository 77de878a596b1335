"""In: columns of addresses as text. Out: 16 bytes each, the IP version, and whether local or known networks hold them.

Each distinct address is parsed once and remembered, up to a bound; rows are then filled by index.
"""

import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from wardwatch.traffic.table import IPV4, IPV6

Network = IPv4Network | IPv6Network
Octets = NDArray[np.uint8]

LOCAL: Final = 1
KNOWN: Final = 2
_BOUND: Final = 1 << 18
"""Distinct addresses remembered from block to block."""
_MAPPED: Final = bytes(10) + b"\xff\xff"  # RFC 4291, section 2.5.5.2
_LONGEST: Final = 64


@dataclass(slots=True)
class AddressBook:
    """Addresses met so far. Row 0 stands for a text that is no address; its version is 0."""

    local: Sequence[Network] = ()
    known: Sequence[Network] = ()
    octets: Octets = field(default_factory=lambda: np.zeros((1, 16), np.uint8))
    version: Octets = field(default_factory=lambda: np.zeros(1, np.uint8))
    marks: Octets = field(default_factory=lambda: np.zeros(1, np.uint8))
    """`LOCAL` and `KNOWN` bits of each address."""
    _rows: dict[str, int] = field(default_factory=dict)

    def look_up(self, *columns: pl.Series) -> list[NDArray[np.int64]]:
        """For each String column, the rows of its addresses in this book's arrays; they hold until the next call."""
        if len(self._rows) > _BOUND:
            self._forget()
        distinct = pl.concat([column.rename("") for column in columns]).unique().drop_nulls()
        self._learn([text for text in distinct.to_list() if text not in self._rows])
        index = pl.Series([self._rows[text] for text in distinct.to_list()], dtype=pl.Int64)
        return [_replace(column, distinct, index) for column in columns]

    def _forget(self) -> None:
        self._rows.clear()
        self.octets, self.version, self.marks = self.octets[:1], self.version[:1], self.marks[:1]

    def _learn(self, texts: list[str]) -> None:
        parsed = [_parse(text) for text in texts]
        for text, address in zip(texts, parsed, strict=True):
            self._rows[text] = 0 if address is None else -1
        fresh = [(text, address) for text, address in zip(texts, parsed, strict=True) if address is not None]
        if not fresh:
            return
        start = len(self.version)
        self._rows.update((text, start + place) for place, (text, _) in enumerate(fresh))
        octets = np.frombuffer(b"".join(address.ljust(16, b"\0") for _, address in fresh), np.uint8).reshape(-1, 16)
        version = np.array([IPV4 if len(address) == 4 else IPV6 for _, address in fresh], np.uint8)  # noqa: PLR2004  # bytes of IPv4
        marks = LOCAL * within(octets, version, self.local) | KNOWN * within(octets, version, self.known)
        self.octets = np.concatenate((self.octets, octets))
        self.version = np.concatenate((self.version, version))
        self.marks = np.concatenate((self.marks, marks.astype(np.uint8)))


def _replace(column: pl.Series, distinct: pl.Series, index: pl.Series) -> NDArray[np.int64]:
    if not len(distinct):
        return np.zeros(len(column), np.int64)
    return column.replace_strict(distinct, index, default=0, return_dtype=pl.Int64).fill_null(0).to_numpy()


def _parse(text: str) -> bytes | None:
    """4 or 16 bytes, None for anything else. A mapped IPv4 address is an IPv4 address; a zone is no part of one."""
    if len(text) > _LONGEST:
        return None
    plain = text.partition("%")[0]
    try:
        if ":" not in plain:
            return socket.inet_pton(socket.AF_INET, plain)
        address = socket.inet_pton(socket.AF_INET6, plain)
    except (OSError, ValueError):  # ValueError: a NUL or a lone surrogate
        return None
    return address[12:] if address.startswith(_MAPPED) else address


def within(octets: Octets, version: Octets, networks: Sequence[Network]) -> NDArray[np.bool_]:
    """Which addresses (n, 16) lie in any of `networks`."""
    inside = np.zeros(len(version), np.bool_)
    words = np.ascontiguousarray(octets).view(">u8")
    for network in networks:
        size = 4 if network.version == IPV4 else 16
        base, mask = (
            np.frombuffer(part.packed.ljust(16, b"\0"), ">u8") for part in (network.network_address, network.netmask)
        )
        inside |= (version == (IPV4 if size == 4 else IPV6)) & ((words & mask) == base).all(axis=1)  # noqa: PLR2004  # bytes of IPv4
    return inside
