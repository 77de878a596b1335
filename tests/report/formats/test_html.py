"""In: reports. Out: one HTML file of known elements only, whatever the names say: no script, no outside resource."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wardwatch.report import render
from wardwatch.report.context import Context
from wardwatch.vocabulary import Report, TimelineMark, TimelineRow, judge

EMPTY = {"meta", "br"}
SHAPES = {"svg", "path", "text"}
KNOWN = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "nav", "section", "article"),
    *("h1", "h2", "h3", "h4", "p", "a", "ul", "ol", "li", "dl", "dt", "dd", "div", "span", "strong", "small", "code"),
    *("q", "br", "table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "figure", "figcaption"),
    *SHAPES,
}
ATTRIBUTES = {
    *("lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "scope", "role", "data-label", "open"),
    *(
        "aria-label",
        "aria-labelledby",
        "aria-hidden",
        "width",
        "height",
        "viewbox",
        "preserveaspectratio",
        "d",
        "x",
        "y",
    ),
    *("text-anchor",),
}
CSS = (Path(__file__).parents[3] / "src/wardwatch/report/templates/report.css").read_text(encoding="utf-8")


@dataclass
class Seen(HTMLParser):
    """The elements of a page, in order; fails where they are not closed as they were opened."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SHAPES
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.append((self.open[-1], data))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def parsed(text: str) -> Seen:
    seen = Seen()
    seen.feed(text)
    seen.close()
    assert not seen.open
    return seen


def check(text: str) -> Seen:
    """Only known elements and attributes, links that stay in the page, ids once, text without control characters."""
    seen = parsed(text)
    assert {tag for tag, _ in seen.elements} <= KNOWN
    assert {name for _, attributes in seen.elements for name in attributes} <= ATTRIBUTES
    ids = [attributes["id"] for _, attributes in seen.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert all((link["href"] or "").removeprefix("#") in ids for link in seen.all("a"))
    labelled = [attributes["aria-labelledby"] for _, attributes in seen.elements if "aria-labelledby" in attributes]
    assert set(labelled) <= set(ids)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert text.encode("utf-8")
    return seen


def outline(text: str) -> Iterator[str]:
    """The headings, what stands below the first, the captions and the columns, with how many rows each table has."""
    seen = Seen()
    heading = ""
    for piece in re.split(r"(?=<h[1-4]|<p class=.lead|<caption|<th [^>]*col|<tr role)", text):
        tag = re.match(r"<(h[1-4]|caption|th|tr)", piece)
        words = " ".join(re.sub(r"<[^>]+>", " ", piece.split("</")[0]).split())
        if tag and tag[1] in {"h1", "h2", "h3", "h4"}:
            heading = re.sub(r"<[^>]+>", " ", piece.split(f"</{tag[1]}>")[0])
            yield f"{'  ' * int(tag[1][1])}{' '.join(heading.split())}"
        elif piece.startswith('<p class="lead"'):
            yield f"    {words}"
        elif tag and tag[1] in {"caption", "th"}:
            yield f"          {tag[1]}: {words}"
        elif tag and "rowheader" in piece:
            yield f"          row: {' '.join(re.sub(r'<[^>]+>', ' ', piece.split('</th>')[0]).split())}"
    assert not seen.open


def test_the_outline_is_as_reviewed(example: Report, context: Context, golden: Callable[[str, str], None]) -> None:
    golden("html-ward.txt", "\n".join(outline(render("html", example, context))) + "\n")


def test_the_example_holds_known_elements_only(example: Report, context: Context) -> None:
    seen = check(render("html", example, context))
    assert [attributes.get("id") for tag, attributes in seen.elements if tag == "section" and attributes.get("id")] == [
        *("do", "subjects", "timeline", "exposure", "evidence", "gaps", "method", "words")
    ]
    assert len(seen.all("h1")) == 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), rows=st.none() | st.integers(1, 3))
def test_any_report_holds_known_elements_only(
    reports: st.SearchStrategy[Report], data: st.DataObject, rows: int | None, context: Context
) -> None:
    check(render("html", data.draw(reports), replace(context, rows=rows)))


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "</style><script>alert(1)</script>",
        "</title><img src=x onerror=alert(1)>",
        '" onload="alert(1)',
        "' style='background:url(//198.51.100.7/x)",
        "{{ 7 * 7 }}{% include '/etc/passwd' %}",
        "\x1b]8;;http://198.51.100.7\x07",
        "\u202egnp.exe\u2066",
        "]]><!--",
        "javascript:alert(1)",
        "&lt;b&gt;" * 1_000,
        "\ud800",
    ],
)
def test_hostile_text_stays_text(evil: str, hostile: Callable[[str], Report], context: Context) -> None:
    report = hostile(evil)
    rules = {evil: replace(context.rules["traffic.cms-stream"], title=evil, finds=evil, lookalikes=(evil,))}
    text = render("html", report, replace(context, tool=evil, version=evil, rules=rules, peers={evil: evil}))
    seen = check(text)
    assert "7 * 7" in text or "7 * 7" not in evil
    assert len(seen.all("style")) == 1
    assert {name for name, _ in seen.texts}.isdisjoint({"script", "img"})


def test_ten_kilobyte_names_are_cut(hostile: Callable[[str], Report], context: Context) -> None:
    text = render("html", hostile("<" * 10_000), context)
    check(text)
    assert len(text) < 300_000


def test_the_policy_allows_the_one_style_and_nothing_else(example: Report, context: Context) -> None:
    seen = check(render("html", example, context))
    (policy,) = [meta["content"] for meta in seen.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    style = "".join(data for tag, data in seen.texts if tag == "style")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_nothing_is_loaded_from_anywhere(example: Report, context: Context) -> None:
    text = render("html", example, context)
    assert not re.search(r"\bsrc=|srcset|@import|url\(|<link|<script|<iframe|<object|<embed|<base|style=", text)
    assert "http://" not in text
    assert "https://" not in text


def test_every_table_is_named_and_its_headers_scoped(example: Report, context: Context) -> None:
    seen = check(render("html", example, context))
    assert len(seen.all("caption")) == len(seen.all("table")) >= 6
    assert all(header.get("scope") in {"col", "row"} for header in seen.all("th"))
    assert all(picture.get("aria-label") or picture.get("aria-hidden") for picture in _pictures(seen))


def _pictures(seen: Seen) -> list[dict[str, str | None]]:
    return [each for each in seen.all("svg") if each.get("class") != "axis"]


def test_a_state_is_a_shape_and_a_word(example: Report, context: Context) -> None:
    text = render("html", example, context)
    states = set(re.findall(r'class="mark ([a-z-]+)" aria-hidden="true">(.)</span> ([^<]+)<', text))
    assert {(name, shape, word) for name, shape, word in states if "monitors" not in word} == {
        ("found", "▲", "found"),
        ("unknown", "◆", "cannot tell"),
        ("clear", "●", "clear"),
    }


def test_a_packet_opens_in_wireshark(example: Report, context: Context) -> None:
    text = render("html", example, context)
    assert '<code class="copy">frame.number == 1204</code>' in text
    assert '<code class="copy">wireshark -r captures/icu-january.pcapng -g 1204</code>' in text


def test_patients_are_only_named_where_that_is_said(example: Report, context: Context) -> None:
    assert "by pseudonym" in render("html", example, context)
    revealed = render("html", example, replace(context, revealed=True))
    assert "This document may name patients." in revealed
    assert "Whose data it was, by pseudonym" not in revealed


def test_a_hundred_attempts_in_one_place_are_drawn_once(example: Report, context: Context) -> None:
    start = example.timeline[0].marks[0].first
    marks = tuple(
        TimelineMark("attempt", start + timedelta(seconds=at), start + timedelta(seconds=at)) for at in range(100)
    )
    wide = TimelineRow("10.20.3.18", "202.114.4.119", (TimelineMark("attempt", start, start + timedelta(days=20)),))
    text = render("html", replace(example, timeline=(TimelineRow("10.20.3.17", "202.114.4.120", marks), wide)), context)
    assert text.count("v-9") < 10
    assert ">100<" in text


def test_forty_one_monitors_with_three_hundred_attempts(example: Report, context: Context) -> None:
    marks = example.timeline[1].marks[:300]
    found = tuple(replace(subject, judgement=example.subjects[16].judgement) for subject in example.subjects)
    rows = tuple(TimelineRow(subject.id, "202.114.4.119", marks, outside=True) for subject in example.subjects)
    text = render("html", replace(example, subjects=found, timeline=rows), context)
    check(text)
    assert text.count('<li class="strip">') == 40
    assert "1 more row not drawn." in text
    assert len(text) < 1_000_000


def test_five_thousand_monitors_stay_a_few_megabytes(example: Report, context: Context) -> None:
    model, findings = example.subjects[16], example.subjects[16].judgement.findings
    subjects, every = [], []
    for at in range(5_000):
        own = tuple(replace(finding, subject=f"10.{at // 250}.1.{at % 250}") for finding in findings)
        every += own
        subjects.append(replace(model, id=own[0].subject, name=own[0].subject, judgement=judge(own, ())))
    exposures = tuple(replace(example.exposures[0], subject=each.id) for each in subjects)
    rows = tuple(TimelineRow(each.id, "202.114.4.119", example.timeline[0].marks, outside=True) for each in subjects)
    report = replace(example, judgement=judge(every, ()), subjects=tuple(subjects), exposures=exposures, timeline=rows)
    text = render("html", report, context)
    check(text)
    assert len(text.encode()) < 3_000_000
    assert "4,700 more monitors not shown here" in text
    assert "14,700 more findings not shown here" in text
    assert "4,960 more rows not drawn." in text


def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", re.findall(r":root \{([^}]*)\}", CSS))
def test_contrast_is_enough_in_every_theme(theme: str) -> None:
    colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", theme))
    assert {"paper", "ink", "quiet", "accent", "found", "unknown", "clear"} <= set(colours)
    paper = _luminance(colours["paper"])
    for name in ("ink", "quiet", "accent", "found", "unknown", "clear"):
        high, low = sorted((paper, _luminance(colours[name])), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5, name


def test_there_is_a_theme_for_light_dark_and_paper() -> None:
    assert len(re.findall(r":root \{", CSS)) == 3


def test_ordinary_connections_are_counted_not_drawn(example: Report, context: Context) -> None:
    marks = example.timeline[0].marks
    other = (
        TimelineRow("10.20.3.17", "203.0.113.9", marks, outside=True),
        TimelineRow("10.20.3.1", "203.0.113.9", marks),
    )
    text = render("html", replace(example, timeline=(*example.timeline, *other)), context)
    assert text.count('<li class="strip">') == 4
    assert "Connections to 2 other places belong to no finding and are not shown." in text


def test_all_is_only_said_to_be_examined_where_it_was(example: Report, context: Context) -> None:
    quiet = replace(example, judgement=judge((), ()), subjects=(), exposures=(), timeline=())
    assert "No question stays open." in render("html", quiet, context)
    whole = replace(quiet, inputs=quiet.inputs[1:])
    assert "All of the input was examined." in render("html", whole, context)
