"""In: the name of a version. Out: the twin's firmware image of that version, and what is true of it."""

from importlib.resources import files
from json import dumps
from typing import Final

from .personalities import PERSONALITIES, Personality

VERSIONS: Final = tuple(PERSONALITIES)


def personality(version: str) -> Personality:
    """What is true of a version; KeyError for one that is not there."""
    return PERSONALITIES[version]


def image(version: str) -> bytes:
    """The bundled image of a version, as cramfs."""
    return files(__package__).joinpath("images", personality(version).file).read_bytes()


def truth(version: str) -> str:
    """The ground truth of a version as JSON."""
    return dumps(personality(version).truth, indent=2, ensure_ascii=False) + "\n"
