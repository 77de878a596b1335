"""In: the policies beside this file. Out: a reader of them by name, for all tests of this folder."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from wardwatch.contain.document import read
from wardwatch.contain.policy import Policy

FOLDER = Path(__file__).parent / "policies"
Load = Callable[[str], Policy]


@cache
def _load(name: str) -> Policy:
    return read((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), name)


@pytest.fixture(scope="session")
def load() -> Load:
    return _load
