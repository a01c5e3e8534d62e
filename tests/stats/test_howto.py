"""The how-to docs/statistics.md: its examples run, and it shows every public statistic."""

import doctest
import re
from pathlib import Path

import pytest

from vbqkit import stats

HOWTO = Path(__file__).parents[2] / "docs" / "statistics.md"
TEXT = HOWTO.read_text(encoding="utf-8")


def failures_of(text: str) -> int:
    """How many examples of a Markdown text print something else than it says."""
    plain = re.sub(r"^```.*$", "", text, flags=re.MULTILINE)
    examples = doctest.DocTestParser().get_doctest(plain, {}, HOWTO.name, str(HOWTO), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    runner.run(examples)
    assert examples.examples
    return runner.failures


def test_every_example_prints_what_the_howto_says(capsys):
    assert failures_of(TEXT) == 0, capsys.readouterr().out


def test_an_example_that_prints_something_else_is_noticed(capsys):
    assert failures_of("```python\n>>> 1 + 1\n3\n\n```\n") == 1


@pytest.mark.parametrize("name", sorted(stats.__all__))
def test_every_public_statistic_is_shown_and_explained(name):
    assert f"**`{name}`**" in TEXT, f"docs/statistics.md does not say when to use {name}"
    assert f"stats.{name}(" in TEXT, f"docs/statistics.md has no example of {name}"
