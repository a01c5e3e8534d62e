"""The browser and Python measure the same ROI and get the same numbers: to 1e-9 relative, pixel for pixel."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.studio.in_node import STATIC, node
from vbqkit.errors import RoiError
from vbqkit.image import Volume, stack_affine
from vbqkit.roi import Ellipse, Polygon, Rectangle, Roi
from vbqkit.scores import ReferenceGroup, Score, level_snr, segmental_vbq
from vbqkit.studio.drawn_roi import DrawnRoi, to_wire
from vbqkit.studio.readout import by_label, measure_all, scores_of
from vbqkit.studio.views import open_views

HERE = Path(__file__).parent
NUMBERS = ("n", "mean", "median", "sd", "min", "max", "area_mm2", "fraction_zero", "fraction_clipped", "slice_index")


def by_the_browser(cases: list[dict[str, Any]], folder: Path, stacks: Sequence[Any] = ()) -> list[dict[str, Any]]:
    path = folder / "cases.json"
    path.write_text(json.dumps({"cases": cases, "stacks": stacks}))
    command = [node(), HERE / "agreement.mjs", STATIC, path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def random_volume(rng: np.random.Generator) -> Volume:
    """Oblique, with pixels that are not square, zeros, clipped values, and sometimes fractions or negatives."""
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    dz, dy, dx = rng.uniform(2, 6), *rng.uniform(0.3, 1.4, 2)
    shape = (int(rng.integers(1, 4)), int(rng.integers(20, 48)), int(rng.integers(20, 48)))
    kind = rng.choice(["uint16", "int16", "float64", "float32"])
    pixels = rng.normal(200, 90, shape)
    pixels[pixels < 90] = 0
    pixels = np.minimum(pixels, 400)
    pixels = pixels - 150 if kind == "int16" else pixels
    affine = stack_affine(rng.uniform(-200, 200, 3), turn[0] * dz, turn[1] * dy, turn[2] * dx)
    clip = 400.0 if rng.random() < 0.5 else None
    return Volume(pixels.astype(kind), affine, max_storable=clip, zero_value=float(rng.choice([0.0, -150.0])))


def random_roi(volume: Volume, rng: np.random.Generator, *, on_the_grid: bool) -> Roi:
    image = volume.slice(int(rng.integers(len(volume))))
    rows, cols = image.shape
    center = rng.uniform((4, 4), (rows - 5, cols - 5))
    reach = min(center[0], rows - 1 - center[0], center[1], cols - 1 - center[1]) * rng.uniform(0.3, 1.1)
    if on_the_grid:
        center, reach = np.round(center * 2) / 2, max(1.0, np.round(reach * 2) / 2)
    mm = float(reach * min(image.spacing_mm))
    kind = rng.integers(3)
    if kind < 2:
        angle = float(rng.choice([0, 90, 45])) if on_the_grid else float(rng.uniform(-180, 180))
        shape = (Rectangle, Ellipse)[kind]
        return shape.on(image, tuple(center), 2 * mm, 2 * mm * float(rng.uniform(0.3, 1)), angle_deg=angle, label="L3")
    corners = int(rng.integers(3, 40))
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners)) if not on_the_grid else np.linspace(0, 2 * np.pi, 5)[:-1]
    radii = rng.uniform(0.4, 1, len(angles))[:, None] if not on_the_grid else 1.0
    outline = center + reach * radii * np.stack([np.sin(angles), np.cos(angles)], axis=1)
    outline = np.round(outline) if on_the_grid else outline
    return Polygon(points=image.to_patient_mm(outline), label="L3")


def make_cases(rng: np.random.Generator, count: int, *, on_the_grid: bool) -> tuple[list[dict[str, Any]], list[Any]]:
    cases, expected = [], []
    while len(cases) < count:
        volume = random_volume(rng)
        view = open_views(volume)[0][0]
        pixels = [image.ravel().tolist() for image in volume.pixels]
        for _ in range(20):
            try:
                roi = random_roi(volume, rng, on_the_grid=on_the_grid)
            except RoiError:
                continue  # an outline that crosses itself: not a ROI
            shift = tuple(rng.normal(0, 0.2, 3)) if rng.random() < 0.3 else None
            drawn = DrawnRoi(roi, shifts={view.key: shift} if shift else {})
            cases.append({"view": view.for_browser(), "roi": to_wire(drawn), "pixels": pixels})
            lying = drawn.on(view.key)
            try:
                expected.append((lying.measure(volume), np.flatnonzero(lying.mask(volume)).tolist()))
            except RoiError as error:
                expected.append((error, []))
    return cases, expected


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "on_the_grid"), [(1, False), (2, False), (3, True)])
def test_browser_and_python_agree_on_every_number(seed: int, on_the_grid: bool, tmp_path: Path) -> None:
    cases, expected = make_cases(np.random.default_rng(seed), 1000, on_the_grid=on_the_grid)
    measured = 0
    for answer, (theirs, where) in zip(by_the_browser(cases, tmp_path), expected, strict=True):
        if isinstance(theirs, RoiError):
            assert "error" in answer, f"the browser measures what Python refuses: {theirs}"
            continue
        assert "error" not in answer, f"the browser refuses what Python measures: {answer}"
        assert answer["where"] == where
        for name in NUMBERS:
            python, browser = getattr(theirs, name), answer[name]
            if math.isnan(python):
                assert browser is None
            else:
                assert browser == pytest.approx(python, rel=1e-9, abs=1e-12), name
        measured += 1
    assert measured > 600  # else the comparison proves little


def test_a_different_pixel_rule_would_be_noticed(tmp_path: Path) -> None:
    cases, expected = make_cases(np.random.default_rng(4), 40, on_the_grid=False)
    for case in cases:
        if case["roi"]["kind"] != "polygon":
            case["roi"]["half_width"] = [1.02 * x for x in case["roi"]["half_width"]]
    answers = by_the_browser(cases, tmp_path)
    assert any(
        answer["where"] != where
        for answer, (theirs, where), case in zip(answers, expected, cases, strict=True)
        if not isinstance(theirs, RoiError) and case["roi"]["kind"] != "polygon"
    )


LABELS = ("T12", "L1", "L2", "L3", "L4", "L5", "CSF", "noise")


def three_series(rng: np.random.Generator) -> list[Volume]:
    """T1, T2 and STIR of one patient: the same place and turn, each with its own pixel size."""
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    origin, found = rng.uniform(-200, 200, 3), []
    for number, (weighting, csf) in enumerate((("T1", 90), ("T2", 700), ("STIR", 300))):
        dy, dx = rng.uniform(0.8, 1.2, 2)
        pixels = rng.normal(csf, 25, (2, 64, 64)).clip(1).astype("uint16")
        pixels[:, :, :24] = rng.normal(300, 40, (2, 64, 24)).clip(1)
        acquisition: Any = {"weighting": weighting, "frame_of_reference_uid": "1", "series_uid": str(number)}
        affine = stack_affine(origin, turn[0] * 4, turn[1] * dy, turn[2] * dx)
        found.append(Volume(pixels, affine).with_acquisition(**acquisition))
    return found


def roi_sets(rng: np.random.Generator, count: int) -> tuple[list[dict[str, Any]], list[list[Any]], list[Any]]:
    """Cases for the browser, the pixels they lie on, and what Python says: scores, level SNR and level VBQ."""
    cases, stacks, expected = [], [], []
    while len(cases) < count:
        volumes = three_series(rng)
        views, _ = open_views(volumes)
        first = len(stacks)
        stacks += [[image.ravel().tolist() for image in volume.pixels] for volume in volumes]
        for _ in range(50):
            image = volumes[0].slice(int(rng.integers(2)))
            labels = [label for label in LABELS if rng.random() > 0.03]
            rois: list[Roi] = []
            for label in labels:
                shape = (Rectangle, Ellipse)[int(rng.integers(2))]
                col = rng.uniform(34, 44) if label in ("CSF", "noise") else rng.uniform(8, 16)
                size, angle = rng.uniform(4, 11, 2), float(rng.uniform(-90, 90))
                rois.append(shape.on(image, (rng.uniform(8, 44), col), *size, angle_deg=angle, label=label))
            drawn = [DrawnRoi(roi, shifts={views[1].key: tuple(rng.normal(0, 0.3, 3))}) for roi in rois]
            reference = ReferenceGroup(mean=float(rng.uniform(10, 60)), sd=float(rng.uniform(2, 9)), n=10)
            rule = ("all four", "leave out", "replace")[int(rng.integers(3))]
            excluded = {} if rule == "all four" else {"L2": "fracture"}
            tables = [by_label(measure_all(view, drawn, {})) for view in views]
            scores = scores_of(
                views,
                tables,
                noise={},
                found={},
                choices={"reference": reference, "rule": rule, "excluded": excluded},
            )
            expected.append((scores, tables[0]))
            levels = {name: score.levels for name, score in scores.items() if isinstance(score, Score)}
            series = [{"view": view.for_browser(), "stack": first + k} for k, view in enumerate(views)]
            wires = [to_wire(one) for one in drawn]
            known = [reference.mean, reference.sd, reference.n]
            cases.append({"series": series, "rois": wires, "reference": known, "levels": levels})
    return cases, stacks, expected


@pytest.mark.slow
def test_browser_and_python_agree_on_every_score_of_thousands_of_roi_sets(tmp_path: Path) -> None:
    cases, stacks, expected = roi_sets(np.random.default_rng(5), 2000)
    compared: dict[str, int] = {}
    for case, answer, (scores, table) in zip(cases, by_the_browser(cases, tmp_path, stacks), expected, strict=True):
        for name, score in scores.items():
            if isinstance(score, Score):
                assert answer["scores"][name] == pytest.approx(score.value, rel=1e-9), name
                compared[name] = compared.get(name, 0) + 1
        csf, noise = table.get("CSF"), table.get("noise")
        segmental = {} if csf is None else segmental_vbq(table, csf, weighting="T1")
        for wire, ratio in zip(case["rois"], answer["ratios"], strict=True):
            label = wire["label"]
            if label in segmental and ratio:
                assert ratio["vbq"] == pytest.approx(segmental[label], rel=1e-9)
                compared["level VBQ"] = compared.get("level VBQ", 0) + 1
            if label in table and noise is not None and label != "noise":
                assert ratio["snr"] == pytest.approx(level_snr(table[label], noise), rel=1e-9)
                compared["level SNR"] = compared.get("level SNR", 0) + 1
    assert set(compared) == {*scores, "level VBQ", "level SNR"}
    assert min(compared.values()) > 1000, compared  # else the comparison proves little


def test_a_score_by_another_formula_would_be_noticed(tmp_path: Path) -> None:
    cases, stacks, expected = roi_sets(np.random.default_rng(6), 50)
    for case in cases:
        case["reference"][1] *= 1.000001
    answers = by_the_browser(cases, tmp_path, stacks)
    given = [(a["scores"], s) for a, (s, _) in zip(answers, expected, strict=True) if isinstance(s["M-score"], Score)]
    assert given
    assert all(browser["M-score"] != pytest.approx(s["M-score"].value, rel=1e-9) for browser, s in given)
    assert all(browser["SNR"] == pytest.approx(s["SNR"].value, rel=1e-9) for browser, s in given)
