"""In: a folder and how long. Out: a station that had a bad shift in it, and an account of what it was sent.

The station is the real command in a process of its own, killed (-9) halfway and started again; everybody else is here:
monitors whose lines break, clients that send garbage, readers of the page and of HL7 that do not read. What the station
kept is left in the folder; tests/workflows/test_station_soak.py judges it.
Run: `python benchmarks/station_soak.py --folder soak --seconds 300`; the account is soak/account.json.
"""

import argparse
import asyncio
import contextlib
import http.client
import json
import random
import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

from station_soak_ward import (
    GARBAGE,
    STREAMS,
    TALKERS,
    Ward,
    deaf_talker,
    engine,
    garbage,
    monitor,
    page,
    talker,
)

LAST = 1.0
"""Seconds before the kill that may be lost."""


async def station(ward: Ward) -> asyncio.subprocess.Process:
    """The command, once its page answers."""
    command = ["run", "--data", "data", "--key", "key", "--config", "c.toml", "--page-folder", "page"]
    with (ward.folder / "told").open("ab") as told:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "wardwatch", "station", *command, "--page-port", str(ward.page),
            cwd=ward.folder, stderr=told, stdout=told,
        )  # fmt: skip
    while not (await asked(ward, "health"))[0]:
        if process.returncode is not None:
            raise SystemExit((ward.folder / "told").read_text())
        await asyncio.sleep(0.1)
    ward.memory.append([])
    return process


async def asked(ward: Ward, path: str) -> tuple[int, str]:
    """What the page's own endpoints answer; status 0 where nobody does."""

    def ask() -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", ward.page, timeout=60)
        try:
            connection.request("GET", f"/{path}")
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    return await asyncio.to_thread(ask)


async def observe(ward: Ward, process: asyncio.subprocess.Process, until: float) -> float:
    """Memory and counts as long as the station runs; when the last question was asked that it still answered."""
    last = time.monotonic()
    while time.monotonic() < until:
        begun = time.monotonic()
        status, told = await asked(ward, "metrics")
        if status != http.client.OK:
            raise SystemExit(f"the station does not answer: {status}, process {process.returncode}")
        last = begun
        ward.kept = int(float(re.findall(r"^wardwatch_kept_sets_total (\S+)", told, re.MULTILINE)[0]))
        ward.memory[-1].append(resident(process.pid))
        await asyncio.sleep(1.0)
    return last


def resident(process: int) -> int:
    """Memory in use, in kB."""
    return int(re.findall(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text())[0])


async def beds_live(ward: Ward) -> None:
    """Until every bed with a stream is live."""
    live = 0
    while live < STREAMS:
        live = json.loads((await asked(ward, "health"))[1])["beds"]["live"]
        await asyncio.sleep(0.5)


def everybody(ward: Ward) -> list[asyncio.Task[None]]:
    """All who meet the station."""
    return [
        asyncio.create_task(each)
        for each in (
            *(monitor(ward, number) for number in range(STREAMS)),
            *(talker(ward, STREAMS + number) for number in range(TALKERS)),
            *(garbage(ward, number) for number in range(GARBAGE)),
            deaf_talker(ward),
            *(page(ward, number, pause) for number, pause in enumerate((0.0, 0.0, 7.0, 90.0))),
        )
    ]


async def soak(ward: Ward, seconds: float) -> int:
    """All of it; how many sets the station had said to have on disk when it was killed."""
    ward.configure(seconds)
    process, receiver = await station(ward), await engine(ward)
    begun = time.monotonic()
    ward.until = begun + seconds
    tasks = everybody(ward)
    await beds_live(ward)
    last = await observe(ward, process, begun + seconds / 2)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    killed = ward.kept
    process = await station(ward)
    back = time.monotonic()
    await beds_live(ward)
    await observe(ward, process, ward.until)
    for task in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(task, BaseException):
            raise task
    for sent in (ward.streams, ward.talks):
        sent.excused.update(key for key, at in sent.at.items() if last - LAST < at < back)
    for _ in range(3):  # it turns to everything that was sent before it answers
        await asked(ward, "health")
    process.send_signal(signal.SIGTERM)
    ward.status = await process.wait()
    receiver.close()
    return killed


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=1800.0)
    asked_for = parser.parse_args()
    random.seed(asked_for.seconds)
    ward = Ward(asked_for.folder.resolve())
    with contextlib.suppress(FileExistsError):
        ward.folder.mkdir()
    killed = asyncio.run(soak(ward, asked_for.seconds))
    account: dict[str, Any] = ward.account() | {"seconds": asked_for.seconds, "kept_at_kill": killed}
    (ward.folder / "account.json").write_text(json.dumps(account))
    shown = account | {key: len(account[key]) for key in ("owed", "owed_messages")}
    shown["memory"] = [
        {"MB first": run[0] / 1000, "largest": max(run) / 1000, "last": run[-1] / 1000} for run in ward.memory
    ]
    print(json.dumps(shown, indent=1))


if __name__ == "__main__":
    main()
