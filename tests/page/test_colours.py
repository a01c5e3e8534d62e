"""A ROI has one colour: in the browser, in Python, in the studio's pictures, in the lessons and in 3-D."""

import ast
import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

import vbqkit
from tests.page.pictures import pictures_in
from tests.studio.in_node import STATIC, node
from vbqkit.charts import OKABE_ITO
from vbqkit.image import Volume, stack_affine
from vbqkit.page.colours import OTHER_ROI, ROI_STYLES, css_variables, roi_style, style_sheet
from vbqkit.page.slice_picture import slice_html
from vbqkit.roi import Rectangle
from vbqkit.studio import RoiStudio

LABELS = [*ROI_STYLES, "disc L4/5"]
ASKED = "const { style } = await import('./colours.js'); process.stdout.write(JSON.stringify(LABELS.map(style)));"


def test_the_browser_draws_a_roi_as_python_does():
    script = ASKED.replace("LABELS", json.dumps(LABELS))
    done = subprocess.run(
        [node(), "--input-type=module", "-e", script], capture_output=True, text=True, cwd=STATIC, check=True
    )
    for label, (colour, dash) in zip(LABELS, json.loads(done.stdout), strict=True):
        assert roi_style(label) == (colour, tuple(map(float, dash.split()))), label


@pytest.fixture(scope="module")
def volume():
    affine = stack_affine((0, 0, 0), (4, 0, 0), (0, 0, -1.0), (0, 1.0, 0))
    pixels = np.random.default_rng(1).integers(90, 140, (1, 120, 60))
    return Volume(pixels, affine).with_acquisition(weighting="T1", synthetic=True)


@pytest.fixture(scope="module")
def rois(volume):
    image = volume.slice(0)
    return [Rectangle.on(image, (8 + 11 * k, 20), 6.0, 6.0, label=label) for k, label in enumerate(LABELS)]


def drawn(svg):
    """Colour and dash of the line before each label; label by label."""
    found = re.findall(r'stroke="(#\w+)" stroke-width="1.8"(?: stroke-dasharray="([\d ]+)")?/><text[^>]*>([^<]+)', svg)
    return {label: (colour, tuple(map(float, dash.split()))) for colour, dash, label in found}


def test_lessons_and_the_studio_draw_a_roi_in_the_same_colour(volume, rois):
    expected = {label: tuple(roi_style(label)) for label in LABELS}
    (lesson,) = pictures_in(slice_html(volume.slice(0), alt="", rois=rois))
    studio = RoiStudio(volume, rois=rois)
    (saved,) = pictures_in(studio._static_html())
    assert drawn(lesson) == drawn(saved) == drawn(studio.snapshot().svg) == expected


def test_colours_are_told_apart_and_a_dash_tells_those_that_come_back():
    assert {colour for colour, _ in ROI_STYLES.values()} <= set(OKABE_ITO.values())
    assert len({*ROI_STYLES.values(), OTHER_ROI}) == len(ROI_STYLES) + 1


ROOT = Path(vbqkit.__file__).parent
HOMES = {"colours.js", "meanings.js"}
HEX = re.compile(r"#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3,4})\b(?!\d)")


def colours_of(path):
    """Colours that a file names by their number; of Python the code only, for a docstring may show what comes out."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return HEX.findall(text)
    tree = ast.parse(text)
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [
        n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in said
    ]
    return [colour for node in texts for colour in HEX.findall(node.value)]


def test_colours_have_one_home():
    elsewhere = {
        str(path.relative_to(ROOT)): found
        for ending in ("py", "js", "css", "j2")
        for path in sorted(ROOT.rglob(f"*.{ending}"))
        if path.name not in HOMES and (found := colours_of(path))
    }
    assert elsewhere == {}, "name it in vbqkit/page/static/meanings.js, and use the name"
    assert all(colours_of(ROOT / "page" / "static" / home) for home in HOMES), "the search finds colours"


def test_a_style_sheet_names_colours_that_there_are():
    known = set(re.findall(r"(--vbq-[\w-]+):", css_variables()))
    for path in ROOT.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        own = set(re.findall(r"(--vbq-[\w-]+):", text)) | {
            "--vbq-colour",
            "--vbq-wanted",
        }  # these two are set by scripts
        assert set(re.findall(r"var\((--vbq-[\w-]+)", text)) <= known | own, path.name
        assert style_sheet(path).startswith(css_variables())
