"""The studio and a lesson in another language: their words, the decimal sign, and what a screen reader reads out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.language.words_read import english_in
from vbqkit.language import html_language, translated_notebook

ROOT = Path(__file__).parents[2]
SPINE = (ROOT / "tests" / "studio" / "spine.py").read_text()
SET = "\nfrom vbqkit.language import set_language\nfrom vbqkit.studio import RoiStudio\nset_language({!r})\n"
BADLY_PLACED = """
volume = spine()
acquisition = replace(volume.acquisition, image_type=("ORIGINAL", "PRIMARY", "M", "NORM"), parallel_factor=2.0)
rois = [roi.moved((0, 0, -12.0)) if roi.label in {"L2", "CSF"} else roi for roi in placed(volume, noise=True)]
RoiStudio(replace(volume, acquisition=acquisition), rois=rois)
"""
READ = """() => {
    const seen = [...document.querySelectorAll('.vbq-studio *')].filter(e => !e.closest('style, script'));
    const own = e => [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.textContent);
    const told = ['title', 'aria-label', 'aria-valuetext', 'placeholder'];
    const texts = seen.flatMap(e => [...own(e), ...told.map(name => e.getAttribute(name) ?? '')]);
    return [...new Set(texts.map(text => text.trim()))].filter(Boolean);
}"""
"""All text in a studio: what is visible, what a screen reader reads aloud, and what tooltips show."""


def test_the_studio_opens_in_german_with_a_decimal_comma(lab: Any) -> None:
    lab.open("deutsch.ipynb", SPINE + SET.format("de"), "volume = spine()\nRoiStudio(volume, rois=placed(volume))")
    lab.wait_for_studio()
    lab.wait_for_python()
    page = lab.page
    assert page.locator(".vbq-studio").get_attribute("lang") == "de"
    assert page.get_by_role("button", name="Rückgängig (Ctrl+Z)").count() == 1
    assert page.get_by_role("button", name="Rechteck (B)").count() == 1
    assert "gemessen von Python" in page.locator(".vbq-caption").inner_text()
    cell = page.locator(".vbq-table tr[data-label='L3'] td[data-key='mean']")
    value = float(cell.get_attribute("data-value"))
    assert "," in cell.inner_text()
    assert abs(float(cell.inner_text().replace(",", ".")) - value) < 0.06
    lab.stage().focus()
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Maus, Tasten und Berührung").wait_for(timeout=20_000)


@pytest.mark.parametrize("code", ["de", "zh_CN"])
def test_the_studio_shows_no_english_of_badly_placed_rois_and_of_what_was_done_to_the_picture(
    lab: Any, code: str
) -> None:
    lab.open(f"{code}.ipynb", "from dataclasses import replace\n" + SPINE + SET.format(code), BADLY_PLACED)
    lab.wait_for_studio()
    lab.wait_for_python()
    page = lab.page
    marrow = {"de": "Knochenmark", "zh_CN": "骨髓"}[code]
    presets = page.locator(".vbq-toolbar select").first
    lab.sees(lambda: marrow in presets.locator("option").all_inner_texts(), True)
    presets.select_option(marrow)
    lab.sees(lambda: marrow in lab.status(), True)
    lab.key("?")
    page.get_by_role("dialog").wait_for(timeout=20_000)
    texts = set(page.evaluate(READ))
    assert len(texts) > 150
    left = english_in(texts, code)
    assert not left, "\n".join(sorted(left))


@pytest.mark.parametrize("code", ["de", "zh_CN"])
def test_the_text_of_a_translated_lesson_and_what_it_shows_say_their_language(
    lab: Any, code: str, tmp_path: Path
) -> None:
    lesson = json.loads((ROOT / "notebooks" / "00_start_here.ipynb").read_bytes())
    question = 'from vbqkit.lessons import ask\n\nask("00-noise")\n'
    lesson["cells"] = [lesson["cells"][0], next(c for c in lesson["cells"] if c["cell_type"] == "code")]
    lesson["cells"][1] |= {"source": question.splitlines(keepends=True), "metadata": {}, "outputs": []}
    name = f"lesson_{code}.ipynb"
    (lab.server.root / name).write_bytes(translated_notebook(json.dumps(lesson).encode(), "00_start_here", code))
    page = lab.page
    page.goto(f"{lab.server.url}/lab/workspaces/lesson_{code}/tree/{name}")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90_000)
    lab.run_all()
    page.locator(".vbq-question").first.wait_for(timeout=90_000)
    heading = page.locator(f".jp-RenderedMarkdown [lang='{html_language(code)}'] h1")
    assert heading.inner_text().startswith("00 ·")
    lab.sees(lambda: page.locator(".jp-Cell-outputArea").first.get_attribute("lang"), html_language(code))
