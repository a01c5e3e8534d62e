"""What a study, a series, a volume and scores look like as the last line of a cell: facts, no pixel, no name."""

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

import vbqkit
from vbqkit import read_study
from vbqkit.acquisition import Acquisition
from vbqkit.errors import Caution
from vbqkit.formats import read_rois
from vbqkit.image import Volume
from vbqkit.roi import Ellipse
from vbqkit.scores import score_case
from vbqkit.study import Study, make_series

PLANTED = "Novakova^Jana"


class Cells(HTMLParser):
    """Text of each row of each table."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.inside = [], False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag):
        self.inside &= tag not in ("td", "th")

    def handle_data(self, data):
        if self.inside:
            self.rows[-1][-1] += data


@pytest.fixture(scope="module")
def case01():
    folder = vbqkit.__path__[0] + "/../sample_data/case01"
    return read_study(folder), read_rois(f"{folder}/reference_rois.vbqkit.json")


def test_a_roi_is_a_table_of_its_facts():
    roi = Ellipse(center=(1.0, 2.25, -30.0), half_width=(0.0, 4.0, 0.0), half_height=(0.0, 0.0, 2.5), label="<b>L1")
    rows = dict(Cells(roi._repr_html_()).rows[-4:])
    area_cm2 = np.pi * 4.0 * 2.5 / 100.0
    assert (rows["ROI"], rows["shape"], rows["center (LPS), mm"]) == ("<b>L1", "ellipse", "1.0, 2.2, -30.0")
    assert float(rows["area, cm2"]) == pytest.approx(area_cm2, abs=0.005)


def test_a_study_is_a_table_with_a_row_for_each_series(case01):
    study, _ = case01
    head, *rows = Cells(study._repr_html_()).rows
    assert head[0] == "series"
    assert len(rows) == len(study)
    for row, series in zip(rows, study, strict=True):
        assert row[head.index("weighting")] == series.acquisition.weighting
        assert row[head.index("can be scored")] == ("yes" if series.scorable else "no")


def test_a_series_and_a_volume_say_the_same_facts(case01):
    series = case01[0].find("T1")
    of_series, of_volume = (dict(Cells(x._repr_html_()).rows[1:]) for x in (series, series.volume()))
    assert of_series["weighting"] == of_volume["weighting"] == "T1"
    assert of_series["field, T"] == of_volume["field, T"]
    assert of_volume["slices x rows x columns"] == " x ".join(map(str, series.shape))


def test_scores_show_value_unit_direction_and_source_or_why_they_are_not_given(case01):
    study, rois = case01
    case = score_case({"T1": study.find("T1").volume()}, rois, aggregate="both")
    _, *rows = Cells(case._repr_html_()).rows
    assert len(rows) == len(case.results)
    shown = {row[0]: row for row in rows}
    assert float(shown["VBQ-T1 (median)"][1]) == pytest.approx(case.score("VBQ-T1", aggregate="median").value, abs=6e-4)
    assert shown["VBQ-T1 (median)"][3] == case.score("VBQ-T1", aggregate="median").direction
    assert shown["M-score"][2] == "not given"
    assert "does not diagnose" in case._repr_html_()


def test_no_name_of_a_patient_or_a_file_and_no_pixel_is_shown():
    caution = Caution("file-odd", f"{PLANTED}.dcm is odd")
    volume = Volume(
        np.full((3, 8, 6), 77.0),
        np.diag([4.0, 0.5, 0.5, 1.0])[[0, 2, 1, 3]],
        acquisition=Acquisition(series_description=PLANTED),
        cautions=(caution,),
    )
    series = replace(make_series(volume, source=f"/home/{PLANTED}"), patient_id=PLANTED)
    study = Study((series,), source=PLANTED, cautions=(caution,), not_read=(f"{PLANTED}/{PLANTED}.txt",))
    for shown in (volume, series, study):
        html = shown._repr_html_()
        assert "Novakova" not in html
        assert "Jana" not in html
        assert "77" not in html
        assert "<img" not in html
        assert "file-odd" in html


def test_an_empty_study_says_so():
    assert "There is no series." in Study(())._repr_html_()


@pytest.mark.parametrize("facade", ["scores", "stats", "formats", "scanner", "studio", "lessons"])
def test_completion_offers_every_public_name_and_nothing_private(facade):
    module = __import__(f"vbqkit.{facade}", fromlist=["x"])
    offered = [name for name in dir(module) if not name.startswith("_")]
    assert set(module.__all__) <= set(offered)
    assert all(hasattr(module, name) for name in offered)
