"""The browser and Python give the next ROI the same name."""

import json
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np

from tests.studio.in_node import STATIC, node
from vbqkit.roi import Ellipse, Polygon, Rectangle
from vbqkit.roi.labels import CSF, NOISE, SPINE_LEVELS
from vbqkit.scores import propose_label
from vbqkit.studio.drawn_roi import DrawnRoi, to_wire

HERE = Path(__file__).parent


def random_case(rng):
    """Some levels of a random spine, now and then a wrong or double name, and a place on or near it."""
    step, bend, center = rng.uniform(24, 46), rng.uniform(-0.4, 0.4), np.array([0.0, rng.uniform(-60, 60), 80.0])
    down = np.cumsum(step * rng.uniform(0.85, 1.15, len(SPINE_LEVELS)))
    places = [np.add(center, (0, bend * k * 12, -depth)) for k, depth in enumerate(down)]
    drawn = rng.permutation(len(SPINE_LEVELS))[: rng.integers(0, 7)]
    rois = []
    for k in drawn:
        label = SPINE_LEVELS[k] if rng.random() < 0.97 else str(rng.choice(SPINE_LEVELS))
        box = {"center": places[k], "half_width": (0, 4, 0), "half_height": (0, 0, -3), "label": label}
        kind = rng.choice(3, p=[0.5, 0.4, 0.1])
        if kind == 2:
            around = places[k] + np.array([(0, -4, -3), (0, 4, -3), (0, rng.uniform(-2, 4), 4)])
            rois.append(Polygon(points=around, label=label))
        else:
            rois.append((Rectangle, Ellipse)[kind](**box))
    others = [label for label in (CSF, NOISE) if rng.random() < 0.2]
    rois += [Rectangle(center=center, half_width=(0, 2, 0), half_height=(0, 0, -9), label=label) for label in others]
    at = places[rng.integers(len(places))] + rng.normal(0, [1, 4, 4]) + (0, rng.choice([0, 0, 0, 27, 90, -80]), 0)
    return at.tolist(), rois, str(rng.choice(["?", "L1", "S1"]))


def by_the_browser(cases, folder):
    file = folder / "cases.json"
    file.write_text(json.dumps(cases))
    done = subprocess.run([node(), HERE / "labels.mjs", STATIC, file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_random_places_get_the_same_name(tmp_path):
    rng = np.random.default_rng(11)
    cases = [random_case(rng) for _ in range(800)]
    expected = [propose_label(at, rois, start=start) for at, rois, start in cases]
    wire = [
        {"at": at, "start": start, "rois": [to_wire(DrawnRoi(roi, str(k))) for k, roi in enumerate(rois)]}
        for at, rois, start in cases
    ]
    answer = by_the_browser(wire, tmp_path)
    assert answer["levels"] == list(SPINE_LEVELS)
    different = [(case, a, b) for case, a, b in zip(cases, answer["names"], expected, strict=True) if a != b]
    assert not different, different[0]
    seen = Counter(expected)
    assert {*SPINE_LEVELS, CSF, NOISE, "?"} <= set(seen)
    assert min(seen.values()) >= 5
