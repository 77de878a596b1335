"""In: rules. Out: their text for the terminal, no wider than it."""

from hypothesis import given
from hypothesis import strategies as st

from wardwatch.report.explain import explain
from wardwatch.vocabulary import Rule

RULE = Rule(
    "traffic.remote-mount",
    "Network file system mounted",
    "A device that asks for, mounts or reads a network file system: portmap look-ups, MOUNT and NFS calls.\n",
    "Whoever answers that call can run any program on the monitor.",
    "Block it.",
    ("Home folders and PACS archives on NFS inside the hospital, which are mounted every morning.", "Two machines."),
    ("CVE-2025-0626", "CWE-912"),
)


def test_the_text_is_as_reviewed() -> None:
    assert explain(RULE) == (
        """\
Network file system mounted
traffic.remote-mount

What it finds
  A device that asks for, mounts or reads a network file system: portmap
  look-ups, MOUNT and NFS calls.

Why it matters
  Whoever answers that call can run any program on the monitor.

What to do
  Block it.

What looks alike and is harmless
  - Home folders and PACS archives on NFS inside the hospital, which are mounted
    every morning.
  - Two machines.

References
  CVE-2025-0626, CWE-912
"""
    )


def test_what_a_rule_does_not_say_has_no_heading() -> None:
    text = explain(Rule("a.b", "Title", "Finds.", "Matters.", "", ()))
    assert "What to do" not in text
    assert "harmless" not in text
    assert "References" not in text


TEXT = st.text(max_size=200)


@given(st.builds(Rule, TEXT, TEXT, TEXT, TEXT, TEXT, st.lists(TEXT, max_size=3).map(tuple), st.lists(TEXT, max_size=3)))
def test_no_line_is_too_wide_or_obeyed(rule: Rule) -> None:
    lines = explain(rule).split("\n")
    assert max(map(len, lines)) <= 80
    assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for line in lines for character in line)
