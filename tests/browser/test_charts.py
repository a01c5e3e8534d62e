"""Charts in a real browser: nothing is loaded, nothing can be shared, and PNG and SVG come out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.charts import figures

SCATTER = """
from vbqkit.charts import plot_against_dexa
from vbqkit.literature import kosice_patients
patients = kosice_patients()
chart = plot_against_dexa(patients, score="snr", against="t_score", case={"snr": 70.0, "t_score": -2.2})
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("charts")
    gallery = figures.draw_gallery(figures.make_cohort(), figures.make_uncertainty())
    written = {}
    for name, figure in gallery.items():
        written[name] = folder / f"{name}.html"
        figure.write_html(written[name])
    return written


def buttons(page: Any) -> list[str]:
    read: list[str] = page.locator(".modebar-btn").evaluate_all("buttons => buttons.map(b => b.dataset.title)")
    return read


def test_no_page_of_the_gallery_asks_the_network_or_offers_to_share(page: Any, pages: dict[str, Any]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in pages.values():
        page.goto(path.as_uri())
        page.wait_for_selector(".main-svg")
        page.wait_for_selector(".modebar-btn", state="attached")
        assert not [title for title in buttons(page) if "hare" in title or "loud" in title], path.name
    assert all(url.startswith(("file:", "data:", "blob:")) for url in asked), asked
    assert not page.problems


def test_plotly_alone_would_offer_to_share_so_that_the_test_above_can_fail(page: Any, tmp_path: Any) -> None:
    import plotly.graph_objects as go

    go.Figure(go.Scatter(y=[1, 2])).write_html(tmp_path / "plain.html", config={"showSendToCloud": True})
    page.goto((tmp_path / "plain.html").as_uri())
    page.wait_for_selector(".modebar-btn", state="attached")
    assert [title for title in buttons(page) if "Share" in title]


@pytest.mark.parametrize(("kind", "start"), [("PNG", b"\x89PNG"), ("SVG", b"<svg")])
def test_a_chart_saves_itself_as_png_and_svg(page: Any, pages: dict[str, Any], kind: str, start: bytes) -> None:
    page.goto(pages["plot_against_dexa"].as_uri())
    page.wait_for_selector(".modebar-btn", state="attached")
    with page.expect_download() as waiting:
        page.get_by_role("button", name=f"Save as {kind}").click()
    saved = waiting.value
    assert saved.suggested_filename == f"vbqkit.{kind.lower()}"
    content = saved.path().read_bytes()
    assert content.startswith(start)
    if kind == "SVG":
        assert b"T-score, lumbar spine" in content


def test_a_chart_in_a_notebook_cannot_be_shared_and_saves_itself(lab: Any) -> None:
    lab.open("chart.ipynb", SCATTER + "chart")
    lab.page.wait_for_selector(".js-plotly-plot .modebar-btn", state="attached", timeout=180_000)
    assert not [title for title in buttons(lab.page) if "hare" in title]
    with lab.page.expect_download() as waiting:
        lab.page.get_by_role("button", name="Save as SVG").click()
    assert waiting.value.path().read_bytes().startswith(b"<svg")


def test_a_chart_stays_when_the_theme_is_changed(lab: Any) -> None:
    lab.open("theme.ipynb", SCATTER + "chart")
    lab.page.wait_for_selector(".js-plotly-plot .main-svg", state="attached", timeout=180_000)
    drawn = "() => document.querySelector('.js-plotly-plot').getBoundingClientRect().height > 300"
    lab.page.wait_for_function(drawn)
    lab.theme("dark")
    lab.page.wait_for_function(drawn, timeout=20_000)
    assert lab.page.locator(".js-plotly-plot .points path").first.is_visible()


def test_selecting_in_the_table_and_in_the_chart_follow_each_other(lab: Any) -> None:
    lab.open(
        "linked.ipynb",
        SCATTER
        + "from vbqkit.charts.live.linked_table import LinkedChart\nlinked = LinkedChart(chart, patients)\nlinked",
        "from pathlib import Path\n"
        "tell = lambda change: Path('rows.txt').write_text(repr(linked.selected['patient'].tolist()))\n"
        "linked.table.observe(tell, names='selected')",
    )
    page, told = lab.page, lab.server.root / "rows.txt"
    page.wait_for_selector(".vbq-linked tbody tr", timeout=180_000)
    page.wait_for_selector(".js-plotly-plot .points path", timeout=180_000)
    page.wait_for_function(
        "() => /[0-9]/.test([...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].at(-1).textContent)"
    )
    rows = page.locator(".vbq-linked tbody tr")

    def wait_for(expected: str) -> None:
        for _ in range(400):
            if told.exists() and told.read_text() == expected:
                return
            page.wait_for_timeout(50)
        raise AssertionError(f"{told.read_text() if told.exists() else 'nothing'} instead of {expected}")

    rows.nth(1).click()
    wait_for("[2]")
    rows.nth(3).locator("input").focus()
    page.keyboard.press("Space")
    wait_for("[2, 4]")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.js-plotly-plot .scatterlayer .trace:first-child .point')]"
        ".filter(p => Number(p.style.opacity || 1) > 0.9).length === 2"
    )
    page.get_by_role("button", name="Clear selection").click()
    wait_for("[]")
    plot = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    lab.drag((plot["x"] + 5, plot["y"] + 5), (0.3 * plot["width"], 0.4 * plot["height"]))
    wait_for("[3]")  # the patient at the upper left: T-score -3.0, SNR 82
    page.wait_for_selector(".vbq-linked tbody tr:nth-child(3)[aria-selected='true']")
    assert page.locator(".vbq-linked p").inner_text() == "1 of 5 rows selected"
    for kind, start in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=f"Save as {kind}").click()
        assert waiting.value.path().read_bytes().startswith(start)
    assert not [title for title in buttons(page) if "hare" in title]
