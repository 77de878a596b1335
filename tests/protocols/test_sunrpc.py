"""ONC RPC: what we send is read as sent; calls meet their answers; file content and floods cost little."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wardwatch.protocols import sunrpc_messages as send
from wardwatch.protocols._rpc_programs import MOUNT, NFS
from wardwatch.protocols._rpc_records import Records
from wardwatch.protocols.codec import Message, Side, Transport
from wardwatch.protocols.sunrpc import CODEC

CALLER = send.Caller("monitor", uid=0)
FOLDER, FILE = bytes(range(32)), bytes(range(32, 64))
PROGRAM = send.Attributes(size=5)


def talk(*pairs: tuple[bytes, bytes], transport: Transport = Transport.UDP) -> list[Message]:
    dialogue = CODEC.open(transport)
    messages: list[Message] = []
    for call, reply in pairs:
        for side, data in ((Side.CLIENT, call), (Side.SERVER, reply)):
            if data:
                messages += dialogue.feed(side, send.record(data) if transport is Transport.TCP else data)
    return messages + dialogue.finish()


@pytest.mark.parametrize("transport", Transport)
@pytest.mark.parametrize("version", [2, 3])
def test_an_update_from_a_share(transport: Transport, version: int) -> None:
    mount = 3 if version == 3 else 1
    messages = talk(
        (send.null_call(1, NFS, version), send.null_reply(1)),
        (send.getport_call(2, MOUNT, mount, send.UDP), send.getport_reply(2, 635)),
        (send.mount_call(3, mount, "/pm", CALLER), send.mount_reply(3, mount, FOLDER)),
        (send.getattr_call(4, version, FOLDER), send.getattr_reply(4, version, send.Attributes(send.FOLDER))),
        (send.lookup_call(5, version, FOLDER, "monitor"), send.lookup_reply(5, version, FILE, PROGRAM)),
        (send.read_call(6, version, FILE, range(5)), send.read_reply(6, version, PROGRAM, b"bytes", end=True)),
        (send.lookup_call(7, version, FOLDER, "none"), send.lookup_reply(7, version, b"", PROGRAM, status=2)),
        (send.unmount_call(8, mount, "/pm", CALLER), send.unmount_reply(8)),
        transport=transport,
    )
    assert [(one.kind, one.facts.get("path"), one.facts["status"]) for one in messages] == [
        ("null", None, "ok"),
        ("portmap-lookup", None, "ok"),
        ("mount", "/pm", "ok"),
        ("get-attributes", "/pm", "ok"),
        ("lookup", "/pm/monitor", "ok"),
        ("read", "/pm/monitor", "ok"),
        ("lookup", "/pm/none", "error 2"),
        ("unmount", "/pm", "ok"),
    ]
    assert messages[1].facts["port"] == 635
    assert (messages[2].facts["machine name"], messages[2].facts["uid"]) == ("monitor", 0)
    assert (messages[5].facts["count"], messages[5].facts["bytes"]) == (5, 5)


@given(st.text(min_size=1, max_size=60), st.integers(0, 2**32 - 1), st.integers(0, 2**31), st.integers(0, 2**20))
@settings(deadline=None)
def test_any_path_and_span_is_read_as_sent(path: str, uid: int, start: int, count: int) -> None:
    span = range(start, start + count)
    mount, read = talk(
        (send.mount_call(1, 3, path, send.Caller("m", uid)), send.mount_reply(1, 3, status=13)),
        (send.read_call(2, 3, FILE, span), b""),
    )
    assert (mount.facts["path"], mount.facts["uid"], mount.facts["status"]) == (path, uid, "error 13")
    assert (read.facts["offset"], read.facts["count"], read.facts["status"]) == (start, count, "no answer")
    assert read.facts["file handle"] == FILE.hex()


def test_a_call_without_answer_is_told_at_the_end() -> None:
    (message,) = talk((send.mount_call(1, 1, "/pm", CALLER), b""))
    assert (message.kind, message.facts["path"], message.facts["status"]) == ("mount", "/pm", "no answer")
    assert message.side is Side.CLIENT


def test_the_side_that_asks_is_told_by_the_form() -> None:
    dialogue = CODEC.open(Transport.UDP)
    dialogue.feed(Side.SERVER, send.mount_call(1, 1, "/pm"))
    (message,) = dialogue.feed(Side.CLIENT, send.mount_reply(1, 1, FOLDER))
    assert (message.side, message.facts["status"]) == (Side.SERVER, "ok")


def test_a_repeated_call_is_one_call() -> None:
    call = send.mount_call(1, 1, "/pm")
    assert len(talk((call, b""), (call, b""), (call, send.mount_reply(1, 1, FOLDER)))) == 1


def test_an_answer_whose_call_was_not_seen() -> None:
    (message,) = talk((b"", send.mount_reply(9, 1, FOLDER)))
    assert (message.kind, message.side) == ("answer", Side.SERVER)


def test_a_sealed_call_is_said_to_be_sealed() -> None:
    sealed = bytearray(send.mount_call(1, 3, "/pm", CALLER))
    sealed[24:28] = (6).to_bytes(4, "big")
    (message,) = talk((bytes(sealed), b""))
    assert message.facts["arguments"] == "not read: RPCSEC_GSS"
    assert "path" not in message.facts


def test_a_hole_in_file_content_keeps_step() -> None:
    dialogue = CODEC.open(Transport.TCP)
    dialogue.feed(Side.CLIENT, send.record(send.read_call(1, 3, FILE, range(60000))))
    reply = send.record(send.read_reply(1, 3, PROGRAM, bytes(60000)))
    messages = dialogue.feed(Side.SERVER, reply[:20000])
    dialogue.lose(Side.SERVER, 30000)
    messages += dialogue.feed(Side.SERVER, reply[50000:] + send.record(send.null_reply(2)))
    assert [(one.kind, one.facts.get("bytes")) for one in messages] == [("read", 60000), ("answer", None)]
    dialogue.finish()
    assert dialogue.skipped == 0


def test_a_hole_across_records_loses_step_and_finds_it_again() -> None:
    dialogue = CODEC.open(Transport.TCP)
    call = send.record(send.read_call(1, 3, FILE, range(5)))
    dialogue.feed(Side.CLIENT, call[:70])
    dialogue.lose(Side.CLIENT, len(call))
    dialogue.feed(Side.CLIENT, call[70:] + send.record(send.mount_call(7, 3, "/pm")))
    assert [one.kind for one in dialogue.finish()] == ["read", "mount"]
    assert dialogue.skipped == len(call) - 70


def test_tables_stay_bounded_and_nothing_is_lost() -> None:
    dialogue = CODEC.open(Transport.UDP)
    messages: list[Message] = []
    for number in range(10_000):
        messages += dialogue.feed(Side.CLIENT, send.null_call(number, NFS, 3))
    assert len(dialogue._pending) <= 4096  # type: ignore[attr-defined]  # a look inside
    assert len(messages + dialogue.finish()) == 10_000


@pytest.mark.parametrize("place", ["dns", "tls", "text"])
def test_other_protocols_are_not_claimed(place: str) -> None:
    first = {
        "dns": bytes.fromhex("123401000001000000000000") + b"\x07example\x03org\0\0\1\0\1",
        "tls": b"\x16\x03\x01\x00\x80\x01\0\0\x7c\x03\x03" + bytes(100),
        "text": b"GET / HTTP/1.1\r\n\r\n",
    }[place]
    assert all(CODEC.recognise(transport, first, b"") == 0.0 for transport in Transport)


WORDS = st.lists(st.sampled_from([0, 1, 2, 3, 7, 100_003, 0xFFFF_FFFF]), min_size=2, max_size=8)


@given(st.lists(st.tuples(WORDS, st.integers(-4, 4), st.booleans()), max_size=5), st.integers(0, 20))
def test_records_are_the_same_however_they_come(parts: list[tuple[list[int], int, bool]], lost: int) -> None:
    sent = b""
    for words, wrong, last in parts:
        raw = b"".join(word.to_bytes(4, "big") for word in words)
        sent += ((0x8000_0000 if last else 0) | max(len(raw) + wrong, 0)).to_bytes(4, "big") + raw
    at_once, one_by_one = Records(), Records()
    whole = at_once.feed(sent)
    pieces = [record for byte in sent for record in one_by_one.feed(bytes([byte]))]
    for records, into in ((at_once, whole), (one_by_one, pieces)):
        records.lose(lost)
        into.extend([*records.feed(sent), *records.finish()])
    assert whole == pieces
    assert at_once.skipped == one_by_one.skipped
