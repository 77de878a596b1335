"""In: this machine. Out: whether labs, and programs in them, can be run here."""

import shutil
from pathlib import Path

import pytest

from wardwatch.errors import InstallationError
from wardwatch.lab import session
from wardwatch.twin import firmware


def why_no_lab() -> str:
    if not (shutil.which("unshare") and shutil.which("ip")):
        return "ip and unshare are not installed"
    try:
        session._way()
    except InstallationError as error:
        return str(error)
    return ""


@pytest.fixture(scope="session")
def lab_here() -> None:
    if reason := why_no_lab():
        pytest.skip(reason)


@pytest.fixture(scope="session")
def arm_here(lab_here: None) -> None:
    del lab_here
    if not (shutil.which("qemu-arm-static") or shutil.which("qemu-arm")):
        pytest.skip("qemu-user-static is not installed")


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every personality of the twin, by its version."""
    folder = tmp_path_factory.mktemp("images")
    for version in firmware.VERSIONS:
        (folder / version).write_bytes(firmware.image(version))
    return folder
