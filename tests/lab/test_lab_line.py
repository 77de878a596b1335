"""In: lines that lose, delay, or are cut, in a lab. Out: whether what is sent over them arrives as they say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wardwatch.lab import session

pytestmark = pytest.mark.usefixtures("lab_here")
PROGRAM = """
import json, socket, time
from wardwatch.lab.line import Line
from wardwatch.lab.loop import Loop
from wardwatch.lab.namespaces import Namespaces
from wardwatch.lab.network import Network, Port, Route

NETWORK = Network((
    Port("one", "eth0", "near", ("192.0.2.1/24",)), Port("line", "n0", "near"),
    Port("line", "f0", "far"), Port("other", "eth0", "far", ("192.0.2.2/24",)),
))

def try_it(payload):
    asked = json.loads(payload)
    with Namespaces(NETWORK) as lab:
        loop = Loop()
        with lab.within("line"):
            line = Line(loop, ("n0", "f0"), asked["loss"], asked["delay"])
        line.cut = asked["cut"]
        with lab.within("other"):
            server = socket.create_server(("192.0.2.2", 515))
        loop.start()
        with lab.within("one"):
            client = socket.socket()
        client.settimeout(asked["patience"])
        begun = time.monotonic()
        try:
            client.connect(("192.0.2.2", 515))
            call, _ = server.accept()
            took = time.monotonic() - begun
            data = bytes(range(256)) * 1500
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            got = b""
            while piece := call.recv(65536):
                got += piece
            told = {"whole": got == data, "took": took}
        except OSError as error:
            told = {"whole": False, "took": 0, "why": type(error).__name__}
        loop.stop()
        line.close()
    return json.dumps(told | {"passed": line.passed, "lost": line.lost}).encode()
"""
Try = Callable[..., dict[str, Any]]


@pytest.fixture
def over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Try:
    (tmp_path / "on_the_line.py").write_text(PROGRAM, encoding="ascii")
    old = session._environment
    monkeypatch.setattr(session, "_environment", lambda: {**old(), "PYTHONPATH": str(tmp_path)})

    def ask(*, loss: float = 0.0, delay: float = 0.0, cut: bool = False, patience: float = 100.0) -> dict[str, Any]:
        asked = {"loss": loss, "delay": delay, "cut": cut, "patience": patience}
        told: dict[str, Any] = json.loads(session.call("on_the_line:try_it", json.dumps(asked).encode(), seconds=120))
        return told

    return ask


def test_a_good_line_passes_everything_and_large_frames_whole(over: Try) -> None:
    told = over()
    assert (told["whole"], told["lost"]) == (True, 0)
    assert told["passed"] > 8


def test_a_poor_line_loses_some_and_all_arrives_in_the_end(over: Try) -> None:
    told = over(loss=0.1)
    assert told["whole"]
    assert told["lost"] > 0


def test_a_long_line_takes_its_time_in_both_directions(over: Try) -> None:
    told = over(delay=0.05)
    assert told["whole"]
    assert told["took"] >= 0.1


def test_over_a_cut_line_comes_nothing(over: Try) -> None:
    told = over(cut=True, patience=0.5)
    assert (told["whole"], told["passed"]) == (False, 0)
    assert told["lost"] > 0
