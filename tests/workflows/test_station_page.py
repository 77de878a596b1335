"""The station with its page, as a command starts it: accounts, the demonstration ward, what it leaves behind."""

import asyncio
import socket
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner

from wardwatch.cli.station import station as command
from wardwatch.errors import UsageError
from wardwatch.workflows.station_demo import BEDS, demo
from wardwatch.workflows.station_page import PageWanted, accounts, door


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def sign_in(address: str, name: str, password: str) -> str:
    """The page that follows, as a browser would get it."""
    with httpx2.Client(base_url=address, follow_redirects=True, headers={"Origin": address.rstrip("/")}) as browser:
        return str(browser.post("login", data={"name": name, "password": password}).text)


def health(address: str) -> dict[str, dict[str, int]]:
    return dict(httpx2.get(address + "health").json())


def test_the_demonstration_shows_eight_living_beds_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    port = free_port()

    async def run() -> tuple[str, dict[str, dict[str, int]]]:
        async with demo(port) as shown:
            page = await asyncio.to_thread(sign_in, shown.address, shown.name, shown.password)
            for _ in range(3000):
                found = await asyncio.to_thread(health, shown.address)
                if found["beds"]["live"] == BEDS:
                    break
                await asyncio.sleep(0.1)
            return page, found

    page, found = asyncio.run(run())
    assert "<title>Beds" in page
    assert found["beds"]["live"] == BEDS
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))
    assert {each.name for each in tmp_path.iterdir()} <= {"wardwatch"}


def test_accounts_are_added_listed_and_removed(tmp_path: Path) -> None:
    folder = tmp_path / "page"
    options = ["--page-folder", str(folder)]
    run = CliRunner().invoke
    added = run(command, ["account", "add", "nurse", "--role", "clinical", "--password", "correct horse", *options])
    assert (added.exit_code, added.stderr) == (0, "nurse may sign in, with the role clinical\n")
    assert [(each.name, each.role) for each in accounts(folder)] == [("nurse", "clinical")]
    assert run(command, ["account", "list", *options]).stdout == "nurse\tclinical\n"
    assert run(command, ["account", "remove", "nurse", *options]).exit_code == 0
    assert accounts(folder) == ()


def test_a_short_password_is_refused_in_one_sentence(tmp_path: Path) -> None:
    options = ["--password", "short", "--page-folder", str(tmp_path)]
    refused = CliRunner().invoke(command, ["account", "add", "nurse", *options])
    assert isinstance(refused.exception, UsageError)
    assert "at least 10 characters" in str(refused.exception)
    assert accounts(tmp_path) == ()


def test_https_makes_a_certificate_once(tmp_path: Path) -> None:
    wanted = PageWanted(host="10.20.0.5", https=True, folder=tmp_path / "page")
    first, second = door(wanted), door(wanted)
    assert first.address == "https://10.20.0.5:8515/"
    assert first.certificate
    assert first == second
    with pytest.raises(UsageError, match="without TLS"):
        door(PageWanted(host="10.20.0.5", folder=tmp_path))


def spoil_audit(folder: Path) -> None:
    """A folder in its place, which cannot be opened for writing."""
    next(folder.rglob("accounts.json")).with_name("audit.jsonl").mkdir()


def test_lines_the_audit_log_did_not_take_are_said_in_health(tmp_path: Path) -> None:
    async def run() -> tuple[bool, list[str]]:
        async with demo(free_port()) as shown, asyncio.timeout(300):
            spoil_audit(tmp_path)
            await asyncio.to_thread(sign_in, shown.address, "nobody", "not the password")
            found = await asyncio.to_thread(health, shown.address)
            return bool(found["ok"]), list(found["reasons"])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(tmp_path))
        assert asyncio.run(run()) == (False, ["lines the audit log did not take: 1"])
