"""In: what could not be read or kept. Out: gaps that say how much, why, and which rules they leave open.

What is negligible beside the whole (below `MATERIAL` of all packets or bytes) is said but leaves no rule open: one
damaged frame in a million packets would otherwise make every long capture unjudgeable.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from wardwatch.vocabulary import EVERYTHING, Gap

from .content import Content
from .findings import count
from .ledger import Ledger, Totals
from .scene import Scene
from .table import FlowFlag

if TYPE_CHECKING:
    from .capture import CaptureResult, FileStats, Note
    from .logs.reading import LogFile

MATERIAL: Final = 1e-4
MATERIAL_LOSS: Final = 0.01
MATERIAL_REPEATS: Final = 0.05
HIDING: Final = (
    "encrypted 802.11", "fragmented 802.11", "frames shorter", "packets cut", "malformed", "packets with too many",
    "link type", "GRE", "PPP with", "MPLS", "ERSPAN", "fragments", "records longer", "packets of an undeclared",
    "bytes passed over", "raw IP", "802.11 frames that hold", "other reasons", "EtherType 0x88e5", "MACsec",
)  # fmt: skip
"""How the names of those counters begin behind which IP traffic can lie; the others can hold none."""
STREAM_RULES: Final = ("traffic.cms-stream", "traffic.patient-data-clear", "traffic.remote-mount")


def bearing(part: float, whole: float, rules: tuple[str, ...], threshold: float = MATERIAL) -> tuple[str, ...]:
    """`rules`, unless `part` is negligible beside `whole`."""
    return rules if whole <= 0 or part / whole >= threshold else ()


def conversation_gaps(scene: Scene) -> Iterator[Gap]:
    """What is missing in the conversations that were read."""
    for row in scene.with_content:
        content = row.content
        if content is None or (content.protocol and not content.lost and not content.conflict_count):
            continue
        subject = scene.subject(row.text(0))
        flow = f"{row.address(0)} port {row.port(0)} to {row.address(1)} port {row.port(1)}"
        yield from _content_gaps(subject, flow, content)
        if not content.protocol and row.has(FlowFlag.KNOWN_A | FlowFlag.KNOWN_B) and content.sides[0].bytes:
            yield Gap(
                subject, f"what the {count(content.sides[0].bytes, 'byte')} of {flow} say",
                "they went to or from a published address in a form that wardwatch does not read",
                ("traffic.patient-data-clear",),
            )  # fmt: skip
    yield from _long_gaps(scene)


def _long_gaps(scene: Scene) -> Iterator[Gap]:
    """Protocols of which only the beginning of a long conversation is read."""
    contents = [row.content for row in scene.with_content if row.content and row.has(FlowFlag.BUDGET)]
    for protocol, number in sorted(Counter(content.protocol for content in contents if content.protocol).items()):
        yield Gap(
            "all conversations", f"the rest of {count(number, f'long {protocol} conversation')}",
            "of this protocol only the beginning is read; what it names later is not counted",
            ("traffic.patient-data-clear",) if protocol == "dicom" else (),
        )  # fmt: skip


def _content_gaps(subject: str, flow: str, content: Content) -> Iterator[Gap]:
    if content.lost:
        places = sum(half.holes for half in content.sides)
        bears = STREAM_RULES if content.protocol in {"", "cms", "hl7", "dicom", "sunrpc"} else ()
        yield Gap(
            subject, f"{count(content.lost, 'byte')} in {count(places, 'place')} of {flow}",
            "the capture does not hold these segments", bears,
        )  # fmt: skip
    if content.conflict_count:
        first = content.conflicts[0]
        yield Gap(
            subject, f"{count(content.conflict_count, 'overlap')} with different bytes in {flow}",
            f"the same {count(first.length, 'byte')} at offset {first.offset} came twice with different content "
            f"(SHA-256 {first.first}… and {first.second}…, packet {first.mark.number}); the first copy was read",
            STREAM_RULES,
        )  # fmt: skip


def capture_gaps(result: "CaptureResult") -> Iterator[Gap]:
    """What the capture reader counted instead of decoding, and what was wrong with the files."""
    packets = sum(stats.packets for stats in result.files)
    for counter in result.counters:
        rules = (EVERYTHING,) if counter.name.startswith(HIDING) else ()
        yield Gap(
            "all captures", f"{counter.name}: {count(counter.packets, 'packet')}, {count(counter.bytes, 'byte')}",
            "they were counted, not decoded", bearing(counter.packets or 1, packets, rules),
        )  # fmt: skip
    for stats in result.files:
        for note in stats.notes:
            yield Gap(stats.path, note.what, note.why, _note_bears(stats, note))


def _note_bears(stats: "FileStats", note: "Note") -> tuple[str, ...]:
    """A note that counts packets or bytes is weighed against the file's; one that counts nothing speaks of a whole."""
    if note.what.startswith("the time of"):
        return bearing(note.packets, stats.packets, ("traffic.phone-home",))
    if note.packets:
        return bearing(note.packets, stats.packets, (EVERYTHING,))
    return bearing(note.bytes, stats.bytes, (EVERYTHING,)) if note.bytes else (EVERYTHING,)


def flow_gaps(totals: Totals) -> Iterator[Gap]:
    """What is missing in conversations that were only counted, and what the capture cut off."""
    if totals.tcp_missing:
        yield Gap(
            "all conversations",
            f"{count(totals.tcp_missing, 'byte')} of {count(totals.tcp_holed, 'TCP conversation')}",
            "the capture does not hold these segments; none of what it does hold of them has the form of a stream "
            "that wardwatch reads",
            bearing(totals.tcp_missing, totals.tcp_payload + totals.tcp_missing, STREAM_RULES, MATERIAL_LOSS),
        )
    if totals.tcp_repeated >= MATERIAL_REPEATS * totals.tcp_payload and totals.tcp_repeated:
        yield Gap(
            "all conversations", f"{count(totals.tcp_repeated, 'byte')} that came more than once",
            "they were sent again, or the capture point saw the packets twice (on two VLANs, say): packets are counted "
            "as often as they came, what a device sent is counted once",
        )  # fmt: skip
    if totals.cut:
        yield Gap(
            "all conversations", f"the ends of packets in {count(totals.cut, 'conversation')}",
            "the capture was made with a length limit (snaplen) and does not hold whole packets",
            bearing(totals.cut, totals.conversations, STREAM_RULES),
        )  # fmt: skip


def bound_gaps(ledger: Ledger, *, interrupted: int = 0, refused: int = 0, late: int = 0) -> Iterator[Gap]:
    """What was let go to keep within memory."""
    if ledger.thinned:
        yield Gap(
            "all conversations", f"{count(ledger.thinned, 'repetition')} of calls between the same machines",
            "there were more than fit into memory; the first of each kind were kept, so counts may be too low",
        )  # fmt: skip
    if ledger.let_go:
        yield Gap(
            "all conversations", count(ledger.let_go, "conversation"),
            "there were more different ones than fit into memory; the oldest were let go",
            ("traffic.unsolicited-udp", "traffic.phone-home"),
        )  # fmt: skip
    if refused:
        yield Gap(
            "all conversations", f"the content of {count(refused, 'conversation')}",
            "there were more different ones with content than fit into memory", STREAM_RULES,
        )  # fmt: skip
    if interrupted:
        yield Gap(
            "all conversations", f"{count(interrupted, 'conversation')} were read in parts",
            "more conversations went on at once than are kept open; a record across such a break is lost",
            STREAM_RULES,
        )  # fmt: skip
    if late:
        yield Gap("all conversations", f"{count(late, 'byte')} after the end of a conversation", "they came too late")


def log_gaps(log: "LogFile") -> Iterator[Gap]:
    """What a flow log cannot show, and what of it was not read."""
    yield Gap(
        log.path, "the content of all connections", "a flow log holds no payload: only who called whom, and when",
        STREAM_RULES,
    )  # fmt: skip
    if "mac" not in log.columns:
        yield Gap(log.path, "everything below IP", "a flow log holds no ARP", ("traffic.foreign-arp",))
    if log.cut:
        yield Gap(log.path, "the rest of the log", log.cut, (EVERYTHING,))
    if log.rows_unread:
        why = "; ".join(log.reasons) or "they do not have the form of the others"
        yield Gap(log.path, count(log.rows_unread, "line"), why, bearing(log.rows_unread, log.rows, (EVERYTHING,)))
    for note in log.notes:
        yield Gap(log.path, "a property of this log", note)


def merged(gaps: Iterable[Gap], most: int = 200) -> tuple[Gap, ...]:
    """The gaps without repetition, those that leave a rule open first; beyond `most`, one gap says how many more."""
    unique = sorted(dict.fromkeys(gaps), key=lambda gap: (not gap.is_open, gap.subject, gap.what, gap.why))
    if len(unique) <= most:
        return tuple(unique)
    rest = unique[most:]
    rules = tuple(sorted({rule for gap in rest for rule in gap.bears_on}))
    return (*unique[:most], Gap("all inputs", f"{len(rest)} further gaps", "they are too many to list", rules))
