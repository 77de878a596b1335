"""In: what is watched. Out: rules for Snort 3, and the event filters that keep them from repeating themselves."""

from collections.abc import Iterator
from typing import Final

from wardwatch.contain.detect import Detection
from wardwatch.contain.dialect import Texts
from wardwatch.contain.signatures import Content, Signature, signatures
from wardwatch.contain.watched import Watched, rule

FILE: Final = "wardwatch-snort.rules"
FILTERS: Final = "wardwatch-snort.lua"


def write(watched: Watched) -> Texts:
    """One rule a line, and a table for snort.lua."""
    policy, found = watched.policy, signatures(watched)
    head = f"wardwatch detection: {policy.name}; expires {policy.expires}"
    lines = [f"# {head}", *(_line(each, policy.expires.isoformat()) for each in found)]
    return Texts(
        {FILE: "\n".join(lines) + "\n", FILTERS: _filters(head, found)},
        install=(f'add "include {FILE}" to ips.rules in snort.lua', f"include '{FILTERS}' at the end of snort.lua",
                 "snort -c snort.lua --reload or restart the sensor"),
        rollback=("take both lines out of snort.lua", "restart the sensor"),
        check=(f"snort -c snort.lua -R {FILE} -T",),
    )  # fmt: skip


def _line(signature: Signature, expires: str) -> str:
    options = " ".join(f"{part};" for part in _parts(signature, expires))
    return f"alert {signature.protocol} {' '.join(signature.ends)} ({options})"


def _parts(signature: Signature, expires: str) -> Iterator[str]:
    yield f'msg:"{signature.message}"'
    if signature.opens:
        yield "flags:S,CE"
    yield from map(_content, signature.contents)
    if signature.pattern:
        yield f'pcre:"{signature.pattern}"'
    if signature.rate.counted:
        # Snort tells of what comes after the count is reached; the first one told is the next.
        yield f"detection_filter:track by_src, count {signature.rate.count - 1}, seconds {signature.rate.seconds}"
    yield "classtype:policy-violation"
    for text in rule(signature.name).references:
        if text.startswith("CVE-"):
            yield f"reference:cve,{text.removeprefix('CVE-')}"
    yield f"metadata:expires {expires}, wardwatch {signature.name}"
    yield f"sid:{signature.number}"
    yield "rev:1"


def _content(content: Content) -> str:
    words = [f'content:"|{content.data.hex(" ").upper()}|"']
    start, within = ("distance", "within") if content.after else ("offset", "depth")
    if content.start is not None:
        words.append(f"{start} {content.start}")
    if content.within is not None:
        words.append(f"{within} {content.within}")
    return ",".join(words)


def _filters(head: str, found: tuple[Signature, ...]) -> str:
    lines = [f"-- {head}", "event_filter = event_filter or {}"]
    lines += [
        f"table.insert(event_filter, {{ gid = 1, sid = {each.number}, type = 'limit', track = 'by_src', count = 1, "
        f"seconds = {each.rate.seconds} }})"
        for each in found
    ]
    return "\n".join(lines) + "\n"


DETECTION: Final = Detection(
    "snort",
    "Snort 3",
    "Snort 3 Rule Writing Guide",
    write,
    limits=(
        "No Snort has run these rules here; a second program reads them and finds what Suricata finds.",
        "Calls home are counted for each device, not for each address it calls.",
        "A stream inside TLS or a tunnel has no form to be seen; its address and its calls still show.",
    ),
)
