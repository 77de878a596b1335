"""Whatever is sent, a codec answers with messages and a count, and how the bytes are cut changes neither."""

import importlib.util
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wardwatch.protocols.codec import Codec, Message, Side, Transport


def _neighbour(name: str) -> ModuleType:
    """Another test module of this folder, which is no package."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
        assert spec
        assert spec.loader
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


samples = _neighbour("test_samples")
NAMES = sorted(samples.CODECS)
OWN = {
    name: [
        (Transport(sample["transport"]), samples.turns(sample))
        for path in samples.OWN
        if path.parent.name == name
        for sample in [samples.load(path)]
    ]
    for name in NAMES
}
Turn = tuple[Side, bytes]
RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@st.composite
def damaged(draw: st.DrawFn, name: str) -> tuple[Transport, list[Turn]]:
    """A sample of the codec with bytes changed, cut out, put in, doubled."""
    transport, turns = draw(st.sampled_from(OWN[name]))
    out = []
    for side, data in turns:
        raw = bytearray(data)
        for _ in range(draw(st.integers(0, 4))):
            at = draw(st.integers(0, len(raw)))
            size = draw(st.integers(0, 12))
            change = draw(st.sampled_from(("set", "cut", "put", "double")))
            new = draw(st.binary(max_size=12)) if change in {"set", "put"} else bytes(raw[at : at + size])
            raw[at : at + {"set": len(new), "cut": size, "put": 0, "double": 0}[change]] = (
                b"" if change == "cut" else new
            )
        out.append((side, bytes(raw)))
    return transport, out


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[a:b] for a, b in pairwise(edges)]


def run(codec: Codec, transport: Transport, turns: list[Turn], places: list[int]) -> tuple[list[Message], int]:
    dialogue = codec.open(transport)
    messages: list[Message] = []
    for side, data in turns:
        for piece in [data] if transport is Transport.UDP else cut(data, places):
            messages += dialogue.feed(side, piece)
    messages += dialogue.finish()
    return messages, dialogue.skipped


def in_order(messages: list[Message]) -> list[str]:
    return sorted(map(repr, map(samples.told, messages)))


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@RELAXED
def test_cutting_changes_nothing(name: str, data: st.DataObject) -> None:
    # A block of the central-station stream is told as soon as it is whole, so what is damaged behind it can take it
    # back only if it came in the same piece: there the cut may matter once damage is in.
    transport, turns = data.draw(st.sampled_from(OWN[name]) if name == "cms" else damaged(name))
    codec = samples.CODECS[name]
    whole, skipped = run(codec, transport, turns, [])
    pieces, also_skipped = run(codec, transport, turns, data.draw(st.lists(st.integers(0, 4000), max_size=40)))
    assert in_order(pieces) == in_order(whole)
    assert also_skipped == skipped


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@RELAXED
def test_messages_and_skipped_bytes_lie_within_what_was_sent(name: str, data: st.DataObject) -> None:
    transport, turns = data.draw(damaged(name))
    messages, skipped = run(samples.CODECS[name], transport, turns, [])
    sent = {side: sum(len(part) for at, part in turns if at is side) for side in Side}
    assert all(0 <= one.start < one.end <= sent[one.side] for one in messages)
    assert 0 <= skipped <= sum(sent.values())


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@RELAXED
def test_holes_do_no_harm(name: str, data: st.DataObject) -> None:
    transport, turns = data.draw(damaged(name))
    dialogue = samples.CODECS[name].open(transport)
    messages: list[Message] = []
    for side, sent in turns:
        for piece in cut(sent, data.draw(st.lists(st.integers(0, 4000), max_size=8))):
            if data.draw(st.integers(0, 4)):
                messages += dialogue.feed(side, piece)
            else:
                dialogue.lose(side, len(piece))
    messages += dialogue.finish()
    assert all(one.start < one.end for one in messages)
    assert dialogue.skipped >= 0


@pytest.mark.parametrize("name", NAMES)
@given(st.lists(st.tuples(st.sampled_from(Side), st.binary(max_size=300)), max_size=8), st.sampled_from(Transport))
@RELAXED
def test_noise_does_no_harm(name: str, turns: list[Turn], transport: Transport) -> None:
    codec = samples.CODECS[name]
    _, skipped = run(codec, transport, turns, [1, 17])
    assert skipped <= sum(len(data) for _, data in turns)
    both = [b"".join(data for at, data in turns if at is side) for side in Side]
    assert 0.0 <= codec.recognise(transport, *both) <= 1.0


@pytest.mark.parametrize("name", NAMES)
@given(st.randoms(use_true_random=False), st.integers(0, 4096))
@RELAXED
def test_noise_is_not_claimed(name: str, chance: object, size: int) -> None:
    noise = chance.randbytes(size)  # type: ignore[attr-defined]  # Hypothesis types its Random as object
    assert samples.CODECS[name].recognise(Transport.TCP, noise, b"") < 0.5


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@RELAXED
def test_a_damaged_start_is_judged_within_bounds(name: str, data: st.DataObject) -> None:
    transport, turns = data.draw(damaged(name))
    both = [b"".join(part for at, part in turns if at is side) for side in Side]
    assert all(0.0 <= codec.recognise(transport, *both) <= 1.0 for codec in samples.CODECS.values())


@pytest.mark.parametrize("name", NAMES)
def test_no_value_of_an_identifier_is_shown(name: str) -> None:
    for transport, turns in OWN[name]:
        messages, _ = run(samples.CODECS[name], transport, turns, [])
        for message in messages:
            assert all(identifier.value not in repr(identifier) for identifier in message.identifiers)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "run_of", [bytes((byte,)) for byte in (0, 1, 5, 0x0A, 0x0B, 0x0D, 0x1C, 0x20, 0x2F, 0x5C, 0x80)]
)
def test_a_long_run_of_one_byte_is_judged_in_one_pass(name: str, run_of: bytes) -> None:
    # A pattern that tries every split of such a run would take minutes here.
    codec, size = samples.CODECS[name], 1 << 16
    for start in (b"", b"GET ", b"SSH-2.0-", b"\x02lp ", b"\x0bMSH|", b"\xff\x0f\x05\x46"):
        codec.recognise(Transport.TCP, start + run_of * size, run_of * size)
        messages, skipped = run(codec, Transport.TCP, [(Side.CLIENT, start + run_of * size)], [])
        assert skipped <= len(start) + size
        assert len(messages) <= 2
