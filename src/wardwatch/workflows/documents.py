"""In: a report and how to show it. Out: a document of the kind asked for, made by the format plug-in of that name."""

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wardwatch import __version__
from wardwatch.errors import UsageError
from wardwatch.knowledge.catalogue import indicators, profiles, rules
from wardwatch.plugins import modules
from wardwatch.report.context import Context, Format
from wardwatch.report.explain import explain
from wardwatch.vocabulary import Report


def document(kind: str, report: Report, context: Context) -> str:
    """The whole document of this kind ('json', 'html', 'terminal')."""
    return formats()[kind].render(report, context)


def formats() -> Mapping[str, Format]:
    """Every kind of document there is, by name."""
    found = (cast("Format", module.FORMAT) for module in modules("wardwatch.report.formats", "FORMAT"))
    return {each.name: each for each in found}


def context(*, zone: str = "", revealed: bool = False, width: int = 80, colour: bool = False) -> Context:
    """The context of this installation: its version, its rules, and whom the published addresses belong to."""
    peers = {entry.value: entry.about for entry in indicators() if entry.kind in {"address", "network"}}
    return Context(
        version=__version__, zone=_zone(zone), rules=rules(), peers=peers,
        profiles={profile.name: profile.title for profile in profiles()},
        revealed=revealed, width=width, colour=colour,
    )  # fmt: skip


def explanation(name: str) -> str:
    """The text of a rule, for `wardwatch explain`; UsageError with the names there are where it is none."""
    if name not in rules():
        raise UsageError("there is no rule of this name", where=name, cure=f"There are: {', '.join(sorted(rules()))}.")
    return explain(rules()[name])


def _zone(name: str) -> tzinfo:
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            "not a time zone", where=name, cure="Name it like Europe/Berlin or America/Chicago."
        ) from error
