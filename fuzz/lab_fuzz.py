"""In: scripts from libFuzzer. Out: nothing, unless a part of the lab that reads others' bytes raises what it must not.

Scenarios as text, calls to the share and to DHCP, answers of a share, and what comes to the services.
Run: `python fuzz/lab_fuzz.py -max_total_time=60`.
"""

import sys
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["wardwatch"]):
    from wardwatch.errors import InputError
    from wardwatch.lab.receivers import Count, _Call, cms, lpd, mllp
    from wardwatch.lab.scenario import read
    from wardwatch.twin import lease
    from wardwatch.twin.nfs_client import Client
    from wardwatch.twin.nfs_server import Share, registrar

SHARE = Share("/pm", {"monitor": b"1" * 3000, "update": b"2"})


def one_input(script: bytes) -> None:
    """The script as each of them."""
    with suppress(InputError):
        read(script.decode("utf-8", "replace"), "fuzz")
    for said in (SHARE.answer(script), registrar(script)):
        if said and said[:4] != script[:4]:
            raise AssertionError("an answer to another call")
    lease.answer(script, {script[28:34].hex(":"): "10.20.16.1"}, "10.20.0.1")
    for service in (cms, mllp, lpd):
        call = _Call(Count("fuzz"), script)
        service(call)
        if len(call.pending) > len(script):
            raise AssertionError("more is pending than came")
    _fetched(script)


def _fetched(script: bytes) -> None:
    """A server that says what it should, but for a byte here and there."""
    turns = iter(range(200))

    def ask(port: int, question: bytes) -> bytes:
        turn = next(turns, None)
        if turn is None:
            raise TimeoutError
        said = bytearray(registrar(question) if port == 111 else SHARE.answer(question))  # noqa: PLR2004  # portmap
        if said and turn < len(script) and script[turn]:
            said[script[turn] % len(said)] ^= 1 + script[-1] % 255
        return bytes(said)

    try:
        files = Client(ask).fetch("/pm")
    except OSError:
        return
    if any(not name or "/" in name for name in files):
        raise AssertionError("a name that leads elsewhere")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
