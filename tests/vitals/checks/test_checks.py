import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from wardwatch.plugins import modules
from wardwatch.vitals.bed import Bed
from wardwatch.vitals.check import Episode
from wardwatch.vocabulary import Severity

HERE = Path(__file__).parent
SAMPLES = sorted((HERE / "samples").glob("*/*/*.play"))


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, HERE.parent / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys  # noqa: PLC0415  # dataclasses look their module up

    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


told = load("told")


def run(path: Path) -> tuple[list[Episode], object]:
    story = told.tell(path)
    bed = Bed()
    for second in story.seconds:
        bed.feed(second)
    return bed.episodes, story


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: "/".join(path.parts[-3:]))
def test_a_story_gives_what_it_says(path: Path) -> None:
    episodes, story = run(path)
    rule = next(
        module.RULE
        for module in modules("wardwatch.vitals.checks", "CHECK")
        if module.__name__.endswith("." + path.parts[-3])
    )
    alarms = [one for one in episodes if one.severity is not Severity.INFO]
    notes = {(one.rule, one.signal) for one in episodes if one.severity is Severity.INFO}
    shown = [(one.rule, one.signal, one.start, one.end, one.raised, one.kind) for one in episodes]
    if path.parts[-2] == "silent":
        assert not alarms, shown
    for fired, signal, earliest, latest in story.fires:
        assert fired == rule
        raised = [one.raised for one in alarms if (one.rule, one.signal) == (fired, signal)]
        assert any(earliest <= when <= latest for when in raised), shown
    for note in story.notes:
        assert note in notes, shown
    assert path.parts[-2] == "silent" or story.fires
