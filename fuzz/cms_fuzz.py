"""In: scripts from libFuzzer. Out: nothing, unless the cms codec raises, or a block does not come back as it was.

Run: `python fuzz/cms_fuzz.py -max_total_time=60`; the samples in tests/protocols are built in.
"""

import sys

import atheris

with atheris.instrument_imports(include=["wardwatch"]):
    from wardwatch.protocols.cms import CODEC, decode, encode

from conversation_driver import Driver, streams

drive = Driver(CODEC, streams("cms"))


def one_input(script: bytes) -> None:
    """The script as bytes of one block, as a block's payload, and as a conversation."""
    head = (len(script) + 1).to_bytes(2, "little") + b"\x05"
    for raw in (script, head + script):
        if encode(decode(raw)) != raw:
            raise AssertionError("a block came back changed")
    drive(script)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
