"""In: a bzip2 stream. Out: its content as an image inside."""

from collections.abc import Iterator

from wardwatch.firmware.image.budget import Budget
from wardwatch.firmware.image.compression import gathered, inner, pieces, probe
from wardwatch.firmware.image.format import Found, ImageFormat
from wardwatch.firmware.image.source import Source


def measure(source: Source, offset: int) -> int | None:
    """By its header and its first content; how long it is shows when it is read."""
    if source.some(offset, 3) != b"BZh":
        return None
    return len(source) - offset if probe("bzip2", source, offset) else None


def open_image(source: Source, budget: Budget) -> Iterator[Found]:
    """The content, in memory."""
    return inner("bzip2", gathered(pieces("bzip2", source), budget), len(source))


FORMAT = ImageFormat(
    name="bzip2",
    title="bzip2",
    reference="bzip2 and libbzip2, version 1.0.8",
    magics=((b"1AY&SY", 4),),
    measure=measure,
    open=open_image,
    is_stream=True,
)
