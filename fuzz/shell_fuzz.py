"""In: bytes from libFuzzer. Out: nothing, unless reading them as a script, or as text for a shell, raises or runs away.

Run: `python fuzz/shell_fuzz.py -max_total_time=60 [CORPUS]`; the samples in tests/firmware/scripts are a good corpus.
"""

import sys

import atheris

with atheris.instrument_imports(include=["wardwatch"]):
    from wardwatch.firmware.scripts import Files, analyse, handed
    from wardwatch.firmware.tree import Node, NodeKind
    from wardwatch.firmware.words import Hole, Place, Text

ENDINGS = (".sh", ".py", ".lua")
MOST_CALLS = 10_000


def one_input(data: bytes) -> None:
    """Read `data` in the language its first byte picks; the image holds it as well, so that it finds itself."""
    ending = ENDINGS[data[0] % len(ENDINGS)] if data else ".sh"
    code = data[1:]
    files = Files([Node(f"/s{ending}", NodeKind.FILE, len(code), read=lambda limit: code[:limit])])
    facts = analyse(f"/s{ending}", code, files)
    if len(facts.calls) > MOST_CALLS:
        raise AssertionError("more calls than the bound")
    half = len(code) // 2
    first, second = code[:half].decode("utf-8", "replace"), code[half:].decode("utf-8", "replace")
    handed(Text(tuple(part for part in (first, Hole("something"), second) if part)), Place("/p"), files)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
