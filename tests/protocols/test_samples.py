"""Every codec against the samples in its folder: recognised by form, kept by a signature, read as written there.

A sample is a TOML file: `transport`, `turns` (side and bytes), `messages` as expected, `skipped`; bytes are written
as hexadecimal digits, 'text' in quotes, and a count behind `*` for what repeats. `foreign` names bytes of another
protocol that this codec must not claim.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from wardwatch.plugins import modules
from wardwatch.protocols.codec import Codec, Dialogue, Message, Side, Signature, Transport

SAMPLES = Path(__file__).parent / "samples"
CODECS: dict[str, Codec] = {
    module.__name__.rpartition(".")[2]: module.CODEC for module in modules("wardwatch.protocols", "CODEC")
}
FILES = sorted(SAMPLES.glob("*/*.toml"))
OWN = [path for path in FILES if path.stem.partition("-")[0] != "foreign"]
FOREIGN = [path for path in FILES if path.stem.partition("-")[0] == "foreign"]
CHUNKS = (1, 2, 3, 7, 64, 1448, 1 << 20)
TOKEN = re.compile(r"\s*(?:'((?:[^'])*)'|([0-9a-fA-F]+))(?:\*(\d+))?\s*")


def spelled(text: str) -> bytes:
    """The bytes a sample spells out."""
    out, place = b"", 0
    while place < len(text):
        token = TOKEN.match(text, place)
        assert token, f"not understood: {text[place : place + 40]!r}"
        words, digits, count = token.groups()
        part = words.encode("latin-1") if words is not None else bytes.fromhex(digits)
        out += part * int(count or 1)
        place = token.end()
    return out


def load(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


def turns(sample: dict[str, Any]) -> list[tuple[Side, bytes]]:
    return [(Side[turn["side"].upper()], spelled(turn["bytes"])) for turn in sample["turns"]]


def sides(sample: dict[str, Any]) -> tuple[bytes, bytes]:
    joined = [b"", b""]
    for side, data in turns(sample):
        joined[side] += data
    return joined[0], joined[1]


def told(message: Message) -> dict[str, Any]:
    return {
        "kind": message.kind,
        "side": message.side.name.lower(),
        "span": [message.start, message.end],
        "identifiers": [[i.field, i.value, i.charset, str(i.person)] for i in message.identifiers],
        "fields": list(message.fields),
        "facts": dict(message.facts),
    }


def expected(sample: dict[str, Any]) -> list[dict[str, Any]]:
    blank = {"identifiers": [], "fields": [], "facts": {}}
    return [{**blank, **message} for message in sample["messages"]]


def read(codec: Codec, sample: dict[str, Any], chunk: int) -> tuple[list[dict[str, Any]], Dialogue]:
    transport = Transport(sample["transport"])
    dialogue = codec.open(transport)
    messages: list[Message] = []
    for side, data in turns(sample):
        step = len(data) if transport is Transport.UDP else chunk
        for start in range(0, len(data), step):
            messages += dialogue.feed(side, data[start : start + step])
    messages += dialogue.finish()
    return [told(message) for message in messages], dialogue


def matches(signature: Signature, transport: Transport, payload: bytes) -> bool:
    """The kernel's comparison, in words a reader can check against `Signature`."""
    if signature.transport is not transport:
        return False
    size = len(signature.pattern)
    places = range(len(payload) - size + 1) if signature.anywhere else [signature.offset]
    for place in places:
        window = payload[place : place + size]
        if len(window) == size and bytes(b & m for b, m in zip(window, signature.mask)) == signature.pattern:  # noqa: B905  # equal by the line above
            return True
    return False


def test_samples_exist_for_every_codec() -> None:
    lacking = [name for name in CODECS if not list((SAMPLES / name).glob("*.toml"))]
    assert not lacking, f"add samples: {', '.join(str(SAMPLES / name) for name in lacking)}"


@pytest.mark.parametrize("path", OWN, ids=lambda path: f"{path.parent.name}/{path.stem}")
@pytest.mark.parametrize("chunk", CHUNKS)
def test_reads_its_sample(path: Path, chunk: int) -> None:
    sample = load(path)
    messages, dialogue = read(CODECS[path.parent.name], sample, chunk)
    assert messages == expected(sample)
    assert dialogue.skipped == sample.get("skipped", 0)


@pytest.mark.parametrize(
    "path", [path for path in OWN if CODECS[path.parent.name].apart], ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_directions_that_are_read_apart_say_the_same_in_any_order(path: Path) -> None:
    sample = load(path)
    dialogue = CODECS[path.parent.name].open(Transport(sample["transport"]))
    client, server = sides(sample)
    messages = [*dialogue.feed(Side.SERVER, server), *dialogue.feed(Side.CLIENT, client), *dialogue.finish()]

    def place(each: dict[str, Any]) -> tuple[str, list[int]]:
        return each["side"], each["span"]

    assert sorted(map(told, messages), key=place) == sorted(expected(sample), key=place)
    assert dialogue.skipped == sample.get("skipped", 0)


@pytest.mark.parametrize("path", OWN, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_claims_its_sample_and_nobody_else_does(path: Path) -> None:
    sample = load(path)
    transport, both = Transport(sample["transport"]), sides(sample)
    sure = {name: codec.recognise(transport, *both) for name, codec in CODECS.items()}
    own = sure.pop(path.parent.name)
    assert own >= 0.5
    assert {name: value for name, value in sure.items() if value >= 0.5} == {}


@pytest.mark.parametrize("path", OWN, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_its_signatures_match_its_sample(path: Path) -> None:
    sample = load(path)
    transport, codec = Transport(sample["transport"]), CODECS[path.parent.name]
    packets = [data[start : start + 1448] for _, data in turns(sample) for start in range(0, len(data), 1448)][:8]
    assert any(matches(signature, transport, packet) for signature in codec.signatures for packet in packets)


@pytest.mark.parametrize("path", FOREIGN, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_leaves_foreign_bytes_alone(path: Path) -> None:
    sample = load(path)
    assert CODECS[path.parent.name].recognise(Transport(sample["transport"]), *sides(sample)) < 0.5
