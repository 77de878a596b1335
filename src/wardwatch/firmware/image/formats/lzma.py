"""In: an LZMA stream of the old form, as kernels and boot loaders use it. Out: its content as an image inside."""

from collections.abc import Iterator

from wardwatch.firmware.image.budget import Budget
from wardwatch.firmware.image.compression import gathered, inner, pieces, probe
from wardwatch.firmware.image.format import Found, ImageFormat
from wardwatch.firmware.image.source import Source

DICTIONARIES = tuple(1 << bits for bits in range(16, 28))
_LONGEST = 1 << 32
_UNKNOWN = (1 << 64) - 1


def measure(source: Source, offset: int) -> int | None:
    """By its header and its first content; how long it is shows when it is read."""
    if source.number(offset + 1, 4, "little") not in DICTIONARIES:
        return None
    size = source.number(offset + 5, 8, "little")
    if size != _UNKNOWN and not 0 < size < _LONGEST:
        return None
    return len(source) - offset if probe("lzma", source, offset) else None


def open_image(source: Source, budget: Budget) -> Iterator[Found]:
    """The content, in memory."""
    return inner("lzma", gathered(pieces("lzma", source), budget), len(source))


FORMAT = ImageFormat(
    name="lzma",
    title="LZMA",
    reference="LZMA SDK, lzma-specification.txt",
    magics=((b"\x5d\0\0", 0),),
    measure=measure,
    open=open_image,
    is_stream=True,
)
