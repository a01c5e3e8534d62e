"""The studio and a question in another language: their words, the decimal sign, and what a screen reader reads out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SPINE = (ROOT / "tests" / "studio" / "spine.py").read_text()
GERMAN = "\nfrom vbqkit.language import set_language\nfrom vbqkit.studio import RoiStudio\nset_language('de')\n"


def test_the_studio_opens_in_german_with_a_decimal_comma(lab: Any) -> None:
    lab.open("deutsch.ipynb", SPINE + GERMAN, "volume = spine()\nRoiStudio(volume, rois=placed(volume))")
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
