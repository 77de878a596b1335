"""In: scripts from libFuzzer. Out: nothing, unless opening an image raises, loses bytes, or lets a path lead out.

Run: `python fuzz/image_fuzz.py -max_total_time=60`; the samples in tests/firmware/image are built in.
"""

import gzip
import lzma
import sys
from pathlib import Path
from typing import Final

import atheris

with atheris.instrument_imports(include=["wardwatch"]):
    from wardwatch.firmware.image import Limits, open_image, recognise_image
    from wardwatch.firmware.tree import resolve

SAMPLES: Final = Path(__file__).resolve().parents[1] / "tests" / "firmware" / "image" / "samples"
_PACKED: Final = {".xz": lzma.decompress, ".gz": gzip.decompress}
_LARGEST: Final = 1 << 20
_READ_IN: Final = [
    _PACKED.get(path.suffix, bytes)(path.read_bytes())
    for path in sorted(SAMPLES.glob("*/*"))
    if path.suffix not in {".json", ".pyc"}
]
IMAGES: Final = [data for data in _READ_IN if len(data) <= _LARGEST]
LIMITS: Final = Limits(nodes=1000, parts=50, steps=30_000, held=8 << 20, worked=16 << 20, notes=100)
_READ: Final = 1 << 16


def image(script: bytes) -> bytes:
    """A sample with changes, or the script itself."""
    chance = atheris.FuzzedDataProvider(script)
    which = chance.ConsumeIntInRange(0, len(IMAGES))
    if which == len(IMAGES):
        return bytes(chance.ConsumeBytes(len(script)))
    raw = bytearray(IMAGES[which])
    for _ in range(chance.ConsumeIntInRange(0, 8)):
        reach = chance.PickValueInList([128, 1024, len(raw)])
        at = chance.ConsumeIntInRange(0, min(reach, len(raw)))
        change = chance.ConsumeBytes(chance.ConsumeIntInRange(1, 8))
        raw[at : at + len(change)] = change
    return bytes(raw[: chance.ConsumeIntInRange(0, len(raw))] if chance.ConsumeBool() else raw)


def one_input(script: bytes) -> None:
    """Open, read everything, follow every link."""
    data = image(script)
    recognise_image(data)
    tree = open_image(data, LIMITS)
    if sum(span.size for span in tree.spans) != len(data):
        raise AssertionError("bytes were lost")
    if len(tree.index) != len(tree.nodes):
        raise AssertionError("two entries have one path")
    for node in tree.nodes:
        if {"", ".", ".."}.intersection(node.path.split("/")[1:]):
            raise AssertionError(f"{node.path} leads elsewhere")
        if len(node.read(_READ)) > _READ:
            raise AssertionError("more was read than asked for")
        resolve(tree, node.path)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
