"""In: the facts of a report. Out: the tables of what was sent in clear text: to whom, what, of how many, of whom."""

from collections.abc import Iterable, Sequence
from typing import Final

from wardwatch.report.context import Context
from wardwatch.report.facts import Facts
from wardwatch.report.tables import Cell, Table, bounded, code, count, table, words
from wardwatch.report.units import cut, listed, number, sentence, size, span, stamp
from wardwatch.vocabulary import Exposure

_SHORT: Final = 120
_LONG: Final = 600
_PEOPLE: Final = 40
_PROTOCOLS: Final = {
    "cms": "central-station stream",
    "hl7": "HL7",
    "dicom": "DICOM",
    "sunrpc": "network file system",
    "lpd": "printing",
}


def exposures(facts: Facts, context: Context) -> Table | None:
    """One row a sender, destination and port, what left the site first; None where nothing was sent."""
    every = _ordered(facts.exposures)
    if not every:
        return None
    shown, left_out = bounded(every, context, "row")
    titles = ("From", "To", "Port", "First to last", "Sessions", "Sent", "Messages", "Patients")
    rows = (_exposure(each, facts, context) for each in shown)
    return table("One row for each sender, destination and port", titles, rows, left_out)


def _ordered(every: Iterable[Exposure]) -> list[Exposure]:
    return sorted(every, key=lambda each: not each.outside)


def _exposure(each: Exposure, facts: Facts, context: Context) -> Sequence[Cell]:
    where = "outside the site" if each.outside else "inside the site"
    answered = {True: ", it answered", False: ", nothing answered", None: ""}[each.answered]
    return (
        _sender(each, facts),
        code(each.to, where + answered),
        Cell(str(each.port), note=_PROTOCOLS.get(each.protocol) or cut(each.protocol, _SHORT)),
        Cell(stamp(each.first, context.zone), "time", note=f"to {stamp(each.last, context.zone)}"),
        count(each.sessions),
        Cell(size(each.bytes), "number", note=f"{number(each.bytes)} B"),
        count(each.records),
        Cell(span(each.patients_min, each.patients_max), "number"),
    )


def _sender(each: Exposure, facts: Facts) -> Cell:
    return code(facts.names.get(each.subject, each.subject))


def doubts(facts: Facts, context: Context) -> Table | None:
    """Why the number of patients is a range, and in which characters names were read; None where nothing is to say."""
    every = [each for each in _ordered(facts.exposures) if each.reasons]
    if not every:
        return None
    shown, left_out = bounded(every, context, "row")
    rows = (
        (
            _sender(each, facts),
            code(each.to),
            Cell(span(each.patients_min, each.patients_max), "number"),
            Cell(cut(sentence("; ".join(each.reasons)), _LONG)),
        )
        for each in shown
    )
    return table("What the number of patients rests on", ("From", "To", "Patients", "Because"), rows, left_out)


def fields(facts: Facts, context: Context) -> Table | None:
    """What could be read, senders of the same together; None where nothing was."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for each in _ordered(facts.exposures):
        if each.fields:
            who = f"{_sender(each, facts).text} to {cut(each.to, _SHORT)}"
            alike.setdefault(each.fields, []).append(who)
    if not alike:
        return None
    shown, left_out = bounded(list(alike.items()), context, "row")
    rows = ((words(", ".join(read)), Cell(listed(list(dict.fromkeys(who)), most=12), "code")) for read, who in shown)
    return table("What could be read on the way", ("Fields", "In what was sent from"), rows, left_out)


def people(facts: Facts, context: Context) -> Table | None:
    """Which pseudonyms (or, revealed, which patients) each exposure held; None where none is named."""
    every = [each for each in _ordered(facts.exposures) if each.patients]
    if not every:
        return None
    shown, left_out = bounded(every, context, "row")
    title = "Patients" if context.revealed else "Patients, by pseudonym"
    rows = ((_sender(each, facts), code(each.to), _patients(each)) for each in shown)
    return table("Whose data was sent", ("From", "To", title), rows, left_out)


def _patients(each: Exposure) -> Cell:
    return Cell(listed([cut(patient, 60) for patient in each.patients], most=_PEOPLE), "code")
