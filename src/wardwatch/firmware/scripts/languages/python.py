"""In: a Python script, of version 2 or 3. Out: its literal calls of a shell, programs, sockets, URLs and files.

The Python Language Reference, chapter 2 (lexical analysis).
"""

import re
from collections.abc import Iterator
from typing import Final

from wardwatch.firmware.scripts.files import Files
from wardwatch.firmware.scripts.language import Language
from wardwatch.firmware.scripts.literal import Grammar, Token, examined
from wardwatch.firmware.scripts.literal_calls import connect, named, opened_url, process, shell, words
from wardwatch.firmware.scripts.shell.wordreader import ansi
from wardwatch.firmware.words import CodeFacts

_TOKEN: Final = re.compile(
    r"""(?P<blank>(?:[ \t\f\r]|\\\n)+|\#[^\n]*)|(?P<line>\n)"""
    r"""|(?P<prefix>[rbufRBUF]{0,3})(?:(?P<long>'{3}|\"{3})|(?P<quote>['"]))"""
    r"""|(?P<name>[^\W\d]\w*)|(?P<number>\d[\w.]*)|(?P<sign>[-+*/%&|^<>=!]=|\*\*|.)""",
    re.DOTALL,
)
_ENDS: Final = {quote: re.compile(rf"((?:[^\\\n{quote}]|\\.)*)({quote}|\n|\Z)", re.DOTALL) for quote in "'\""}
_LONG_ENDS: Final = {
    quote: re.compile(rf"((?:[^\\{quote}]|\\.|{quote}(?!{quote}{quote}))*)({quote}{{3}}|\Z)", re.DOTALL)
    for quote in "'\""
}


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a script; what closes nothing ends at its line, or where the text ends."""
    at, line = 0, 1
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            return
        at, kind = found.end(), found.lastgroup
        value = found[0]
        if kind in {"long", "quote"}:
            quote = (found["long"] or found["quote"])[0]
            inside = (_LONG_ENDS if found["long"] else _ENDS)[quote].match(text, at)
            body = inside[1] if inside else ""
            at = inside.end() if inside else len(text)
            prefix = found["prefix"].lower()
            yield Token("text", body if "r" in prefix else ansi(body), line, "f" in prefix)
            value += inside[0] if inside else ""
        elif kind in {"name", "number", "sign", "line"}:
            yield Token(kind or "", value, line)
        line += value.count("\n")


_HTTP: Final = ("get", "post", "put", "request", "head", "delete", "patch")
GRAMMAR: Final = Grammar(
    name="python",
    tokens=tokens,
    joining="+",
    functions={
        "os.system": shell("system"), "os.popen": shell("popen"), "commands.getoutput": shell("popen"),
        "commands.getstatusoutput": shell("popen"), "subprocess.getoutput": shell("popen"), "getoutput": shell("popen"),
        "subprocess.getstatusoutput": shell("popen"),
        **{f"subprocess.{name}": process for name in ("call", "run", "Popen", "check_call", "check_output")},
        **dict.fromkeys(("Popen", "check_call", "check_output"), process),
        **{f"os.{name}": words() for name in ("execl", "execlp", "execle", "spawnl", "spawnlp")},
        **{f"os.{name}": process for name in ("execv", "execvp", "execve", "posix_spawn")},
        "*.connect": connect, "socket.create_connection": connect, "create_connection": connect,
        "*.connect_ex": connect,
        "HTTPConnection": connect, "http.client.HTTPConnection": connect, "FTP": connect, "ftplib.FTP": connect,
        **{f"shutil.{name}": words("cp") for name in ("copy", "copy2", "copyfile")},
        "shutil.copytree": words("cp", "-r"),
        "shutil.move": words("mv"), "shutil.rmtree": words("rm", "-r"),
        **dict.fromkeys(("urlopen", "urlretrieve", "request.urlopen", "request.urlretrieve", "urllib2.urlopen",
            "urllib.urlopen", "urllib.urlretrieve"), opened_url),
        **{f"requests.{name}": opened_url for name in _HTTP},
        "os.rename": named("rename", 2), "os.remove": named("unlink"), "os.unlink": named("unlink"),
        "os.chmod": named("chmod", 2),
    },
)  # fmt: skip  # a table


def _read(file: str, data: bytes, files: Files) -> CodeFacts:
    return examined(file, data, files, GRAMMAR)


LANGUAGE: Final = Language("python", "Python script, literal calls", ("python", "pypy", "micropython"), (".py",), _read)
