"""In: generated scripts without holes. Out: whether the commands dash and Bash run are those the evaluator records.

The scripts are harmless: all they run is a function of their own, `c`, which prints its words. Each place that calls it
has a number of its own as the first word. Agreed differences: `echo` with backslashes, `local` without a value.
"""

import shutil
import subprocess
from random import Random

import pytest

from wardwatch.firmware.scripts import analyse
from wardwatch.firmware.words import Text

PRELUDE = """c() { printf '%s' c; for _a do printf ' <%s>' "$_a"; done; printf '\\n'; } >&3
cat() { while IFS= read -r _l; do printf '%s\\n' "$_l"; done; }
echo() { printf '%s\\n' "$*"; }
exec 3>&1
"""
WORDS = ("a", "b b", "", "x.tar.gz", "/opt/bin/run.sh", "7", "a'b", "-m", "p=q", "two  words", "end/", "$", "a\\b")
NAMES = ("v", "w", "z")
PATTERNS = ("*", "a*", "*.gz", "?", "[a-f]*", "*/", "b b", "x", "*.*")
NUMBERS = ("0", "1", "2", "7", "010", "0x1f")


class Maker:
    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.sites = 0
        self.functions: list[str] = []
        self.loops = 0

    def pick(self, *options: str) -> str:
        return self.chance.choice(options)

    def script(self) -> str:
        head = [f"{name}={self.quoted(self.pick(*WORDS))}" for name in NAMES]
        return "\n".join([*head, "i=", "n=3", "set -- one 'two words' ''", *self.block(3)]) + "\n"

    def block(self, depth: int) -> list[str]:
        return [line for _ in range(self.chance.randint(1, 4)) for line in self.statement(depth)]

    def quoted(self, text: str) -> str:
        return "'" + text.replace("'", "'\\''") + "'"

    def word(self, depth: int = 2) -> str:
        name = self.pick(*NAMES)
        kinds = [
            lambda: self.quoted(self.pick(*WORDS)),
            lambda: f'"${name}"',
            lambda: f"${name}",
            lambda: f'"x${{{name}}}y"',
            lambda: f'"${{{name}:-{self.pick("d", "$w", "d d")}}}"',
            lambda: f"${{{name}:+{self.pick('set', '$w')}}}",
            lambda: f'"${{{name}{self.pick("#", "##", "%", "%%")}{self.pick(*PATTERNS)}}}"',
            lambda: f"${{#{name}}}",
            lambda: f"$(({self.arithmetic()}))",
            lambda: self.pick('"$@"', "$*", '"$*"', "$#", '"$1"', "$2", '"a$@b"'),
            lambda: "\\" + self.pick("a", "$", "\\", '"', "'", ";"),
        ]
        if depth:
            kinds.append(lambda: self.substitution(depth - 1))
        return self.chance.choice(kinds)()

    def arithmetic(self) -> str:
        left, right = self.pick("n", "$n", *NUMBERS), self.pick("n", "2", *NUMBERS)
        return self.pick(
            f"{left} {self.pick('+', '-', '*', '<', '==', '&', '|', '^', '<<')} {right}",
            f"({left} + 1) * {right}",
            f"-{left}",
            f"!{left}",
            f"{left} ? {right} : 5",
            f"{left} % 2 / 1",
            f"{left} - {right} - 1",
        )

    def substitution(self, depth: int) -> str:
        inside = self.pick(
            f"echo {self.word(depth)}",
            f"printf '%s-%s\\n' {self.quoted('p')} {self.word(depth)}",
            f"echo one; echo {self.word(depth)}",
        )
        return self.pick(f'"$({inside})"', f"$({inside})")

    def command(self) -> str:
        self.sites += 1
        words = " ".join(self.word() for _ in range(self.chance.randint(0, 3)))
        return f"c {self.sites} {words}".rstrip()

    def condition(self, depth: int = 1) -> str:
        name = self.pick(*NAMES)
        simple = self.pick(
            f'[ "${name}" = {self.quoted(self.pick(*WORDS))} ]',
            f'[ "${name}" != a ]',
            f'[ -n "${name}" ]',
            f'test -z "${name}"',
            f"[ $n {self.pick('-eq', '-ne', '-lt', '-le', '-gt', '-ge')} {self.pick('1', '2', '3')} ]",
            "true",
            "false",
            f'[ -n "${name}" -a $n -gt 2 ]',
            f'[ "${name}" = a -o $n -lt 9 ]',
            f'[ ! "${name}" = a ]',
            f'[ "${name}" ]',
            *self.functions,
        )
        if not depth:
            return simple
        other = self.condition(depth - 1)
        return self.pick(simple, f"! {simple}", f"{simple} && {other}", f"{simple} || {other}")

    def statement(self, depth: int) -> list[str]:
        name = self.pick(*NAMES)
        kinds = [
            lambda: [self.command()],
            lambda: [self.command()],
            lambda: [f"{name}={self.word()}"],
            lambda: [f"{name}={self.pick('$v$w', 'q', '$(echo 1 2)')}; {self.command()}"],
            lambda: [f"n=$((n {self.pick('+ 1', '- 1', '* 2 % 7')}))"],
            lambda: [f"{self.condition(0)} && {self.command()}"],
            lambda: [f"{self.condition(0)} || {self.command()}"],
            lambda: [f"eval 'c {self.site()} \"${name}\"'"],
            lambda: [f"v2=1 w2={self.word()} {self.command()}"],
        ]
        if depth:
            kinds += [
                lambda make=make: make(depth - 1)
                for make in (self.branch, self.choice, self.each, self.turns, self.function, self.apart)
            ]
            kinds += [lambda make=make: make(depth - 1) for make in (self.branch, self.piped, self.here)]
        if self.loops:
            kinds.append(lambda: [f"{self.condition(0)} && {self.pick('break', 'continue')}"])
        return self.chance.choice(kinds)()

    def site(self) -> int:
        self.sites += 1
        return self.sites

    def branch(self, depth: int) -> list[str]:
        lines = [f"if {self.condition()}; then", *self.block(depth)]
        if self.chance.random() < 0.4:
            lines += [f"elif {self.condition()}", "then", *self.block(depth)]
        if self.chance.random() < 0.6:
            lines += ["else", *self.block(depth)]
        return [*lines, "fi"]

    def choice(self, depth: int) -> list[str]:
        lines = [f"case {self.pick('$v', chr(34) + '$w' + chr(34), '$n', 'x.tar.gz')} in"]
        for _ in range(self.chance.randint(1, 3)):
            patterns = "|".join(
                self.pick(*(p for p in PATTERNS if " " not in p), '"$w"', "'a*'")
                for _ in range(self.chance.randint(1, 2))
            )
            lines += [f"{self.pick('', '(')}{patterns})", *self.block(depth), ";;"]
        return [*lines, "esac"]

    def looped(self, depth: int) -> list[str]:
        self.loops += 1
        lines = self.block(depth)
        self.loops -= 1
        return lines

    def each(self, depth: int) -> list[str]:
        items = self.pick("a b c", '"$@"', "$v", '"$v" x', "$w $v", "$(echo 1 2 3)")
        return [f"for {self.pick('v', 'i')} in {items}; do", self.command() + " $i", *self.looped(depth), "done"]

    def turns(self, depth: int) -> list[str]:
        counter = f"k{self.site()}"
        test = self.pick(f"while [ ${counter} -lt 3 ]", f"until [ ${counter} -ge 2 ]")
        return [
            f"{counter}=0",
            f"{test}; do",
            f"{counter}=$(({counter}+1))",
            *self.looped(depth),
            f"c {self.site()} ${counter}",
            "done",
        ]

    def function(self, depth: int) -> list[str]:
        name = f"f{self.site()}"
        loops, self.loops = self.loops, 0
        local = self.pick("local v=inside", "local w=here", ":", 'v="$1"')
        body = self.block(depth)
        ends = self.pick("return 0", "return 1", "[ $# -gt 1 ]", ":", "[ $n -gt 2 ] && return 1")
        self.loops = loops
        self.functions.append(f"{name} {self.word()}")
        call = f"{name} {self.word()} {self.word()}"
        return [f"{name}() {{", local, f'c {self.site()} "$@"', *body, ends, "}", call, f"c {self.site()} $?"]

    def apart(self, depth: int) -> list[str]:
        loops, self.loops = self.loops, 0
        lines = ["(", *self.block(depth), self.pick("[ $n -gt 1 ]", "exit 3", "false"), ")", f"c {self.site()} $?"]
        self.loops = loops
        return lines

    def piped(self, _: int) -> list[str]:
        return [f"printf '%s\\n' {self.word(0)} 'l m n' | while read -r r s; do", f'c {self.site()} "$r" "$s"', "done"]

    def here(self, _: int) -> list[str]:
        mark = self.pick("E", "'E'")
        return [
            f"v=$(cat <<{mark}",
            f"{self.pick('$w', '${w:-d}', 'plain', '$((n+1))')} text",
            "E",
            ")",
            f'c {self.site()} "$v"',
        ]


def commands_run(shell: str, text: str) -> list[str] | None:
    """What the shell ran, each once; None where the script was wrong for it."""
    done = subprocess.run([shell, "-c", PRELUDE + text], env={}, capture_output=True, timeout=20, check=False)
    if done.stderr:
        return None
    return list(dict.fromkeys(line.rstrip("\n") for line in ("\n" + done.stdout.decode()).split("\nc ")[1:]))


def commands_recorded(text: str) -> list[str] | None:
    """What the evaluator recorded, each once; None where it did not follow everything."""
    facts = analyse("/s", text.encode() if text.startswith("#!") else b"#!/bin/sh\n" + text.encode())
    calls = [call for call in facts.calls if "unreached" not in call.notes and str(call.arguments[0]) == "c"]
    if facts.unread or any(word.holes for call in calls for word in call.arguments if isinstance(word, Text)):
        return None
    return list(dict.fromkeys(" ".join(f"<{word}>" for word in call.arguments[1:]) for call in calls))


def compared(shell: str, seeds: range) -> int:
    """How many scripts were compared; every one of them alike."""
    count = 0
    for seed in seeds:
        text = Maker(seed).script()
        theirs, ours = commands_run(shell, text), commands_recorded(text)
        if theirs is not None and ours is not None:
            assert ours == theirs, f"{shell}, seed {seed}:\n{text}"
            count += 1
    return count


@pytest.fixture(autouse=True)
def _fine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wardwatch.firmware.scripts.shell.record.MOST_FINE_STEPS", 1_000_000)
    monkeypatch.setattr("wardwatch.firmware.scripts.shell.record.MOST_STEPS", 1_000_000)


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_the_same_commands_as_a_shell_in_the_same_order(shell: str) -> None:
    found = shutil.which(shell)
    if not found:
        pytest.skip(f"{shell} is not here: nothing to compare with")
    assert compared(found, range(120)) > 90


@pytest.mark.long
@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_the_same_commands_as_a_shell_in_many_scripts(shell: str) -> None:
    found = shutil.which(shell)
    if not found:
        pytest.skip(f"{shell} is not here: nothing to compare with")
    assert compared(found, range(1_000, 3_000)) > 1_500
