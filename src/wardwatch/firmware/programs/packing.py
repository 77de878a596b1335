"""In: a loaded program. Out: the name of what packed it, where its own code is not in the file as it runs."""

from typing import Final

import numpy as np

from .binary import Binary

UPX: Final = b"UPX!"
PACKED_ENTROPY: Final = 7.2
"""Bits a byte; machine code has 5 to 6.6."""
SMALLEST: Final = 4096
PART: Final = 1 << 18


def packer(binary: Binary) -> str:
    """UPX by its mark (l_info and p_info stand in the first segment); others by code that looks like noise."""
    for segment in binary.segments:
        if UPX in segment.data[:4096] or UPX in segment.data[-64:]:
            return "UPX"
    code = [segment for segment in binary.segments if segment.executable and len(segment.data) >= SMALLEST]
    noisy = [segment for segment in code if entropy(segment.data) > PACKED_ENTROPY]
    few = len(binary.sites) * 512 < sum(len(segment.data) for segment in noisy)
    return "its code looks like noise" if noisy and few else ""


def entropy(data: bytes) -> float:
    """Shannon's entropy in bits a byte."""
    held = np.frombuffer(data, np.uint8)
    parts = range(0, len(held), PART)
    counts = np.sum([np.bincount(held[at : at + PART], minlength=256) for at in parts], axis=0)  # it widens eightfold
    share = counts[counts > 0] / len(data)
    return float(-(share * np.log2(share)).sum())
