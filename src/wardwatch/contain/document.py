"""In: a policy, or the YAML text of one. Out: the other. Strict: an unknown or missing key is an error with its place.

The text may be anybody's: it is bounded in bytes, depth and nodes, and anchors (which could blow it up) are refused.
"""

import io
import re
from collections.abc import Callable, Mapping
from datetime import date
from ipaddress import ip_address, ip_network
from typing import Any, Final, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

from wardwatch.errors import InputError, UsageError

from .policy import Attachment, Begins, Block, Contained, Keep, Policy, Ports, Protocol

SCHEMA: Final = "wardwatch.contain.v1"
LARGEST: Final = 1 << 20
_DEEPEST: Final = 12
_MOST_EVENTS: Final = 100_000
_PORTS: Final = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")

Made = TypeVar("Made")


def read(text: str, where: str = "policy") -> Policy:
    """The policy; InputError that names the place where the text is none."""
    content = _content(text, where)
    try:
        return _policy(_Reader(content, where))
    except UsageError as error:
        raise InputError(error.what, where=f"{where}: {error.where}", cure=error.cure) from error


def write(policy: Policy) -> str:
    """The text that `read` makes this policy of."""
    stream = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # the order of the words is for people
    yaml.width = 100
    yaml.dump(_plain(policy), stream)
    return stream.getvalue()


def ports(text: str) -> Ports:
    """'515' or '515-520' as a range; UsageError otherwise."""
    found = _PORTS.fullmatch(text)
    if not found:
        raise UsageError("no port and no range of ports", where=text, cure="Write 515 or 515-520.")
    return Ports(int(found[1]), int(found[2] or found[1]))


def _content(text: str, where: str) -> object:
    if len(text) > LARGEST:
        raise InputError(f"longer than {LARGEST} characters", where=where, cure="No policy a person wrote is.")
    try:
        _bounded(text, where)
        return YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError, OverflowError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        place = f"{where}: line {line + 1}" if line is not None else where
        raise InputError("no YAML", where=place, cure="Let 'wardwatch contain plan' write one.") from error


def _bounded(text: str, where: str) -> None:
    """Look at the text's events, which cost no recursion, before anything is built of them."""
    depth = 0
    for number, event in enumerate(YAML(typ="safe", pure=True).parse(io.StringIO(text))):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        anchored = isinstance(event, AliasEvent) or getattr(event, "anchor", None) or getattr(event, "tag", None)
        if anchored or depth > _DEEPEST or number > _MOST_EVENTS:
            raise InputError("anchors, tags, or too much of it", where=where, cure="Write plain lists and words.")


class _Reader:
    """A mapping of which every key must be asked for, and which says where it lies when something is wrong."""

    def __init__(self, content: object, where: str) -> None:
        if not isinstance(content, Mapping):
            raise InputError("no mapping of words to values", where=where, cure="See docs/contain.md.")
        self._content: dict[Any, Any] = dict(content)
        self.where = where

    def take(self, key: str, make: Callable[[str], Made]) -> Made:
        """The text of `key` made into something."""
        return self._make(self._pop(key), make, f"{self.where}: {key}")

    def maybe(self, key: str, make: Callable[[str], Made]) -> Made | None:
        """As `take`, None where the key is not there."""
        return self.take(key, make) if key in self._content else None

    def texts(self, key: str, make: Callable[[str], Made], *, needed: bool = True) -> tuple[Made, ...]:
        """Each text of a list made into something."""
        return tuple(
            self._make(entry, make, f"{self.where}: {key} {number}")
            for number, entry in enumerate(self._list(key, needed=needed), 1)
        )

    def parts(self, key: str, make: Callable[["_Reader"], Made], *, needed: bool = True) -> tuple[Made, ...]:
        """Each mapping of a list made into something; keys nobody asked for are an error."""
        found = []
        for number, entry in enumerate(self._list(key, needed=needed), 1):
            reader = _Reader(entry, f"{self.where}: {key} {number}")
            found.append(make(reader))
            reader.end()
        return tuple(found)

    def end(self) -> None:
        """Nothing may be left: a misspelt word would silently mean nothing."""
        if self._content:
            raise InputError(f"no word known here: {next(iter(self._content))!s}", where=self.where, cure="Remove it.")

    def _pop(self, key: str) -> object:
        if key not in self._content:
            raise InputError(f"'{key}' is missing", where=self.where, cure="See docs/contain.md.")
        return self._content.pop(key)

    def _list(self, key: str, *, needed: bool) -> list[object]:
        found = self._pop(key) if needed or key in self._content else []
        if not isinstance(found, list):
            raise InputError(f"'{key}' is no list", where=self.where, cure="Begin each entry with '- '.")
        return found

    @staticmethod
    def _make(value: object, make: Callable[[str], Made], where: str) -> Made:
        if isinstance(value, bool | float) or not isinstance(value, str | int | date):
            raise InputError("no text", where=where, cure="Put it in quotes.")
        try:
            return make(str(value))
        except ValueError as error:
            raise InputError(f"cannot be read: {error}", where=where, cure="See docs/contain.md.") from error


def _policy(reader: _Reader) -> Policy:
    schema = reader.take("schema", str)
    if schema != SCHEMA:
        raise InputError(f"of the form '{schema}'", where=reader.where, cure=f"This version reads '{SCHEMA}'.")
    policy = Policy(
        reader.take("name", str),
        reader.take("expires", date.fromisoformat),
        reader.parts("devices", _device),
        reader.parts("keep", _keep, needed=False),
        reader.parts("block", _block, needed=False),
        reader.texts("interfaces", str, needed=False),
    )
    reader.end()
    return policy


def _device(reader: _Reader) -> Contained:
    return Contained(
        reader.take("name", str), reader.texts("addresses", ip_address), reader.parts("attached", _attachment)
    )


def _attachment(reader: _Reader) -> Attachment:
    return Attachment(reader.take("interface", str), reader.maybe("mac", str.lower))


def _keep(reader: _Reader) -> Keep:
    return Keep(
        reader.take("name", str),
        reader.texts("to", ip_address),
        reader.take("protocol", Protocol),
        reader.texts("ports", ports),
        reader.maybe("begins", Begins) or Begins.DEVICE,
        reader.maybe("interface", str),
    )


def _block(reader: _Reader) -> Block:
    return Block(reader.take("name", str), reader.texts("networks", ip_network))


def _plain(policy: Policy) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "schema": SCHEMA,
        "name": policy.name,
        "expires": policy.expires,
        "devices": [
            {"name": device.name, "addresses": list(map(str, device.addresses)), "attached": _places(device)}
            for device in policy.devices
        ],
        "keep": [_plain_keep(keep) for keep in policy.keeps],
        "block": [{"name": block.name, "networks": list(map(str, block.networks))} for block in policy.blocks],
        "interfaces": list(policy.interfaces),
    }
    return {key: value for key, value in parts.items() if value != []}


def _places(device: Contained) -> list[dict[str, str]]:
    return [{"interface": place.interface, **({"mac": place.mac} if place.mac else {})} for place in device.attachments]


def _plain_keep(keep: Keep) -> dict[str, Any]:
    side = {"interface": keep.interface} if keep.interface else {}
    return {
        "name": keep.name,
        "to": list(map(str, keep.peers)),
        "protocol": str(keep.protocol),
        "ports": list(map(str, keep.ports)),
        "begins": str(keep.begins),
        **side,
    }
