"""Lesson 96 without the data set and with it: it says which patients it shows; nothing is downloaded unasked."""

import pytest

from tests.datasets.test_spider import files, zenodo  # noqa: F401 - fixtures
from vbqkit.datasets import get_spider
from vbqkit.errors import FormatError
from vbqkit.lessons import OpenData, open_data


@pytest.fixture(autouse=True)
def own_state(tmp_path, monkeypatch):
    monkeypatch.setenv("VBQKIT_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("VBQKIT_SPIDER", raising=False)


def texts(page):
    return " ".join(getattr(child, "value", "") + getattr(child, "description", "") for child in page.children)


def test_without_the_data_it_says_synthetic_and_what_a_download_takes_and_makes_nothing_yet(tmp_path, monkeypatch):
    monkeypatch.setattr(open_data, "get_spider", lambda *a, **k: pytest.fail("nobody pressed the button"))
    page = OpenData()
    assert not page.real
    for word in ("SYNTHETIC", "3.8 GB", "8 GB on disk", "CC BY 4.0", "Zenodo", "doi:10.5281/zenodo.10159290"):
        assert word in texts(page)
    assert "Download SPIDER (3.8 GB)" in texts(page)
    assert "3.8 GB from Zenodo, 8 GB on disk; CC BY 4.0." in texts(page)
    assert "SYNTHETIC" in page.source
    assert not (tmp_path / "state").exists()
    assert f"There is no SPIDER in {tmp_path / 'nowhere'}" in texts(OpenData(tmp_path / "nowhere"))


def test_the_button_downloads_into_the_folder_and_real_patients_take_over(zenodo, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(open_data, "get_spider", lambda *a, **k: get_spider(*a, server=zenodo.url, **k))
    page = OpenData()
    page._place.value = str(tmp_path / "spider")
    zenodo.break_after["images.zip"] = 150_000
    page.download()
    assert "broke off" in texts(page)
    assert not page.real
    assert not page._button.disabled
    page.download()
    assert page.real
    assert "SYNTHETIC" not in texts(page) + page.source
    assert "Download" not in texts(page), "it is there"
    monkeypatch.setenv("VBQKIT_SPIDER", str(tmp_path / "spider"))
    again = OpenData()
    assert again.real
    assert "SPIDER, 2 of them, 2 with ROIs" in texts(again)
    monkeypatch.setattr(open_data, "_WORKERS_OF_REAL", 0)  # a process for two patients takes longer than they do
    table = again.scores()
    assert list(table.id) == ["1", "2"]
    chart, summary, notes = again.spread()
    assert "SPIDER, van der Graaf 2024" in chart.layout.title.text
    assert summary.data.count("<tr") == 3
    assert "VBQ-T2 not given: no T2 series" in notes.data


@pytest.mark.parametrize(
    ("platform", "word"), [("linux", "%pip install SimpleITK"), ("emscripten", "an installed JupyterLab")]
)
def test_without_simpleitk_the_page_says_what_to_do_before_a_button_is_pressed(monkeypatch, platform, word):
    monkeypatch.setattr(open_data, "find_spec", lambda _: None)
    monkeypatch.setattr(open_data.sys, "platform", platform)
    assert "SimpleITK, which is not installed here" in texts(OpenData())
    assert word in texts(OpenData())


def test_what_fails_is_said_in_place(monkeypatch):
    def broken(*_, **__):
        raise FormatError("The record cannot be read. Check the connection, and try again.")

    monkeypatch.setattr(open_data, "get_spider", broken)
    page = OpenData()
    page._button.click()
    assert "Check the connection" in texts(page)
    assert page._button in page.children
