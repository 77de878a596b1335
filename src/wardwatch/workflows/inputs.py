"""In: paths as the user gave them. Out: the files behind them, each recognised by its content."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from wardwatch.errors import InputError
from wardwatch.traffic.examine import Source
from wardwatch.traffic.recognise import InputKind, recognise
from wardwatch.vocabulary import EVERYTHING, Gap

FILES_AT_MOST: Final = 100_000
SUFFIXES: Final = frozenset((".pcap", ".pcapng", ".cap", ".dmp"))
"""How captures are usually called, also with .gz or .zst behind it; logs bear too many names to tell."""


class Image(NamedTuple):
    """Firmware to be examined; `named` by the user, or found in a folder, where one that breaks is a gap."""

    path: Path
    named: bool


@dataclass(frozen=True, slots=True)
class Sorted:
    """Inputs by kind, in the order given, folders by name; `passed_over` says what in a folder was not read."""

    captures: tuple[Source, ...] = ()
    logs: tuple[Source, ...] = ()
    images: tuple[Image, ...] = ()
    passed_over: tuple[Gap, ...] = ()


def sort_out(paths: Sequence[str], *, is_log: bool = False) -> Sorted:
    """Every input recognised; InputError for a named file that is nothing wardwatch reads, or where nothing is left.

    `is_log`: the user described a log's columns, so whatever is no capture is taken for such a log.
    """
    kinds: dict[InputKind, list[Source]] = {InputKind.CAPTURE: [], InputKind.LOG: []}
    passed_over: list[Gap] = []
    images: list[Image] = []
    for source, named in _expand(paths):
        if isinstance(source, Path) and source.is_dir():
            images.append(Image(source, named))
            continue
        try:
            kinds[recognise(source, is_log=is_log)].append(source)
        except InputError as error:
            if source != "-" and _is_image(source, named=named):
                images.append(Image(source, named))
            elif named:
                raise
            else:
                passed_over.append(Gap(str(source), "the file", error.what, _bears(source)))
    if not any(kinds.values()) and not images:
        raise InputError(
            "there is nothing in it that wardwatch reads",
            where=", ".join(paths),
            cure="It reads captures (pcap, pcapng) and flow logs (Zeek, nfdump, firewall CSV), also gzip or zstd, "
            "and firmware images, programs and scripts.",
        )
    logs = tuple(kinds[InputKind.LOG])
    return Sorted(tuple(kinds[InputKind.CAPTURE]), logs, tuple(images), tuple(passed_over))


def _is_image(path: Path, *, named: bool) -> bool:
    """Whether it is firmware; a script lying in a folder of captures is none unless somebody named it."""
    from wardwatch.firmware.image import recognise_image  # noqa: PLC0415  # captures do not pay for it

    kind = recognise_image(path)
    return kind is not None and (named or kind != "script")


def _bears(source: Source) -> tuple[str, ...]:
    """A file that is called like a capture, and could not be read as one, leaves every question open."""
    return (EVERYTHING,) if SUFFIXES.intersection(Path(source).suffixes) else ()


def _expand(paths: Sequence[str]) -> Iterator[tuple[Source, bool]]:
    """(file, whether the user named it himself)."""
    for text in paths:
        if text == "-":
            yield "-", True
        elif Path(text).is_dir() and _is_image(Path(text), named=True):
            yield Path(text), True
        elif Path(text).is_dir():
            yield from ((path, False) for path in _files_below(Path(text)))
        else:
            yield _regular(Path(text)), True


def _regular(path: Path) -> Path:
    """`path`, unless it is something that can be read only once or never ends."""
    if path.exists() and not path.is_file():
        raise InputError(
            "not a regular file", where=str(path), cure=f"Give a pipe as standard input: wardwatch scan - < {path}"
        )
    return path


def _files_below(folder: Path) -> Iterator[Path]:
    """Regular files, by name; links to folders are not followed, so no loop and no way out."""
    seen = 0
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if path.is_file():
                seen += 1
                if seen > FILES_AT_MOST:
                    raise InputError(
                        f"more than {FILES_AT_MOST} files", where=str(folder), cure="Name a folder further down."
                    )
                yield path
