"""What a station knows again after it was started anew: trends, events, changes of limits, from what it kept."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from wardwatch.station.admission import rules
from wardwatch.station.keeping import records
from wardwatch.station.keeping.records import Kind, Record
from wardwatch.station.keeping.retention import Retention
from wardwatch.station.keeping.writer import Policy, Writer
from wardwatch.station.recall import Recaller, recalled
from wardwatch.station.settings import Listen, Settings
from wardwatch.station.station import Station, Storage
from wardwatch.station.trends import MINUTE, Minute, Recalled, Trend
from wardwatch.station.words import SECOND, EventKind, Quantity

T0 = 1_800_000_000 * SECOND
KEY = bytes(32)
BED = "ICU 1"


def placed(session: int, place: str, at: int = T0) -> Record:
    return records.told(Kind.PLACED, session, at, place=place)


def event(number: int, kind: str = "limits-changed", place: str = BED, at: int = T0) -> Record:
    return records.told(Kind.EVENT, 0, at, number=number, event=kind, place=place, text=f"no {number}", facts={"a": 1})


def hr(blocks: object, second: int, rate: int, session: int = 1) -> Record:
    return Record(Kind.SET, session, T0 + second * SECOND, blocks.ecg(rate) + blocks.end)


def test_minutes_of_a_bed_come_back_and_nobody_elses(blocks: object) -> None:
    told = recalled(
        [placed(1, BED), placed(2, "unknown x"), hr(blocks, 0, 60), hr(blocks, 1, 90), hr(blocks, 60, 70),
         hr(blocks, 61, 200, session=2), records.told(Kind.CLOSED, 1, T0), hr(blocks, 62, 210)],
        frozenset({BED}), 0,
    )  # fmt: skip
    assert {bed for bed, _ in told.trends} == {BED}
    first, second = told.trends[BED, Quantity.HR]
    assert first == Minute(T0 // MINUTE, 60, 90, 150, 2)
    assert (second.number, second.low, second.high) == (T0 // MINUTE + 1, 70, 70)


def test_what_is_older_than_a_day_is_left(blocks: object) -> None:
    told = recalled([placed(1, BED), hr(blocks, 0, 60), event(1), hr(blocks, 61, 70)], frozenset({BED}), T0 + SECOND)
    assert [each.low for each in told.trends[BED, Quantity.HR]] == [70]
    assert told.events == ()


def test_hl7_counts_as_well() -> None:
    raw = b"MSH|^~\\&|A||B||20261125||ORU^R01|C1|P|2.5.1\rOBX|1|NM|8867-4^x^LN||66|/min|||||R\r"
    told = recalled([placed(1, BED), Record(Kind.MESSAGE, 1, T0, raw)], frozenset({BED}), 0)
    assert [each.low for each in told.trends[BED, Quantity.HR]] == [66]


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"{}", b"[" * 5000, b'{"number": 1, "event": "of tomorrow", "place": "", "text": "", "facts": {}}',
     b'{"number": 1e999, "event": "late", "place": "", "text": "", "facts": {}}',
     b'{"number": 1, "event": "late", "place": "", "text": "", "facts": 7}'],
)  # fmt: skip
def test_events_nobody_knows_are_left(payload: bytes) -> None:
    told = recalled([Record(Kind.EVENT, 0, T0, payload), event(2)], frozenset({BED}), 0)
    assert [each.number for each in told.events] == [2]


def test_earlier_minutes_go_before_and_halves_of_one_are_joined() -> None:
    trend = Trend(minutes=4)
    trend.add(10 * MINUTE, 80)
    trend.recall([Minute(8, 60, 70, 130, 2), Minute(10, 40, 50, 90, 2), Minute(11, 1, 1, 1, 1)])
    assert [tuple(each) for each in trend.points()] == [
        (8 * MINUTE, 60, 65, 70),
        (10 * MINUTE, 40, pytest.approx(170 / 3), 80),
    ]
    trend.add(10 * MINUTE + 1, 30)
    assert trend.points()[-1].low == 30
    trend.recall([Minute(number, 1, 1, 1, 1) for number in range(8)])
    trend.add(12 * MINUTE, 99)
    assert [each.at // MINUTE for each in trend.points()] == [6, 7, 8, 10, 12]
    trend.recall([])


def test_the_live_view_puts_it_before_what_it_knows(ward: Callable[..., object], blocks: object) -> None:
    made = ward([{"name": BED, "device-bed": 1}, {"name": "ICU 2"}])
    session = made.connect()
    made.say(session, blocks.bed(1), blocks.ecg(72))
    now = [each.kind for each in made.live.events(BED)]
    told = recalled(
        [placed(1, BED, T0 - MINUTE), Record(Kind.SET, 1, T0 - MINUTE, blocks.ecg(50)), event(4), event(5, "late"),
         event(6, place="ICU 2"), event(7, place="nowhere")],
        frozenset({BED, "ICU 2"}), 0,
    )  # fmt: skip
    made.live.recall(told)
    assert [each.low for each in made.live.trend(BED, Quantity.HR)] == [50, 72]
    assert [each.kind for each in made.live.events(BED)] == [EventKind.LIMITS_CHANGED, EventKind.LATE, *now]
    assert [each.number for each in made.live.limit_changes(BED)] == [4]
    assert [each.number for each in made.live.events("ICU 2")] == [6]


def test_the_newest_events_keep_their_room(ward: Callable[..., object]) -> None:
    made = ward([{"name": BED}])
    place = made.live._places[BED]
    many = recalled([event(number) for number in range(3000)], frozenset({BED}), 0)
    assert len(many.events) == 2000
    made.live.recall(many)
    assert [each.number for each in place.events] == list(range(2500, 3000))
    made.live.recall(recalled([event(1)], frozenset({BED}), 0))
    assert place.events[0].number == 2500
    assert place.limit_changes[0].number == 2800


def kept_before(folder: Path, run: int, history: list[Record], key: bytes = KEY) -> None:
    writer = Writer(folder, key, Policy(), Retention(), run)
    for record in history:
        writer.put(record)
    writer.close()


def read_back(folder: Path, run: int) -> tuple[list[Recalled], Recaller]:
    found: list[Recalled] = []
    recaller = Recaller(folder, KEY, [BED], found.append, run)
    recaller._work()
    return found, recaller


def test_segments_are_read_newest_first_and_what_cannot_be_read_is_passed_over(
    tmp_path: Path, blocks: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    for run, rate in ((1, 50), (2, 60)):
        kept_before(tmp_path, run, [placed(1, BED), hr(blocks, run * 60, rate)])
    kept_before(tmp_path, 3, [placed(1, BED)], bytes([1]) * 32)
    (tmp_path / "wardwatch-1000000000000000000-000001.kept").write_bytes(b"nothing of the kind")
    monkeypatch.setattr("wardwatch.station.recall.ended_at", lambda _: T0)
    found, recaller = read_back(tmp_path, T0 + MINUTE * 5)
    assert [each.low for told in found for each in told.trends[BED, Quantity.HR]] == [60, 50]
    assert (recaller.done, recaller.segments, recaller.unreadable) == (True, 2, 2)


def test_this_runs_own_segments_and_those_of_other_days_are_left(
    tmp_path: Path, blocks: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_before(tmp_path, 1, [placed(1, BED), hr(blocks, 60, 50)])
    assert read_back(tmp_path, 1)[0] == []
    monkeypatch.setattr("wardwatch.station.recall.ended_at", lambda _: 5)
    assert read_back(tmp_path, T0 * 2)[0] == []


def test_a_budget_that_is_spent_ends_it(tmp_path: Path, blocks: object, monkeypatch: pytest.MonkeyPatch) -> None:
    kept_before(tmp_path, 1, [placed(1, BED), hr(blocks, 60, 50)])
    monkeypatch.setattr("wardwatch.station.recall.BUDGET", -1.0)
    found, recaller = read_back(tmp_path, T0 * 2)
    assert (found, recaller.done) == ([], True)


def test_a_station_started_anew_shows_the_trends_of_before(
    tmp_path: Path, stream: Callable[[int], list[bytes]], clean_loop: Callable[[object], object]
) -> None:
    async def run(*raw: bytes) -> int:
        settings = Settings(Listen(("127.0.0.1",), (0,), (), ()), rules([{"name": BED, "address": "127.0.0.1"}]))
        station = Station(settings, Storage(tmp_path, KEY))
        await station.start()
        if raw:
            _, writer = await asyncio.open_connection(*station.listening[0])
            writer.write(b"".join(raw))
            writer.close()
            while station.hub.counts.sets < len(raw):  # noqa: ASYNC110  # what is waited for has no event
                await asyncio.sleep(0.01)
        assert station.recaller
        while not station.recaller.done:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.01)
        await asyncio.sleep(0)
        found = sum(each.values for each in station.live._places[BED].trends.get(Quantity.HR, Trend()).minutes())
        await station.stop()
        return found

    before = clean_loop(run(*stream(5)))
    assert before > 0
    assert clean_loop(run()) == before
    assert clean_loop(run(*stream(5))) == 2 * before
