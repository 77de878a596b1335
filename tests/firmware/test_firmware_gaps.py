"""What stays open of code: which gaps bear on what, and which are remarks."""

from collections.abc import Callable
from typing import Any

from wardwatch.firmware.gaps import gaps_of

POINTER = 'unread main "a call through a pointer" "what the pointer holds could not be told"\n'


def said(play: Callable[[str], Any], text: str) -> dict[str, tuple[str, ...]]:
    return {gap.what: gap.bears_on for gap in gaps_of(play(text).scene)}


def test_a_way_that_is_open_bears_where_something_could_be_reached(play: Callable[[str], Any]) -> None:
    head = "program /opt/a\nroot main start-up\n" + POINTER + "in main\n"
    assert said(play, head + "0x10 connect peer:192.168.1.2:515/tcp\n") == {"/opt/a: calls through pointers": ("*",)}
    assert said(play, head + "0x10 sh date\n") == {"/opt/a: calls through pointers": ()}


def test_what_was_not_read_bears_whatever_else_is_there(play: Callable[[str], Any]) -> None:
    text = 'program /opt/a\nroot main start-up\nunread main "the program" "it is packed"\n'
    assert said(play, text) == {"/opt/a: the program": ("*",)}


def test_peers_and_commands_that_are_not_known(play: Callable[[str], Any]) -> None:
    text = (
        "program /opt/a\nroot main start-up\nin f\n"
        "0x10 sh mount -t nfs {unknown}:/x /mnt\n0x20 sh wget http://{unknown}/x\n0x30 connect peer:{unknown}:1/tcp\n"
        "0x40 system {unknown}\n0x50 connect peer:{unknown}:2/tcp\n0x60 execl /bin/sh sh -c {unknown}\n"
        "0x70 sh sh -c {unknown}\n0x80 system {file:/etc/x}\n0x90 sh sh -c {file:/etc/x}\n"
    )
    found = said(play, text)
    assert set(found) == {
        "/opt/a: the peer of a mount", "/opt/a: the peer of a download", "/opt/a: the peer of a connection (2 places)",
        "/opt/a: a command that is run (3 places)",
    }  # fmt: skip
    assert "firmware.remote-mount" in found["/opt/a: the peer of a mount"]
    assert "firmware.remote-mount" not in found["/opt/a: the peer of a download"]
    assert found["/opt/a: a command that is run (3 places)"] == ("*",)


def test_what_the_site_sets_is_no_gap(play: Callable[[str], Any]) -> None:
    text = (
        "program /opt/a\nroot main start-up\nin main\n"
        "0x10 sh mount -t nfs {file:/etc/x}:/x /mnt\n0x20 connect peer:{return:getenv}:1/tcp\n"
        "0x30 sh /opt/b {unknown}\n0x40 connect peer:{argument:1}:1/tcp\n"
    )
    assert said(play, text) == {}


def test_the_same_argument_of_another_function_is_one(play: Callable[[str], Any]) -> None:
    text = "program /opt/a\nroot main start-up\nin other\n0x40 connect peer:{argument:1}:1/tcp\n"
    assert set(said(play, text)) == {"/opt/a: the peer of a connection"}
