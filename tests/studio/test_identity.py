"""Pseudonym, study date and series description stand on the screen, and in nothing that is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.studio.spine import placed, spine
from vbqkit.formats import read_study
from vbqkit.formats.rois import ROI_FORMATS
from vbqkit.studio import RoiStudio
from vbqkit.study import Series, Study, make_series

PLANTED = ("PSEUDO-4711", "1987-06-05", "planted description")


@pytest.fixture
def series() -> Series:
    made = make_series(spine(series_description=PLANTED[2]))
    return replace(made, patient_id=PLANTED[0], study_date=PLANTED[1])


def test_the_browser_is_told_when_it_asks(series: Series) -> None:
    studio = RoiStudio([spine("T2"), series])
    sent: list[Any] = []
    studio.send = lambda content, buffers=None: sent.append(content)
    for view in (0, 1):
        studio._on_message(studio, {"type": "identity", "view": view}, [])
    assert [message["lines"] for message in sent] == [[], list(PLANTED)]


def test_nothing_that_is_kept_names_the_patient(series: Series, tmp_path: Path) -> None:
    case_file = tmp_path / "case.vbqkit.json"
    not_shown = replace(series, refusal="a localizer")
    studio = RoiStudio(Study((series, not_shown)), case_file=case_file)
    assert any("a localizer" in str(message) for message in studio.messages)
    studio.rois = placed(spine(), noise=True)
    studio.state_weighting("T2")
    studio.state_weighting(None)
    shot = studio.snapshot()
    kept = {
        "widget state": json.dumps(studio.get_state(), default=str),
        "saved picture": studio._static_html(),
        "snapshot": shot.html + shot.svg,
        "snapshot about": shot.drawing.about,
        "case file": case_file.read_text(),
    }
    for one in ROI_FORMATS:
        path = studio.export_rois(tmp_path / f"rois{one.endings[0]}")
        kept[one.name] = path.read_bytes().decode("latin-1")
    assert len(kept) == 5 + len(ROI_FORMATS)
    for where, text in kept.items():
        assert [planted for planted in PLANTED if planted in text] == [], where


def test_a_png_of_a_snapshot_names_nobody(series: Series, tmp_path: Path) -> None:
    content = RoiStudio(series).snapshot().save(tmp_path / "a.png").read_bytes()
    assert not any(planted.encode() in content for planted in PLANTED)


def test_a_dicom_file_says_it_too_and_nothing_that_is_kept_has_it() -> None:
    series = read_study("sample_data/case01").find("T1")
    studio = RoiStudio(series)
    lines = studio._opened[0].identity()
    assert lines == [series.patient_id, series.study_date, series.acquisition.series_description]
    assert all(lines)
    kept = json.dumps(studio.get_state(), default=str) + studio._static_html() + studio.snapshot().html
    assert [line for line in lines if line and line in kept] == []
