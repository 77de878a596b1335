"""In: scripts made to hang, overflow or flood a reader. Out: whether each ends in its bounds and says what is left out.

No clock is asked: what is not bounded runs so long, or takes so much memory, that nobody overlooks it.
"""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.firmware.scripts import Files, analyse, commands_of, handed
from wardwatch.firmware.scripts.shell.record import MOST_CALLS
from wardwatch.firmware.words import Call, CodeFacts, Hole, Place, Text, Via

DEEP = 10_000
LEFT_OUT = {
    "parentheses": "echo " + "( " * DEEP + "ls" + " )" * DEEP,
    "substitutions": "echo " + "$(" * DEEP + "ls" + ")" * DEEP,
    "braces": "echo " + "${a:-" * DEEP + "}" * DEEP,
    "conditions": "if true; then " * DEEP + "ls" + "; fi" * DEEP,
    "quotes": '"' * 999_999,
    "backquotes": "`" * 100_001,
    "tests": "[[ " * DEEP,
    "one-line": "echo a;" * 150_000,
    "open-pipes": "a|" * 100_000,
    "variables": "".join(f"V{n}=1\n" for n in range(20_000)),
    "functions-of-functions": "".join(f"f{n}() {{ f{n + 1}; f{n + 1}; }}\n" for n in range(60)) + "f0",
    "fork-bomb": ":(){ :|:& };:",
    "eval-of-itself": """X='eval "$X"; eval "$X"'\neval "$X\"""",
    "traps": "trap 'trap \"x 1\" 2' 3\n" * 3_000,
    "prefixes": "nohup " * 400 + "c",
    "zeros": "\0" * 400_000 + "c",
}
WHOLE = {
    "doubling": "X=aaaaaaaa\n" + 'X="$X$X"\n' * 60 + "c $X",
    "splitting": 'X="a b c d"\n' + 'X="$X $X"\n' * 20 + "for i in $X; do c $i; done",
    "counting": "i=0\nwhile [ $i -lt 100000000 ]; do i=$((i+1)); c $i; done",
    "nested-loops": "".join(f"for a{n} in 1 2 3 4 5 6 7 8 9; do " for n in range(12)) + "c" + "; done" * 12,
    "ways": "".join(f"if [ -f /a{n} ]; then X{n}=1; else X{n}=2; fi\n" for n in range(60)) + "c $X1 $X2 $X59",
    "defaults": "".join(f"A{n}=${{B{n}:-d{n}}}\n" for n in range(100)) + "c " + " ".join(f"$A{n}" for n in range(100)),
    "patterns": "X=" + "a" * 60_000 + "\nc ${X##*a*a*a*a*a*a*b} ${X%%*b*b*b*} ${X//a*b/}\n",
    "cases": "X=" + "a" * 1_000 + "\ncase $X in " + "*a*a*a*a*a*a*a*b) no;;\n" * 500 + "*) c;; esac",
    "many-arms": "case $1 in " + "".join(f"a{n}) X={n};;\n" for n in range(3_000)) + "esac\nc $X",
    "arithmetic": "c $((" + "1+" * 900 + "1)) $((" + "(" * 30 + "1" + ")" * 30 + "))",
    "power": "c $((1 << 100000000)) $((9999999999999999999 * 9999999999999999999)) $((1/0))",
    "numbers": "printf '%d%99999s%x' 1 a 9999999999999999999999; seq 1 99999999999; c",
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_script_beyond_the_bounds_ends_and_says_so(name: str) -> None:
    facts = analyse("/s.sh", LEFT_OUT[name].encode())
    assert facts.unread
    assert len(facts.calls) <= MOST_CALLS + 1


@pytest.mark.parametrize("name", WHOLE)
def test_a_costly_script_is_followed_to_its_end(name: str) -> None:
    facts = analyse("/s.sh", WHOLE[name].encode())
    assert not facts.unread
    assert any(str(call.arguments[0]) == "c" for call in facts.calls)
    assert all(len(str(word)) < 200_000 for call in facts.calls for word in call.arguments)


def test_files_that_read_each_other_in_are_read_once_on_each_way(tree: Callable[..., Files]) -> None:
    files = tree({"/a": ". /b; . /a; c a", "/b": ". /a; f() { . /b; }; f; c b"}, {"/l": "/m", "/m": "/l"})
    facts = analyse("/s.sh", b". /a; . /l; c s", files)
    assert [str(call.arguments[1]) for call in facts.calls if str(call.arguments[0]) == "c"] == ["b", "a", "s"]
    assert {edge.callee.file for edge in facts.edges if edge.via is Via.SOURCE} == {"/a", "/b"}
    assert [each.what for each in facts.unread] == ["sourced file /l"]


def test_bytes_that_are_no_text_do_not_hide_commands() -> None:
    facts = analyse("/s.sh", b"#!/bin/sh\necho \xff\xfe\x1b[31m; mount\x00 a\nmount b \xe2\x80\xae\n")
    assert [str(word) for call in facts.calls for word in call.arguments] == [
        "echo", "\\xff\\xfe\x1b[31m", "mount", "a", "mount", "b", "\u202e",
    ]  # fmt: skip


def test_data_behind_a_script_is_said_and_not_read() -> None:
    script = b"#!/bin/sh\ntail -c +99 $0 > /tmp/x; exit 0\n" + bytes(range(256)) * 64
    facts = analyse("/s.sh", script)
    assert [str(call.arguments[0]) for call in facts.calls] == ["tail"]
    assert "data that the script carries" in facts.unread[0].why


@given(st.binary(max_size=300), st.sampled_from([".sh", ".py", ".lua", ""]))
def test_any_bytes_are_read(data: bytes, ending: str) -> None:
    _is_sound(analyse(f"/s{ending}", data))


PIECES = st.sampled_from(
    [
        "if ",
        "then ",
        "fi\n",
        "$(",
        ")",
        "`",
        "'",
        '"',
        "${a:-",
        "}",
        "case x in ",
        "*) ",
        ";; ",
        "esac\n",
        "<<E\n",
        "E\n",
        "&&",
        "|",
        "f() {",
        "\n",
        "while ",
        "do ",
        "done ",
        "mount ",
        "$1",
        "$@",
        "a=",
        "b ",
        "((",
        "))",
        "[[ ",
        "]] ",
        "#",
        "\\",
        ">",
        "2>&1",
        "&",
        "! ",
        ". /s.sh\n",
        "eval ",
        "exec ",
        "trap ",
        "sh -c ",
        "for i in ",
        "f ",
        "${!a}",
        "${#a",
        "$((",
        "1",
        "local ",
        "shift\n",
        "break\n",
        "é",
    ]
)


@pytest.mark.parametrize("text", ["if |! ", "a | time ls", "f() ! ls", "f() time ls", "while |time ", "! time ! | !"])
def test_what_may_begin_a_pipeline_may_stand_anywhere(text: str) -> None:
    assert all(call.name == "command" for call in commands_of(Text((text,)), Place("/x")))


@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_order_of_a_shells_signs_is_read(text: str) -> None:
    files = Files()
    _is_sound(analyse("/s.sh", text.encode(), files))
    first, second = text[: len(text) // 2], text[len(text) // 2 :]
    parts = tuple(part for part in (first, Hole("something"), second) if part)
    for call in commands_of(Text(parts), Place("/p", "f", 0x10), files):
        assert call.name == "command"


def _is_sound(facts: CodeFacts) -> None:
    for call in facts.calls:
        assert call.arguments
        for word in call.arguments:
            if isinstance(word, Text):
                kinds = [type(part) for part in word.parts]
                assert (str, str) not in list(pairwise(kinds)), "two literals side by side"
                assert "" not in word.parts


def text(*parts: str | Hole) -> tuple[Call, ...]:
    return commands_of(Text(parts), Place("/opt/bin/monitor", "do_update", 0x8F20))


UNKNOWN = Hole("argument 1 of sub_8f20", ("argument:1",))


def test_text_of_a_program_keeps_its_holes_and_its_place() -> None:
    mount, copy = text("mount -t nfs ", UNKNOWN, ":/pm /mnt && cp '", UNKNOWN, "/x' \"/opt/", UNKNOWN, '"')
    assert [str(word) for word in mount.arguments] == ["mount", "-t", "nfs", "{argument 1 of sub_8f20}:/pm", "/mnt"]
    assert mount.arguments[3] == Text((UNKNOWN, ":/pm"))
    assert mount.notes["loose"] == "3"
    assert copy.arguments[1:] == (Text((UNKNOWN, "/x")), Text(("/opt/", UNKNOWN)))
    assert "loose" not in copy.notes
    assert mount.at == copy.at == Place("/opt/bin/monitor", "do_update", 0x8F20)
    assert mount.through_shell is not None
    assert str(mount.through_shell).startswith("mount -t nfs {argument")
    assert (mount.order, copy.order) == (1, 2)
    assert [(guard.subject.sources[0], guard.relation, guard.constant) for guard in copy.guards] == [
        ("return:command", "==", 0)
    ]


def test_a_hole_is_never_taken_for_an_operator_or_a_name() -> None:
    (call,) = text(UNKNOWN, " -x")
    assert call.arguments == (Text((UNKNOWN,)), Text(("-x",)))
    assert [str(each.arguments[0]) for each in text("if ", UNKNOWN, "; then a; fi")] == [
        "{argument 1 of sub_8f20}",
        "a",
    ]
    assert text(UNKNOWN) == ()
    assert handed(Text((UNKNOWN,)), Place("/p"))[2][0].bears_on == ("*",)


def test_several_holes_are_told_apart() -> None:
    other = Hole("returned by getenv", ("return:getenv",))
    (call,) = text("c ", UNKNOWN, " ", other, UNKNOWN)
    assert call.arguments == (Text(("c",)), Text((UNKNOWN,)), Text((other, UNKNOWN)))


def test_a_character_of_the_text_is_not_taken_for_a_hole() -> None:
    (call,) = text("c \U000f0000 ", UNKNOWN)
    assert call.arguments == (Text(("c",)), Text(("\ufffd",)), Text((UNKNOWN,)))


def test_what_text_starts_of_the_image_is_an_edge(tree: Callable[..., Files]) -> None:
    files = tree({"/bin/busybox": "x", "/opt/up": "x"}, {"/bin/sh": "busybox", "/sbin": "bin"})
    _, edges, _ = handed(Text(("/opt/up -f; sh /opt/up; telnetd",)), Place("/p", "f", 0x10), files)
    assert [(edge.callee.file, edge.caller, edge.site) for edge in edges] == [
        ("/opt/up", Place("/p", "f"), Place("/p", "f", 0x10)),
        ("/bin/busybox", Place("/p", "f"), Place("/p", "f", 0x10)),
    ]
