"""In: a Lua script. Out: its literal calls of a shell, programs, sockets and URLs.

Lua 5.1 Reference Manual, section 2.1 (lexical conventions) and 2.5.8 (calls with a text and no parentheses); the
libraries nixio, LuaSocket and LuCI's sys.
"""

import re
from collections.abc import Iterator
from typing import Final

from wardwatch.firmware.scripts.files import Files
from wardwatch.firmware.scripts.language import Language
from wardwatch.firmware.scripts.literal import Grammar, Token, examined
from wardwatch.firmware.scripts.literal_calls import connect, named, opened_url, shell, words
from wardwatch.firmware.scripts.shell.wordreader import ansi
from wardwatch.firmware.words import CodeFacts

_TOKEN: Final = re.compile(
    r"""(?P<blank>[ \t\f\r\v]+)|(?P<line>\n)|(?P<comment>--(?!\[=*\[)[^\n]*)|(?P<long>(?:--)?\[(?P<level>=*)\[\n?)"""
    r"""|(?P<quote>['"])|(?P<name>[A-Za-z_]\w*)|(?P<number>\d[\w.]*)|(?P<sign>\.\.\.?|[=~<>]=|.)""",
    re.DOTALL,
)
_ENDS: Final = {quote: re.compile(rf"((?:[^\\\n{quote}]|\\.)*)({quote}|\n|\Z)", re.DOTALL) for quote in "'\""}


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a script; comments are passed over."""
    at, line = 0, 1
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            return
        begin, at, kind = at, found.end(), found.lastgroup
        if found["long"]:
            closing = f"]{found['level']}]"
            end = text.find(closing, at)
            end = len(text) if end < 0 else end
            if not found["long"].startswith("--"):
                yield Token("text", text[at:end], line)
            at = end + len(closing)
        elif kind == "quote":
            inside = _ENDS[found["quote"]].match(text, at)
            yield Token("text", ansi(inside[1] if inside else ""), line)
            at = inside.end() if inside else len(text)
        elif kind in {"name", "number", "sign", "line"}:
            yield Token(kind or "", found[0], line)
        line += text.count("\n", begin, at)


GRAMMAR: Final = Grammar(
    name="lua",
    tokens=tokens,
    joining="..",
    bare=True,
    functions={
        "os.execute": shell("system"), "io.popen": shell("popen"), "sys.call": shell("system"),
        "sys.exec": shell("popen"),
        "luci.sys.call": shell("system"), "luci.sys.exec": shell("popen"), "util.exec": shell("popen"),
        "sys.fork_exec": shell("system"),
        "sys.fork_call": shell("system"), "nixio.exec": words(), "nixio.execp": words(), "*.connect": connect,
        "socket.connect": connect, "nixio.connect": connect, "http.request": opened_url, "https.request": opened_url,
        "os.rename": named("rename", 2), "os.remove": named("unlink"), "nixio.fs.copy": words("cp"),
        "fs.copy": words("cp"),
        "fs.rename": named("rename", 2), "fs.unlink": named("unlink"), "sys.httpget": opened_url,
    },
)  # fmt: skip  # a table


def _read(file: str, data: bytes, files: Files) -> CodeFacts:
    return examined(file, data, files, GRAMMAR)


LANGUAGE: Final = Language("lua", "Lua script, literal calls", ("lua", "luajit", "luasec"), (".lua",), _read)
