"""A station with two beds and three accounts, without a port."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.testclient import TestClient

from wardwatch.secrecy import Pseudonyms
from wardwatch.station.admission import Admission, BedRule
from wardwatch.station.live import Live
from wardwatch.station.web.accounts import Account, Role, make
from wardwatch.station.web.app import application
from wardwatch.station.web.audit import Audit
from wardwatch.station.web.desk import Desk
from wardwatch.station.web.people import AccountFile
from wardwatch.station.words import SECOND, Contents, Patient, Peer, Quantity, Received, Signal

PASSWORD = "correct horse battery"  # noqa: S105  # of accounts that exist in these tests only
HOST = "http://127.0.0.1"


@dataclass
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Site:
    desk: Desk
    clock: Clock
    session: int
    password: str = PASSWORD
    origin: Mapping[str, str] = field(default_factory=lambda: {"Origin": HOST})

    @property
    def app(self) -> Starlette:
        """The application of this desk."""
        return application(self.desk, ("127.0.0.1",))

    def client(self, name: str = "") -> TestClient:
        """A browser, signed in as `name` or not at all."""
        client = TestClient(self.app, base_url=HOST, follow_redirects=False)
        if name:
            client.post("/login", data={"name": name, "password": PASSWORD}, headers=self.origin)
        return client

    def say(self, number: int = 1) -> None:
        """One more second of the monitor at bed 1."""
        contents = Contents(
            shown={Quantity.HR: 72.0},
            waves={Signal.II: b"\x80" * 256, Signal.PLETH: b"\x40" * 256},
            patient=Patient(name="Ada Invented", number="N-4711"),
            device_bed=1,
        )
        at = int(self.clock.now * SECOND) + number * SECOND
        self.desk.live.take(Received(self.session, number, at, b"raw"), contents)


@pytest.fixture(scope="session", autouse=True)
def quick() -> Iterator[None]:
    """Argon2id with the least work: its strength is not what these tests are about."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wardwatch.station.web.accounts._HASHER", PasswordHasher(1, 8, 1))
        yield


@pytest.fixture(scope="session")
def accounts(quick: None) -> tuple[Account, ...]:
    del quick
    return tuple(make(each.value, each, PASSWORD) for each in Role)


@pytest.fixture
def site(tmp_path: Path, accounts: tuple[Account, ...]) -> Site:
    clock = Clock()
    people = AccountFile(tmp_path / "accounts.json")
    for each in accounts:
        people._write(people.accounts().joined_by(each))
    live = Live(Admission([BedRule("Bed 1", device_bed=1), BedRule("Bed 2", device_bed=2)]))
    desk = Desk(live, people, Audit(tmp_path / "audit.jsonl"), Pseudonyms(b"k" * 32), now=clock)
    site = Site(desk, clock, live.open(Peer("10.20.0.21", 4000, 515), int(clock.now * SECOND)))
    site.say()
    return site
