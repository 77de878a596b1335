"""In: texts from libFuzzer. Out: nothing, unless a reader of policies, rules, reports or frames fails without words.

Run: `python fuzz/contain_fuzz.py -max_total_time=60`; the first byte chooses the reader.
"""

import sys
from collections.abc import Callable
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["wardwatch"]):
    from wardwatch.contain import document, frames, reported
    from wardwatch.contain.boundary import packets
    from wardwatch.contain.compare import readers
    from wardwatch.errors import InputError

POLICY = """
schema: wardwatch.contain.v1
name: a
expires: 2027-02-25
devices:
- {name: m, addresses: [10.20.0.21], attached: [{interface: ward0}]}
"""
PACKETS = [packet for packet, _ in zip(packets(document.read(POLICY)), range(40), strict=False)]


def rules(name: str) -> Callable[[str], None]:
    """A reader of rules, and its answers to some packets."""

    def read(text: str) -> None:
        passes = readers()[name].read({"rules": text, "rules6": text})
        for packet in PACKETS:
            passes(packet)

    return read


TARGETS: list[Callable[[str], object]] = [
    document.read,
    lambda text: reported.read(text, "report"),
    lambda text: frames.key_of(text.encode("latin-1", "replace")),
    *(rules(name) for name in sorted(readers())),
]


def one(data: bytes) -> None:
    """One text for one reader."""
    if data:
        with suppress(InputError):
            TARGETS[data[0] % len(TARGETS)](data[1:].decode("latin-1"))


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
