"""In: every plug-in. Out: whether its samples lie in the folder of its name; a failure names the folder to fill."""

from pathlib import Path
from typing import NamedTuple

import pytest

from wardwatch.plugins import modules

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"


class Kind(NamedTuple):
    """Where plug-ins of one kind lie, what they define, and where below tests/ the samples of one lie.

    The samples' folder has the plug-in's `name` in it: its module's own, or (`by_offer`) that of what it offers.
    """

    package: str
    offering: str
    places: tuple[str, ...]
    by_offer: bool = False

    def offered(self) -> dict[str, str]:
        """Module and name of each plug-in of the house."""
        ours = [module for module in modules(self.package, self.offering) if module.__name__.startswith("wardwatch.")]
        if not self.by_offer:
            return {module.__name__: module.__name__.rpartition(".")[2] for module in ours}
        offers = {module.__name__: getattr(module, self.offering) for module in ours}
        return {name: offer if isinstance(offer, str) else offer.name for name, offer in offers.items()}


CODECS = Kind("wardwatch.protocols", "CODEC", ("protocols/samples/{}/*",))
DETECTORS = Kind(
    "wardwatch.traffic.detectors",
    "RULE",
    ("traffic/detectors/samples/{}/fires/*", "traffic/detectors/samples/{}/silent/*"),
    by_offer=True,
)
FIRMWARE = Kind(
    "wardwatch.firmware.rules",
    "RULE",
    ("firmware/rules/samples/{}/fires/*", "firmware/rules/samples/{}/silent/*"),
    by_offer=True,
)
DOCUMENTS = Kind("wardwatch.report.formats", "FORMAT", ("report/golden/*{}*",), by_offer=True)
LOGS = Kind("wardwatch.traffic.logs.formats", "FORMAT", ("traffic/logs/samples/{}/*",))
IMAGES = Kind("wardwatch.firmware.image.formats", "FORMAT", ("firmware/image/samples/{}/*",))
LANGUAGES = Kind("wardwatch.firmware.scripts.languages", "LANGUAGE", ("firmware/scripts/samples/{}/*",), by_offer=True)
MECHANISMS = Kind(
    "wardwatch.firmware.startup.mechanisms", "MECHANISM", ("firmware/startup/samples/{}/*",), by_offer=True
)
DIALECTS = Kind("wardwatch.contain.dialects", "DIALECT", ("contain/samples/{}/*",), by_offer=True)
READERS = Kind("wardwatch.contain.readers", "READER", ("contain/samples/{}/*",), by_offer=True)
DETECTIONS = Kind("wardwatch.contain.detection", "DETECTION", ("contain/detection/samples/{}/*",), by_offer=True)
CHECKS = Kind(
    "wardwatch.vitals.checks",
    "CHECK",
    ("vitals/checks/samples/{}/fires/*", "vitals/checks/samples/{}/silent/*"),
)
EXPORTS = Kind("wardwatch.station.exports", "EXPORT", ("station/exports/samples/{}/*",), by_offer=True)
RULES = (DIALECTS, READERS, DETECTIONS)
KINDS = (CODECS, DETECTORS, FIRMWARE, DOCUMENTS, LOGS, IMAGES, LANGUAGES, MECHANISMS, CHECKS, EXPORTS, *RULES)
PLACES = [
    (module, place.format(name)) for kind in KINDS for module, name in kind.offered().items() for place in kind.places
]


@pytest.mark.parametrize(("module", "place"), PLACES, ids=[place for _, place in PLACES])
def test_every_plug_in_has_samples(module: str, place: str) -> None:
    samples = [path for path in TESTS.glob(place) if not path.name.startswith(".")]
    assert samples, f"{module} has no sample: put one at tests/{place}"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.package)
def test_every_kind_of_plug_in_is_there(kind: Kind) -> None:
    names = list(kind.offered().values())
    assert names
    assert len(set(names)) == len(names)


# Codecs that need several files keep their parts beside them, so protocols/ is not asked.
@pytest.mark.parametrize(
    "kind",
    [DETECTORS, FIRMWARE, DOCUMENTS, LOGS, IMAGES, LANGUAGES, MECHANISMS, CHECKS, EXPORTS, *RULES],
    ids=lambda kind: kind.package,
)
def test_every_module_of_a_plug_in_folder_is_one(kind: Kind) -> None:
    folder = ROOT / "src" / kind.package.replace(".", "/")
    there = {f"{kind.package}.{path.stem}" for path in folder.glob("*.py") if path.stem != "__init__"}
    assert there == set(kind.offered())


@pytest.mark.parametrize(
    "kind",
    [CODECS, DETECTORS, FIRMWARE, LOGS, IMAGES, LANGUAGES, MECHANISMS, CHECKS, EXPORTS, *RULES],
    ids=lambda kind: kind.package,
)
def test_no_samples_lie_about_without_their_plug_in(kind: Kind) -> None:
    folder = TESTS / kind.places[0].split("/{}")[0]
    assert {path.name for path in folder.iterdir() if path.is_dir()} <= set(kind.offered().values())
