"""The commands of a station: what they print, what they leave, and how they say that something is wrong."""

import subprocess
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import IO

import pytest
from click.testing import CliRunner, Result

from wardwatch.cli.station import station
from wardwatch.errors import InputError, UsageError, WardwatchError
from wardwatch.station.settings import Settings, load, parse
from wardwatch.twin.live import Who, sets


def call(*arguments: str) -> Result:
    return CliRunner().invoke(station, list(arguments))


def until_ready(said: IO[str]) -> list[str]:
    """What the station says up to where it keeps what it gets; fails where it ends before."""
    lines: list[str] = []
    for line in said:
        lines.append(line)
        if line.startswith("keeping in"):
            return lines
    raise AssertionError("".join(lines))


PROGRAM = "from wardwatch.cli.main import run; run()"


def test_a_station_runs_keeps_lists_exports_and_replays(tmp_path: Path) -> None:
    (tmp_path / "x.cms").write_bytes(b"".join(islice(sets(Who(1), 10**18), 4)))
    (tmp_path / "c.toml").write_text('[[bed]]\nname = "ICU 1"\ndevice-bed = 1\n')
    data, key = str(tmp_path / "data"), str(tmp_path / "key")
    command = [
        sys.executable,
        "-c",
        PROGRAM,
        "station",
        "run",
        "--data",
        data,
        "--key",
        key,
        "--listen",
        "127.0.0.1",
        "--no-page",
    ]
    more = ["--config", str(tmp_path / "c.toml"), "--port", "0", "--journal", str(tmp_path / "journal")]
    with subprocess.Popen([*command, *more], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            lines = until_ready(process.stderr)
            assert "Not a certified medical device" in lines[0]
            port = next(line for line in lines if line.startswith("receiving at")).split()[-1]
            replayed = call("replay", str(tmp_path / "x.cms"), "--to", f"127.0.0.1:{port}", "--speed", "4")
            assert replayed.exit_code == 0, replayed.exception
            process.terminate()
            rest = process.stderr.read()
        finally:
            process.kill()
    assert process.returncode == 0
    assert "4 sets and 0 HL7 messages received" in rest
    assert '"event":"admitted"' in (tmp_path / "journal").read_text()
    listed = call("list", "--data", data, "--key", key)
    assert listed.output.startswith("ICU 1\t")
    assert "4 sets" in listed.output
    exported = call("export", "ICU 1", "--data", data, "--key", key, "--format", "csv", "--to", str(tmp_path / "out"))
    assert str(tmp_path / "out.numerics.csv") in exported.output
    assert (tmp_path / "out.numerics.csv").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["list", "--data", "{}"], InputError),
        (["export", "A", "--data", "{}", "--to", "{}/x"], InputError),
        (["export", "A", "--data", "{}", "--to", "{}/x", "--format", "odd"], UsageError),
        (["export", "A", "--data", "{}", "--to", "{}/x", "--from", "now"], UsageError),
        (["replay", "--to", "127.0.0.1:1"], UsageError),
        (["replay", "{}/none.cms", "--to", "127.0.0.1"], UsageError),
        (["run", "--config", "{}/none.toml"], InputError),
    ],
)
def test_wrong_use_is_said(arguments: list[str], kind: type[WardwatchError], tmp_path: Path) -> None:
    assert isinstance(call(*(each.format(tmp_path) for each in arguments)).exception, kind)


def test_the_plan_names_the_addresses_monitors_call() -> None:
    printed = call("plan").output
    for text in ("202.114.4.119", "202.114.4.120", "515 to 520", "511", "CAP_NET_BIND_SERVICE"):
        assert text in printed


CONFIGURATION = """
[listen]
addresses = ["127.0.0.1"]
stream = [5150, 5160]
hl7 = []
[[bed]]
name = "ICU 1"
address = "10.20.0.21"
[bounds]
each-address = 3
silent = 20
[keeping]
segment-bytes = 1000000
[[forward]]
name = "ehr"
kind = "fhir"
to = "https://192.0.2.1/r4"
identify = true
"""


def test_a_huge_configuration_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("# " + "x" * (1 << 20))
    with pytest.raises(InputError, match="too large"):
        load(tmp_path / "c.toml")


def test_a_configuration_is_read_with_every_name(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(CONFIGURATION)
    told = load(tmp_path / "c.toml")
    assert told.listen.stream == (5150, 5160)
    assert (told.bounds.each_address, told.bounds.silent) == (3, 20.0)
    assert told.keeping.segment_bytes == 1_000_000
    assert (told.forward[0].name, told.forward[0].tls, told.forward[0].identify) == ("ehr", True, True)
    assert parse("") == Settings()


@pytest.mark.parametrize(
    "text",
    [
        "[odd]", "[bounds]\neach-adress = 3", "[bounds]\neach-address = '3'", "[bounds]\nsilent = -1",
        "[bounds]\nsilent = nan", "[listen]\nstream = 515", "[listen]\nfallback = 1", "bed = 1", "forward = 3",
        "[[forward]]\nname='a'\nkind='odd'\nto='x'", "[[forward]]\nname='a'", "[alarms]\nfile='none'", "=",
        "bounds = 1",
    ],
)  # fmt: skip
def test_a_configuration_that_says_something_unknown_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse(text)


def test_a_replayed_recording_is_the_one_kept(tmp_path: Path, stream: Callable[[int], list[bytes]]) -> None:
    (tmp_path / "x.cms").write_bytes(b"".join(stream(2)))
    assert isinstance(call("replay", str(tmp_path / "x.cms"), "--to", "127.0.0.1:1").exception, UsageError)
