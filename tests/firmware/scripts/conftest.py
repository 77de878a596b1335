"""In: a sample as TOML. Out: the image's files it describes, and what was found in it as lines to compare."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from wardwatch.firmware.scripts import Files
from wardwatch.firmware.tree import Node, NodeKind
from wardwatch.firmware.words import Call, CodeFacts, Peer, Text


def files_of(contents: Mapping[str, str], links: Mapping[str, str] | None = None) -> Files:
    """A tree of files and links."""
    nodes = [
        Node(path, NodeKind.FILE, len(text.encode()), read=lambda limit, text=text: text.encode()[:limit])
        for path, text in contents.items()
    ]
    nodes += [Node(path, NodeKind.LINK, target=target) for path, target in (links or {}).items()]
    return Files(nodes)


def shown(call: Call) -> str:
    """`word [a word with blanks] ? condition & condition`, and `(unreached)` where nothing leads there."""
    words = " ".join(_word(argument) for argument in call.arguments)
    name = "" if call.name == "command" else f"{call.name}: "
    guards = " & ".join(f"{guard.subject.origin} {guard.relation} {guard.constant}" for guard in call.guards)
    unreached = " (unreached)" if "unreached" in call.notes else ""
    return f"{name}{words}{' ? ' + guards if guards else ''}{unreached}"


def _word(argument: object) -> str:
    if isinstance(argument, Peer):
        return f"{argument.host}:{argument.port}"
    text = str(argument) if isinstance(argument, Text) else "-"
    text = text.replace("\n", "\\n")
    return f"[{text}]" if " " in text or not text else text


def facts_as_lines(facts: CodeFacts) -> dict[str, list[str]]:
    return {
        "calls": [shown(call) for call in facts.calls],
        "edges": [f"{edge.via}: {edge.callee.file} {edge.callee.function}".rstrip() for edge in facts.edges],
        "unread": [f"{each.at.line}: {each.what}" for each in facts.unread],
    }


@pytest.fixture
def lines_of() -> Callable[[CodeFacts], dict[str, list[str]]]:
    return facts_as_lines


@pytest.fixture
def tree() -> Callable[..., Files]:
    return files_of


@pytest.fixture
def expected() -> Callable[[Mapping[str, Any]], dict[str, list[str]]]:
    """What a sample says must be found."""
    return lambda sample: {key: sample.get(key, []) for key in ("calls", "edges", "unread")}
