"""In: scripts from libFuzzer. Out: nothing, unless the sunrpc codec raises or tells of bytes that were not sent.

Run: `python fuzz/sunrpc_fuzz.py -max_total_time=60`; the samples in tests/protocols are built in.
"""

import sys

import atheris

with atheris.instrument_imports(include=["wardwatch"]):
    from wardwatch.protocols.sunrpc import CODEC

from conversation_driver import Driver, streams

if __name__ == "__main__":
    atheris.Setup(sys.argv, Driver(CODEC, streams("sunrpc")))
    atheris.Fuzz()
