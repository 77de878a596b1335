"""In: scripts and signatures for Zeek, and captures. Out: which notices they raise, by a small interpreter.

No Zeek can be had here, so this runs what the script says: tree-sitter's grammar of the language takes it apart, and
the statements below are carried out as Zeek's reference describes them. A word that is not known here is an error.
"""

import operator
import re
import tomllib
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import tree_sitter_zeek
from tree_sitter import Language, Node, Parser

House = Seen = Value = Any  # of conftest.py; values of a language
HERE = Path(__file__).parent
CAPTURES = sorted((HERE / "captures").glob("*/*.play"))
FAULTS = tomllib.loads((HERE / "faults_zeek.toml").read_text("utf-8"))["fault"]
NOTICES = {
    "Known_Address": "traffic.known-address",
    "Cms_Stream": "traffic.cms-stream",
    "Remote_Mount": "traffic.remote-mount",
    "Phone_Home": "traffic.phone-home",
}


@cache
def parsed(text: str) -> Node:
    root = Parser(Language(tree_sitter_zeek.language())).parse(text.encode()).root_node
    assert not root.has_error
    return root


class Next(Exception):  # noqa: N818  # a statement, no error
    pass


class Return(Exception):  # noqa: N818  # a statement, no error
    def __init__(self, value: Value) -> None:
        super().__init__()
        self.value = value


def parts(node: Node) -> list[Node]:
    return [child for child in node.children if child.type not in {"nl", "zeekygen_next_comment", "minor_comment"}]


def text(node: Node) -> str:
    assert node.text is not None
    return node.text.decode()


class Script:
    """A script as it is loaded: constants, tables with what is in them, functions, handlers of events."""

    def __init__(self, source: str) -> None:
        self.names: dict[str, Value] = {"tcp": "tcp", "udp": "udp", **{name: name for name in NOTICES}}
        self.functions: dict[str, tuple[list[str], Node]] = {}
        self.expires: dict[str, float] = {}
        self.born: dict[tuple[str, Value], float] = {}
        self.told: set[str] = set()
        self.now = 0.0
        self.buffer = 1024
        for each in parts(parsed(source)):
            self._load(each)

    def _load(self, node: Node) -> None:
        whole = text(node)
        if found := re.fullmatch(r"redef dpd_buffer_size = (\d+);", whole):
            self.buffer = int(found[1])
        elif whole.startswith("export"):
            for line in whole.splitlines():
                self._declare(line.strip())
        elif node.type == "decl" and parts(node)[0].type == "func_decl":
            head, body = parts(parts(node)[0])
            formal = re.findall(r"(\w+): [\w:]+", text(head).partition("(")[2])
            self.functions[re.split(r"[ (]", text(head))[1]] = (formal, body)
        else:
            assert whole.startswith(("@load", "module", "#", "##")), whole

    def _declare(self, line: str) -> None:
        if found := re.fullmatch(r"const (\w+): ([\w\[\], ]+) = (.*?)( &redef)?;", line):
            self.names[found[1]] = self._constant(found[2], found[3])
        elif found := re.fullmatch(
            r"global (\w+): table\[addr, addr\] of count &default=0 &create_expire=(\d+) secs;", line
        ):
            self.names[found[1]], self.expires[found[1]] = {}, float(found[2])
        else:
            assert line in {"export {", "}", ""} or line.startswith("redef enum Notice::Type += {"), line

    @staticmethod
    def _constant(kind: str, value: str) -> Value:
        if kind in {"count", "interval", "string"}:
            return value.strip('"') if kind == "string" else int(value.removesuffix(" secs"))
        inner = value.strip("{ }")
        if kind == "set[subnet]":
            return [ip_network(each.strip().replace("[", "").replace("]", "")) for each in inner.split(",")]
        if kind == "set[addr]":
            return {ip_address(each.strip().strip("[]")) for each in inner.split(",")}
        if kind == "set[string]":
            return {each.strip().strip('"') for each in inner.split(",")}
        assert kind == "set[addr, transport_proto, count, count, bool]"
        rows = re.findall(r"\[\[?([0-9a-f.:]+)\]?, (tcp|udp), (\d+), (\d+), ([TF])\]", inner)
        assert len(rows) == inner.count("F]") + inner.count("T]")
        return [(ip_address(a), proto, int(low), int(high), calls == "T") for a, proto, low, high, calls in rows]

    def call(self, name: str, *values: Value) -> Value:
        formal, body = self.functions[name]
        try:
            self._run(body, dict(zip(formal, values, strict=True)))
        except Return as done:
            return done.value
        return None

    def _run(self, node: Node, local: dict[str, Value]) -> None:
        found = parts(node)
        kind = found[0].type
        if node.type in {"func_body", "stmt_list"} or kind == "{":
            for each in found:
                if each.type in {"stmt", "stmt_list"}:
                    self._run(each, local)
        elif kind == "if":
            assert len(found) == 5  # no else
            if self._value(found[2], local):
                self._run(found[4], local)
        elif kind == "for":
            self._loop(found, local)
        elif kind == "next":
            raise Next
        elif kind == "return":
            raise Return(self._value(found[1], local) if found[1].type == "expr" else None)
        elif kind == "local":
            assert text(found[2]) == "=" or found[2].type == "initializer", text(node)
            local[text(found[1])] = "ends"
        else:
            assert kind == "expr", text(node)
            self._value(found[0], local)

    def _loop(self, found: list[Node], local: dict[str, Value]) -> None:
        names = [text(each) for each in found if each.type == "id"]
        (over,) = [each for each in found if each.type == "expr"]
        for row in self._value(over, local):
            try:
                self._run(found[-1], {**local, **dict(zip(names, row, strict=True))})
            except Next:
                continue

    def _value(self, node: Node, local: dict[str, Value]) -> Value:
        found = parts(node)
        if node.type == "id":
            return local[text(node)] if text(node) in local else self.names[text(node)]
        if node.type == "constant" or (len(found) == 1 and node.type == "expr"):
            known: dict[str, Value] = {"T": True, "F": False}
            return (
                known.get(text(node), text(node).strip('"'))
                if node.type == "constant"
                else self._value(found[0], local)
            )
        signs = [each.type for each in found]
        if signs[0] == "!":
            return not self._value(found[1], local)
        if signs[0] == "++":
            return self._count(parts(found[1]), local)
        if "(" in signs:
            return self._apply(text(found[0]), [each for each in found if each.type == "expr_list"], local)
        return self._binary(found, local)

    def _binary(self, found: list[Node], local: dict[str, Value]) -> Value:
        sign = "".join(each.type for each in found[1:-1])
        left = self._value(found[0], local)
        if sign == "$":
            return left[text(found[2])]
        if sign in {"&&", "||"}:
            return bool(left) and self._value(found[2], local) if sign == "&&" else left or self._value(found[2], local)
        right = self._value(found[-1], local)
        if sign in {"in", "!in"}:
            held = any(left in each for each in right) if isinstance(right, list) else left in right
            return held if sign == "in" else not held
        signs = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le}
        return signs[sign](left, right)

    def _count(self, found: list[Node], local: dict[str, Value]) -> int:
        """An entry is forgotten so long after it was made, whatever became of it since."""
        name = text(found[0])
        key = tuple(self._value(each, local) for each in parts(found[2]) if each.type == "expr")
        table = self.names[name]
        if key in table and self.now - self.born[name, key] >= self.expires[name]:
            del table[key]
        if key not in table:
            table[key], self.born[name, key] = 0, self.now
        table[key] += 1
        return int(table[key])

    def _apply(self, name: str, lists: list[Node], local: dict[str, Value]) -> Value:
        asked = [each for found in lists for each in parts(found) if each.type == "expr"]
        if name == "NOTICE":
            (note,) = re.findall(r"\$note=(\w+)", text(lists[0]))
            self.told.add(NOTICES[local[note]])
            return None
        values = [self._value(each, local) for each in asked]
        if name == "get_port_transport_proto":
            return values[0][1]
        if name == "port_to_count":
            return values[0][0]
        return self.call(name, *values)


def connections(house: House, seen: Seen, script: Script, signatures: str) -> None:
    """Each connection once, and each signature once where the contents of a side match from the side's beginning on."""
    forms = re.findall(r"signature (\S+) \{\n  ip-proto == (tcp|udp)\n  payload /(.+)/\n", signatures)
    known: dict[Value, Value] = {}
    begun: set[Value] = set()
    told: set[Value] = set()
    for packet in house.packets(seen):
        ends = (packet.protocol, packet.src, packet.sport, packet.dst, packet.dport)
        back = (packet.protocol, packet.dst, packet.dport, packet.src, packet.sport)
        script.now = packet.at
        if ends not in known and back not in known:
            known[ends] = {
                "orig_h": packet.src, "resp_h": packet.dst, "resp_p": (packet.dport, packet.protocol),
            }  # fmt: skip
            script.call("new_connection", {"id": known[ends]})
        begun |= {ends, back} if packet.flags & 2 or packet.protocol == "udp" else set()
        for name, protocol, form in forms:
            key, conn = (name, ends), {"id": known.get(ends) or known[back]}
            if key in told or packet.protocol != protocol or ends not in begun:
                continue
            if re.match(form.encode(), packet.stream[: script.buffer]):
                told.add(key)
                script.call("signature_match", {"sig_id": name, "conn": conn}, "", "")


def notices(house: House, seen: Seen, files: dict[str, str]) -> set[str]:
    script = Script(files["wardwatch.zeek"])
    connections(house, seen, script, files["wardwatch.sig"])
    return script.told


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_the_script_tells_what_is_to_be_told(path: Path, house: House) -> None:
    seen = house.capture(path)
    wanted = {
        name for name in seen.told["tells"] if not ("zeek" in seen.told["misses"] and name == "traffic.cms-stream")
    }
    assert notices(house, seen, dict(house.texts("zeek", seen.policy))) == wanted


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["what"])
def test_a_planted_fault_of_the_script_is_seen(fault: dict[str, str], house: House) -> None:
    files = dict(house.texts("zeek", fault["policy"]))
    changed = re.sub(fault["old"], fault["new"], files["wardwatch.zeek"])
    assert changed != files["wardwatch.zeek"]
    asked = (house.capture(path) for path in CAPTURES)
    files["wardwatch.zeek"] = changed
    told = [
        notices(house, seen, files) == seen.told["tells"]
        for seen in asked
        if seen.policy == fault["policy"] and not seen.told["misses"]
    ]
    assert not all(told)


@pytest.mark.parametrize("words", ["while ( T ) { }", "print 1;", "delete attempts[1];"])
def test_a_word_that_is_not_known_is_an_error(words: str, house: House) -> None:
    source = house.texts("zeek", "vlans")["wardwatch.zeek"].replace("\treturn F;", f"\t{words}\n\treturn F;", 1)
    script = Script(source)
    with pytest.raises((AssertionError, KeyError, IndexError)):
        script.call("is_kept", {"orig_h": 1, "resp_h": 1, "resp_p": (1, "tcp")})
