"""In: the tree of an image. Out: files whose hash is published, and files that a user's YARA rules match."""

from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from wardwatch.errors import InputError, InstallationError, UsageError
from wardwatch.firmware.scripts import Files
from wardwatch.firmware.tree import Node, NodeKind, Tree
from wardwatch.firmware.words import Place, Unread
from wardwatch.knowledge.catalogue import indicators
from wardwatch.vocabulary import Indicator

if TYPE_CHECKING:
    import yara_x

LARGEST: Final = 256 << 20
LARGEST_RULES: Final = 4 << 20
SECONDS: Final = 10
_RULE: Final = ("firmware.known-binary",)


class Match(NamedTuple):
    """A known file. `by` is 'hash' or 'YARA'; `name` the rule's, '' for a hash; `source` who published it."""

    path: str
    sha256: str
    by: str
    name: str
    about: str
    source: str


class Matches(NamedTuple):
    """What was found, and what could not be compared."""

    found: tuple[Match, ...]
    unread: tuple[Unread, ...]


def matches(tree: Tree | Files, rules: Path | None = None, seconds: int = SECONDS) -> tuple[Match, ...]:
    """Files that are known, by published hashes and by the YARA rules in the folder `rules`."""
    return matched(tree, rules, seconds).found


def matched(tree: Tree | Files, rules: Path | None = None, seconds: int = SECONDS) -> Matches:
    """As `matches`, with what could not be compared: a file that takes longer than `seconds`, or is too large."""
    scanner = _scanner(rules, seconds) if rules else None
    found: list[Match] = []
    unread: list[Unread] = []
    nodes: Iterable[Node] = tree if isinstance(tree, Files) else tree.nodes
    for node in nodes:
        if node.kind is not NodeKind.FILE:
            continue
        data = node.read(LARGEST)
        digest = sha256(data).hexdigest()
        if node.size > LARGEST:
            unread.append(Unread(Place(node.path), "a file", f"only its first {LARGEST} bytes are compared", _RULE))
        if known := _hashes().get(digest):
            found.append(Match(node.path, digest, "hash", "", known.about, known.source))
        if scanner is not None:
            found += _scanned(scanner, node.path, digest, data, unread)
    return Matches(tuple(found), tuple(unread))


@cache
def _hashes() -> dict[str, Indicator]:
    return {each.value.lower(): each for each in indicators() if each.kind == "sha256"}


def _scanned(scanner: "yara_x.Scanner", path: str, digest: str, data: bytes, unread: list[Unread]) -> Iterator[Match]:
    import yara_x  # noqa: PLC0415  # optional, and only who brings rules pays for it

    try:
        results = scanner.scan(data)
    except (yara_x.ScanError, yara_x.TimeoutError) as error:
        unread.append(Unread(Place(path), "a file", f"the YARA rules could not be applied: {error}", _RULE))
        return
    for rule in sorted(results.matching_rules, key=lambda each: each.identifier):
        facts = {str(key): str(value) for key, value in rule.metadata}
        about = facts.get("description", f"matches the YARA rule {rule.identifier}")
        yield Match(
            path, digest, "YARA", rule.identifier, about, facts.get("reference") or facts.get("author", rule.namespace)
        )


def _scanner(folder: Path, seconds: int) -> "yara_x.Scanner":
    try:
        import yara_x  # noqa: PLC0415  # optional, and only who brings rules pays for it
    except ImportError:
        raise InstallationError("YARA rules need the library yara-x", cure="pip install 'wardwatch[yara]'") from None
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".yar", ".yara"} and path.is_file())
    if not files:
        raise UsageError("holds no YARA rules", where=str(folder), cure="Name a folder with files *.yar or *.yara.")
    compiler = yara_x.Compiler()
    compiler.enable_includes(False)  # noqa: FBT003  # the library's own signature
    for path in files:
        compiler.new_namespace(path.stem)
        try:
            compiler.add_source(path.read_bytes()[:LARGEST_RULES].decode("utf-8", "replace"), origin=path.name)
        except yara_x.CompileError as error:
            raise InputError(f"is no set of YARA rules: {str(error).splitlines()[0]}", where=str(path)) from None
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from None
    scanner = yara_x.Scanner(compiler.build())
    scanner.set_timeout(seconds)
    return scanner
