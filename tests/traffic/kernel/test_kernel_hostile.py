"""Any bytes in any pieces: no crash, no hang, and the same answer however they are cut."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wardwatch.protocols.codec import Signature, Transport

Read = Callable[..., SimpleNamespace]


CAPTURES = Path(__file__).resolve().parents[4] / "shared" / "captures"
DAMAGED = sorted((Path(__file__).parent / "damaged").glob("*.pcap*"))
MAGICS = [bytes.fromhex(magic) for magic in ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "34cdb2a1")]
SIGNATURES = (
    (1, Signature(Transport.TCP, b"h", anywhere=True)),
    (2, Signature(Transport.UDP, b"\0", mask=b"\x80", budget=20)),
)


def corpus() -> list[Path]:
    return sorted(CAPTURES.glob("*.pcap*")) if CAPTURES.is_dir() else []


def answer(seen: SimpleNamespace) -> tuple[object, ...]:
    """Everything the kernel said, for comparison."""
    return seen.flows.tobytes(), seen.batches, seen.counters, seen.walked


def same_in_pieces(read: Read, data: bytes, sizes: list[int], **more: object) -> None:
    more |= {"signatures": SIGNATURES, "seed": 1}
    assert answer(read(data, **more)) == answer(read(data, chunk=sizes, **more))


CHUNKS = st.lists(st.integers(1, 400), min_size=1, max_size=5)


@given(magic=st.sampled_from([*MAGICS, b""]), rest=st.binary(max_size=2000), sizes=CHUNKS)
def test_any_bytes_behind_a_pcap_magic(magic: int, rest: bytes, sizes: list[int], read: Read) -> None:
    same_in_pieces(read, magic + rest, sizes)


@given(linktype=st.integers(0, 300), frames=st.lists(st.binary(max_size=300), max_size=20), sizes=CHUNKS)
def test_any_frames_of_any_link_type(
    linktype: int, frames: list[bytes], sizes: list[int], wire: ModuleType, read: Read
) -> None:
    same_in_pieces(read, wire.pcap(frames, linktype), sizes, max_flows=3)


@given(
    linktype=st.sampled_from([0, 1, 9, 12, 105, 113, 127, 276]),
    frames=st.lists(st.binary(min_size=1, max_size=300), max_size=20),
    start=st.binary(max_size=40),
)
def test_any_frames_of_a_known_link_type(
    linktype: int, frames: list[bytes], start: bytes, wire: ModuleType, read: Read
) -> None:
    seen = read(wire.pcap([start + frame for frame in frames], linktype))
    assert seen.walked.packets == len(frames)


@given(
    kind=st.sampled_from([0x0800, 0x86DD, 0x8100, 0x8847, 0x8864, 0x0806]),
    proto=st.sampled_from([0, 1, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 60, 137]),
    bodies=st.lists(st.binary(max_size=200), max_size=10),
    place=st.integers(0, 0xFFFF),
    sizes=CHUNKS,
)
@settings(max_examples=200)
def test_any_content_of_ip(  # noqa: PLR0913, PLR0917  # one argument a field or a fixture
    kind: int, proto: int, bodies: list[bytes], place: int, sizes: list[int], wire: ModuleType, read: Read
) -> None:
    if kind == 0x86DD:
        frames = [wire.eth(wire.ip6(body, proto=proto), kind) for body in bodies]
    elif kind == 0x0800:
        frames = [wire.eth(wire.ip4(body, proto=proto, place=place), kind) for body in bodies]
    else:
        frames = [wire.eth(body, kind) for body in bodies]
    same_in_pieces(read, wire.pcap(frames), sizes)


@given(
    blocks=st.lists(
        st.tuples(st.sampled_from([1, 2, 3, 4, 5, 6, 0x0A0D0D0A, 99]), st.binary(max_size=120)), max_size=12
    ),
    junk=st.binary(max_size=30),
    sizes=CHUNKS,
)
def test_any_blocks_of_pcapng(
    blocks: list[tuple[int, bytes]], junk: bytes, sizes: list[int], wire: ModuleType, read: Read
) -> None:
    body = b"".join(wire.block(kind, content) for kind, content in blocks)
    same_in_pieces(read, wire.section() + wire.interface() + body + junk, sizes)


@pytest.mark.skipif(not corpus(), reason="the public captures are not here")
@given(data=st.data())
@settings(max_examples=200)
def test_damaged_copies_of_real_captures(data: bytes, read: Read) -> None:
    """Bytes changed, cut out and repeated; small ones only, so that many are tried."""
    small = [path for path in corpus() if path.stat().st_size < 8000]
    sample = bytearray(data.draw(st.sampled_from(small)).read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(sample) - 1))
        length = data.draw(st.integers(0, 40))
        match data.draw(st.sampled_from(["change", "cut", "repeat"])):
            case "change":
                sample[at] = data.draw(st.integers(0, 255))
            case "cut":
                del sample[at : at + length]
            case _:
                sample[at:at] = sample[at : at + length]
        if not sample:
            break
    same_in_pieces(read, bytes(sample), data.draw(CHUNKS))


@pytest.mark.skipif(not corpus(), reason="the public captures are not here")
@pytest.mark.parametrize("path", corpus(), ids=lambda path: path.name)
@pytest.mark.parametrize("sizes", [[1], [17, 4096], [100_000]], ids=["bytes", "odd", "large"])
def test_real_captures_in_pieces(path: Path, sizes: list[int], read: Read) -> None:
    data = path.read_bytes()
    if sizes == [1] and len(data) > 8000:
        sizes = [61]
    same_in_pieces(read, data, sizes)


def test_bytes_that_are_no_capture_are_refused_in_any_pieces(read: Read) -> None:
    for data in (b"", b"\xd4", b"\xd4\xc3\xb2", b"no capture at all"):
        with contextlib.suppress(StopIteration):
            assert read(data, chunk=1).walked.packets == 0
