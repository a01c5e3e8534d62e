"""The page of a score: one file, nothing loaded, everything said."""

from __future__ import annotations

import re

import pandas as pd
import pytest

import vbqkit
from tests.charts.figures import make_check, make_transport
from tests.virtual_cohort.test_transport import people
from vbqkit.errors import FormatError, ScoreError, TableError
from vbqkit.scores import score_definition
from vbqkit.virtual_cohort import score_page_html, write_score_page

ORIGIN = "synthetic: vbqkit 9.9, seed 4711"


def cohort():
    return people(80).assign(day=1, reader=1, sex="F", age_years=60.0, origin=ORIGIN, not_given="")


@pytest.fixture(scope="module")
def page():
    check = make_check().assign(sd_percent=1.0, note="<script>alert(1)</script>")
    return score_page_html(score="VBQ-T1", cohort=cohort(), transport=make_transport(), check=check, outcome="ill")


def words(page):
    without = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", without).split())


def test_it_holds_score_check_cohort_curve_transport_citations_versions_and_seed(page):
    said = words(page)
    for text in (
        "SYNTHETIC: virtual patients",
        "does not diagnose. No cut-off on this page may be carried to a patient",
        "median or mean of the level means / CSF mean",
        "receiver gain times 2",
        "The cohort",
        "AUC",
        "where it was chosen",
        "outcome shuffled",
        "sensitivity 0.9 at least",
        "Clopper and Pearson",
        score_definition("VBQ-T1").source.split(" doi")[0],
        ORIGIN,
        f"vbqkit {vbqkit.__version__}, Python 3.",
    ):
        assert text in said, text


def test_it_is_one_file_that_loads_nothing_and_draws_every_chart_with_one_copy_of_plotly(page):
    assert "default-src 'none'" in page
    assert not re.findall(r"<(?:script|img|link|iframe)[^>]+(?:src|href)=[\"'](?!data:)", page)
    assert page.count("Plotly.newPlot(") == 4
    assert len(re.findall(r"plotly\.js v\d", page)) == 1
    assert page.count('class="vbqkit-alt"') == 4, "each chart in words too"
    assert "<script>alert(1)</script>" not in page


def test_a_score_without_direction_and_a_cohort_without_cases_have_no_curve_and_say_so():
    stir = cohort().rename(columns={"vbq_t1": "vbq_stir"})
    assert "No direction is established for VBQ-STIR" in score_page_html(score="VBQ-STIR", cohort=stir, outcome="ill")
    assert "Nobody, or everybody, has ill" in score_page_html(
        score="VBQ-T1", cohort=cohort().assign(ill=0), outcome="ill"
    )


def test_reasons_why_a_score_is_not_given_are_on_the_page():
    table = cohort()
    table.loc[3, "not_given"] = "VBQ-T1: no ROI 'L2'."
    assert "Not given: VBQ-T1: no ROI" in score_page_html(score="VBQ-T1", cohort=table, outcome="ill")


def test_a_file_is_whole_and_another_is_not_touched(tmp_path):
    path = write_score_page(tmp_path / "page.html", score="VBQ-T1", cohort=cohort(), outcome="ill")
    assert path.read_text(encoding="utf-8").endswith("</body></html>\n")
    with pytest.raises(FormatError, match="exists already and is not replaced"):
        write_score_page(path, score="VBQ-T1", cohort=cohort(), outcome="ill")
    with pytest.raises(TableError, match="The cohort has no column origin"):
        write_score_page(tmp_path / "b.html", score="VBQ-T1", cohort=cohort().drop(columns="origin"), outcome="ill")
    with pytest.raises(ScoreError, match="There is no score"):
        write_score_page(tmp_path / "b.html", score="nonsense", cohort=pd.DataFrame(), outcome="ill")
    assert [found.name for found in tmp_path.iterdir()] == ["page.html"]
