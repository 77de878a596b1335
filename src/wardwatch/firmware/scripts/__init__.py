"""In: the bytes of a script, or text handed to a shell. Out: what it runs, as far as that is known.

Languages are plug-ins (`languages/`), found by their place.
"""

from posixpath import basename
from typing import Final

from wardwatch.firmware.tree import Tree
from wardwatch.firmware.words import Call, CodeFacts, Place, Text, Unread
from wardwatch.plugins import modules

from .files import Files
from .language import Language
from .shell.examine import commands_of, handed

__all__ = ["Call", "Files", "Text", "Tree", "analyse", "commands_of", "handed", "language_of"]

_LONGEST_FIRST_LINE: Final = 256


def language_of(file: str, data: bytes) -> Language | None:
    """The language of a script: by its first line, else by its name; None where it is no script that can be read."""
    languages = [module.LANGUAGE for module in modules("wardwatch.firmware.scripts.languages", "LANGUAGE")]
    if data.startswith(b"#!"):
        words = data[2:_LONGEST_FIRST_LINE].split(b"\n")[0].decode("utf-8", "replace").split()
        names = [basename(word) for word in words if not word.startswith("-")]
        name = names[1] if names[:1] == ["env"] and len(names) > 1 else (names or [""])[0]
        if name in {"busybox", "rc.common"} or (names[1:] and names[1] == "rc.common"):
            name = names[1] if len(names) > 1 else name
        return next(
            (
                each
                for each in languages
                if name.rstrip("0123456789.") in each.interpreters or name in each.interpreters
            ),
            None,
        )
    if b"\0" in data[:_LONGEST_FIRST_LINE]:
        return None
    return next((each for each in languages if file.endswith(each.endings)), None)


def analyse(file: str, data: bytes, files: Files | None = None) -> CodeFacts:
    """What the script `file` does; a script of no known language is a gap. `files` remember it: none is read twice."""
    files = files or Files()
    if (file, data) not in files.remembered:
        files.remembered[file, data] = _analysed(file, data, files)
    return files.remembered[file, data]


def _analysed(file: str, data: bytes, files: Files) -> CodeFacts:
    language = language_of(file, data)
    if language is None:
        gap = Unread(Place(file), "a script", "its language is not known here", ("*",))
        return CodeFacts(file, "unknown", unread=(gap,))
    return language.read(file, data, files)
