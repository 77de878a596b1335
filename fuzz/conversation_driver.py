"""In: a codec and bytes from libFuzzer. Out: nothing, unless the codec raises, or tells of bytes that were not sent.

The bytes are a script: which sample to begin with, then pieces to feed to either side, holes, and what to change.
"""

import importlib.util
from pathlib import Path
from typing import Final

import atheris

from wardwatch.protocols.codec import Codec, Message, Side, Transport

TESTS: Final = Path(__file__).resolve().parents[1] / "tests" / "protocols"
_LARGEST_HOLE: Final = 70_000


def streams(codec: str) -> list[tuple[Transport, list[tuple[Side, bytes]]]]:
    """The samples of `codec`, as the tests read them."""
    spec = importlib.util.spec_from_file_location("test_samples", TESTS / "test_samples.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"no samples in {TESTS}")
    tests = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tests)
    read = [tests.load(path) for path in sorted((TESTS / "samples" / codec).glob("*.toml"))]
    return [(Transport(sample["transport"]), tests.turns(sample)) for sample in read]


class Driver:
    """Drives one codec through the scripts that libFuzzer writes."""

    def __init__(self, codec: Codec, samples: list[tuple[Transport, list[tuple[Side, bytes]]]]) -> None:
        self._codec = codec
        self._samples = samples

    def __call__(self, script: bytes) -> None:
        """Runs one script."""
        chance = atheris.FuzzedDataProvider(script)
        transport, turns = self._turns(chance)
        both = [b"".join(data for at, data in turns if at is side) for side in Side]
        sure = self._codec.recognise(transport, *both)
        if not 0.0 <= sure <= 1.0:
            raise AssertionError(f"{sure} is no share")
        self._talk(chance, transport, turns)

    def _turns(self, chance: atheris.FuzzedDataProvider) -> tuple[Transport, list[tuple[Side, bytes]]]:
        which = chance.ConsumeIntInRange(0, len(self._samples))
        if which < len(self._samples):
            transport, turns = self._samples[which]
            return transport, [(side, _changed(chance, data)) for side, data in turns]
        transport = chance.PickValueInList(list(Transport))
        count = chance.ConsumeIntInRange(0, 6)
        return transport, [(Side(chance.ConsumeIntInRange(0, 1)), chance.ConsumeBytes(400)) for _ in range(count)]

    def _talk(self, chance: atheris.FuzzedDataProvider, transport: Transport, turns: list[tuple[Side, bytes]]) -> None:
        dialogue = self._codec.open(transport)
        reach, fed = [0, 0], 0
        messages: list[Message] = []
        for side, data in turns:
            for piece in [data] if transport is Transport.UDP else _pieces(chance, data):
                if chance.ConsumeIntInRange(0, 15) == 1:
                    hole = chance.ConsumeIntInRange(0, _LARGEST_HOLE)
                    dialogue.lose(side, hole)
                    reach[side] += hole
                messages += dialogue.feed(side, piece)
                reach[side] += len(piece)
                fed += len(piece)
        messages += dialogue.finish()
        if not all(0 <= one.start < one.end <= reach[one.side] for one in messages):
            raise AssertionError("a message of bytes that were not sent")
        if not 0 <= dialogue.skipped <= fed:
            raise AssertionError(f"{dialogue.skipped} bytes skipped of {fed}")


def _changed(chance: atheris.FuzzedDataProvider, data: bytes) -> bytes:
    raw = bytearray(data)
    for _ in range(chance.ConsumeIntInRange(0, 4)):
        at = chance.ConsumeIntInRange(0, len(raw))
        raw[at : at + chance.ConsumeIntInRange(0, 8)] = chance.ConsumeBytes(chance.ConsumeIntInRange(0, 8))
    return bytes(raw)


def _pieces(chance: atheris.FuzzedDataProvider, data: bytes) -> list[bytes]:
    pieces, place = [], 0
    while place < len(data):
        size = chance.ConsumeIntInRange(1, 2048)
        pieces.append(data[place : place + size])
        place += size
    return pieces
