"""In: real servers that do not come up, in a lab. Out: whether stand-ins serve then, and it is said."""

import json
from pathlib import Path

import pytest

from wardwatch.lab import session
from wardwatch.workflows.lab import ENTRY, question

BROKEN = """
import wardwatch.workflows.lab_inside as inside
from wardwatch.lab import daemons
daemons.installed = lambda *programs: True
started = daemons._started
daemons._started = lambda lab, node, scratch, script, words: started(lab, node, scratch, 'exit 3', words)

def answer(payload):
    return inside.answer(payload)
"""
TEXT = (
    '[[machine]]\nname = "w-1"\nrole = "workplace"\nat = 0\ndoes = ["nfs", "print"]\n[truth.gateway]\nverdict = "clear"'
)


@pytest.mark.usefixtures("lab_here")
def test_where_a_server_does_not_come_up_a_stand_in_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.py").write_text(BROKEN, encoding="ascii")
    old = session._environment
    monkeypatch.setattr(session, "_environment", lambda: {**old(), "PYTHONPATH": str(tmp_path)})
    out = tmp_path / "out"
    out.mkdir()
    assert ENTRY.endswith(":answer")
    truth = json.loads(session.call("broken:answer", question(TEXT, "one", out, seconds=0.5), seconds=120))
    assert truth["parts"] == {
        "addresses": "stand-in", "share /home": "stand-in, since nfs-ganesha did not come up",
    }  # fmt: skip
    assert [(each["protocol"], each["records"]) for each in truth["services"]] == [("lpd", 2)]
    told = [json.loads(line)["event"] for line in (out / "events.jsonl").read_text().splitlines()]
    assert "failed" not in told
