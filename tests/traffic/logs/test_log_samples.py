"""Golden logs, one folder a format, each with its rows read off by hand into the TOML file of the same name."""

import tomllib
from ipaddress import ip_address, ip_network
from pathlib import Path

import numpy as np
import pytest

from wardwatch.plugins import modules
from wardwatch.traffic.logs import LogResult, read, sniff
from wardwatch.traffic.logs.mapping import bundled
from wardwatch.traffic.table import FLOW, FlowFlag

SAMPLES = Path(__file__).parent / "samples"
LOGS = sorted(path for path in SAMPLES.glob("*/*") if path.suffix != ".toml")
LOCAL = tuple(ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
KNOWN = (ip_network("202.114.4.0/24"),)
SIDED = ("packets", "payload", "wire", "syns", "tcpflags")


def collect(*paths: Path) -> tuple[LogResult, np.ndarray]:
    batches: list[np.ndarray] = []
    result = read(paths, mapping=None, local=LOCAL, known=KNOWN, batch=batches.append, digest=True)
    return result, np.concatenate([np.zeros(0, FLOW), *batches])


def address(octets: np.ndarray, version: int) -> str:
    return str(ip_address(octets.tobytes()[: 4 if version == 4 else 16]))


def told(record: np.void) -> dict[str, object]:
    return {
        "number": int(record["number"]),
        "a": address(record["a"], record["ver"]),
        "b": address(record["b"], record["ver"]),
        "ports": [int(record["aport"]), int(record["bport"])],
        "proto": int(record["proto"]),
        "first": int(record["first"]),
        "last": int(record["last"]),
        "flags": [flag.name for flag in FlowFlag if flag & int(record["flags"])],
    } | {name: record[name].tolist() for name in SIDED}


@pytest.mark.parametrize("log", LOGS, ids=lambda path: path.name)
def test_a_golden_log_gives_the_rows_read_off_by_hand(log: Path) -> None:
    expected = tomllib.loads(log.with_name(log.name + ".toml").read_text())
    result, records = collect(log)
    assert sorted((told(record) for record in records), key=lambda row: row["number"]) == expected["row"]
    (file,) = result.files
    assert (file.kind, file.lines, file.rows_unread) == (expected["kind"], expected["lines"], expected["unread"])
    assert file.left_out == expected.get("left_out", 0)
    assert set(expected["known"]) <= result.columns
    assert not set(expected["unknown"]) & result.columns
    assert result.columns <= set(FLOW.names or ())
    assert sniff(log.read_bytes()) == expected["kind"]


def test_every_format_has_samples() -> None:
    names = {module.__name__.rpartition(".")[2] for module in modules("wardwatch.traffic.logs.formats", "FORMAT")}
    assert names == {path.parent.name for path in LOGS}


def test_every_bundled_mapping_has_a_sample_and_a_source() -> None:
    assert {mapping.name for mapping in bundled()} == {path.stem for path in LOGS if path.parent.name == "mapped"}
    assert all("https://" in mapping.reference for mapping in bundled())


def test_numbers_run_through_several_files() -> None:
    result, records = collect(*LOGS)
    assert sorted(records["id"].tolist()) == list(range(1, len(records) + 1))
    assert set(records["file"].tolist()) == set(range(len(LOGS)))
    assert "payload" not in result.columns
    assert "first" in result.columns
