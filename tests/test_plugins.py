"""Plug-ins are found by their place, and where another package registers them."""

import sys
from pathlib import Path

import pytest

from wardwatch import plugins

GROUP = "wardwatch.protocols"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path in which a package is installed that has one plug-in."""
    (tmp_path / "foreign_codec.py").write_text("CODEC = 'foreign'\n")
    info = tmp_path / "foreign-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nforeign = foreign_codec\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    plugins.modules.cache_clear()
    yield tmp_path
    plugins.modules.cache_clear()
    sys.modules.pop("foreign_codec", None)


def _names() -> list[str]:
    return [module.__name__ for module in plugins.modules(GROUP, "CODEC")]


def test_plug_ins_are_found_by_their_place_and_sorted() -> None:
    assert "wardwatch.protocols.hl7" in _names()
    assert _names() == sorted(_names())
    assert "wardwatch.protocols.codec" not in _names()


def test_what_another_package_registers_is_found_too(elsewhere: Path) -> None:
    assert "foreign_codec" in _names()
    (elsewhere / "foreign-1.dist-info" / "entry_points.txt").unlink()
    plugins.modules.cache_clear()
    plugins._somebody_registers.cache_clear()
    assert "foreign_codec" not in _names()


def test_nobody_registers_with_what_names_other_groups(tmp_path: Path) -> None:
    info = tmp_path / "foreign-1.dist-info"
    info.mkdir()
    listed = info / "entry_points.txt"
    listed.write_text("[console_scripts]\nx = wardwatch.cli.main:run\n")
    archive = tmp_path / "packages.zip"
    archive.write_bytes(b"")
    assert not plugins._somebody_registers((str(tmp_path), str(tmp_path / "missing")))
    assert plugins._somebody_registers((str(archive),))
