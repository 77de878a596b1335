"""In: every plug-in. Out: whether its samples lie in the folder of its name; a failure names the folder to fill."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from wardwatch.plugins import modules

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"


def offered(package: str, offering: str) -> list[ModuleType]:
    return [module for module in modules(package, offering) if module.__name__.startswith("wardwatch.")]


def kinds() -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Package, offered name, its attribute that names the samples, and where those lie below tests/."""
    yield "wardwatch.protocols", "CODEC", "name", ("protocols/samples/{}/*",)
    yield (
        "wardwatch.traffic.detectors",
        "DETECTOR",
        "rule",
        ("traffic/detectors/samples/{}/fires/*", "traffic/detectors/samples/{}/silent/*"),
    )
    yield "wardwatch.report.formats", "FORMAT", "name", ("report/golden/{}*",)
    yield "wardwatch.traffic.logs.formats", "FORMAT", "name", ("traffic/logs/samples/{}/*",)


KINDS = list(kinds())
PLACES = [
    (module.__name__, place.format(getattr(getattr(module, offering), attribute)))
    for package, offering, attribute, places in KINDS
    for module in offered(package, offering)
    for place in places
]


@pytest.mark.parametrize(("plug_in", "place"), PLACES, ids=[f"{plug_in}-{place}" for plug_in, place in PLACES])
def test_every_plug_in_has_samples(plug_in: str, place: str) -> None:
    samples = [path for path in TESTS.glob(place) if not path.name.startswith(".")]
    assert samples, f"{plug_in} has no sample: put one at tests/{place}"


@pytest.mark.parametrize(("package", "offering"), [kind[:2] for kind in KINDS])
def test_every_module_of_a_plug_in_folder_is_one(package: str, offering: str) -> None:
    folder = ROOT / "src" / package.replace(".", "/")
    there = {f"{package}.{path.stem}" for path in folder.glob("*.py")} - {f"{package}.__init__"}
    shared = {"wardwatch.protocols.codec"}  # the types a codec is made of
    assert there - shared == {module.__name__ for module in offered(package, offering)}
    assert there


def test_no_samples_lie_about_without_their_plug_in() -> None:
    named = {place.split("/samples/")[1].split("/")[0] for _, place in PLACES if "/samples/" in place}
    roots = {place.split("/samples/")[0] for _, place in PLACES if "/samples/" in place}
    lying = {path.name for root in roots for path in (TESTS / root / "samples").glob("*") if path.is_dir()}
    assert lying <= named
