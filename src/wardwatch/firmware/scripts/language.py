"""In: nothing. Out: what a language of scripts has to offer."""

from collections.abc import Callable
from dataclasses import dataclass

from wardwatch.firmware.words import CodeFacts

from .files import Files


@dataclass(frozen=True, slots=True)
class Language:
    """How scripts of one language are recognised and read.

    `interpreters` are program names behind `#!`, `endings` those of file names; `read` is given the path inside the
    image, the bytes and the image's files.
    """

    name: str
    title: str
    interpreters: tuple[str, ...]
    endings: tuple[str, ...]
    read: Callable[[str, bytes, Files], CodeFacts]
