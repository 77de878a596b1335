"""In: nothing. Out: the parts a shell script is made of, as the parser yields them.

POSIX.1-2024, volume 3, chapter 2.
"""

from dataclasses import dataclass
from typing import NamedTuple

from wardwatch.firmware.words import Hole


class Literal(NamedTuple):
    """Text that stands for itself."""

    text: str
    quoted: bool = False


class Parameter(NamedTuple):
    """`$NAME` or `${NAME operator argument}` (section 2.6.2); operator '#len' is `${#NAME}`."""

    name: str
    operator: str = ""
    argument: "Word | None" = None
    quoted: bool = False


class Substitution(NamedTuple):
    """The output of commands (section 2.6.3)."""

    body: "Sequence"
    quoted: bool = False


class Arithmetic(NamedTuple):
    """The value of an expression (section 2.6.4)."""

    expression: "Word"
    quoted: bool = False


class Given(NamedTuple):
    """A part that was not known when the text was made; unquoted it may be several words."""

    hole: Hole
    quoted: bool = False


class Word(NamedTuple):
    """Parts that make one word, before expansion."""

    parts: tuple["Literal | Parameter | Substitution | Arithmetic | Given", ...] = ()

    @property
    def bare(self) -> str | None:
        """The word's text where nothing in it is quoted or expanded: how reserved words and names are written."""
        if len(self.parts) == 1 and isinstance(self.parts[0], Literal) and not self.parts[0].quoted:
            return self.parts[0].text
        return None if self.parts else ""


Part = Literal | Parameter | Substitution | Arithmetic | Given


@dataclass(slots=True)
class Redirection:
    """`[n]operator target` (section 2.7); a here-document's body takes the target's place once it is read."""

    descriptor: str
    operator: str
    target: Word


class Assignment(NamedTuple):
    """`NAME=value`, or `NAME+=value` where `appends`."""

    name: str
    value: Word
    appends: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Command:
    """A simple command (section 2.9.1)."""

    assignments: tuple[Assignment, ...]
    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...]
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """Commands joined by `|`; `negated` by a leading `!`."""

    parts: "tuple[Node, ...]"
    negated: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class AndOr:
    """A command, and what follows `&&` or `||`."""

    first: "Node"
    rest: "tuple[tuple[str, Node], ...]"


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """A list that runs on its own behind `&`."""

    body: "Node"


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """One after the other."""

    items: "tuple[Node, ...]" = ()


@dataclass(frozen=True, slots=True, eq=False)
class If:
    """Conditions with their bodies, and what runs where none holds."""

    arms: tuple[tuple[Sequence, Sequence], ...]
    otherwise: Sequence


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """`while`, or `until` where `negated`."""

    condition: Sequence
    body: Sequence
    negated: bool


@dataclass(frozen=True, slots=True, eq=False)
class For:
    """`for name in words`; without words over the arguments."""

    name: str
    words: tuple[Word, ...] | None
    body: Sequence
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """`case subject in patterns) body`; `on` is `;;`, or `;&` where control falls into the next body."""

    subject: Word
    arms: tuple[tuple[tuple[Word, ...], Sequence, str], ...]
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class Subshell:
    """Commands whose changes end with them."""

    body: Sequence


@dataclass(frozen=True, slots=True, eq=False)
class Redirected:
    """A compound command with redirections of its own."""

    body: "Node"
    redirections: tuple[Redirection, ...]
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """`name() body`, from line to line."""

    name: str
    body: "Node"
    first: int
    last: int


Node = Command | Pipeline | AndOr | Background | Sequence | If | Loop | For | Case | Subshell | Redirected | Definition


class Problem(NamedTuple):
    """What the parser did not understand, and where."""

    line: int
    why: str


class Script(NamedTuple):
    """A parsed script: what was understood, and what was not."""

    body: Sequence
    problems: tuple[Problem, ...]
