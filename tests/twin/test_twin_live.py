"""In: the live stream, over loopback. Out: whether a listener gets what a monitor sends, and nobody else anything."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from itertools import islice

import pytest
from click.testing import CliRunner

from wardwatch.cli.twin import twin
from wardwatch.errors import UsageError
from wardwatch.twin import live


class Station:
    """Accepts one connection and keeps what it says; closes after `enough` bytes."""

    def __init__(self, enough: int | None = None) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.heard = b""
        self._enough = enough
        self.listener.settimeout(5)  # a caller that never comes is no reason to wait for ever
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        with contextlib.suppress(TimeoutError):
            self._hear()

    def _hear(self) -> None:
        connection, _ = self.listener.accept()
        with connection:
            connection.settimeout(5)
            while (data := connection.recv(65_536)) and (self._enough is None or len(self.heard) < self._enough):
                self.heard += data

    def close(self) -> None:
        self._thread.join(10)
        self.listener.close()


@pytest.fixture
def station() -> Iterator[Station]:
    made = Station()
    yield made
    made.close()


def kinds(data: bytes) -> list[int]:
    """Type of each block, by length fields alone."""
    found, at = [], 0
    while at < len(data):
        found.append(data[at + 3])
        at += 2 + int.from_bytes(data[at : at + 2], "little")
    assert at == len(data)
    return found


def test_a_listener_gets_an_opening_and_then_whole_sets(station: Station) -> None:
    result = CliRunner().invoke(
        twin, ["stream", "--to", f"127.0.0.1:{station.port}", "--seconds", "12", "--speed", "1000"]
    )
    station.close()
    assert result.exit_code == 0
    assert "12 sets sent" in result.output
    seen = kinds(station.heard)
    assert seen[:2] == [0x3E, 0x43]
    assert seen.count(0x47) == seen.count(0x45) == 12
    assert seen[-1] == 0x47


def test_a_display_that_lies_shows_a_higher_rate_over_the_same_waves() -> None:
    """One byte a set differs, by what was asked for: nothing else betrays the lie."""
    true, lying = (live.sets(live.Who(seed=4, bed=3, too_high=more), 10**18) for more in (0, 20))
    rates = []
    for one, other in zip(islice(true, 12), lying, strict=False):
        assert len(one) == len(other)
        different = [place for place, (left, right) in enumerate(zip(one, other, strict=True)) if left != right]
        assert len(different) <= 1
        rates += [(one[place], other[place]) for place in different]
    assert rates
    assert all(right - left == 20 for left, right in rates)


def test_a_bed_is_the_one_that_was_asked_for() -> None:
    first = next(live.sets(live.Who(seed=4, bed=7), 10**18))
    assert kinds(first).count(0x45) == 1
    at = 0
    while first[at + 3] != 0x45:
        at += 2 + int.from_bytes(first[at : at + 2], "little")
    assert 7 in first[at + 4 : at + 2 + int.from_bytes(first[at : at + 2], "little")]


def test_speed_is_kept(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("wardwatch.twin.live.time.sleep", slept.append)
    monkeypatch.setattr("wardwatch.twin.live.time.monotonic", lambda: 0.0)
    live.stream(("127.0.0.1", station.port), live.Who(), live.Pace(4, 2.0))
    assert slept == [0.5, 1.0, 1.5]


def test_ctrl_c_closes_the_connection_between_two_sets(station: Station) -> None:
    def told(count: int) -> None:
        if count == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        live.stream(("127.0.0.1", station.port), live.Who(), live.Pace(None, 1000), told)
    station.close()
    assert kinds(station.heard).count(0x47) == 3


def test_a_station_that_hangs_up_is_said_and_not_called_again() -> None:
    station = Station(enough=1)
    with pytest.raises(UsageError, match="the connection ended"):
        live.stream(("127.0.0.1", station.port), live.Who(), live.Pace(None, 1000))
    station.listener.settimeout(0.2)
    with pytest.raises(TimeoutError):
        station.listener.accept()
    station.close()


@pytest.mark.parametrize(
    "near", ["127.0.0.1:515", "10.1.2.3:515", "172.31.255.1:1", "192.168.0.9:65535", "[::1]:515", "[fd00::1]:515"]
)
def test_near_destinations_are_accepted(near: str) -> None:
    assert live.destination(near, public=False)[1] == int(near.rpartition(":")[2])


@pytest.mark.parametrize(
    "far", ["202.114.4.119:515", "192.0.2.1:515", "172.32.0.1:515", "0.0.0.0:515", "[2001:db8::1]:515", "224.0.0.1:515"]
)
def test_others_are_refused_unless_asked_for(far: str) -> None:
    with pytest.raises(UsageError, match="allow-public-destination"):
        live.destination(far, public=False)
    assert live.destination(far, public=True)[1] == 515


@pytest.mark.parametrize(
    "wrong", ["", "127.0.0.1", ":515", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "a:b:c", "h:²"]
)
def test_what_is_no_destination_is_said(wrong: str) -> None:
    with pytest.raises(UsageError):
        live.destination(wrong, public=True)
