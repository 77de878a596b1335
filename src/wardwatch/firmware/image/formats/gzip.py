"""In: a gzip member. Out: its content as an image inside."""

from collections.abc import Iterator

from wardwatch.firmware.image.budget import Budget
from wardwatch.firmware.image.compression import gathered, inner, pieces, probe
from wardwatch.firmware.image.format import Found, ImageFormat
from wardwatch.firmware.image.source import Source

_RESERVED = 0xE0


def measure(source: Source, offset: int) -> int | None:
    """By its header and its first content; how long it is shows when it is read."""
    if source.number(offset + 3, 1, "little") & _RESERVED:
        return None
    return len(source) - offset if probe("gzip", source, offset) else None


def open_image(source: Source, budget: Budget) -> Iterator[Found]:
    """The content, in memory."""
    return inner("gzip", gathered(pieces("gzip", source), budget), len(source))


FORMAT = ImageFormat(
    name="gzip",
    title="gzip",
    reference="RFC 1952",
    magics=((b"\x1f\x8b\x08", 0),),
    measure=measure,
    open=open_image,
    is_stream=True,
)
