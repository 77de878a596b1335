"""In: nothing; this module names the flow table. Out: its NumPy record types, shared by captures and flow logs.

One record holds both directions of a conversation. Side 0 (`a`) is who began it as far as was seen, side 1 (`b`) the
other. The capture kernel writes these records in C (`kernel/`), the log readers in polars; detectors read them alike.
"""

from enum import IntFlag
from typing import Final, NamedTuple

import numpy as np

IPV4: Final = 4
IPV6: Final = 6
ARP: Final = 10
"""`ver` of a record that counts ARP: `a` is the asking sender's address, `b` the address asked for."""

TCP: Final = 6
UDP: Final = 17

UNEXAMINED: Final = 0
"""`codec` of a flow none of whose payload was looked at or matched; others are 1 + the index of the codec."""


class FlowFlag(IntFlag):
    """Bits of `flags`."""

    LOCAL_A = 1  # side a lies in a local network
    LOCAL_B = 2
    KNOWN_A = 4  # side a is an address or in a network that the knowledge names
    KNOWN_B = 8
    KEPT = 16  # payload was handed on
    TRUNCATED = 32  # the capture holds fewer payload bytes than the packets had
    BUDGET = 64  # payload beyond the signature's budget was not handed on
    CLOSED = 128  # both FINs or an RST were seen


FLOW: Final = np.dtype(
    [
        # The first 64 bytes tell whose packet it is, the next 64 change with each packet, the last seldom.
        ("a", "u1", 16),  # IPv4 in the first 4 bytes, the rest zero
        ("b", "u1", 16),
        ("aport", "<u2"),  # ICMP: type and code in aport (an answer under its question's type), 0 in bport
        ("bport", "<u2"),
        ("ver", "u1"),  # IPV4, IPV6 or ARP
        ("proto", "u1"),  # IP protocol number; for ARP 0
        ("codec", "u1"),
        ("flags", "u1"),
        ("tcpflags", "u1", 2),  # OR of all TCP flags a side sent; for ARP 1 a request, 2 a reply
        ("looked", "u1"),  # kernel: payload packets examined for signatures, a in the low half, b in the high
        ("signature", "u1"),  # kernel: 1 + index of the signature that matched
        ("state", "<u2"),  # kernel
        ("vlan", "<u2"),  # outermost VLAN id of the first packet, 0 without
        ("syns", "<u2", 2),  # a: SYN without ACK; b: SYN with ACK; saturating
        ("next", "<u4", 2),  # kernel: next expected sequence number
        ("isn", "<u4"),  # kernel: initial sequence number of a's SYN
        ("last", "<i8"),
        ("last_a", "<i8"),  # time of side a's newest packet
        ("gap2", "<f8"),  # sum of squares of the seconds between side a's packets
        ("packets", "<u4", 2),  # a datagram reassembled from fragments counts as one
        ("payload", "<u8", 2),  # transport payload bytes as the IP length says, retransmissions included
        ("wire", "<u8", 2),  # frame bytes as the capture says (original length)
        ("first", "<i8"),  # nanoseconds since 1970, UTC
        ("kept", "<u8", 2),  # payload bytes handed on
        ("id", "<u4"),  # unique in one examination, from 1
        ("number", "<u4"),  # first packet's number in its file, from 1
        ("missing", "<u4", 2),  # TCP sequence space that was never seen on that side; saturating
        ("repeated", "<u4", 2),  # TCP payload bytes seen again on that side; saturating
        ("mac", "u1", (2, 6)),  # link-layer address each side's first packet came from
        ("ttl", "u1", 2),  # TTL or hop limit of a side's first packet, 0 before it sent
        ("file", "<u2"),  # index of the file of the first packet
    ],
    align=True,
)


class Segment(NamedTuple):
    """One packet's payload of a kept flow, as the kernel hands it on; a UDP datagram has `seq` 0."""

    flow: int
    side: int
    file: int
    number: int  # in its file, from 1, as Wireshark counts
    time: int  # nanoseconds since 1970, UTC
    seq: int  # TCP sequence number of the first payload byte
    flags: int  # TCP flags
    length: int  # payload bytes the packet had; more than `data` where the capture cut it
    codec: int  # index of the codec whose signature the flow had, 0 for none
    channel: int  # the same for all conversations of side a with one port of side b
    data: bytes
