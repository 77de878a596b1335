"""In: a scenario. Out: it played in a lab, and whether an examination of its captures says what is true."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from wardwatch.errors import InputError, UsageError
from wardwatch.lab import session
from wardwatch.lab.scenario import CAPTURES, Scenario, read, text_of
from wardwatch.secrecy import Veil
from wardwatch.twin.firmware import VERSIONS
from wardwatch.vocabulary import Report

from . import lab_truth
from .scan import Request, scan

ENTRY: Final = "wardwatch.workflows.lab_inside:answer"
_MARGIN: Final = 150.0


@dataclass(frozen=True, slots=True)
class Played:
    """What was true, what examining each capture says, and where the two differ."""

    truth: Mapping[str, Any]
    reports: Mapping[str, Report]
    differences: Mapping[str, tuple[str, ...]]

    @property
    def is_reproduced(self) -> bool:
        """Whether all captures that have a truth say just that."""
        return not any(self.differences.values())


def run(which: str, folder: Path, veil: Veil, seconds: float | None = None, *, stand_ins: bool = False) -> Played:
    """Play it in a lab of its own; UsageError where the folder is not empty.

    `stand_ins`: no program of this machine serves, and monitors are played, also where firmware can run.
    """
    text, name = text_of(which)
    lasts = seconds or checked(read(text, name)).seconds
    fresh(folder)
    session.call(ENTRY, question(text, name, folder, seconds=seconds, stand_ins=stand_ins), seconds=lasts + _MARGIN)
    return examine(folder, veil)


def examine(folder: Path, veil: Veil) -> Played:
    """Compare the captures in a folder with the truth beside them."""
    truth = lab_truth.read(folder)
    reports = {
        name: scan(Request((str(folder / f"{name}.pcap"),), veil)) for name in CAPTURES if name in truth["captures"]
    }
    found = {name: lab_truth.differences(truth, name, report) for name, report in reports.items()}
    return Played(truth, reports, found)


def question(  # noqa: PLR0913  # what may be asked
    text: str,
    name: str,
    folder: Path,
    *,
    seconds: float | None = None,
    stop: Path | None = None,
    stand_ins: bool = False,
) -> bytes:
    """What the lab's child is asked: to play this, into that folder, for so long or until there is a file `stop`."""
    asked = {"text": text, "name": name, "folder": str(folder.resolve()), "seconds": seconds,
             "stand_ins": stand_ins}  # fmt: skip
    return json.dumps(asked | ({"stop": str(stop.resolve())} if stop else {})).encode()


def checked(scenario: Scenario) -> Scenario:
    """InputError where it names a firmware that the twin does not have."""
    for machine in scenario.machines:
        if machine.firmware not in VERSIONS:
            cure = f"firmware is one of {', '.join(VERSIONS)}."
            raise InputError(f"has no firmware {machine.firmware[:40]}", where=scenario.name, cure=cure)
    return scenario


def fresh(folder: Path) -> None:
    """Make it; what is there already is never written over."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError("not empty", where=str(folder), cure="Name a new folder for the captures.")
    except OSError as error:
        raise InputError(
            f"cannot be made: {error.strerror}", where=str(folder), cure="Name a folder in one you may write to."
        ) from error
