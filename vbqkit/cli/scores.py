"""``vbqkit scores``: every score that is known: in use, published variants, and what plug-ins bring."""

from __future__ import annotations

import argparse

from vbqkit.cli.report import Report
from vbqkit.errors import ScoreError
from vbqkit.scores.definition import ScoreDefinition
from vbqkit.scores.registry import SCORES, load_once, load_plugins, use_scores
from vbqkit.scores.variants import VARIANTS

HELP = "Every score that is known, with its ROIs and its source: in use, published variants, and what plug-ins bring."


def add_score_choice(parser: argparse.ArgumentParser) -> None:
    """Define the options by which a command gets further scores."""
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="NAME",
        help="a published variant to compute too, such as S1-VBQ; 'vbqkit scores' lists them; may be repeated",
    )
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="FILE.py|MODULE",
        help="Python code that registers scores of your own, which is run; may be repeated",
    )


def use_chosen(args: argparse.Namespace) -> tuple[str, ...]:
    """Put what the options name into use; what is wrong with installed plug-ins, in words."""
    load_once(args.plugin)
    use_scores(*args.also)
    return tuple(str(caution) for caution in load_plugins())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_score_choice(parser)


def run(args: argparse.Namespace) -> Report:
    """List the scores.

    Raises
    ------
    ScoreError
        If a plug-in or variant that the options name cannot be used.
    """
    broken = use_chosen(args)
    known = {**VARIANTS, **SCORES}
    if not known:
        raise ScoreError("No score is known.")
    order = [*SCORES, *(name for name in VARIANTS if name not in SCORES)]
    rows: list[dict[str, object]] = [_row(known[name], in_use=name in SCORES) for name in order]
    return Report(
        rows=rows,
        columns=("score", "in_use", "series", "title", "verified"),
        remarks=(
            *(f"! {text}" for text in broken),
            "Not in use: add it with --also NAME, in Python with vbqkit.scores.use_scores(NAME). ROIs, formulas and sources: --json.",
        ),
    )


def _row(definition: ScoreDefinition, *, in_use: bool) -> dict[str, object]:
    return {
        "score": definition.name,
        "in_use": "yes" if in_use else "no",
        "series": " ".join(definition.weightings),
        "title": definition.title,
        "verified": definition.verified or "no",
        "regions": ", ".join(definition.labels),
        "unit": definition.unit,
        "formula": definition.formula,
        "direction": definition.direction,
        "source": definition.source,
    }
