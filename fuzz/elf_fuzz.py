"""In: scripts from libFuzzer. Out: nothing, unless reading a program raises anything but InputError.

Run: `python fuzz/elf_fuzz.py -max_total_time=60`. Seeds are headers built here for every processor; libFuzzer's bytes
follow them, and overwrite them where they say so.
"""

import struct
import sys
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["wardwatch"]):
    from wardwatch.errors import InputError
    from wardwatch.firmware.programs.facts import analyse
    from wardwatch.firmware.programs.load import load

CHOICES = ("processor", "form", "place", "place", "value", "value", "value", "value")
"""What the bytes of a script say before the content begins."""
MACHINES = (3, 8, 20, 40, 62, 183)


def seed(machine: int, *, wide: bool, big: bool) -> bytes:
    """An ELF program with one segment for everything, one for data, and a dynamic section."""
    order = ">" if big else "<"
    identity = b"\x7fELF" + bytes([2 if wide else 1, 2 if big else 1, 1]) + bytes(9)
    head = struct.pack(order + "HHI", 2, machine, 1)
    if wide:
        head += struct.pack(order + "QQQIHHHHHH", 0x10200, 64, 0, 0, 64, 56, 3, 64, 0, 0)
        parts = ((1, 5, 0, 0x10000, 0x10000, 2048, 2048, 4), (1, 6, 0, 0x20000, 0x20000, 2048, 4096, 4))
        parts += ((2, 6, 0x180, 0x20180, 0x20180, 128, 128, 4),)
        return identity + head + b"".join(struct.pack(order + "IIQQQQQQ", *part) for part in parts)
    head += struct.pack(order + "IIIIHHHHHH", 0x10200, 52, 0, 0, 52, 32, 3, 40, 0, 0)
    parts = ((1, 0, 0x10000, 0x10000, 2048, 2048, 5, 4), (1, 0, 0x20000, 0x20000, 2048, 4096, 6, 4))
    parts += ((2, 0x180, 0x20180, 0x20180, 128, 128, 6, 4),)
    return identity + head + b"".join(struct.pack(order + "8I", *part) for part in parts)


def one(script: bytes) -> None:
    """The first bytes choose the processor and what is overwritten; the rest is the file's content."""
    script = script.ljust(len(CHOICES), b"\0")
    program = bytearray(seed(MACHINES[script[0] % 6], wide=bool(script[1] & 1), big=bool(script[1] & 2)))
    at, value = struct.unpack_from("<HI", script, 2)
    if script[1] & 4:
        program[at % len(program) : at % len(program) + 4] = struct.pack("<I", value)
    program += script[len(CHOICES) :]
    with suppress(InputError):
        load(bytes(program))
    analyse("/bin/x", bytes(program))


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
