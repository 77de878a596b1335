"""In: an LZ4 frame. Out: its content as an image inside."""

from collections.abc import Iterator

from wardwatch.firmware.image.budget import Budget
from wardwatch.firmware.image.compression import gathered, inner, pieces, probe
from wardwatch.firmware.image.format import Found, ImageFormat
from wardwatch.firmware.image.source import Source


def measure(source: Source, offset: int) -> int | None:
    """By its header and its first content; how long it is shows when it is read."""
    return len(source) - offset if probe("lz4", source, offset) else None


def open_image(source: Source, budget: Budget) -> Iterator[Found]:
    """The content, in memory."""
    return inner("lz4", gathered(pieces("lz4", source), budget), len(source))


FORMAT = ImageFormat(
    name="lz4",
    title="LZ4",
    reference="lz4_Frame_format.md, version 1.6",
    magics=((b"\x04\x22\x4d\x18", 0),),
    measure=measure,
    open=open_image,
    is_stream=True,
)
