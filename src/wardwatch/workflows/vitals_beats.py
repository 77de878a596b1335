"""In: a recording and the name of a lead. Out: when its heart beat, as a document."""

import json
from pathlib import Path

from wardwatch.vitals.beats.leads import Lead, lead_beats
from wardwatch.vitals.readers.opening import open_recording


def beats(path: Path, lead: str, detector: str) -> Lead:
    """The R peaks of one lead of the recording at `path`."""
    return lead_beats(open_recording(path).seconds(), lead, detector)


def document(found: Lead, detector: str) -> str:
    """As JSON: sample numbers since the recording's first sample, and the stretches that could not be searched."""
    gaps = [{"signal": found.name, "start_s": gap.start, "end_s": gap.end, "why": gap.why} for gap in found.gaps]
    told = {"lead": found.name, "rate": found.rate, "detector": detector, "beats": found.samples, "gaps": gaps}
    return json.dumps(told) + "\n"
