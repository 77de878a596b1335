"""In: names of formats. Out: those that are there are found by their place; one that is not is a clear error."""

import pytest

from wardwatch.errors import UsageError
from wardwatch.report import known_formats, render
from wardwatch.report.context import Context
from wardwatch.vocabulary import Report


def test_the_formats_are_found_by_their_place() -> None:
    assert set(known_formats()) >= {"json", "terminal", "html"}
    assert all(each.suffix.startswith(".") and each.about for each in known_formats().values())


def test_an_unknown_format_is_named_with_its_cure(example: Report) -> None:
    with pytest.raises(UsageError, match=r"no report format 'docx'. Choose one of: .*html"):
        render("docx", example, Context())


def test_a_table_has_at_least_one_row() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        Context(rows=0)


def test_a_terminal_is_never_narrower_than_can_be_read() -> None:
    assert Context(width=3).width == 40


@pytest.mark.parametrize("name", ["json", "terminal", "html"])
def test_the_same_report_gives_the_same_document(name: str, example: Report, context: Context) -> None:
    assert render(name, example, context) == render(name, example, context)
