"""The published tables say what the papers print."""

from pathlib import Path

import pytest

from vbqkit.literature import paper_000_levels, paper_000_patients, paper_000_reference

PAPERS = Path(__file__).parents[3] / "shared" / "papers"


def paper_text(number: str) -> str:
    """The text of a source paper, or skip: the papers themselves do not travel with the project."""
    found = sorted(PAPERS.glob(f"{number}_*.txt"))
    if not found:
        pytest.skip(
            f"The text of paper {number} is not here (looked in ../shared/papers); the papers are not part of the project."
        )
    return found[0].read_text(encoding="utf-8")


def test_patients_table_is_what_paper_000_prints_line_by_line():
    text = paper_text("000").replace(",", ".")
    for row in paper_000_patients().itertuples():
        line = f"{row.patient} {row.age_years} {row.bmd_g_cm2:g} {row.t_score:g} {row.tbs:g} {row.z_score:g} {row.snr:g} {row.m_score:g}"
        assert line in text


def test_levels_table_is_what_paper_000_prints_line_by_line():
    text = paper_text("000")
    for row in paper_000_levels().itertuples():
        assert f"{row.patient} {row.L1} {row.L2} {row.L3} {row.L4}" in text
    reference = paper_000_reference().iloc[0]
    assert f"Average ref {reference.L1} {reference.L2} {reference.L3} {reference.L4}" in text


def test_level_averages_of_paper_000_are_the_printed_ones():
    assert paper_000_levels()[["L1", "L2", "L3", "L4"]].mean().round(1).tolist() == [65.5, 72.1, 76.6, 72.8]
