"""In: a scene. Out: the central-station stream wherever it goes, recognised by its form alone."""

from collections import defaultdict
from collections.abc import Iterator

from wardwatch.traffic.exposure import Channel, channel_of
from wardwatch.traffic.findings import count, found
from wardwatch.traffic.networks import Reach
from wardwatch.traffic.scene import Row, Scene
from wardwatch.vocabulary import Evidence, Finding, Severity

RULE = "traffic.cms-stream"
PROTOCOL = "cms"


def detect(scene: Scene) -> Iterator[Finding]:
    """One finding for each device and destination."""
    groups: dict[Channel, list[Row]] = defaultdict(list)
    for row in scene.with_content:
        if row.content and row.content.protocol == PROTOCOL and row.content.sides[row.content.sender].records:
            groups[channel_of(scene, row, row.content)].append(row)
    for channel in sorted(groups):
        yield _finding(scene, channel, groups[channel])


def _finding(scene: Scene, channel: Channel, rows: list[Row]) -> Finding:
    contents = [row.content for row in rows if row.content]
    reach = {scene.reach(row, row.content.sender) for row in rows if row.content}
    blocks = sum(content.sides[content.sender].records.total() for content in contents)
    leaves = Reach.OUTSIDE in reach
    return found(
        RULE,
        channel.subject,
        Severity.CRITICAL if leaves else Severity.MEDIUM,
        max(content.confidence for content in contents),
        f"{count(blocks, 'block')} of the central-station stream in {count(len(rows), 'session')} to "
        f"{channel.to} port {channel.port}, in clear. {_where(reach)}",
        _evidence(scene, rows),
    )


def _where(reach: set[Reach]) -> str:
    if Reach.OUTSIDE in reach:
        return "It leaves the local networks."
    if Reach.ROUTED_INSIDE in reach:
        return "The address is a public one, but answers come from a few hops away: exposed inside, in clear."
    if Reach.NEIGHBOUR in reach:
        return "Both sides share one public network: exposed there, in clear."
    return "It stays inside the local networks: exposed inside, in clear."


def _evidence(scene: Scene, rows: list[Row]) -> Iterator[Evidence]:
    for row in rows:
        mark = row.content.sides[row.content.sender].first_record if row.content else None
        if mark:
            yield scene.packet(mark, "first block of the stream in this session")
        yield scene.evidence(row)
