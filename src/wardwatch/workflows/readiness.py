"""In: nothing. Out: whether this installation can work."""

from wardwatch.traffic.kernel import Kernel, Settings


def kernel_status() -> str:
    """One sentence; InstallationError where the capture kernel is missing."""
    with Kernel(Settings(local=())):
        return "The capture kernel is compiled and loads."
