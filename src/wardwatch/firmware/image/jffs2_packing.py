"""In: the packed content of a JFFS2 node. Out: the bytes it holds."""

import lzma

from .compression import lzo_block, zlib_block
from .source import DamageError


def unpack(codec: int, raw: bytes, size: int) -> bytes:
    """At most `size` bytes; DamageError where the codec is none that is read, or the content is damaged."""
    if codec == 0:
        return raw[:size]
    if codec == 1:
        return bytes(size)
    if codec == 2:  # noqa: PLR2004  # the codec's number
        return _rtime(raw, size)
    if codec == 6:  # noqa: PLR2004  # the codec's number
        return zlib_block(raw, size)
    if codec == 7:  # noqa: PLR2004  # the codec's number
        return lzo_block(raw, size)
    if codec == 8:  # noqa: PLR2004  # the codec's number
        return _lzma(raw, size)
    raise DamageError(f"compression number {codec} is not read")


def _rtime(raw: bytes, size: int) -> bytes:
    """Linux, fs/jffs2/compr_rtime.c: each byte is followed by how much to repeat from after its last occurrence."""
    out, after = bytearray(), [0] * 256
    for at in range(0, len(raw) - 1, 2):
        value, count = raw[at], raw[at + 1]
        out.append(value)
        back, after[value] = after[value], len(out)
        for place in range(back, back + count):
            out.append(out[place])
        if len(out) >= size:
            break
    return bytes(out[:size])


def _lzma(raw: bytes, size: int) -> bytes:
    """As OpenWrt writes it: without a header, lc, lp and pb 0, a dictionary of 8 KiB."""
    filters = [{"id": lzma.FILTER_LZMA1, "lc": 0, "lp": 0, "pb": 0, "dict_size": 0x2000}]
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters).decompress(raw, size)
    except lzma.LZMAError as error:
        raise DamageError(f"an LZMA node is damaged ({error})") from error
