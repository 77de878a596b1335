"""In: nothing. Out: one image as rules see it: behaviours, ways to them, chains, what is published."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .behaviours.chains import ChainSeen
from .behaviours.graph import Graph
from .behaviours.measures import Around
from .behaviours.places import Places
from .behaviours.words import MACHINE_CODE, Behaviour, Kind, Route
from .words import CodeFacts


@dataclass(frozen=True, slots=True)
class Match:
    """A file whose content was published or fits a rule of the user's: `name` says which, `about` what that means."""

    path: str
    name: str
    about: str
    source: str = ""
    excerpt: str = ""


@dataclass(frozen=True)
class Scene:
    """One image or program. `known` says of a published address what it is."""

    subject: str
    facts: Mapping[str, CodeFacts]
    behaviours: tuple[Behaviour, ...]
    graph: Graph
    chains: tuple[ChainSeen, ...] = ()
    places: Places = field(default_factory=Places)
    around: Around = field(default_factory=Around)
    matches: tuple[Match, ...] = ()
    known: Mapping[str, str] = field(default_factory=dict)

    def of(self, *kinds: Kind) -> Iterator[Behaviour]:
        """The behaviours of these kinds."""
        return (behaviour for behaviour in self.behaviours if behaviour.kind in kinds)

    def route(self, behaviour: Behaviour) -> Route:
        """The shortest way to a behaviour."""
        return self.graph.route(behaviour)

    def is_script(self, file: str) -> bool:
        """Whether the file is text that an interpreter runs."""
        return file in self.facts and self.facts[file].language != MACHINE_CODE
