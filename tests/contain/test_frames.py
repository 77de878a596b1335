"""In: frames made byte by byte from RFC 791, 8200 and 4443. Out: whether the key of each is that of its attempt."""

import pytest

from wardwatch.contain.frames import key_of

ENDS_4 = bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2))
ENDS_6 = bytes(15) + b"\x01", bytes(15) + b"\x02"
PORTS = bytes.fromhex("0fa00203")


def version_4(rest: bytes, protocol: int, fragment: bytes = b"\0\0") -> bytes:
    head = b"\x45\0\0\0\0\0" + fragment + bytes((64, protocol)) + b"\0\0"
    return bytes(12) + b"\x08\x00" + head + b"".join(ENDS_4) + rest


def version_6(rest: bytes, following: int) -> bytes:
    return bytes(12) + b"\x86\xdd" + b"\x60\0\0\0\0\0" + bytes((following, 64)) + b"".join(ENDS_6) + rest


CASES = [
    (version_4(PORTS, 6), (*ENDS_4, "tcp", 4000, 515)),
    (version_4(PORTS, 17, b"\x20\x00"), (*ENDS_4, "udp", 4000, 515)),
    (version_4(PORTS, 17, b"\x00\x01"), None),
    (version_4(PORTS, 17, b"\x01\x00"), None),
    (version_4(b"\x08\0\0\0", 1), (*ENDS_4, "icmp", 0, 0)),
    (version_4(b"\x03\0\0\0", 1), None),
    (version_6(PORTS, 6), (*ENDS_6, "tcp", 4000, 515)),
    (version_6(b"\x11\0\0\x01\0\0\0\1" + PORTS, 44), (*ENDS_6, "udp", 4000, 515)),
    (version_6(b"\x11\0\0\x09\0\0\0\1" + PORTS, 44), None),
    (version_6(b"\x06\0" + bytes(6) + PORTS, 0), (*ENDS_6, "tcp", 4000, 515)),
    (version_6(b"\x80\0\0\0", 58), (*ENDS_6, "icmp", 0, 0)),
    (version_6(b"\x87\0\0\0", 58), None),
    (bytes(12) + b"\x08\x06" + bytes(28), None),
]


@pytest.mark.parametrize(("frame", "key"), CASES, ids=[str(number) for number in range(len(CASES))])
def test_the_key_of_a_frame(frame: bytes, key: object) -> None:
    assert key_of(frame) == key


@pytest.mark.parametrize("frame", [frame for frame, _ in CASES])
def test_a_frame_cut_anywhere_is_read(frame: bytes) -> None:
    for length in range(len(frame)):
        key_of(frame[:length])
