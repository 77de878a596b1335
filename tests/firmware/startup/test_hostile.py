"""In: configurations made to mislead or flood the reader of start-ups. Out: whether the map stays whole and bounded."""

from hypothesis import given
from hypothesis import strategies as st

from wardwatch.firmware.scripts import Files
from wardwatch.firmware.startup import map_of
from wardwatch.firmware.startup.mapping import MOST_ENTRIES
from wardwatch.firmware.tree import Node, NodeKind
from wardwatch.firmware.words import Trigger

READ = (
    "/etc/inittab",
    "/etc/crontab",
    "/etc/cron.d/x",
    "/var/spool/cron/crontabs/root",
    "/etc/anacrontab",
    "/etc/inetd.conf",
    "/etc/xinetd.d/x",
    "/etc/udev/rules.d/1.rules",
    "/etc/mdev.conf",
    "/etc/network/interfaces",
    "/etc/fstab",
    "/etc/passwd",
    "/lib/systemd/system/x.service",
    "/lib/systemd/system/x.timer",
    "/boot/cmdline.txt",
    "/init",
    "/etc/init.d/S10x",
    "/etc/profile",
    "/etc/service/x/run",
    "/sbin/update.sh",
)
SIGNS = st.sampled_from(
    [
        b"::sysinit:",
        b"\n",
        b"\r\n",
        b":",
        b" ",
        b"* * * * * ",
        b"/bin/x",
        b'RUN+="',
        b'"',
        b"iface ",
        b"up ",
        b"ExecStart=",
        b"\\\n",
        b"#",
        b"init=/",
        b"service x\n{\n",
        b"server = /x\n}",
        b"\x00",
        b"\xff",
        b"\x1b[2J",
        b"$(",
        b"`",
        b"'",
        b"nfs",
        b"../..",
        b"%",
        b"@reboot ",
    ]
)


def files(contents: dict[str, bytes], links: dict[str, str] | None = None) -> Files:
    nodes = [Node(p, NodeKind.FILE, len(d), read=lambda n, d=d: d[:n]) for p, d in contents.items()]
    return Files([*nodes, *(Node(p, NodeKind.LINK, target=t) for p, t in (links or {}).items())])


@given(st.sampled_from(READ), st.lists(SIGNS | st.binary(max_size=6), max_size=30).map(b"".join))
def test_any_content_of_any_configuration_is_read(path: str, content: bytes) -> None:
    found = map_of(files({path: content, "/bin/x": b"x"}))
    assert [entry.order for entry in found.entries] == list(range(1, len(found.entries) + 1))
    led = {(edge.callee.file, edge.callee.function) for edge in found.edges}
    assert {(root.at.file, root.at.function) for root in found.roots} <= led


@given(
    st.dictionaries(
        st.sampled_from([f"/{a}/{b}" for a in "abc" for b in "abc"]),
        st.sampled_from(["/a", "../b/c", "c", "/b/a/x", "..", "."]),
    )
)
def test_links_in_any_order_lead_somewhere_or_nowhere(links: dict[str, str]) -> None:
    tree = files({"/a/x": b"x", "/c/c/x": b"x"}, links)
    for path in (*links, "/a/b/x", "/c/a/../x", "/b/../../../a/x"):
        node = tree.find(path)
        assert node is None or node.kind is not NodeKind.LINK
        tree.inside(path)
        tree.matching(path + "/*/*")


def test_links_that_run_in_circles_end() -> None:
    tree = files({}, {"/a": "b", "/b": "/a", "/c": "c/c/c", "/etc/rc3.d/S10x": "S10x", "/etc/inittab": "/etc/inittab"})
    assert tree.find("/a") is None
    assert tree.find("/c/c") is None
    assert [each.what for each in map_of(tree).unread] == ["/etc/rc3.d/S10x"]


def test_links_lead_where_a_running_system_would_go() -> None:
    tree = files(
        {"/usr/bin/x": b"x", "/etc/init.d/a": b"a"}, {"/bin": "usr/bin", "/etc/rc.d": "init.d", "/opt": "/../../bin"}
    )
    assert [
        getattr(tree.find(path), "path", None) for path in ("/bin/x", "/etc/rc.d/a", "/opt/x", "/bin/../bin/x", "/x")
    ] == [
        "/usr/bin/x",
        "/etc/init.d/a",
        "/usr/bin/x",
        "/usr/bin/x",
        None,
    ]
    assert tree.inside("/bin") == ("/bin/x",)
    assert tree.matching("/b*/?") == ("/bin/x",)


def test_a_flood_of_lines_is_cut_and_said() -> None:
    found = map_of(files({"/etc/inittab": b"::once:/bin/x\n" * 10_000, "/bin/x": b"x"}))
    assert len(found.entries) == MOST_ENTRIES
    assert found.unread[-1].what == "the start-up map"
    assert found.unread[-1].bears_on == ("*",)


def test_scripts_that_start_each_other_are_shown_once() -> None:
    found = map_of(files({"/init": b"#!/bin/sh\n/a\n", "/a": b"#!/bin/sh\n/init\n/a\n/init\n"}))
    assert [(entry.depth, entry.runs) for entry in found.entries] == [(0, "/init"), (1, "/a"), (2, "/init"), (2, "/a")]


def test_a_terminal_is_not_spoken_to() -> None:
    found = map_of(files({"/etc/inittab": b"::once:/bin/x \x1b[2J\n::\x1b[31m:/x\n", "/bin/x": b"x"}))
    assert all("\x1b" not in entry.runs + entry.when for entry in found.entries)


def test_what_sets_a_line_going_is_its_trigger() -> None:
    table = b"::sysinit:/a\n::ctrlaltdel:/b\n::shutdown:/c\n"
    found = map_of(
        files({"/etc/inittab": table, "/etc/crontab": b"1 2 3 4 5 root /d\n", **{f"/{n}": b"x" for n in "abcd"}})
    )
    triggers = {(root.at.file, root.at.function): root.trigger for root in found.roots}
    by_callee = {
        edge.callee.file: triggers[edge.caller.file, edge.caller.function] for edge in found.edges if edge.caller.file
    }
    assert by_callee == {"/a": Trigger.START_UP, "/b": Trigger.KEY, "/c": Trigger.SIGNAL, "/d": Trigger.TIMER}
