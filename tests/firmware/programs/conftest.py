"""In: nothing. Out: `build`, which gives the tests here programs for every processor."""

import os
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))  # for built_programs, which is no test and no part of the product

from built_programs import Build, compiled


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """`build("menu", "a32", "-O2", *FIXED)`: the bytes of that program."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "programs"
    folder.mkdir(exist_ok=True)
    return lambda name, target, *flags: compiled(folder, name, target, *flags).read_bytes()
