"""In: a `Report` and a `Context`. Out: documents as text, one module of `report/formats` a format."""

from wardwatch.errors import UsageError
from wardwatch.plugins import modules
from wardwatch.report.context import Context, Format
from wardwatch.vocabulary import Report


def known_formats() -> dict[str, Format]:
    """Every format there is, by name: the plug-ins of `wardwatch.report.formats`."""
    offered: list[Format] = [module.FORMAT for module in modules("wardwatch.report.formats", "FORMAT")]
    return {each.name: each for each in offered}


def render(name: str, report: Report, context: Context) -> str:
    """`report` as the document `name`; UsageError where there is no such format."""
    known = known_formats()
    if name not in known:
        raise UsageError(f"there is no report format '{name}'", cure=f"Choose one of: {', '.join(known)}.")
    return known[name].render(report, context)
