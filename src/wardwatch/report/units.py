"""In: numbers and times. Out: the words for them that every document shares.

Sizes are decimal (IEC 80000-13: kB and MB are powers of ten), times stand in the site's zone, confidence is a word and
a number.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from wardwatch.printable import printable
from wardwatch.vocabulary import Severity, Verdict

_SIZES: Final = ("B", "kB", "MB", "GB", "TB", "PB")
_STEP: Final = 1000
_NEXT_UNIT: Final = 999.5
_LONGEST: Final = 1 << 15
_EN_DASH: Final = "\u2013"
_CONFIRMED: Final = 0.95
_LIKELY: Final = 0.6
_POSSIBLE: Final = 0.2
MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
STATES: Final = {
    Verdict.FOUND: ("▲", "found"),
    Verdict.UNKNOWN: ("◆", "cannot tell"),
    Verdict.CLEAR: ("●", "clear"),
    Verdict.FIXED: ("●", "fixed"),
    Verdict.NOT_FIXED: ("▲", "not fixed"),
    Verdict.PROVEN: ("●", "proven"),
    Verdict.NOT_PROVEN: ("▲", "not proven"),
}
"""A shape and a word for each verdict: the colour beside them is never needed."""

SEVERITIES: Final = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "high",
    Severity.MEDIUM: "medium",
    Severity.LOW: "low",
    Severity.INFO: "note",
}

SERVICES: Final = {
    21: "FTP",
    22: "SSH",
    23: "Telnet",
    53: "DNS",
    67: "DHCP",
    69: "TFTP",
    80: "HTTP",
    104: "DICOM",
    111: "portmap",
    123: "NTP",
    161: "SNMP",
    443: "HTTPS",
    511: "HL7",
    515: "central station or printing",
    631: "printing",
    2049: "NFS",
    2575: "HL7",
    11112: "DICOM",
}
"""What usually answers on a port (IANA's registry; 511 and 515 also by the facts published on the CMS8000)."""


def clean(text: str) -> str:
    """`text` made printable; what is printable already stays as it is, the mark of an earlier cut included."""
    return printable(text, _LONGEST)


def size(count: int) -> str:
    """`count` bytes with at most three figures: '512 B', '1.2 MB', '340 kB'."""
    value, unit = float(count), 0
    while value >= _NEXT_UNIT and unit < len(_SIZES) - 1:
        value, unit = value / _STEP, unit + 1
    if unit == 0:
        return f"{count} B"
    shown = f"{value:.1f}" if value < 9.95 else f"{value:.0f}"  # noqa: PLR2004  # 9.95 would be shown as 10.0
    return f"{shown} {_SIZES[unit]}"


def number(count: int) -> str:
    """`count` with a comma every three figures, as English groups them."""
    return f"{count:,}"


def many(count: int, one: str, several: str = "") -> str:
    """'1 monitor', '3 monitors', '12,300 attempts'."""
    return f"{number(count)} {one if count == 1 else several or one + 's'}"


def span(low: int, high: int, word: str = _EN_DASH) -> str:
    """'12', or the two with an en dash between them; with another `word` '12 to 14'."""
    return number(low) if low == high else f"{number(low)}{word}{number(high)}"


def duration(seconds: float) -> str:
    """'4 h 10 min', '3 d 2 h', '12 s', '0.4 s': the two largest units that say something."""
    if seconds < 10:  # noqa: PLR2004  # below ten seconds a tenth says something
        return f"{round(seconds, 1):g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next(index for index, (count, _) in enumerate(parts) if count)
    return " ".join(f"{number(count)} {unit}" for count, unit in parts[first : first + 2] if count)


def local(time: datetime, zone: tzinfo) -> datetime:
    """`time` in the site's zone; in UTC where the calendar ends within the offset."""
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    try:
        return aware.astimezone(zone)
    except (OverflowError, ValueError):
        return aware


def day(time: datetime) -> str:
    """'12 January 2026', of a time already local."""
    return f"{time.day} {MONTHS[time.month - 1]} {time.year}"


def clock(time: datetime, *, seconds: bool = False) -> str:
    """'08:14', or '08:14:05', of a time already local."""
    return f"{time.hour:02}:{time.minute:02}" + (f":{time.second:02}" if seconds else "")


def elapsed(seconds: float) -> str:
    """'0:01:06': hours, minutes and whole seconds since a recording began."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def stamp(time: datetime, zone: tzinfo) -> str:
    """'2026-01-12 08:14:05' in the site's zone, for tables."""
    at = local(time, zone)
    return f"{at.year:04}-{at.month:02}-{at.day:02} {clock(at, seconds=True)}"


def between(first: datetime, last: datetime, zone: tzinfo) -> str:
    """'between 12 and 31 January 2026', 'on 12 January 2026 between 08:14 and 11:26', with what repeats said once."""
    start, end = local(first, zone), local(last, zone)
    if start.date() == end.date():
        return _within_a_day(start, end)
    left = day(start)
    if start.year == end.year:
        same_month = start.month == end.month
        left = str(start.day) if same_month else f"{start.day} {MONTHS[start.month - 1]}"
    return f"between {left} and {day(end)}"


def _within_a_day(start: datetime, end: datetime) -> str:
    if clock(start) == clock(end):
        return f"on {day(start)} at {clock(start)}"
    return f"on {day(start)} between {clock(start)} and {clock(end)}"


def offsets(times: Iterable[datetime], zone: tzinfo) -> str:
    """'UTC+08:00', or both offsets where the clocks were changed in between; said once a document."""
    shifts = {local(time, zone).utcoffset() or timedelta() for time in times}
    return " and ".join(_offset(shift) for shift in sorted(shifts or {timedelta()}))


def _offset(shift: timedelta) -> str:
    if not shift:
        return "UTC"
    minutes = int(shift.total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def confidence(value: float) -> str:
    """'confirmed', 'likely (0.86)', 'possible (0.4)' or 'cannot tell (0.1)'; the number is never rounded up."""
    shown = f"{math.floor(value * 100 + 1e-6) / 100:g}"
    if value >= _CONFIRMED:
        return "confirmed"
    if value >= _LIKELY:
        return f"likely ({shown})"
    return f"possible ({shown})" if value >= _POSSIBLE else f"cannot tell ({shown})"


def service(port: int) -> str:
    """'515 (central station or printing)', or the port alone."""
    return f"{port} ({SERVICES[port]})" if port in SERVICES else str(port)


def listed(items: Sequence[str], most: int = 3, more: str = "more") -> str:
    """'A', 'A and B', 'A, B and C', 'A, B and 5 more'."""
    if len(items) > most:
        shown = list(items[: most - 1])
        return f"{', '.join(shown)} and {number(len(items) - len(shown))} {more}"
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def sentence(text: str) -> str:
    """`text` beginning with a capital and ending with a full stop; 'eth0' and other names stay as they are."""
    trimmed = text.strip()
    if not trimmed:
        return ""
    ended = trimmed if trimmed.endswith((".", "!", "?", "…")) else f"{trimmed}."
    is_word = trimmed.split()[0].rstrip(",.:;").isalpha()
    return ended[:1].upper() + ended[1:] if is_word else ended


def clause(text: str) -> str:
    """`text` as it goes on within a sentence: beginning small where it begins with an ordinary word."""
    first = text.strip().split(" ", 1)[0]
    ordinary = first.isalpha() and first[1:] == first[1:].lower()
    return text.strip()[:1].lower() + text.strip()[1:] if ordinary else text.strip()


def cut(text: str, limit: int) -> str:
    """`text` made printable, on one line, cut to `limit` characters with a mark."""
    line = " ".join(clean(" ".join(text.split())).split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"
