"""What is seen on the screen lies where the ROIs say: pixels of a screenshot, for images enlarged and reduced."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image

MAKE = """
import numpy as np
from vbqkit import Rectangle, Volume
from vbqkit.image import stack_affine
from vbqkit.studio import RoiStudio
def series(weighting, size, row_mm, col_mm, label):
    pixels = np.full((3, size, size), 200, np.uint16)
    a, b = 2 * size // 5, 3 * size // 5
    pixels[1, a:b, a:b] = 800
    affine = stack_affine((-4, -size * col_mm / 2, size * row_mm / 2), (4, 0, 0), (0, 0, -row_mm), (0, col_mm, 0))
    names = {"weighting": weighting, "frame_of_reference_uid": "1", "series_uid": weighting}
    volume = Volume(pixels, affine).with_acquisition(**names)
    middle = (a + b - 1) / 2
    return volume, Rectangle.on(volume.slice(1), (middle, middle), (b - a) * col_mm, (b - a) * row_mm, label=label)
(small, small_roi), (large, large_roi) = series("T1", 100, 1.2, 0.9, "L1"), series("T2", 1500, 0.06, 0.08, "L2")
"""
SHOW = "RoiStudio([small, large], rois=[small_roi, large_roi], height=460)"


def brightness(lab: Any, view: int) -> tuple[np.ndarray, list[int]]:
    """The middle of a view as it is on the screen, without the words and letters at its sides, from 0 to 1; its first
    row and column."""
    shot = Image.open(io.BytesIO(lab.page.screenshot(clip=lab.stage(view).bounding_box())))
    grey = np.asarray(shot.convert("L"), float)
    rows, cols = (slice(int(0.18 * n), int(0.82 * n)) for n in grey.shape)
    inner = grey[rows, cols]
    return (inner - inner.min()) / (inner.max() - inner.min()), [rows.start, cols.start]


def soft_pixels(lab: Any) -> int:
    """How many pixels of the enlarged image are neither bright nor dark, all ROIs hidden."""
    lab.key("Shift+Y")
    lab.page.mouse.move(5, 5)
    lab.settle()
    share, _ = brightness(lab, 0)
    lab.key("Shift+Y")
    return int(((share > 0.1) & (share < 0.9)).sum())


def square(lab: Any, view: int, ratio: int) -> list[float]:
    """Left, top, right and bottom of what is bright in a view, on the screen; half a pixel at an edge counts half."""
    box = lab.stage(view).bounding_box()
    share, (first_row, first_col) = brightness(lab, view)
    height, width = share.max(axis=1).sum(), share.max(axis=0).sum()
    y, x = (np.average(np.arange(n) + 0.5, weights=share.sum(axis=1 - k)) for k, n in enumerate(share.shape))
    left, top = box["x"] + (x + first_col - width / 2) / ratio, box["y"] + (y + first_row - height / 2) / ratio
    return [left, top, left + width / ratio, top + height / ratio]


def outline(lab: Any, view: int) -> list[float]:
    """The same of the ROI around it, without the width of its line."""
    lab.settle()
    box, line = lab.stage(view).bounding_box(), f"g[data-label='L{view + 1}'] path.vbq-line"
    corners = re.findall(r"([\d.]+) ([\d.]+)", lab.stage(view).locator(line).get_attribute("d"))
    x, y = zip(*((box["x"] + float(x), box["y"] + float(y)) for x, y in corners), strict=True)
    return [min(x), min(y), max(x), max(y)]


@pytest.mark.parametrize("ratio", [1, 2])
def test_what_is_bright_lies_within_its_roi(browser: Any, server: Any, tools: Any, ratio: int) -> None:
    lab = tools.Lab(tools.new_page(browser, device_scale_factor=ratio), server)
    lab.open(f"picture{ratio}.ipynb", MAKE, SHOW)
    lab.wait_for_studio()
    sizes = [lab.stage(view).locator("canvas").first.evaluate("c => c.width") for view in (0, 1)]
    assert sizes[0] == 100, "the page enlarges this one"
    assert sizes[1] < 1500, "and this one is made smaller"

    def places(view: int) -> tuple[list[float], list[float]]:
        expected = outline(lab, view)
        lab.key("Shift+Y", view=view)
        lab.page.mouse.move(5, 5)
        lab.settle()
        found = square(lab, view, ratio)
        lab.key("Shift+Y", view=view)
        return found, expected

    def check() -> None:
        for view in (0, 1):
            found, expected = places(view)
            for _ in range(10):  # JupyterLab takes its time after the window has another size
                if found == pytest.approx(expected, abs=0.6):
                    break
                lab.page.wait_for_timeout(300)
                found, expected = places(view)
            assert found == pytest.approx(expected, abs=0.6), (view, sizes)

    check()
    smooth = soft_pixels(lab)
    lab.key("u")
    assert soft_pixels(lab) < smooth / 4, "square pixels have hard edges"
    check()
    for view in (0, 1):
        lab.page.mouse.move(*lab.at(0.45, 0.55, view))
        lab.page.keyboard.down("Control")
        lab.wheel(-120)
        lab.page.keyboard.up("Control")
    check()
    lab.page.set_viewport_size({"width": 1150, "height": 900})
    lab.settle()
    check()
    assert not lab.page.problems
    lab.page.context.close()
