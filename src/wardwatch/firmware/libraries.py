"""In: the components of an image. Out: edges from each program to the libraries it loads, so that ways lead into them.

Which of a library's functions a program really calls is not asked: these ways are possible, never sure.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from wardwatch.dissection import Component

from .words import Edge, Place, Via

NEEDS: Final = "needs: "


def loading(components: Iterable[Component], same: Mapping[str, str]) -> Iterator[Edge]:
    """One edge for each program and library of the image that it names; `same` leads to the file that was read."""
    parts = tuple(components)
    by_name: dict[str, list[str]] = defaultdict(list)
    for part in parts:
        by_name[part.path.rpartition("/")[2]].append(part.path)
    for part in parts:
        caller = Place(same.get(part.path, part.path))
        for name in _needed(part):
            for path in by_name.get(name, ()):
                yield Edge(caller, Place(same.get(path, path)), Via.CALL, sure=False, label=f"loads {name}")


def _needed(part: Component) -> Iterator[str]:
    for each in part.properties:
        if each.startswith(NEEDS):
            yield from each.removeprefix(NEEDS).split(", ")
