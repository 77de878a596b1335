"""In: DHCP and BOOTP datagrams, by form. Out: which hardware address asks, how it calls itself, what it is given.

RFC 2131, section 2 (fields), RFC 2132 (options), RFC 3396 (long options), RFC 4702 (client's full name).
"""

from struct import Struct
from typing import Final

from .charsets import guess
from .codec import KIBI, Codec, Message, Side, Signature, Transport

_HEAD: Final = Struct(">4BIHH4s4s4s4s16s64s128s4s")
_COOKIE: Final = b"\x63\x82\x53\x63"
_COOKIE_AT: Final = _HEAD.size - len(_COOKIE)
_PAD, _END = 0, 255
_OVERLOAD, _KIND = 52, 53
_FILE, _SERVER_NAME = 1, 2
_KINDS: Final = {
    1: "discover",
    2: "offer",
    3: "request",
    4: "decline",
    5: "ack",
    6: "nak",
    7: "release",
    8: "inform",
}
_TEXTS: Final = {12: "host name", 15: "domain name", 60: "vendor class"}
_ADDRESSES: Final = {50: "requested address", 54: "server"}
_FULL_NAME: Final = 81
_FULL_NAME_HEAD: Final = 3  # flags and two result codes
_ENCODED_IN_LABELS: Final = 4  # RFC 4702, 2.1: the E bit
_LONGEST: Final = 255
_ETHERNET: Final = 1
_MAC: Final = 6


class _Conversation:
    def __init__(self) -> None:
        self.skipped = 0
        self._at = [0, 0]

    def feed(self, side: Side, data: bytes) -> list[Message]:
        start = self._at[side]
        self._at[side] = end = start + len(data)
        if not is_dhcp(data):
            self.skipped += len(data)
            return []
        kind, facts = _read(data)
        return [Message("dhcp", kind, side, start, end, facts=facts)]

    def lose(self, side: Side, count: int) -> None:
        self._at[side] += count

    def finish(self) -> list[Message]:
        return []


def is_dhcp(data: bytes) -> bool:
    """Whether `data` has the form: request or reply, a hardware address of at most 16 bytes, the cookie."""
    return (
        len(data) >= _HEAD.size and data[0] in {1, 2} and data[2] <= 16 and data[_COOKIE_AT : _HEAD.size] == _COOKIE  # noqa: PLR2004  # chaddr's size
    )


def _read(data: bytes) -> tuple[str, dict[str, str | int]]:
    operation, hardware, size, *_, yours, _next, _relay, address, server_name, file, _cookie = _HEAD.unpack_from(data)
    options = _options(data[_HEAD.size :], file, server_name)
    facts: dict[str, str | int] = {}
    if hardware == _ETHERNET and size == _MAC:
        facts["mac"] = address[:size].hex(":")
    if any(yours):
        facts["assigned address"] = _dotted(yours)
    for code, name in _TEXTS.items():
        if options.get(code):
            facts[name] = guess(options[code].rstrip(b"\0")[:_LONGEST])[0]
    for code, name in _ADDRESSES.items():
        if len(options.get(code, b"")) == 4:  # noqa: PLR2004  # an IPv4 address
            facts[name] = _dotted(options[code])
    full = options.get(_FULL_NAME, b"")
    if len(full) > _FULL_NAME_HEAD:
        facts["full name"] = _full_name(full)
    kind = options.get(_KIND, b"")[:1]
    return _KINDS.get(kind[0] if kind else 0, "bootp-request" if operation == 1 else "bootp-reply"), facts


def _options(area: bytes, file: bytes, server_name: bytes) -> dict[int, bytes]:
    """The options; those in the overloaded fields come behind (RFC 2131, section 4.1), parts of one are joined."""
    options: dict[int, bytes] = {}
    _collect(area, options)
    overload = options.get(_OVERLOAD, b"\0")[:1] or b"\0"
    if overload[0] & _FILE:
        _collect(file, options)
    if overload[0] & _SERVER_NAME:
        _collect(server_name, options)
    return options


def _collect(area: bytes, options: dict[int, bytes]) -> None:
    place = 0
    while place < len(area) and area[place] != _END:
        if area[place] == _PAD:
            place += 1
            continue
        if place + 1 >= len(area):
            return
        code, size = area[place], area[place + 1]
        value = area[place + 2 : place + 2 + size]
        if len(value) == size:
            options[code] = options.get(code, b"") + value
        place += 2 + size


def _full_name(option: bytes) -> str:
    name = option[_FULL_NAME_HEAD:]
    if not option[0] & _ENCODED_IN_LABELS:
        return guess(name.rstrip(b"\0")[:_LONGEST])[0]
    labels, place = [], 0
    while place < len(name) and name[place]:
        labels.append(name[place + 1 : place + 1 + name[place]])
        place += 1 + name[place]
    return guess(b".".join(labels)[:_LONGEST])[0]


def _dotted(address: bytes) -> str:
    return ".".join(map(str, address))


def recognise(transport: Transport, client: bytes, server: bytes) -> float:
    """How sure either side begins with a DHCP datagram."""
    return 0.95 if transport is Transport.UDP and (is_dhcp(client) or is_dhcp(server)) else 0.0


def _open(_transport: Transport) -> _Conversation:
    return _Conversation()


CODEC: Final = Codec(
    name="dhcp",
    title="DHCP",
    reference="RFC 2131, RFC 2132",
    signatures=(Signature(Transport.UDP, _COOKIE, offset=_COOKIE_AT, budget=64 * KIBI),),
    recognise=recognise,
    open=_open,
    carries="Hardware address, host name and maker's text of a device, chosen by the device itself.",
)
