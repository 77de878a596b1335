"""In: tests of the station. Out: sets as a twin sends them, blocks with chosen values, monitors on the loopback."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import islice

import pytest

from wardwatch.protocols.cms import Bed, Ecg, EndOfSet, ErrorBlock, Nibp, Pleth, Temperature, Text, encode
from wardwatch.protocols.cms import Patient as PatientBlock
from wardwatch.station.admission import Admission, rules
from wardwatch.station.live import Live, Settings
from wardwatch.station.reading import contents
from wardwatch.station.words import SECOND, Peer, Received, Source
from wardwatch.twin.live import Who
from wardwatch.twin.live import sets as twin_sets

T0 = 1_800_000_000 * SECOND


@pytest.fixture(scope="session")
def stream() -> Callable[[int, int], list[bytes]]:
    """The first sets a twin sends under a seed; the first one begins with who lies there."""

    def made(count: int, seed: int = 1) -> list[bytes]:
        return list(islice(twin_sets(Who(seed), T0), count))

    return made


def ecg(rate: int = 72, low: int = 45, high: int = 130, on: int = 1, **more: object) -> bytes:
    block = Ecg(heart_rate=rate, heart_rate_max=high, heart_rate_min=low, heart_rate_set=on, rest=bytes(45))
    return encode(replace(block, **more))


def pleth(spo2: int = 97, low: int = 90, high: int = 100, on: int = 1, **more: object) -> bytes:
    block = Pleth(spo2=spo2, pulse_rate=72, spo2_min=low, spo2_max=high, spo2_set=on, rest=bytes(12))
    return encode(replace(block, **more))


def patient(name: str = "Sample Samuel", number: str = "INV0000042", bed: int = 1) -> bytes:
    block = PatientBlock(
        name=Text.of(name, 32), number=Text.of(number, 32), bed=bed, doctor=Text.of("Dr. Specimen", 32),
        department=Text.of("WARD EXAMPLE", 32), birth_year=Text.of("1950", 5), birth_month=Text.of("02", 3),
        birth_day=Text.of("03", 3), rest=bytes(19),
    )  # fmt: skip
    return encode(block)


class Blocks:
    """Makers of single blocks."""

    ecg = staticmethod(ecg)
    pleth = staticmethod(pleth)
    patient = staticmethod(patient)
    end = encode(EndOfSet())

    @staticmethod
    def nibp(**values: int) -> bytes:
        return encode(Nibp(**values, rest=bytes(5)))

    @staticmethod
    def temperature(**values: float) -> bytes:
        return encode(Temperature(**values, rest=bytes(6)))

    @staticmethod
    def bed(number: int) -> bytes:
        return encode(Bed(bed=number))

    @staticmethod
    def error(text: str) -> bytes:
        return encode(ErrorBlock(1, text.encode() + b"\0"))


@pytest.fixture(scope="session")
def blocks() -> Blocks:
    return Blocks()


class Ward:
    """A live view with a clock of its own, and monitors that speak to it without a network."""

    def __init__(self, beds: list[dict[str, object]], **settings: object) -> None:
        self.live = Live(Admission(rules(beds)), Settings(**settings))
        self.now = T0
        self._counts: dict[int, int] = {}

    def connect(self, address: str = "192.0.2.1", source: Source = Source.STREAM) -> int:
        session = self.live.open(Peer(address, 40000, 515, source), self.now)
        self._counts[session] = 0
        return session

    def say(self, session: int, *told: bytes, after: float = 1.0, closed: bool = True) -> None:
        self.now += int(after * SECOND)
        self._counts[session] += 1
        received = Received(session, self._counts[session], self.now, b"".join(told), closed)
        self.live.take(received, contents(told))

    def wait(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)
        self.live.tick(self.now)


@pytest.fixture
def ward() -> Callable[..., Ward]:
    return Ward


@pytest.fixture
def clean_loop() -> Callable[[object], object]:
    """Runs a coroutine to its end; no test waits for ever."""

    def run(coroutine: object) -> object:
        async def bounded() -> object:
            async with asyncio.timeout(300):
                return await coroutine

        return asyncio.run(bounded())

    return run
