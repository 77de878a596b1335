"""Code of any shape: loops, holes, calls without end. It is judged in bounded time, and never against the rules."""

from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from wardwatch.firmware.behaviours.measures import measures
from wardwatch.firmware.compare.changes import compare
from wardwatch.firmware.compare.side import Side
from wardwatch.firmware.drawing import chain_drawn
from wardwatch.firmware.gaps import gaps_of
from wardwatch.firmware.judging import Code, findings_of, scene_of
from wardwatch.firmware.scene import Scene
from wardwatch.firmware.words import (
    Call,
    CodeFacts,
    Data,
    Edge,
    Guard,
    Hole,
    Peer,
    Place,
    Root,
    Text,
    Trigger,
    Unread,
    Via,
)  # fmt: skip

FILES = ["/opt/bin/a", "/opt/bin/b", "/etc/init.d/rcS"]
NAMES = ["", "main", "f", "g"]
HOLES = st.sampled_from(
    [Hole("x"), Hole("n", ("network",)), Hole("c", ("file:/etc/x",)), Hole("argument 1 of the script", ("argument:1",))]
)
PIECES = st.sampled_from(
    [
        "/mnt",
        "/opt/bin",
        "/",
        "203.0.113.5:/pm",
        "http://203.0.113.5/x",
        "/data/x",
        "*",
        "eth0",
        "up",
        "-t",
        "nfs",
        "",
        "\0",
        "|",
    ]
)
TEXTS = st.lists(st.one_of(PIECES, HOLES), max_size=2).map(lambda parts: Text(tuple(parts)))
PLACES = st.builds(
    Place, st.sampled_from(FILES), st.sampled_from(NAMES), st.one_of(st.none(), st.integers(0, 99)),
    st.one_of(st.none(), st.integers(1, 99)),
)  # fmt: skip
VALUES = st.one_of(
    TEXTS, HOLES, st.integers(-1, 40000), st.builds(Peer, TEXTS, st.one_of(st.none(), st.integers(-1, 70000))),
    st.builds(Data, TEXTS, st.just(("network",)), st.just(("patient",))),
)  # fmt: skip
GUARDS = st.lists(st.builds(Guard, HOLES, st.sampled_from(["==", "<"]), st.sampled_from([67, "C"])), max_size=1).map(
    tuple
)
CALLS = st.builds(
    Call,
    st.sampled_from(
        ["command", "system", "mount", "ioctl", "connect", "send", "open", "rename", "execve", "chdir"]
    ),
    st.lists(VALUES, max_size=5).map(tuple), PLACES, st.lists(PLACES, max_size=2).map(tuple),
    st.integers(-1, 9), GUARDS,
)  # fmt: skip
COMMANDS = st.builds(
    lambda name, rest, at: Call("command", (Text((name,)), *rest), at),
    st.sampled_from(["mount", "wget", "cp", "ifconfig", "tar", "sh", "/opt/bin/b", "umount", "cd", "curl"]),
    st.lists(TEXTS, max_size=5), PLACES,
)  # fmt: skip
EDGES = st.builds(
    Edge,
    PLACES,
    PLACES,
    st.sampled_from(list(Via)),
    st.booleans(),
    st.sampled_from(["", "Update"]),
    GUARDS,
    st.one_of(st.none(), PLACES),
)
ROOTS = st.builds(
    Root, PLACES, st.sampled_from(list(Trigger)), st.just("why"), st.booleans(), st.sampled_from(["", "key 'C'"])
)


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    facts = {}
    for file in FILES:
        facts[file] = CodeFacts(
            file, draw(st.sampled_from(["machine code", "shell"])),
            tuple(draw(st.lists(st.one_of(CALLS, COMMANDS), max_size=6))), tuple(draw(st.lists(EDGES, max_size=6))),
            tuple(draw(st.lists(ROOTS, max_size=2))), (Unread(Place(file), "an indirect call", "its target"),),
            dict.fromkeys(NAMES, (0, 1)),
        )  # fmt: skip
    boot = [Edge(Place("", "boot"), Place(FILES[2]), Via.BOOT)]
    return scene_of(Code("image", facts, boot, frozenset(FILES)), commands_of, resolve)


def commands_of(text: Text, at: Place) -> Iterable[Call]:
    return [Call("command", (text,), at)]


def resolve(target: Text) -> tuple[str, ...]:
    return tuple(file for file in FILES if file == target.literal)


@settings(max_examples=150)
@given(scenes())
def test_any_code_is_judged(scene: Scene) -> None:
    findings = findings_of(scene)
    assert all(0 < finding.confidence <= 1 for finding in findings)
    assert findings == findings_of(scene)
    for gap in gaps_of(scene):
        assert gap.subject == "image"
    for chain in scene.chains:
        drawn = chain_drawn(scene, chain, measures().values())
        assert chain.source in chain.steps
        assert all(each.why for each in drawn.mitigations)


@settings(max_examples=60)
@given(scenes())
def test_nothing_is_fixed_by_doing_nothing(scene: Scene) -> None:
    side = Side("v", scene, findings_of(scene), tuple(gaps_of(scene)), dict.fromkeys(FILES, "same"))
    compared = compare(side, side)
    assert {change.verdict for change in compared.comparison.changes} <= {"not-fixed"}
