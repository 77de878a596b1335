"""In: the path or the bytes of a firmware image, a folder, a program. Out: the tree of files in it, read in place."""

from pathlib import Path

from wardwatch.firmware.tree import Tree

from .assembling import assembled
from .budget import Budget, Limits
from .folder import entries
from .mapping import map_file
from .opening import Opener
from .recognising import recognise_image
from .source import whole

__all__ = ["Limits", "open_image", "recognise_image"]


def open_image(source: Path | bytes, limits: Limits | None = None) -> Tree:
    """What `source` holds, as far as the limits allow; contents are read when asked for.

    InputError where it cannot be read at all; whatever is damaged, odd or too much inside it becomes a note.
    """
    limits = limits or Limits()
    opener = Opener(Budget(limits))
    if isinstance(source, bytes):
        top = opener.outermost(whole(source), "image")
        total = len(source)
    elif source.is_dir():
        top = opener.folder(entries(str(source), opener.budget))
        total = sum(span.size for span in opener.spans)
    else:
        mapped = map_file(source, limits.image)
        top = opener.outermost(mapped, source.name)
        total = len(mapped)
    return assembled(top, opener.spans, total, limits)
