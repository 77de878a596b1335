"""In: a policy and rules for its gateway. Out: what each attempt came to, before, with the rules, and after them.

Runs inside a lab (`lab.session.call`). The gateway has rules of its own to begin with, which let pass whatever belongs
to an established connection, as gateways do: what is contained must be cut off in spite of that.
"""

import json
import resource
import shlex
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final

from wardwatch.errors import InstallationError, UsageError
from wardwatch.lab.capture import pcap
from wardwatch.lab.namespaces import Namespaces
from wardwatch.lab.network import address_words, route_words

from . import document
from .attempts import Attempt, attempts
from .dialect import dialects
from .exchange import Exchange, Outcome
from .policy import Policy
from .scenery import GATEWAY, Scenery, host, routes_to, scenery

BEFORE: Final = "before"
RULES: Final = "with the rules"
REBOOT: Final = "after the gateway's restart"
MOVED: Final = "by another address, interface up again"
ROLLBACK: Final = "after the rollback"
PHASES: Final = (BEFORE, RULES, REBOOT, MOVED, ROLLBACK)

_OWN_RULES: Final = {
    "nftables": (
        ("nft", "add table inet own"),
        ("nft", "add chain inet own forward { type filter hook forward priority 0; policy accept; }"),
        ("nft", "add rule inet own forward ct state established,related accept"),
    ),
    "iptables": tuple(
        (f"{program} -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",)
        for program in ("iptables", "ip6tables")
    ),
}
PROVABLE: Final = tuple(_OWN_RULES)
"""The dialects whose real filter runs in the lab."""


@dataclass(frozen=True, slots=True)
class _Job:
    policy: Policy
    dialect: str
    files: Mapping[str, str]
    scenery: Scenery


def ask(policy: Policy, dialect: str, files: Mapping[str, str], known: Sequence[str]) -> bytes:
    """The question `answer` reads."""
    if dialect not in PROVABLE:
        raise UsageError(
            "cannot be run on this machine", where=dialect,
            cure=f"What runs here is {' and '.join(PROVABLE)}; 'wardwatch contain check' compares every dialect.",
        )  # fmt: skip
    question = {"policy": document.write(policy), "dialect": dialect, "files": dict(files), "known": list(known)}
    return json.dumps(question).encode()


def answer(payload: bytes) -> bytes:
    """Every outcome and every capture, as JSON."""
    question = json.loads(payload)
    policy = document.read(question["policy"])
    job = _Job(policy, question["dialect"], question["files"], scenery(policy, map(ip_address, question["known"])))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with Namespaces(job.scenery.network) as lab:
        exchange = Exchange(lab, dict(_taps(job.scenery)))
        rounds = list(_trial(job, lab, exchange))
        exchange.close()
    captures = {name: b64encode(pcap(tap.frames)).decode() for name, tap in exchange.taps.items()}
    lost = sum(tap.lost for tap in exchange.taps.values())
    times = {name: [frame.time for frame in tap.frames] for name, tap in exchange.taps.items()}
    return json.dumps({"rounds": rounds, "captures": captures, "times": times, "lost": lost}).encode()


def _taps(made: Scenery) -> Iterator[tuple[str, tuple[str, str]]]:
    """One before every node but the gateway: its name is the file's."""
    for port in made.network.ports:
        if port.node != GATEWAY:
            yield f"{port.node}-{port.interface}", (port.node, port.interface)


def _trial(job: _Job, lab: Namespaces, exchange: Exchange) -> Iterator[dict[str, Any]]:
    places = range(max(len(home.device.attachments) for home in job.scenery.homes))
    _own_rules(job, lab)
    for phase in PHASES:
        if phase == RULES:
            _load(job, lab)
        elif phase == REBOOT:
            _restart(job, lab)
        elif phase == ROLLBACK:
            for line in dialects()[job.dialect].texts(job.policy).rollback:
                lab.run(GATEWAY, shlex.split(line))
        for place in places:
            _attach(job, lab, place, again=phase == MOVED)
            batch = [each for each in attempts(job.policy, job.scenery, place) if _belongs(each, phase)]
            began = time.time_ns()
            told = [_told(attempt, outcome) for attempt, outcome in _outcomes(exchange, batch, place, phase)]
            yield {"phase": phase, "place": place, "began": began, "attempts": told}


def _outcomes(
    exchange: Exchange, batch: Sequence[Attempt], place: int, phase: str
) -> Iterator[tuple[Attempt, Outcome]]:
    """What is kept is tried by itself, which gives its latency, and again among all that is forbidden."""
    kept = [attempt for attempt in batch if attempt.kept]
    alone = dict(zip(kept, exchange.run(kept, place), strict=True))
    for attempt, outcome in zip(
        batch, exchange.run(batch, place, all_expected=phase in {BEFORE, ROLLBACK}), strict=True
    ):
        first = alone.get(attempt)
        if first is not None:
            outcome.answered = outcome.answered and first.answered
            outcome.milliseconds = first.milliseconds
        yield attempt, outcome


def _belongs(attempt: Attempt, phase: str) -> bool:
    if phase in {RULES, REBOOT}:
        return not attempt.taken
    return phase == BEFORE or not attempt.standing


def _told(attempt: Attempt, outcome: Outcome) -> dict[str, Any]:
    return {
        "path": attempt.name, "kept": attempt.kept, "device": attempt.device, "outward": attempt.outward,
        "src": str(attempt.src), "dst": str(attempt.dst), "how": str(attempt.how), "port": attempt.port,
        "standing": attempt.standing, "taken": attempt.taken, "reached": outcome.reached,
        "answered": outcome.answered, "milliseconds": outcome.milliseconds, "seen": outcome.seen,
    }  # fmt: skip


def _attach(job: _Job, lab: Namespaces, place: int, *, again: bool) -> None:
    """Bring the devices to their attachment of that number; `again`: by way of an interface that is down."""
    for home in job.scenery.homes:
        number = min(place, len(home.device.attachments) - 1)
        own = home.interface(number)
        if again:
            lab.ip(home.node, "link", "set", own, "down")
            lab.ip(home.node, "link", "set", own, "up")
            for address in (*home.own, *home.taken):
                lab.ip(home.node, *address_words(host(address), own))
        for route in routes_to(home, place):
            lab.ip(route.node, *route_words(route))


def _own_rules(job: _Job, lab: Namespaces) -> None:
    for words in _OWN_RULES[job.dialect]:
        lab.run(GATEWAY, [part for word in words for part in ([word] if len(words) > 1 else shlex.split(word))])


def _load(job: _Job, lab: Namespaces) -> None:
    for name, text in job.files.items():
        lab.run(GATEWAY, _loader(job.dialect, name), text)


def _loader(dialect: str, name: str) -> tuple[str, ...]:
    if dialect == "nftables":
        return ("nft", "-f", "-")
    return ("ip6tables-restore" if "6" in name else "iptables-restore", "--noflush")


def _restart(job: _Job, lab: Namespaces) -> None:
    """All that a gateway forgets, forgotten; then what it reads at its start, from the files."""
    lab.forward(GATEWAY, on=False)
    lab.run(GATEWAY, ["nft", "flush", "ruleset"])
    try:
        lab.run(GATEWAY, ["conntrack", "-F"])
    except InstallationError as error:
        if "not installed" not in str(error):
            raise
    _own_rules(job, lab)
    _load(job, lab)
    lab.forward(GATEWAY, on=True)
