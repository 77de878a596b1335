"""In: a Zstandard frame. Out: its content as an image inside."""

from collections.abc import Iterator

from wardwatch.firmware.image.budget import Budget
from wardwatch.firmware.image.compression import gathered, inner, pieces, probe
from wardwatch.firmware.image.format import Found, ImageFormat
from wardwatch.firmware.image.source import Source


def measure(source: Source, offset: int) -> int | None:
    """By its header and its first content; how long it is shows when it is read."""
    return len(source) - offset if probe("zstd", source, offset) else None


def open_image(source: Source, budget: Budget) -> Iterator[Found]:
    """The content, in memory."""
    return inner("zstd", gathered(pieces("zstd", source), budget), len(source))


FORMAT = ImageFormat(
    name="zstd",
    title="Zstandard",
    reference="RFC 8878",
    magics=((b"\x28\xb5\x2f\xfd", 0),),
    measure=measure,
    open=open_image,
    is_stream=True,
)
