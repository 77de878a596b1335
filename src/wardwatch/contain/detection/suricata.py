"""In: what is watched. Out: rules for Suricata.

Addresses and ports stand in each rule; whether a connection is tracked plays no part, so that a sensor that starts in
the middle of a session, or sees one direction only, finds as much.
"""

from collections.abc import Iterator
from typing import Final

from wardwatch.contain.detect import Detection
from wardwatch.contain.dialect import Texts
from wardwatch.contain.signatures import Content, Signature, signatures
from wardwatch.contain.watched import Watched, rule

FILE: Final = "wardwatch-suricata.rules"


def write(watched: Watched) -> Texts:
    """One rule a line."""
    policy = watched.policy
    lines = [f"# wardwatch detection: {policy.name}; expires {policy.expires}"]
    lines += [f"alert {' '.join(_words(each))} ({_options(each, policy.expires.isoformat())})"
              for each in signatures(watched)]  # fmt: skip
    return Texts(
        {FILE: "\n".join(lines) + "\n"},
        install=(
            f"copy {FILE} to the folder named by default-rule-path",
            f"add '- {FILE}' below rule-files in suricata.yaml",
            "suricatasc -c reload-rules",
        ),
        rollback=(f"take '- {FILE}' out of rule-files in suricata.yaml", "suricatasc -c reload-rules"),
        check=(f"suricata -T -S {FILE} -l /tmp",),
    )


def _words(signature: Signature) -> tuple[str, ...]:
    return (signature.protocol, *signature.ends)


def _options(signature: Signature, expires: str) -> str:
    return " ".join(f"{part};" for part in _parts(signature, expires))


def _parts(signature: Signature, expires: str) -> Iterator[str]:
    yield f'msg:"{signature.message}"'
    if signature.opens:
        yield "flow:to_server"
        yield "flags:S,CE"
    for content in signature.contents:
        yield from _content(content)
    if signature.pattern:
        yield f'pcre:"{signature.pattern}"'
    rate = signature.rate
    kind, track = ("both", "by_both") if rate.counted else ("limit", "by_src")
    yield f"threshold:type {kind}, track {track}, count {rate.count}, seconds {rate.seconds}"
    yield "classtype:policy-violation"
    for text in rule(signature.name).references:
        if text.startswith("CVE-"):
            yield f"reference:cve,{text.removeprefix('CVE-')}"
    yield f"metadata:expires {expires}, wardwatch {signature.name}"
    yield f"sid:{signature.number}"
    yield "rev:1"


def _content(content: Content) -> Iterator[str]:
    yield f'content:"|{content.data.hex(" ").upper()}|"'
    start, within = ("distance", "within") if content.after else ("offset", "depth")
    if content.start is not None:
        yield f"{start}:{content.start}"
    if content.within is not None:
        yield f"{within}:{content.within}"


DETECTION: Final = Detection(
    "suricata",
    "Suricata (6 and later)",
    "Suricata User Guide, 'Suricata Rules'",
    write,
    limits=(
        "Put the sensor where it sees the monitors' own addresses, in front of any address translation.",
        "An alert repeats for one sender once an hour; calls home count from the third attempt in ten minutes.",
        "A stream inside TLS or a tunnel has no form to be seen; its address and its calls still show.",
    ),
)
