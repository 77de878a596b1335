"""In: nothing. Out: one version of an image as the comparison sees it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from wardwatch.firmware.scene import Scene
from wardwatch.vocabulary import Finding, Gap


def nothing(_path: str) -> bytes:
    """For a side without files."""
    return b""


@dataclass(frozen=True)
class Side:
    """One version. `hashes` names every file; `content` reads one."""

    name: str
    scene: Scene
    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)
    content: Callable[[str], bytes] = nothing
