"""In: the specimens, the twin's images, Debian's programs. Out: how much of what is planted is found, and at what cost.

Recall: each planted call and peer of a specimen's ground truth that the analysis gives for a build of it. False: a
fixed routable peer that the truth does not name. Both halves of the corpus stand apart; nobody tuned on the second.
"""

import argparse
import re
import resource
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "firmware" / "specimens")]

from corpus import TARGETS, Build, Specimen, build, builds, specimens  # noqa: E402, F401  # as above; tests use Build

import debian  # noqa: E402  # beside this file, as are all scripts

MEGA: Final = 10**6
WARDWATCH: Final = str(Path(sys.executable).with_name("wardwatch"))
EXAMINED: Final = (0, 1, 3)
ANGR: Final = ROOT / ".build" / "angr"
PEER_OF_ANGR: Final = """
import sys, time, angr
began = time.process_time()
project = angr.Project(sys.argv[1], auto_load_libs=False)
project.analyses.CFGFast(normalize=True)
print(time.process_time() - began)
"""
ALIKE: Final = {
    "open": {"open", "open64", "openat", "creat"},
    "execl": {"execl", "execve"},
    "execle": {"execle", "execve"},
    "execv": {"execv", "execve"},
    "posix_spawn": {"posix_spawn", "execve"},
    "umount": {"umount", "umount2"},
    "chmod": {"chmod", "fchmodat"},
}
"""Names under which the same call may be given: a static program holds the system call's."""
PUBLIC: Final = re.compile(r"(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+")
LIBRARY_SIZE: Final = 17 * MEGA


@dataclass
class Score:
    """What was planted and found in the builds of one half for one target."""

    planted: int = 0
    found: int = 0
    false: int = 0
    programs: int = 0
    cpu: float = 0.0
    code: int = 0
    missed: list[str] = field(default_factory=list)

    @property
    def row(self) -> str:
        """Cells of a table."""
        share = 100 * self.found / self.planted if self.planted else 100.0
        return f"{self.programs} | {self.found} of {self.planted} | {share:.1f} % | {self.false}"


def texts(value: object) -> Iterator[str]:
    """The recovered texts in one argument, holes as `{...}`."""
    parts = getattr(value, "parts", None)
    if parts is not None:
        yield "".join(part if isinstance(part, str) else "{}" for part in parts)
    elif hasattr(value, "host"):
        yield from texts(value.host)
    elif hasattr(value, "text"):
        yield from texts(value.text)


def peers(calls: Iterable[Any]) -> set[tuple[str, int | None]]:
    """Host and port of each peer among the arguments."""
    found = set()
    for call in calls:
        for value in call.arguments:
            if hasattr(value, "host"):
                found.update((host, value.port) for host in texts(value))
    return found


def fits(wanted: str, seen: str) -> bool:
    """Whether a recovered text is the planted one; a planted `{}` may be anything."""
    return re.fullmatch(".*".join(map(re.escape, wanted.split("{}"))), seen, re.DOTALL) is not None


def has_call(planted: dict[str, Any], calls: Iterable[Any]) -> bool:
    """Whether one of the calls has the planted one's name, and its arguments in order."""
    names = ALIKE.get(planted["name"], {planted["name"]})
    for call in calls:
        words = iter([text for value in call.arguments for text in texts(value)])
        if call.name in names and all(any(fits(wanted, word) for word in words) for wanted in planted["arguments"]):
            return True
    return False


def has_peer(planted: dict[str, Any], calls: list[Any]) -> bool:
    """Whether a call reaches the planted peer: by address and port, or in a command."""
    if "port" in planted:
        return (planted["host"], planted["port"]) in peers(calls)
    return any(planted["host"] in text for call in calls for value in call.arguments for text in texts(value))


def judge(specimen: Specimen, name: str, calls: list[Any], score: Score) -> None:
    """Add one build's outcome."""
    for planted, found in (
        *((call, has_call(call, calls)) for call in specimen.truth.get("call", ())),
        *((peer, has_peer(peer, calls)) for peer in specimen.truth.get("peer", ())),
    ):
        score.planted += 1
        score.found += found
        if not found:
            score.missed.append(f"{name}: {planted}")
    said = {match[0] for call in calls for value in call.arguments for text in texts(value)
            for match in PUBLIC.finditer(text)}  # fmt: skip
    score.false += (
        len(said - {peer["host"] for peer in specimen.truth.get("peer", ())}) if not has_hole(specimen) else 0
    )


def has_hole(specimen: Specimen) -> bool:
    """Whether the truth leaves a place open, in which a peer may stand."""
    return any("{}" in word for call in specimen.truth.get("call", ()) for word in call["arguments"])


Scores = dict[tuple[str, str], Score]


def recall(halves: tuple[str, ...], targets: tuple[str, ...], *, full: bool) -> Scores:
    """A score for each half and target."""
    scores: Scores = defaultdict(Score)
    for half in halves:
        for specimen in specimens(half):
            recall_of(specimen, targets, scores, full=full)
    return scores


def recall_of(specimen: Specimen, targets: tuple[str, ...], scores: Scores, *, full: bool) -> None:
    """Add the builds of one specimen."""
    from wardwatch.firmware.machine_code import analyse  # noqa: PLC0415  # not for those who ask for --help

    for wanted in builds(specimen, targets, full=full):
        program = build(wanted).read_bytes()
        began = time.process_time()
        facts = analyse(f"/{specimen}", program)
        score = scores[specimen.half, wanted.target]
        score.cpu += time.process_time() - began
        score.code += facts.code_bytes
        score.programs += 1
        judge(specimen, wanted.name, list(facts.calls), score)


def speed() -> Iterator[str]:
    """CPU seconds a MB of code over Debian's programs, beside angr's CFGFast on one of them."""
    from wardwatch.firmware.machine_code import analyse  # noqa: PLC0415  # as above

    for architecture in debian.ARCHITECTURES:
        found = debian.programs(architecture)
        if not found:
            yield f"| {architecture} | no programs could be downloaded | | |"
            continue
        began, code = time.process_time(), 0
        for name, path in found.items():
            code += analyse(name, path.read_bytes()).code_bytes
        spent = time.process_time() - began
        yield f"| {architecture} | {len(found)} | {code / MEGA:.1f} MB | {spent / (code / MEGA):.2f} s |"


def angr_seconds(program: Path) -> float | None:
    """CPU seconds of angr's CFGFast on a program; None where angr cannot be had."""
    python = ANGR / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", ANGR], check=True)
        wanted = ["angr", "bitstring<5", "pycparser==3.0"]
        if subprocess.run([python, "-m", "pip", "-qq", "install", *wanted], check=False).returncode:
            shutil.rmtree(ANGR)
            return None
    done = subprocess.run([python, "-c", PEER_OF_ANGR, program], capture_output=True, text=True, check=False)
    return float(done.stdout.split()[-1]) if done.returncode == 0 else None


def against_angr() -> str:
    """One row: the same file, both ways."""
    from wardwatch.firmware.machine_code import analyse  # noqa: PLC0415  # as above

    found = debian.programs("armel")
    program = next((path for name, path in found.items() if name.endswith("/dropbear")), None)
    if program is None:
        return "no program to compare on could be downloaded"
    data = program.read_bytes()
    analyse("/warm", data)
    began = time.process_time()
    analyse("/dropbear", data)
    ours, theirs = time.process_time() - began, angr_seconds(program)
    if theirs is None:
        return "angr could not be installed"
    return f"dropbear for armel: wardwatch {ours:.2f} s, angr CFGFast {theirs:.1f} s, {theirs / ours:.0f} times"


def root_file_system(into: Path) -> int:
    """A synthetic root file system of at least 17 MB: the twin's 2.0.6 and Debian's programs; its size."""
    from wardwatch.twin.firmware.personalities import PERSONALITIES  # noqa: PLC0415  # as above
    from wardwatch.twin.firmware.recipe import tree  # noqa: PLC0415  # as above

    size = 0
    for name, entry in tree(PERSONALITIES["2.0.6"]).items():
        path = into / name.strip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        if stat.S_ISREG(entry.mode):
            path.write_bytes(entry.content)
            size += len(entry.content)
        elif stat.S_ISLNK(entry.mode):
            path.symlink_to(entry.content.decode())
    for architecture in debian.ARCHITECTURES:
        for name, program in debian.programs(architecture).items():
            if size >= LIBRARY_SIZE:
                return size
            path = into / name.strip("/").replace("bin/", f"bin/{architecture}-")
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(program, path)
            size += path.stat().st_size
    return size


def scanned(what: Path) -> tuple[float, float, float]:
    """Elapsed and CPU seconds of `wardwatch scan`, and its memory in MB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run([WARDWATCH, "scan", "--quiet", "--json", "/dev/null", what], capture_output=True, check=False)
    if done.returncode not in EXAMINED:
        raise SystemExit(done.stderr.decode(errors="replace")[-2000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, cpu, after.ru_maxrss / 1024


def whole() -> Iterator[str]:
    """Rows for the twin's image and the synthetic root file system."""
    from wardwatch.twin import firmware  # noqa: PLC0415  # as above

    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "2.0.6.cramfs"
        image.write_bytes(firmware.image("2.0.6"))
        root = Path(folder) / "root"
        size = root_file_system(root)
        for name, what, bytes_ in (("twin 2.0.6", image, image.stat().st_size), ("root file system", root, size)):
            elapsed, cpu, memory = scanned(what)
            yield f"| {name} | {bytes_ / MEGA:.1f} MB | {elapsed:.2f} s | {cpu:.2f} s | {memory:.0f} MB |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one level a target, no peer, no Debian programs")
    parser.add_argument("--targets", nargs="*", default=list(TARGETS), choices=list(TARGETS))
    parser.add_argument("--half", choices=["tuned", "held-back"], help="one half only")
    parser.add_argument("--missed", action="store_true", help="name what was missed in the tuned half")
    asked = parser.parse_args()
    halves = (asked.half,) if asked.half else ("tuned", "held-back")
    scores = recall(halves, tuple(asked.targets), full=not asked.quick)
    print("## Planted facts\n\n| half | target | programs | found | recall | false |\n|---|---|--:|--:|--:|--:|")
    for (half, target), score in scores.items():
        print(f"| {half} | {target} | {score.row} |")
    if asked.missed:
        print(
            *(f"- {line}" for (half, _), score in scores.items() if half == "tuned" for line in score.missed), sep="\n"
        )
    if asked.quick:
        return
    print("\n## CPU seconds a MB of code\n\n| Debian's | programs | code | CPU a MB |\n|---|--:|--:|--:|")
    print(*speed(), sep="\n")
    print(f"\n{against_angr()}")
    print("\n## Whole images\n\n| image | size | elapsed | CPU | memory of one process |\n|---|--:|--:|--:|--:|")
    print(*whole(), sep="\n")


if __name__ == "__main__":
    main()
