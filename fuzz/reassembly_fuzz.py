"""In: bytes from the fuzzer, read as TCP segments. Out: nothing, unless reassembly loses count or breaks."""

import sys

import atheris

with atheris.instrument_imports(include=["wardwatch.traffic"]):
    from wardwatch.traffic.reassembly import Mark, Stream


def _run(data: bytes) -> None:
    source = atheris.FuzzedDataProvider(data)
    stream, pieces, number = Stream(), [], 0
    base = source.ConsumeIntInRange(0, 2**32 - 1)
    while source.remaining_bytes() and number < 2000:  # noqa: PLR2004  # bounds one run
        number += 1
        seq = (base + source.ConsumeIntInRange(-70_000, 600_000)) % 2**32
        content = source.ConsumeBytes(source.ConsumeIntInRange(0, 64))
        cut = source.ConsumeIntInRange(0, 32) if source.ConsumeBool() else 0
        mark = Mark(0, number, number * source.ConsumeIntInRange(0, 10**9))
        pieces += stream.add(seq, content, len(content) + cut, source.ConsumeIntInRange(0, 63), mark)
    pieces += stream.finish()
    if sum(len(piece.data) for piece in pieces) != stream.delivered:
        raise AssertionError("bytes handed out and bytes counted differ")
    if sum(piece.lost for piece in pieces) != stream.lost:
        raise AssertionError("bytes declared lost and bytes counted differ")


if __name__ == "__main__":
    atheris.Setup(sys.argv, _run)
    atheris.Fuzz()
