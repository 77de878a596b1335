"""Where the compiled part is missing, one sentence says so; where it is there, its functions have types."""

import ctypes
from pathlib import Path

import pytest

import wardwatch.traffic.kernel
from wardwatch.compiled import library
from wardwatch.errors import InstallationError


def test_a_missing_library_is_said_with_its_cure(tmp_path: Path) -> None:
    with pytest.raises(InstallationError, match=r"_kernel\..*: the compiled part of wardwatch is missing\. Install"):
        library(tmp_path, ())


def test_a_broken_library_is_said_the_same_way(tmp_path: Path) -> None:
    for suffix in (".so", ".dylib", ".dll"):
        (tmp_path / f"_kernel{suffix}").write_bytes(b"no library")
    with pytest.raises(InstallationError, match="is missing"):
        library(tmp_path, ())


def test_functions_have_the_types_they_were_given() -> None:
    folder = Path(wardwatch.traffic.kernel.__file__).parent
    found = library(folder, [("ww_layout", ctypes.c_uint32, [ctypes.POINTER(ctypes.c_uint32), ctypes.c_uint32])])
    assert found.ww_layout.restype is ctypes.c_uint32
    with pytest.raises(ctypes.ArgumentError):
        found.ww_layout("text", "text")
