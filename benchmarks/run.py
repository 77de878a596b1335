"""In: captures made by captures.py, and the programs wardwatch is compared with. Out: a Markdown table of their cost.

Contenders alternate within each round, so that a noisy machine disturbs all alike. Cost is CPU seconds (user and
system) of the whole process tree as the kernel accounts them (wait4); memory is the largest resident set of a process
of that tree. This runner stays small, because a child begins its count of memory with its parent's.
"""

import argparse
import compileall
import datetime as dt
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
DATA: Final = HERE / "data"
RESULTS: Final = HERE / "results.md"
MEGA: Final = 10**6
SEED: Final = 8000
SCALE: Final = 1 if sys.platform == "darwin" else 1024  # bytes in the unit of ru_maxrss
WARDWATCH: Final = str(Path(sys.executable).with_name("wardwatch"))
EXAMINED: Final = (0, 1, 3)  # the contract's exit statuses of an examination that took place
NFSTREAM: Final = "import sys, nfstream; print(sum(1 for _ in nfstream.NFStreamer(source=sys.argv[1])))"


@dataclass(frozen=True)
class Cost:
    """CPU seconds, elapsed seconds and bytes of memory of one process tree."""

    cpu: float
    elapsed: float
    memory: int


@dataclass(frozen=True)
class Contender:
    """A command to be measured; `statuses` are the exit statuses that mean it did its work."""

    name: str
    command: tuple[str, ...]
    statuses: tuple[int, ...] = (0,)


@dataclass
class Result:
    """The costs of one contender, one a round."""

    costs: list[Cost] = field(default_factory=list)

    @property
    def cpu(self) -> float:
        """Median CPU seconds."""
        return statistics.median(cost.cpu for cost in self.costs)

    @property
    def elapsed(self) -> float:
        """Median elapsed seconds."""
        return statistics.median(cost.elapsed for cost in self.costs)

    @property
    def memory(self) -> int:
        """Largest memory of any round, in bytes."""
        return max(cost.memory for cost in self.costs)


Results = dict[str, Result]


@dataclass(frozen=True)
class Target:
    """What was promised, what was measured."""

    promise: str
    limit: float
    measured: float
    unit: str = ""

    @property
    def row(self) -> str:
        """One line of the table of promises."""
        held = "held" if self.measured <= self.limit else "MISSED"
        return f"| {self.promise} | {self.limit:g}{self.unit} | {self.measured:.2f}{self.unit} | {held} |"


def megabytes(memory: int) -> str:
    """`memory` as a cell of a table; what is no larger than this runner cannot be told apart from it."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * SCALE
    return f"{memory / MEGA:.0f} MB" if memory > own else f"≤ {own / MEGA:.0f} MB"


def say(text: str) -> None:
    """Talk goes to stderr; the table is the document."""
    print(text, file=sys.stderr, flush=True)


def once(contender: Contender) -> Cost:
    """Run a contender to its end; SystemExit where it did not do its work."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as talk:
        process = subprocess.Popen(
            contender.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=talk, close_fds=True
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in contender.statuses:
            talk.seek(0)
            said = talk.read()[-2000:].decode(errors="replace")
            raise SystemExit(f"{contender.name} ended with {process.returncode}: {said}")
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - begun, usage.ru_maxrss * SCALE)


def measure(contenders: Sequence[Contender], rounds: int) -> Results:
    """Each contender once a round, in turn."""
    results: Results = {contender.name: Result() for contender in contenders}
    for turn in range(rounds):
        for contender in contenders:
            say(f"  round {turn + 1} of {rounds}: {contender.name}")
            results[contender.name].costs.append(once(contender))
    return results


def paired(one: Result, other: Result) -> float:
    """Median of the rounds' ratios of CPU seconds: what disturbs a round disturbs both."""
    return statistics.median(a.cpu / max(b.cpu, 1e-3) for a, b in zip(one.costs, other.costs, strict=True))


def marginal(larger: Result, smaller: Result) -> float:
    """Median of the rounds' differences in CPU seconds."""
    return statistics.median(a.cpu - b.cpu for a, b in zip(larger.costs, smaller.costs, strict=True))


def capture(size: int) -> Path:
    """A capture of `size` bytes, made once; the same bytes on every machine."""
    path = DATA / f"mixed-{size // MEGA}MB.pcap"
    if not path.exists():
        say(f"making {path.name}")
        partial = path.with_name(f"partial-{path.name}")
        program = (
            "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); import captures; "
            "captures.build(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))"
        )
        subprocess.run([sys.executable, "-c", program, str(HERE), str(partial), str(size), str(SEED)], check=True)
        partial.rename(path)
    return path


def warm(paths: Iterable[Path]) -> None:
    """Read each file once, so that the disk is no contender."""
    for path in paths:
        with path.open("rb", buffering=0) as file:
            while file.read(1 << 20):
                pass


def bare_filter(path: Path) -> tuple[str, ...]:
    """The yardstick: tcpdump reads everything and keeps the packets of one host."""
    return ("tcpdump", "-r", str(path), "-w", "/dev/null", "host 202.114.4.119")


def big_contenders(path: Path, size: str, out: Path) -> list[Contender]:
    """Who runs over a large capture."""
    documents = ("--json", str(out / "report.json"), "--html", str(out / "report.html"))
    return [
        Contender(f"cat, {size}", ("cat", str(path))),
        Contender(f"tcpdump, {size}", bare_filter(path)),
        Contender(f"wardwatch, {size}", (WARDWATCH, "scan", str(path), "--quiet"), EXAMINED),
        Contender(f"wardwatch with documents, {size}", (WARDWATCH, "scan", str(path), "--quiet", *documents), EXAMINED),
    ]


def big(sizes: tuple[int, int], rounds: int) -> tuple[list[str], list[Target]]:
    """The large captures: the whole scan beside a bare filter, and what each further byte costs."""
    paths = [capture(size) for size in sizes]
    warm(paths)
    names = [f"{size // MEGA} MB" for size in sizes]
    with tempfile.TemporaryDirectory() as folder:
        contenders = [
            contender
            for path, name in zip(paths, names, strict=True)
            for contender in big_contenders(path, name, Path(folder))
        ]
        results = measure(contenders, rounds)
    return big_rows(results, names), big_targets(results, names)


def big_rows(results: Results, names: Sequence[str]) -> list[str]:
    """The table of the large captures."""
    what = {
        "cat": "`cat` to nowhere",
        "tcpdump": "`tcpdump -r F -w /dev/null 'host 202.114.4.119'`",
        "wardwatch": "`wardwatch scan F --quiet`: the whole scan",
        "wardwatch with documents": "the same with `--json` and `--html` (adds the SHA-256 of the input)",
    }
    rows = [
        f"| | CPU s, {names[0]} | CPU s, {names[1]} | CPU s a further GB | beside tcpdump | elapsed s | memory |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    step = (float(names[1].split()[0]) - float(names[0].split()[0])) / 1000
    for key, text in what.items():
        small, large = (results[f"{key}, {name}"] for name in names)
        rows.append(
            f"| {text} | {small.cpu:.2f} | {large.cpu:.2f} | {marginal(large, small) / step:.2f} "
            f"| {paired(large, results[f'tcpdump, {names[1]}']):.2f} × | {large.elapsed:.2f} "
            f"| {megabytes(large.memory)} |"
        )
    return rows


def big_targets(results: Results, names: Sequence[str]) -> list[Target]:
    """The promises about the large captures."""
    ours, filters = ([results[f"{key}, {name}"] for name in names] for key in ("wardwatch", "tcpdump"))
    extra = marginal(ours[1], ours[0]) / max(marginal(filters[1], filters[0]), 1e-3)
    return [
        Target(f"whole scan of {names[1]} beside the bare filter", 1.2, paired(ours[1], filters[1]), " ×"),
        Target("each further byte beside the bare filter (aim: 0.7 ×)", 1.0, extra, " ×"),
        Target(f"peak memory, {names[1]}", 300, ours[1].memory / MEGA, " MB"),
    ]


def nfstream() -> str | None:
    """A Python that has nfstream, in an environment of its own; None where it can't be installed."""
    home = DATA / "nfstream"
    python = home / "bin" / "python"
    ready = home / "ready"
    if not ready.exists():
        say("installing nfstream into an environment of its own")
        install = [str(python), "-m", "pip", "-qq", "install", "nfstream"]
        try:
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True, capture_output=True)
            subprocess.run(install, check=True, capture_output=True, timeout=600)
            subprocess.run([str(python), "-c", "import nfstream"], check=True, capture_output=True)
        except (OSError, subprocess.SubprocessError):
            return None
        ready.touch()
    return str(python)


def peers(path: Path) -> tuple[list[Contender], list[str]]:
    """The flow tools there are on this machine, and why the others are not measured."""
    found, missing = [], []
    if shutil.which("tshark"):
        found.append(Contender("tshark -q -z conv,tcp", ("tshark", "-n", "-q", "-z", "conv,tcp", "-r", str(path))))
    else:
        missing.append("tshark was not measured: it is not installed.")
    python = nfstream()
    if python:
        found.append(Contender("nfstream", (python, "-c", NFSTREAM, str(path))))
    else:
        missing.append("nfstream was not measured: it could not be installed for this Python.")
    return found, missing


def flow_tools(size: int, rounds: int) -> tuple[list[str], list[Target]]:
    """The smaller of the large captures, which the slow peers can bear, beside tools that list conversations."""
    path = capture(size)
    warm([path])
    others, missing = peers(path)
    ours = Contender("wardwatch", (WARDWATCH, "scan", str(path), "--quiet"), EXAMINED)
    results = measure([ours, *others], rounds)
    rows = [f"| on {size // MEGA} MB | CPU s | times wardwatch | memory |", "|---|---:|---:|---:|"]
    for name, result in results.items():
        times = paired(result, results["wardwatch"])
        rows.append(f"| {name} | {result.cpu:.2f} | {times:.1f} × | {megabytes(result.memory)} |")
    rows += ["", *missing] if missing else []
    targets = [
        Target(f"wardwatch beside {other.name}", 1 / 20, paired(results["wardwatch"], results[other.name]), " ×")
        for other in others
    ]
    return rows, targets


def start(rounds: int) -> tuple[list[str], list[Target]]:
    """What each command pays before it does anything."""
    path = capture(MEGA)
    contenders = [
        Contender("python -c pass", (sys.executable, "-c", "pass")),
        Contender("wardwatch --version", (WARDWATCH, "--version")),
        Contender("wardwatch --help", (WARDWATCH, "--help")),
        Contender("wardwatch scan, 1 MB", (WARDWATCH, "scan", str(path)), EXAMINED),
    ]
    once(contenders[-1])
    results = measure(contenders, rounds)
    rows = ["| start | CPU s | elapsed s | memory |", "|---|---:|---:|---:|"]
    for name, result in results.items():
        rows.append(f"| `{name}` | {result.cpu:.2f} | {result.elapsed:.2f} | {megabytes(result.memory)} |")
    limits: Mapping[str, float] = {"wardwatch --version": 0.3, "wardwatch --help": 0.3, "wardwatch scan, 1 MB": 1.5}
    return rows, [Target(f"`{name}`", limit, results[name].cpu, " s") for name, limit in limits.items()]


def processor() -> str:
    """The processor's name as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def version(*command: str) -> str:
    """First line of what a program says of itself."""
    if not shutil.which(command[0]):
        return f"{command[0]}: not installed"
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    line = next(iter((said.stdout + said.stderr).splitlines()), command[0])
    return line.split(" (")[0].rstrip(".")


def compiled() -> None:
    """Byte code of the product beside its sources, as pip leaves it in every installation but an editable one."""
    spec = find_spec("wardwatch")
    for folder in spec.submodule_search_locations or () if spec else ():
        compileall.compile_dir(folder, quiet=1)


def machine(rounds: int) -> str:
    """On what, when and with what this was measured."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    today = dt.datetime.now(dt.UTC).date().isoformat()
    programs = [version(WARDWATCH, "--version"), version("tcpdump", "--version"), version("tshark", "--version")]
    return (
        f"Measured {today} on {os.cpu_count()} cores of {processor()}, {platform.system()}, "
        f"Python {platform.python_version()}; load before: {load}. {'; '.join(programs)}. "
        f"CPU seconds (user and system) of whole process trees, median of {rounds}, contenders in turn; files in the "
        f"page cache; ratios are medians of the rounds' ratios. `make bench` makes this table."
    )


def document(rounds: int, parts: Sequence[Callable[[], tuple[list[str], list[Target]]]]) -> str:
    """Every table, with the promises first."""
    head = machine(rounds)
    done = [part() for part in parts]
    promises = ["| promise | at most | measured | |", "|---|---:|---:|---|"]
    promises += [target.row for _, targets in done for target in targets]
    tables = [promises, *(rows for rows, _ in done)]
    return "\n\n".join(["# Speed", head, *("\n".join(table) for table in tables)]) + "\n"


def arguments() -> argparse.Namespace:
    """What the user asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="100 and 200 MB, three rounds; writes no results.md")
    parser.add_argument("--rounds", type=int, help="how often each contender runs (5; quick: 3)")
    parser.add_argument("--only", choices=("big", "peers", "start"), help="one part only; writes no results.md")
    return parser.parse_args()


def main() -> None:
    """Measure, print, and keep the table of a full run."""
    asked = arguments()
    if not shutil.which("tcpdump"):
        raise SystemExit("tcpdump is the yardstick and is not installed. On Debian: apt-get install tcpdump.")
    DATA.mkdir(exist_ok=True)
    compiled()
    rounds = asked.rounds or (3 if asked.quick else 5)
    sizes = (100 * MEGA, 200 * MEGA) if asked.quick else (1000 * MEGA, 2000 * MEGA)
    parts: dict[str, Callable[[], tuple[list[str], list[Target]]]] = {
        "start": lambda: start(rounds),
        "big": lambda: big(sizes, rounds),
        "peers": lambda: flow_tools(sizes[0], min(rounds, 3)),
    }
    text = document(rounds, [part for name, part in parts.items() if asked.only in (None, name)])
    if not asked.quick and not asked.only:
        RESULTS.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
