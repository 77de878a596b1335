"""The shortest way to a behaviour, what sets it going, and whether each step of it is proven."""

from collections.abc import Callable
from typing import Any

import pytest

from wardwatch.firmware.behaviours.words import Kind, Route
from wardwatch.firmware.words import Trigger

RC = "script /etc/init.d/rcS\nin -\n4 sh /opt/bin/monitor\nboot /etc/init.d/rcS\n"
HEAD = "program /opt/bin/monitor\nroot main start-up\n"
END = "in update\n0x10 sh ifconfig eth0 up\n"


def route(play: Callable[[str], Any], text: str) -> Route:
    scene = play(text).scene
    return scene.route(next(scene.of(Kind.INTERFACE_UP)))


@pytest.mark.parametrize(
    ("edges", "trigger", "label"),
    [
        ("edge main > update\n", Trigger.START_UP, ""),
        ("edge main > ui\nedge ui > update table label=Update\n", Trigger.MENU, "menu 'Update'"),
        ("edge main > update key=C\n", Trigger.KEY, "key 'C'"),
        ("edge main > a key=C\nedge a > update\n", Trigger.KEY, "key 'C'"),
        ("edge main > update timer\n", Trigger.TIMER, "timer"),
        ("root update signal\n", Trigger.SIGNAL, "seen"),
        ("root update network\n", Trigger.NETWORK, "seen"),
        ("edge main > a key=C\nedge a > update table label=Update\n", Trigger.MENU, "menu 'Update'"),
        ("root update none-found maybe\n", Trigger.NONE_FOUND, "maybe"),
        ("edge main > a\n", Trigger.NONE_FOUND, ""),
    ],
)
def test_what_sets_it_going(play: Callable[[str], Any], edges: str, trigger: Trigger, label: str) -> None:
    found = route(play, HEAD + edges + END + RC)
    assert (found.trigger, found.label) == (trigger, label)


def test_the_path_names_scripts_programs_and_functions(play: Callable[[str], Any]) -> None:
    found = route(play, HEAD + "edge main > a\nedge a > update\n" + END + RC)
    assert [f"{hop.at.file}:{hop.at.function}" for hop in found.hops] == [
        "/etc/init.d/rcS:", "/opt/bin/monitor:", "/opt/bin/monitor:main", "/opt/bin/monitor:a",
        "/opt/bin/monitor:update",
    ]  # fmt: skip
    assert found.sure


def test_a_proven_way_is_preferred_to_a_shorter_possible_one(play: Callable[[str], Any]) -> None:
    edges = "edge main > update table maybe\nedge main > a\nedge a > b\nedge b > update\n"
    found = route(play, HEAD + edges + END + RC)
    assert found.sure
    assert [hop.at.function for hop in found.hops][-3:] == ["a", "b", "update"]


def test_a_possible_way_is_not_sure(play: Callable[[str], Any]) -> None:
    found = route(play, HEAD + "edge main > update table maybe\n" + END + RC)
    assert found.found
    assert not found.sure


def test_a_program_that_nothing_starts_has_no_trigger(play: Callable[[str], Any]) -> None:
    found = route(play, HEAD + "edge main > update\n" + END)
    assert found.trigger is Trigger.NONE_FOUND
    assert found.found
    assert not found.sure


def test_a_program_given_alone_starts(play: Callable[[str], Any]) -> None:
    found = route(play, "alone\n" + HEAD + "edge main > update\n" + END)
    assert found.trigger is Trigger.START_UP
    assert found.sure


def test_no_way_says_what_stays_open(play: Callable[[str], Any]) -> None:
    open_end = 'unread main "an indirect call" "its target is read from memory"\n'
    assert route(play, HEAD + open_end + END + RC).open_ends == ("an indirect call: its target is read from memory",)
    assert route(play, HEAD + END + RC).open_ends == ()


def test_loops_end(play: Callable[[str], Any]) -> None:
    edges = "edge main > a\nedge a > b\nedge b > a\nedge b > update\nedge update > a\n"
    assert route(play, HEAD + edges + END + RC).found


def test_programs_started_by_name_and_through_others(play: Callable[[str], Any]) -> None:
    text = (
        "program /opt/bin/starter\nroot main start-up\nin main\n0x1 execl /opt/bin/monitor monitor\n"
        + HEAD + "edge main > update\n" + END
        + "script /etc/init.d/rcS\nin -\n4 sh nohup starter &\nboot /etc/init.d/rcS\n"
    )  # fmt: skip
    found = route(play, text)
    assert [hop.at.file for hop in found.hops][:2] == ["/etc/init.d/rcS", "/opt/bin/starter"]
    assert found.trigger is Trigger.START_UP


def test_main_is_handed_to_the_c_library_by_the_code_at_the_entry(play: Callable[[str], Any]) -> None:
    text = (
        "alone\nprogram /x\nroot a_start start-up\nedge a_start > b_start_c\n"
        'root d_main none-found "its address is taken at 0x2010, and no call through it was found"\n'
        'root e_other none-found "its address is taken at 0x4010, and no call through it was found"\n'
        "in d_main\n0x4000 sh ifconfig eth0 up\nin e_other\n0x5000 sh ifconfig eth1 up\n"
    )
    scene = play(text).scene
    routes = {each.subject: scene.route(each) for each in scene.of(Kind.INTERFACE_UP)}
    assert (routes["eth0"].trigger, routes["eth0"].sure) == (Trigger.START_UP, True)
    assert (routes["eth1"].trigger, routes["eth1"].sure) == (Trigger.NONE_FOUND, False)
