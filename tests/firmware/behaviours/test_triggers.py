"""Which compared values are keys, which come from the network, and what edges say of menus and timers."""

import pytest

from wardwatch.firmware.behaviours.triggers import Set, labelled, of_edge, of_guards
from wardwatch.firmware.words import Edge, Guard, Hole, Place, Trigger, Via

KEY = Hole("read from /dev/input/event0", ("device:/dev/input/event0",))
NAMED = Hole("the key that was pressed", ("global:0x10",))
OTHER = Hole("argument 1", ("argument:1",))
NET = Hole("received from the network", ("network",))


@pytest.mark.parametrize(
    ("guard", "expected"),
    [
        (Guard(KEY, "==", 67), Set(Trigger.KEY, "key 'C'")),
        (Guard(KEY, "==", "C"), Set(Trigger.KEY, "key 'C'")),
        (Guard(KEY, "==", 0x110), Set(Trigger.KEY, "key 0x110")),
        (Guard(KEY, "!=", 67), None),
        (Guard(NAMED, "==", 67), Set(Trigger.KEY, "key 'C'")),
        (Guard(NAMED, "==", 0), None),
        (Guard(NAMED, "==", "yes"), None),
        (Guard(OTHER, "==", 67), None),
        (Guard(NET, "==", 67), Set(Trigger.NETWORK, "data from the network")),
        (Guard(NET, "<", 67), None),
    ],
)
def test_guards(guard: Guard, expected: Set | None) -> None:
    assert of_guards([guard]) == expected


A, B = Place("/x", "a"), Place("/x", "b")


@pytest.mark.parametrize(
    ("edge", "expected"),
    [
        (Edge(A, B, Via.TABLE, label="Update"), Set(Trigger.MENU, "menu 'Update'")),
        (Edge(A, B, Via.TABLE), None),
        (Edge(A, B, Via.CALL, label="Update"), None),
        (Edge(A, B, Via.TIMER, label="60 s"), Set(Trigger.TIMER, "timer 60 s")),
        (Edge(A, B, Via.SIGNAL), Set(Trigger.SIGNAL, "signal")),
        (Edge(A, B, Via.TABLE, label="Update", guards=(Guard(KEY, "==", 67),)), Set(Trigger.KEY, "key 'C'")),
    ],
)
def test_edges(edge: Edge, expected: Set | None) -> None:
    assert of_edge(edge) == expected


def test_labels() -> None:
    assert labelled(Trigger.KEY, "key 'C'") == "key 'C'"
    assert labelled(Trigger.MENU, "Update") == "menu 'Update'"
    assert labelled(Trigger.MENU, "") == ""
