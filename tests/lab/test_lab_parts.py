"""In: bytes as a lab's machines send them. Out: whether its services count and answer as the published forms say."""

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.lab.loop import Loop
from wardwatch.lab.receivers import Count, Receivers, _Call, cms, lpd, mllp, sink
from wardwatch.protocols import sunrpc_answers as answers
from wardwatch.protocols import sunrpc_messages as rpc
from wardwatch.twin import lease, live, nfs_client, payloads
from wardwatch.twin.events import SECOND
from wardwatch.twin.nfs_server import Share, registrar
from wardwatch.workflows import lab_inside

FILES = {"monitor": b"#!/bin/sh\n" * 500, "update": b"x", "empty": b""}
BLOCK = b"\x02\x00\x05\x47"
PATIENT = (194).to_bytes(2, "little") + b"\x05\x3e" + bytes(67) + b"TW000206".ljust(125, b"\0")


def call(protocol: str = "cms") -> _Call:
    return _Call(Count(protocol))


@given(st.integers(1, 60))
def test_blocks_are_counted_however_they_are_cut(size: int) -> None:
    data, one = PATIENT + BLOCK * 3 + PATIENT + b"\x09\x00\x05", call()
    for start in range(0, len(data), size):
        one.pending += data[start : start + size]
        assert cms(one) == b""
    assert (one.count.records, one.count.patients, one.pending) == (5, {"TW000206"}, b"\x09\x00\x05")


def test_a_set_of_the_twin_has_its_blocks() -> None:
    one = call()
    sets = live.sets(live.Who(1), 1_772_359_200 * SECOND)
    one.pending = next(sets) + next(sets)
    cms(one)
    assert (one.count.records, len(one.count.patients), one.pending) == (2 + 6 + 6, 1, b"")


def test_each_message_is_acknowledged_by_its_number() -> None:
    one = call("hl7")
    head = b"\x0bMSH|^~\\&|A|B|||1||ORU^R01|"
    one.pending = head + b"77|P|2.4\rPID|1||P^1||N\r\x1c\r" + head + b"78"
    said = mllp(one)
    assert said.count(b"MSA|AA|77\r") == said.count(b"\x1c\r") == 1
    assert (one.count.records, one.count.patients) == (1, {"P"})
    one.pending += b"|P\r\x1c\r"
    assert b"MSA|AA|78\r" in mllp(one)
    one.pending = b"\x1c\r"
    assert mllp(one).endswith(b"\x1c\r")


def test_a_print_job_is_acknowledged_part_by_part() -> None:
    one, acknowledged = call("lpd"), []
    for part in payloads.lpd_job(7, "ws", b"a page\nwith lines\n"):
        one.pending += part
        acknowledged.append(lpd(one))
    assert acknowledged == [b"\0"] * len(acknowledged)
    assert (one.count.records, one.pending) == (2, b"")


@given(st.binary(max_size=300))
def test_no_bytes_break_a_service(data: bytes) -> None:
    for service in (cms, mllp, lpd, sink):
        one = call()
        one.pending = data
        assert isinstance(service(one), bytes)
        assert len(one.pending) <= len(data)


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.stop()


def test_what_comes_is_counted_by_client_and_service(loop: Loop) -> None:
    receivers, told = Receivers(loop), []
    receivers.told = lambda what, key, _count: told.append((what, key[1]))
    port = receivers.listen(0, "cms")
    loop.start()
    for data in (PATIENT + BLOCK, b""):
        with socket.create_connection(("127.0.0.1", port), 30) as caller:
            caller.sendall(data)
            caller.shutdown(socket.SHUT_WR)
            assert caller.recv(1) == b""
    loop.stop()
    (count,) = receivers.counts.values()
    assert (count.sessions, count.received, count.records) == (1, len(PATIENT + BLOCK), 2)
    assert told == [("call", "127.0.0.1"), ("end", "127.0.0.1")] * 2
    assert receivers.calls == 0
    receivers.close()


def test_what_is_due_is_done_in_its_order() -> None:
    made, done = Loop(), list[int]()
    for number, wait in ((3, 0.03), (1, 0.0), (2, 0.0)):
        made.after(wait, lambda number=number: done.append(number))
    made.start()
    until = time.monotonic() + 30
    while len(done) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    made.stop()
    assert done == [1, 2, 3]


def test_what_goes_wrong_in_it_is_raised_at_the_end() -> None:
    made = Loop()
    made.after(0, lambda: 1 // 0)
    made.start()
    with pytest.raises(ZeroDivisionError):
        made.stop()


def asker(share: Share) -> nfs_client.Ask:
    return lambda port, question: registrar(question) if port == 111 else share.answer(question)


def test_files_are_fetched_whole_and_nothing_else() -> None:
    assert nfs_client.Client(asker(Share("/pm", FILES))).fetch("/pm") == FILES


def test_the_last_piece_of_a_file_says_so() -> None:
    share, client = Share("/pm", FILES), rpc.Caller("m")
    handle = answers.found(share.answer(rpc.lookup_call(2, 3, b"", "monitor", client)), 2)
    for start, end in ((0, False), (4000, True)):
        said = share.answer(rpc.read_call(3, 3, handle, range(start, start + 1024), client))
        assert answers.read(said, 3) == (FILES["monitor"][start : start + 1024], end)


class Busy:
    """Calls that end after a while."""

    def __init__(self) -> None:
        self.asked = 0

    @property
    def calls(self) -> int:
        self.asked += 1
        return int(self.asked < 4)


def test_the_end_waits_for_every_call_to_end() -> None:
    busy = Busy()
    lab_inside._settle(busy)  # type: ignore[arg-type]  # as far as it is asked
    assert busy.asked == 4


def test_names_that_lead_elsewhere_are_passed_over() -> None:
    names = {"../up": b"1", "a/b": b"2", "..": b"3", ".": b"4", "": b"5", "a\0b": b"6", "good": b"7"}
    assert nfs_client.Client(asker(Share("/pm", names))).fetch("/pm") == {"good": b"7"}


def test_a_share_without_end_is_cut_off() -> None:
    many = {f"f{number}": b"x" for number in range(400)}
    assert len(nfs_client.Client(asker(Share("/pm", many))).fetch("/pm")) == 256


def test_an_empty_share_is_empty_and_another_path_is_refused() -> None:
    client = nfs_client.Client(asker(Share("/pm", {})))
    assert client.fetch("/pm") == {}
    with pytest.raises(OSError, match="refused, status 2"):
        client.fetch("/other")


def test_a_server_that_is_not_registered_is_said() -> None:
    client = nfs_client.Client(lambda _port, question: rpc.getport_reply(int.from_bytes(question[:4], "big"), 0))
    with pytest.raises(OSError, match="not registered"):
        client.fetch("/pm")


@given(st.data())
def test_whatever_a_server_says_gives_files_or_an_error(data: st.DataObject) -> None:
    honest, turns = asker(Share("/pm", {"a": b"1" * 2000, "b": b"2"})), 0

    def ask(port: int, question: bytes) -> bytes:
        nonlocal turns
        turns += 1
        if turns > 60:
            raise TimeoutError(110, "enough")
        said = honest(port, question)
        cut = data.draw(st.integers(0, len(said)))
        noise = data.draw(st.binary(max_size=12))
        return data.draw(st.sampled_from([said, said, said, said[:cut], said[:cut] + noise + said[cut:]]))

    try:
        found = nfs_client.Client(ask).fetch("/pm")
    except OSError:
        return
    assert all(name and "/" not in name for name in found)


MOUNT_CALL = rpc.mount_call(1, 3, "/pm", rpc.Caller("m"))


@given(st.binary(max_size=200) | st.integers(0, len(MOUNT_CALL)).map(lambda cut: MOUNT_CALL[:cut]))
def test_whatever_is_asked_of_a_server_is_answered_or_not(question: bytes) -> None:
    share = Share("/pm", FILES)
    for said in (share.answer(question), registrar(question)):
        assert not said or said[:4] == question[:4]


def test_a_call_of_another_program_or_procedure_is_refused() -> None:
    share = Share("/pm", FILES)
    assert share.answer(rpc.call(5, 100_021, 4, 2)) == rpc.refused(5, 1)
    assert share.answer(rpc.call(5, 100_003, 3, 21)) == rpc.refused(5, 3)
    assert share.answer(rpc.call(5, 100_003, 3, 6)) == rpc.refused(5, 4)
    assert share.answer(rpc.null_call(5, 100_003, 3)) == rpc.null_reply(5)
    assert registrar(rpc.call(5, 100_003, 3, 6)) == rpc.refused(5, 1)
    assert registrar(rpc.getport_call(5, 100_005, 3, rpc.UDP)) == rpc.getport_reply(5, 20_048)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is no address of this machine")
def test_an_answer_is_taken_only_from_whom_was_asked_and_to_what_was_asked() -> None:
    """The first question is lost; then come an answer to something else, one by a third party, and the true one."""
    question = rpc.null_call(7, 100_003, 3)
    with (
        closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as server,
        closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as third,
    ):
        server.bind(("127.0.0.1", 0))
        third.bind(("127.0.0.2", 0))

        def serve() -> None:
            server.recvfrom(100)
            _, whence = server.recvfrom(100)
            server.sendto(rpc.null_reply(8), whence)
            third.sendto(rpc.reply(7) + b"forged", whence)
            server.sendto(rpc.null_reply(7), whence)

        thread = Thread(target=serve)
        thread.start()
        with nfs_client.by_udp("127.0.0.1", 1.0) as ask:
            said = ask(server.getsockname()[1], question)
        thread.join()
    assert said == rpc.null_reply(7)


def test_nobody_there_is_an_error_in_the_end() -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as silent:
        silent.bind(("127.0.0.1", 0))
        with nfs_client.by_udp("127.0.0.1", 0.01) as ask, pytest.raises(TimeoutError):
            ask(silent.getsockname()[1], b"1234")


GIVEN = {"02:00:00:14:10:01": "10.20.16.1"}


def discover(mac: str = "02:00:00:14:10:01", kind: int = 1) -> bytes:
    head = b"\1\1\6\0" + b"abcd" + bytes(20) + bytes.fromhex(mac.replace(":", "")).ljust(208, b"\0")
    return head + b"\x63\x82\x53\x63" + bytes([53, 1, kind, 255])


def test_an_address_is_offered_and_acknowledged() -> None:
    for kind, says in ((1, 2), (3, 5)):
        said = lease.answer(discover(kind=kind), GIVEN, "10.20.0.1")
        assert (said[0], said[4:8], said[16:20]) == (2, b"abcd", bytes([10, 20, 16, 1]))
        assert lease._option(said, 53) == bytes([says])
        assert lease._option(said, 54) == bytes([10, 20, 0, 1])


@pytest.mark.parametrize("question", [b"", discover("02:00:00:00:00:09"), discover(kind=7), b"\2" + discover()[1:]])
def test_nobody_else_gets_one(question: bytes) -> None:
    assert lease.answer(question, GIVEN, "10.20.0.1") == b""


@given(st.binary(max_size=400))
def test_no_bytes_break_the_server_of_addresses(question: bytes) -> None:
    lease.answer(question, GIVEN, "10.20.0.1")
    lease.answer(discover()[:240] + question, GIVEN, "10.20.0.1")
