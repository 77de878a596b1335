"""In: nothing. Out: what a format of detection rules is: data about it, and one pure method that writes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from wardwatch.plugins import modules

from .dialect import Texts
from .watched import Watched


@dataclass(frozen=True, slots=True)
class Detection:
    """A language or format in which is told what to look for. `limits`: what the plan says of it."""

    name: str
    title: str
    reference: str
    write: Callable[[Watched], Texts]
    limits: tuple[str, ...] = ()


def detections() -> Mapping[str, Detection]:
    """Every format there is, by name."""
    found = (cast("Detection", module.DETECTION) for module in modules("wardwatch.contain.detection", "DETECTION"))
    return {each.name: each for each in found}
