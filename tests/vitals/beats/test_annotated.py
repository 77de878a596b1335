"""Detectors beside the annotations of cardiologists (MIT-BIH): how many beats are missed, and how many found beside.

The bounds are what was measured, and a few more. A detector that gets worse fails here; one that gets better may have
them lowered. Seconds of learning at the beginning do not count.
"""

import importlib.util
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from wardwatch.vitals.beats.leads import lead_beats
from wardwatch.vitals.readers.opening import open_recording
from wardwatch.vitals.words import Second

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT.parent / "shared" / "vitals" / "mitdb"
SETTLED = 5.0
WITHIN = 0.150
BOUNDS = {"joint": (22, 53), "levels": (22, 56), "ratio": (17, 178)}


def _benchmark() -> ModuleType:
    """The reader of annotations, and the matching, of the benchmark."""
    spec = importlib.util.spec_from_file_location("vitals_beats", ROOT / "benchmarks" / "vitals_beats.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def records() -> list[tuple[list[Second], list[float]]]:
    """The seconds of each record with its first lead only, and when its beats were."""
    benchmark, read = _benchmark(), []
    for path in sorted(FOLDER.glob("*.hea")):
        seconds = list(open_recording(path).seconds())
        name, wave = next(iter(seconds[0].waves.items()))
        truth = benchmark.annotated(path.with_suffix(".atr"), wave.rate)
        only = [replace(second, waves={"lead": second.waves[name]}) for second in seconds]
        read.append((only, [at for at in truth if SETTLED <= at < len(seconds) - 1]))
    return read


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the real recordings are not beside this checkout")
@pytest.mark.parametrize("detector", BOUNDS)
def test_annotated_beats_are_found(detector: str, records: list[tuple[list[Second], list[float]]]) -> None:
    missed = beside = beats = 0
    for seconds, truth in records:
        found = lead_beats(seconds, "lead", detector)
        told = [one / found.rate for one in found.samples]
        told = [at for at in told if SETTLED - WITHIN <= at < len(seconds) - 1]
        hits = _benchmark().matched(truth, told)
        missed, beside, beats = missed + len(truth) - hits, beside + len(told) - hits, beats + len(truth)
    assert beats > 14_000
    assert (missed <= BOUNDS[detector][0], beside <= BOUNDS[detector][1]) == (True, True), (missed, beside, beats)
