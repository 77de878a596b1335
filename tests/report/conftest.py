"""In: nothing. Out: the ward every document is drawn of in these tests: 41 monitors, 3 found, 1 that cannot be told."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import strategies as st

from wardwatch.dissection import (
    Audited,
    Chain,
    Component,
    Dissection,
    Instruction,
    Mitigation,
    Recovered,
    StartUp,
    Step,
    Stop,
    Stretch,
)
from wardwatch.report.context import Context
from wardwatch.vocabulary import (
    Device,
    Evidence,
    EvidenceKind,
    Examined,
    Exposure,
    Finding,
    Flow,
    Gap,
    Report,
    Rule,
    Severity,
    Subject,
    SubjectKind,
    TimelineMark,
    TimelineRow,
    Where,
    judge,
    rfc3339,
)

START = datetime(2026, 1, 12, 0, 14, 5, 250_000, tzinfo=UTC)
END = datetime(2026, 1, 31, 9, 2, 44, 1, tzinfo=UTC)
PEER = "202.114.4.119"
HL7 = "202.114.4.120"
FILE = "captures/icu-january.pcapng"
CMS = "contec-cms8000"


def rule(name: str, title: str) -> Rule:
    return Rule(
        name,
        title,
        finds=f"What '{name}' looks for in traffic, said so that somebody who does not read packets understands it.",
        matters="Why it matters for patients and for their data. Whoever answers such a call can read what is sent.",
        remedy="What to do about it, in one or two sentences.",
        lookalikes=("A printer on the same port (LPD, RFC 1179).", "A central station of the hospital's own."),
        references=("CVE-2025-0626", "CWE-912", "ICSMA-25-030-01"),
    )


RULES = {
    each.name: each
    for each in (
        rule("traffic.cms-stream", "Central-station stream"),
        rule("traffic.known-address", "Traffic to a published address"),
        rule("traffic.remote-mount", "Network file system mounted"),
        rule("traffic.phone-home", "Repeated calls to one outside address"),
        rule("traffic.unsolicited-udp", "UDP from a stranger"),
    )
}


def packet(number: int, time: datetime, excerpt: str = "") -> Evidence:
    return Evidence(EvidenceKind.PACKET, {"file": FILE, "number": number, "time": rfc3339(time)}, excerpt)


def stream(name: str, address: str, patients: str) -> Finding:
    flow = Flow(address, 1025, PEER, 515, "tcp", START, START + timedelta(hours=3), 51_200, 22_400_000)
    return Finding(
        "traffic.cms-stream",
        name,
        "Central-station stream leaves the site",
        Severity.CRITICAL,
        0.99,
        f"{name} sent the central-station stream to {PEER}, TCP port 515: data of {patients} patients in clear text.",
        (
            packet(1_204, START, "block 0x3E: patient name ~K3F7Q2AB, patient number ~Q9D2MMT4"),
            packet(2_981, START + timedelta(seconds=1)),
            flow.evidence("first block at byte 0"),
        ),
        ("CVE-2025-0683", "CWE-359", "ICSMA-25-030-01"),
        "Disconnect the monitor.",
    )


def mount(name: str) -> Finding:
    return Finding(
        "traffic.remote-mount",
        name,
        "Network file system outside the site looked up",
        Severity.HIGH,
        0.86,
        f"{name} asked {PEER} by portmap (port 111) for the mount service. Nothing answered.",
        (packet(88_001, START + timedelta(days=2), "GETPORT program 100005 version 3 TCP"),),
        ("CVE-2025-0626", "CWE-912"),
    )


def calls(name: str) -> Finding:
    return Finding(
        "traffic.phone-home",
        name,
        "Calls one outside address again and again",
        Severity.MEDIUM,
        0.7,
        f"{name} tried to reach {HL7} on TCP port 511 every 60 s (jitter 0.4 s). By chance one would expect fewer "
        "than 1 in 10,000 such rows.",
        (packet(120, START), packet(244, START + timedelta(seconds=60))),
    )


def note() -> Finding:
    return Finding(
        "traffic.unsolicited-udp",
        "10.20.3.30",
        "UDP from a stranger",
        Severity.INFO,
        0.5,
        "A discovery broadcast of a printer reached the monitor.",
        (packet(7, START),),
    )


def exposure(subject: str, patients: tuple[str, ...], low: int) -> Exposure:
    reasons = () if low == len(patients) else ("2 sessions begin without a patient block",)
    return Exposure(
        subject,
        PEER,
        515,
        "cms",
        START if subject.endswith("17") else START + timedelta(days=3),
        END if subject.endswith("18") else END - timedelta(days=2),
        sessions=211,
        bytes=1_187_400_221,
        records=1_903_221,
        patients_min=low,
        patients_max=len(patients),
        fields=("patient name", "patient number", "birth date"),
        patients=patients,
        reasons=reasons,
        outside=True,
        answered=False,
    )


EXPOSURES = (
    exposure("10.20.3.17", ("~K3F7Q2AB", "~Q9D2MMT4", "~AAAA2222", "~BBBB3333", "~CCCC4444"), 4),
    exposure("10.20.3.18", ("~DDDD5555", "~EEEE6666", "~FFFF7777", "~GGGG2345"), 4),
    exposure("10.20.3.19", ("~HHHH2345", "~IIII2345", "~JJJJ2345", "~KKKK2345", "~LLLL2345"), 4),
)
FINDINGS = {
    "10.20.3.17": (stream("10.20.3.17", "10.20.3.17", "4 to 5"), mount("10.20.3.17"), calls("10.20.3.17")),
    "10.20.3.18": (stream("10.20.3.18", "10.20.3.18", "4"),),
    "10.20.3.19": (stream("10.20.3.19", "10.20.3.19", "4 to 5"),),
    "10.20.3.30": (note(),),
}
GAPS = {
    "10.20.3.21": (
        Gap(
            "10.20.3.21",
            "4 % of the segments of 3 conversations",
            "they are missing from the capture",
            ("traffic.cms-stream", "traffic.patient-data-clear"),
        ),
    ),
}


def subject(index: int) -> Subject:
    address = f"10.20.3.{index}"
    reasons = (
        "it sends the central-station stream of this design",
        "the name it gives to DHCP is one this design uses",
    )
    device = Device(address, address, (address,), CMS, 0.97 if index < 20 else 0.81, reasons)
    judgement = judge(FINDINGS.get(address, ()), GAPS.get(address, ()))
    return Subject(address, SubjectKind.DEVICE, address, judgement, device)


def attempts(seed: int, count: int) -> Iterator[TimelineMark]:
    for place in range(count):
        time = START + timedelta(hours=(place * 1.47 + seed * 0.31) % 450, seconds=seed)
        yield TimelineMark("attempt", time, time)


def sessions(seed: int, count: int) -> Iterator[TimelineMark]:
    for place in range(count):
        time = START + timedelta(hours=(place * 21.5 + seed * 5) % 430)
        length = timedelta(minutes=40 + (place * 53 + seed * 31) % 500)
        yield TimelineMark("session", time, time + length, bytes=(place * 7_919_993 + seed * 3_000_017) % 61_000_000)


def row(address: str, to: str, seed: int, tries: int, talks: int) -> TimelineRow:
    marks = sorted([*attempts(seed, tries), *sessions(seed, talks)], key=lambda mark: mark.first)
    return TimelineRow(address, to, tuple(marks), outside=True)


TIMELINE = (
    row("10.20.3.17", PEER, 1, 40, 18),
    row("10.20.3.17", HL7, 2, 300, 0),
    row("10.20.3.18", PEER, 3, 12, 20),
    row("10.20.3.19", PEER, 4, 90, 9),
)
INPUTS = (
    Examined(FILE, "pcapng", 812_334_120, 1_903_221, 1_903_300, "packets", "a" * 64),
    Examined("captures/icu-2.pcap", "pcap", 402_117_002, 900_112, 900_112, "packets", "0123456789abcdef" * 4),
)


def ward() -> Report:
    gaps = (
        *GAPS["10.20.3.21"],
        Gap(FILE, "79 packets of link type 147", "no reader for this link type", ()),
    )
    findings = tuple(finding for found in FINDINGS.values() for finding in found)
    subjects = tuple(subject(index) for index in range(1, 42))
    return Report(judge(findings, gaps), INPUTS, subjects, EXPOSURES, TIMELINE, START, END)


@pytest.fixture
def example() -> Report:
    return ward()


@pytest.fixture(scope="session")
def context() -> Context:
    return Context(
        version="0.1.0",
        zone=ZoneInfo("Europe/Berlin"),
        rules=RULES,
        profiles={CMS: "Contec CMS8000 patient monitor"},
        peers={
            PEER: "built into the Contec CMS8000: central station",
            HL7: "built into the Contec CMS8000: HL7 server",
        },
    )


def everything(evil: str) -> Report:
    """A report in which every text is `evil`."""
    ward_of_one = ward()
    encodable = evil.replace("\ud800", "")  # the vocabulary's finding id cannot hold one in a key or list
    evidence = Evidence(
        EvidenceKind.PACKET,
        {"file": evil, "number": 1, "time": rfc3339(START), encodable: (encodable, encodable)},
        evil,
    )
    found = Finding(encodable, evil, evil, Severity.HIGH, 0.5, evil, (evidence,), (evil,), evil)
    gap = Gap(evil, evil, evil, (evil,), {"file": evil})
    device = Device(evil, evil, (evil,), evil, 0.5, (evil,))
    judgement = judge((found,), (gap,))
    sent = replace(
        EXPOSURES[0],
        subject=evil,
        to=evil,
        protocol=evil,
        fields=(evil,),
        patients=(evil,),
        patients_min=1,
        reasons=(evil,),
    )
    marks = (TimelineMark(evil, START, END, 1, evil),)
    return replace(
        ward_of_one,
        judgement=judgement,
        inputs=(Examined(evil, evil, 1, 1, 1, evil, "0" * 64),),
        subjects=(Subject(evil, SubjectKind.DEVICE, evil, judgement, device),),
        exposures=(sent,),
        timeline=(TimelineRow(evil, evil, marks, outside=True),),
        dissections=(dissected(evil),),
    )


def dissected(evil: str) -> Dissection:
    """An image in which every text is `evil`."""
    step = Step(
        evil, evil, evil, evil, evil, 1, 2, evil, (evil,), (evil,),
        (Recovered(evil, evil),), (Instruction(1, evil, evil, marked=True),),
    )  # fmt: skip
    measures = tuple(Mitigation(evil, evil, holds, evil, evil) for holds in ("stops", "does not stop", "cannot tell"))
    chain = Chain(evil, "menu", (step,) * 2, (Stop(evil, evil, evil, 1, 2),) * 2, None, evil, measures)
    return Dissection(
        evil, (chain,) * 2, (Stretch(0, 1, "not understood", evil, 8.0),), (StartUp(1, evil, 1, evil, evil, 3),),
        (Component(evil, evil, evil, evil, 1, evil, (evil,)),), (Audited(evil, "absent", evil, evil),), (evil,), 1, 1,
    )  # fmt: skip


@pytest.fixture(scope="session")
def hostile() -> Callable[[str], Report]:
    return everything


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare with a reviewed file; with UPDATE_GOLDEN set, write it, to be reviewed before it is committed."""

    def compare(name: str, text: str) -> None:
        path = Path(__file__).parent / "golden" / name
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare


TEXT = st.text(max_size=12)
SAFE = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # zone beside
COUNTS = st.integers(0, 2**53)
NAMES = st.sampled_from(["10.0.0.9", "10.0.0.10", "2001:db8::1", "Bed 7", "<b>"])
PEERS = st.sampled_from([PEER, HL7, "198.51.100.7", "10.0.0.1", "<i>"])


@st.composite
def spans(draw: st.DrawFn) -> tuple[datetime, datetime]:
    first, last = sorted((draw(TIMES), draw(TIMES)))
    return first, last


@st.composite
def evidences(draw: st.DrawFn) -> Evidence:
    first, last = draw(spans())
    kind = draw(st.sampled_from(EvidenceKind))
    port = st.integers(0, 65535)
    number = st.floats(0, 1e6)
    where: dict[EvidenceKind, Where] = {
        EvidenceKind.PACKET: {"file": draw(SAFE), "number": draw(st.integers(1, 2**40)), "time": rfc3339(first)},
        EvidenceKind.FUNCTION: {
            "file": draw(SAFE),
            "address": draw(st.integers(0, 2**32) | SAFE),
            "name": draw(SAFE),
            "trigger": draw(st.sampled_from(["start-up", "menu", "key", "none-found"])),
            "call_path": tuple(draw(st.lists(SAFE, max_size=3))),
            **draw(st.sampled_from([{}, {"peer": "192.0.2.1:515"}])),
        },
        EvidenceKind.SAMPLES: {
            **{name: draw(number) for name in ("start_s", "end_s", "rate", "raised_s")},
            **{name: draw(COUNTS) for name in ("start_sample", "end_sample")},
            "signal": "II",
        },
        EvidenceKind.FILE: {"file": draw(SAFE), "share": draw(st.floats())},
        EvidenceKind.LINE: {"file": draw(SAFE), "line": draw(COUNTS)},
    }
    flow = Flow(draw(SAFE), draw(port), draw(SAFE), draw(port), "tcp", first, last, draw(COUNTS), draw(COUNTS))
    return flow.evidence(draw(TEXT)) if kind is EvidenceKind.FLOW else Evidence(kind, where[kind], draw(TEXT))


FOUND = st.builds(
    Finding,
    rule=st.sampled_from([*RULES, "vitals.frozen"]),
    subject=NAMES,
    title=TEXT,
    severity=st.sampled_from(Severity),
    confidence=st.floats(0, 1),
    summary=TEXT,
    evidence=st.lists(evidences(), min_size=1, max_size=3).map(tuple),
    references=st.lists(TEXT, max_size=2).map(tuple),
    remedy=TEXT,
)
MISSING = st.builds(
    Gap,
    subject=NAMES,
    what=TEXT,
    why=TEXT,
    bears_on=st.sampled_from([(), ("*",), ("traffic.cms-stream", "vitals.frozen")]),
    where=st.sampled_from([{}, {"signal": "II", "start_s": 1.5, "end_s": 9}]),
)


@st.composite
def exposed(draw: st.DrawFn) -> Exposure:
    first, last = draw(spans())
    low, high = sorted((draw(st.integers(0, 30)), draw(st.integers(0, 30))))
    return Exposure(
        draw(NAMES), draw(PEERS), draw(st.integers(0, 65535)), draw(TEXT), first, last,
        draw(COUNTS), draw(COUNTS), draw(COUNTS), low, high,
        fields=tuple(draw(st.lists(TEXT, max_size=2))),
        patients=tuple(draw(st.lists(TEXT, max_size=3, unique=True))),
        reasons=("some segments are missing",),
        outside=draw(st.booleans()),
        answered=draw(st.none() | st.booleans()),
    )  # fmt: skip


@st.composite
def judged(draw: st.DrawFn) -> Subject:
    name = draw(NAMES)
    device = Device(name, draw(TEXT), (name,), draw(st.none() | st.just(CMS) | TEXT), draw(st.floats(0, 1)), ("why",))
    findings = draw(st.lists(FOUND, max_size=2))
    judgement = judge((replace(found, subject=name) for found in findings), draw(st.lists(MISSING, max_size=2)))
    kind = draw(st.sampled_from(SubjectKind))
    return Subject(name, kind, draw(TEXT), judgement, device if kind is SubjectKind.DEVICE else None)


@st.composite
def marked(draw: st.DrawFn) -> TimelineRow:
    spent = draw(st.lists(spans(), max_size=5))
    kind = st.sampled_from(["attempt", "session", "<u>"])
    marks = tuple(TimelineMark(draw(kind), *span, draw(COUNTS), draw(TEXT)) for span in spent)
    return TimelineRow(draw(NAMES), draw(PEERS), marks, draw(st.none() | st.booleans()))


@st.composite
def all_reports(draw: st.DrawFn) -> Report:
    subjects = tuple(draw(st.lists(judged(), max_size=3, unique_by=lambda subject: subject.id)))
    findings = [*draw(st.lists(FOUND, max_size=2)), *(found for each in subjects for found in each.judgement.findings)]
    gaps = [*draw(st.lists(MISSING, max_size=2)), *(gap for each in subjects for gap in each.judgement.gaps)]
    total = draw(COUNTS)
    examined = Examined(draw(TEXT), draw(st.sampled_from(["pcap", "zeek", "image"])), total, total // 2, total, "bytes")
    first, last = draw(spans() | st.just((None, None)))
    return Report(
        judge(findings, gaps),
        (examined,),
        subjects,
        tuple(draw(st.lists(exposed(), max_size=3))),
        tuple(draw(st.lists(marked(), max_size=3))),
        first,
        last,
    )


@pytest.fixture(scope="session")
def reports() -> st.SearchStrategy[Report]:
    """Any report that can be built, its texts hostile."""
    return all_reports()


@pytest.fixture(scope="session")
def example_exposure() -> Exposure:
    return EXPOSURES[1]
