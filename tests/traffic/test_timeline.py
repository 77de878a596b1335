"""The timeline says what was tried, what took place, and in which protocol, encrypted ones included."""

from collections.abc import Callable
from typing import Any

Play = Callable[[str], Any]
CLIENT_HELLO = "160301002f0100002b0303" + "11" * 32 + "000004130113020100"


def test_attempts_sessions_and_their_protocols(play: Play) -> None:
    _, answer = play(f"""
        0 syn 10.20.0.21:40000 > 202.114.4.119:515 count=2 every=30
        90 tcp 10.20.0.21:41000 > 202.114.4.119:515 client=cms:3:MUSTER^EVA:4711 rttl=49
        120 tcp 10.20.0.21:42000 > 203.0.113.7:8443 client=hex:{CLIENT_HELLO} server=hex:160303 rttl=49
    """)
    marks = {row.to: [(mark.kind, mark.label) for mark in row.marks] for row in answer.timeline}
    assert marks["202.114.4.119"] == [("attempt", "tcp"), ("attempt", "tcp"), ("session", "cms")]
    assert marks["203.0.113.7"] == [("session", "tls")]
    assert all(row.outside for row in answer.timeline)


def test_ordinary_talk_inside_is_not_drawn(play: Play) -> None:
    _, answer = play("0 tcp 10.20.0.21:40000 > 10.20.0.5:515 client=cms:3:MUSTER^EVA:4711")
    assert not answer.timeline
