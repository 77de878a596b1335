"""In: MUD files, rules that stand elsewhere than on the way. Out: whether others take their form, and readers hold."""

import copy
import json
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from yangson import DataModel
from yangson.exceptions import YangsonException

from wardwatch.contain.compare import compare, readers
from wardwatch.contain.dialect import dialects
from wardwatch.contain.policy import Policy
from wardwatch.errors import InputError, UsageError

Load = Callable[[str], Policy]
SAMPLES = Path(__file__).parent / "samples"
POLICIES = ["ward", "vlans", "own-station", "alone"]
YANG = Path(sys.prefix) / "share" / "yang" / "modules"
"""pyang brings the modules of RFC 8519 and RFC 8520 as their authors published them."""
IMPLEMENTED = {"ietf-mud", "ietf-access-control-list", "ietf-acldns", "ietf-interfaces"}
FEATURES = ["match-on-ipv4", "match-on-ipv6", "match-on-tcp", "match-on-udp", "ipv4", "ipv6"]
JSON_FILES = sorted(path for path in SAMPLES.glob("*/*/*.json"))


@cache
def model() -> DataModel:
    """The data model of a MUD file, put together of the modules' own words."""
    found = []
    for name in (*IMPLEMENTED, "ietf-packet-fields", "ietf-ethertypes", "ietf-inet-types", "ietf-yang-types"):
        text = (YANG / "ietf" / f"{name}.yang").read_text(encoding="utf-8")
        about = [re.search(form, text) for form in (r'revision\s+"?([0-9-]{10})', r'namespace\s+"([^"]+)"')]
        assert all(about)
        revision, namespace = (each[1] for each in about if each)
        kind = "implement" if name in IMPLEMENTED else "import"
        module: dict[str, Any] = {
            "name": name, "revision": revision, "namespace": namespace, "conformance-type": kind,
        }  # fmt: skip
        if name == "ietf-access-control-list":
            module["feature"] = FEATURES
        found.append(module)
    library = {"ietf-yang-library:modules-state": {"module-set-id": "mud", "module": found}}
    return DataModel(json.dumps(library), (str(YANG / "ietf"), str(YANG / "iana")))


def holds(content: object) -> None:
    model().from_raw(content).validate()


def mud(load: Load, policy: str = "vlans") -> Any:  # noqa: ANN401  # JSON
    return json.loads(dialects()["mud"].texts(load(policy)).files["wardwatch-mud.json"])


@pytest.mark.parametrize("policy", POLICIES)
def test_a_mud_file_has_the_form_of_the_rfcs_own_modules(policy: str, load: Load) -> None:
    content = mud(load, policy)
    holds(content)
    head = content["ietf-mud:mud"]
    assert head["mud-url"].startswith("https://")  # RFC 8520, section 2
    assert len(head["systeminfo"]) <= 60  # section 3.7
    assert "firmware-rev" not in head  # section 3.8, for its URL cannot follow the firmware


def test_the_modules_refuse_what_they_do_not_know(load: Load) -> None:
    for change in (
        lambda content: content["ietf-mud:mud"].pop("is-supported"),
        lambda content: content["ietf-mud:mud"].update({"cache-validity": 169}),
        lambda content: content["ietf-mud:mud"].update({"expires": "2027-02-25"}),
        lambda content: content["ietf-access-control-list:acls"]["acl"].pop(),
        lambda content: content["ietf-access-control-list:acls"]["acl"][0].update({"type": "mac-acl-type"}),
    ):
        content = mud(load)
        change(content)
        with pytest.raises(YangsonException):
            holds(content)


def test_every_entry_of_a_mud_file_has_its_own_name(load: Load) -> None:
    for acl in mud(load)["ietf-access-control-list:acls"]["acl"]:
        names = [ace["name"] for ace in acl["aces"]["ace"]]
        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"[A-Za-z0-9-]{1,64}", name) for name in [*names, acl["name"]])


@pytest.mark.parametrize("dialect", ["windows", "aws", "azure"])
def test_what_stands_on_kept_machines_needs_some(dialect: str, load: Load) -> None:
    with pytest.raises(UsageError, match="keeps none"):
        dialects()[dialect].texts(load("alone"))


@pytest.mark.parametrize("dialect", ["windows", "aws", "azure", "mud"])
def test_what_is_compared_is_both_kept_and_forbidden(dialect: str, load: Load) -> None:
    """A reader that sees too little would find every text right."""
    reader, policy = readers()[dialect], load("vlans")
    assert reader.sees
    texts = dialects()[dialect].texts(policy).files
    assert not compare(policy, dialect, texts).differences
    told = {difference.policy.because for difference in compare(policy, dialect, {}).differences}
    assert (
        told
        >= {
            "windows": {"contain monitor-3", "block published"},
            "azure": {"contain monitor-3", "block published"},
            "aws": {"only what is kept is allowed there"},
            "mud": {"keep station", "keep poll", "contain monitor-3"},
        }[dialect]
    )


def objects(content: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:  # noqa: ANN401  # JSON
    if isinstance(content, dict):
        yield where, content
        for key, value in content.items():
            yield from objects(value, f"{where}/{key}")
    elif isinstance(content, list):
        for value in content:
            yield from objects(value, where)


FREE = ("/Parameters", "/VpcId", "/Tags", "/tags", "/Resources")
"""What a site may name as it likes, and what no filter is made of."""


@pytest.mark.parametrize("path", JSON_FILES, ids=lambda path: f"{path.parts[-3]}-{path.parts[-2]}")
def test_a_key_that_is_not_known_is_an_error_not_a_guess(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    places = [number for number, (where, _) in enumerate(objects(json.loads(text))) if not where.endswith(FREE)]
    places = [number for number in places if "/Parameters" not in list(objects(json.loads(text)))[number][0]]
    assert len(places) > 5
    for number in places[:60]:
        content = json.loads(text)
        list(objects(content))[number][1]["frobnicate"] = "all"
        with pytest.raises(InputError, match="not understood"):
            readers()[path.parts[-3]].read({path.name: json.dumps(content)})


VALUES = some.one_of(
    some.none(), some.booleans(), some.integers(-1, 70000), some.text(max_size=9), some.just([]), some.just({}),
    some.just([[]]), some.sampled_from(["0.0.0.0/0", "::/0", "10.0.0.0/33", "fe80::1%eth0", "Inbound", "tcp", "1-2-3"]),
)  # fmt: skip


@pytest.mark.parametrize("path", JSON_FILES[::2], ids=lambda path: path.parts[-3])
@given(data=some.data())
def test_any_value_in_any_place_is_read_or_refused(path: Path, data: some.DataObject) -> None:
    content = copy.deepcopy(json.loads(path.read_text(encoding="utf-8")))
    _, found = data.draw(some.sampled_from(list(objects(content))))
    found[data.draw(some.sampled_from([*found, "x"]))] = data.draw(VALUES)
    try:
        readers()[path.parts[-3]].read({path.name: json.dumps(content)})
    except InputError:
        return


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 50_000, '{"a": 1, "a": 2}', "null", "1e999"])
@pytest.mark.parametrize("dialect", ["aws", "azure", "mud"])
def test_what_is_no_such_file_is_refused(dialect: str, text: str) -> None:
    with pytest.raises(InputError):
        readers()[dialect].read({"x": text})
