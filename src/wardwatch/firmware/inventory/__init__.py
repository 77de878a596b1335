"""In: the tree of an image. Out: what it consists of, as components and as a bill of materials; known files in it."""

from .components import components
from .known import Match, Matches, matched, matches
from .sbom import sbom

__all__ = ["Match", "Matches", "components", "matched", "matches", "sbom"]
