"""The table of displayed values: what was written comes out, whatever else stands between."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wardwatch.errors import InputError
from wardwatch.vitals.readers.numerics import Numerics
from wardwatch.vitals.words import Quantity

NUMBERS = st.none() | st.integers(-50, 400).map(float) | st.decimals(0, 300, places=1).map(float)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 4), st.lists(NUMBERS, min_size=8, max_size=8)), max_size=12), st.data())
def test_rows_come_out_as_they_went_in(
    tmp_path: Path, rows: list[tuple[int, list[float | None]]], data: st.DataObject
) -> None:
    """Columns in any order, with some nobody knows, rows of which some are missing; an empty field is dashes."""
    columns = data.draw(st.permutations([*map(str, Quantity), "time_s", "unknown"]))
    lines, expected, time, strange = [",".join(columns)], [], -1, 0
    for step, values in rows:
        time += step
        shown = dict(zip(map(str, Quantity), values, strict=True))
        words = {name: "" if value is None else f"{value:g}" for name, value in shown.items()}
        lines.append(",".join({**words, "time_s": str(time), "unknown": "x y"}[name] for name in columns))
        expected.append((time, shown))
        if data.draw(st.booleans()):
            lines.append(data.draw(st.sampled_from(["", ",,,,", "x" * 70_000])))
            strange += bool(lines[-1])
    path = tmp_path / "r.numerics.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    table = Numerics(path)
    assert [(row.index, dict(row.shown)) for row in table.rows()] == expected
    assert table.trouble.fields == 0
    assert table.trouble.rows == strange


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=600))
def test_any_bytes_give_rising_rows_or_an_input_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "r.numerics.csv"
    path.write_bytes(b"time_s,HR,clock,HR_alarm_min,HR_alarm_on,SpO2_probe,message\n" * (len(data) % 2) + data)
    try:
        indices = [row.index for row in Numerics(path).rows()]
    except InputError:
        return
    assert indices == sorted(set(indices))


def test_a_time_that_goes_back_or_is_none_is_told(tmp_path: Path) -> None:
    path = tmp_path / "r.numerics.csv"
    path.write_text("time_s,HR\n5,70\n5,71\n4,72\nnan,73\n-1,74\n1e30,75\n6,seventy\n7,76\n", encoding="utf-8")
    table = Numerics(path)
    assert [(row.index, row.shown.get("HR", "not known")) for row in table.rows()] == [
        (5, 70.0),
        (6, "not known"),
        (7, 76.0),
    ]
    assert (table.trouble.rows, table.trouble.fields, table.trouble.first_line) == (5, 1, 3)


def test_without_a_time_it_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "r.numerics.csv"
    path.write_text("HR,RR\n70,12\n", encoding="utf-8")
    with pytest.raises(InputError, match="not a table of displayed values"):
        list(Numerics(path).rows())
