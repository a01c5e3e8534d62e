"""The button of lesson 95 that tries a score on a virtual cohort: what it shows, says and keeps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vbqkit import virtual_cohort
from vbqkit.errors import ScannerError
from vbqkit.lessons import show_score_trial


def made_up(n, scanners, name, *, seed, ages, progress, **_):
    """Scores as simulate_cohort gives them, drawn instead of measured."""
    assert name == "VBQ-T1"
    rng, young = np.random.default_rng(seed), ages == (20, 30)
    ill = np.zeros(n) if young else (np.arange(n) % 4 == 0).astype(int)
    vbq = 3.0 + 0.4 * (rng.standard_normal(n) + ill)
    rows = {"id": np.arange(n), "day": 1, "reader": 1, "sex": "F", "age_years": ages[0], "osteoporosis_dexa": ill}
    about = {"not_given": "", "origin": f"synthetic: test, seed {seed}"}
    progress(n, n)
    return pd.concat(
        [
            pd.DataFrame({**rows, "scanner": s, "vbq_t1": k * vbq, **about})
            for s, k in zip(scanners, (1.0, 0.8), strict=True)
        ],
        ignore_index=True,
    )


@pytest.fixture
def quick(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(virtual_cohort, "simulate_cohort", made_up, raising=False)
    return tmp_path


def test_nothing_is_drawn_before_the_button_is_pressed_and_then_a_page_is_kept(quick, monkeypatch):
    steps = []
    waiting = show_score_trial("VBQ-T1", women=80, young=20)
    assert list(quick.iterdir()) == []
    monkeypatch.setattr(type(waiting), "progress", lambda _, done, total: steps.append((done, total)))
    monkeypatch.setattr("vbqkit.validation.check_score", checked, raising=False)
    waiting.begin()
    assert steps == [(80, 100), (100, 100)]
    assert [path.name for path in quick.iterdir()] == ["vbq_t1.html"]
    page = (quick / "vbq_t1.html").read_text(encoding="utf-8")
    assert "synthetic: test, seed 95" in page
    shown = " ".join(str(child.value) for child in waiting.exercise.children[1:])
    assert "its own cut-off" in shown
    assert "vbq_t1.html" in shown
    show_score_trial("VBQ-T1", women=80, young=20).begin()  # its own page is replaced


def checked(name, *, patients):
    row = {"factor": "gain", "changed": "times 2", "verdict": "cancels", "note": name, "n": patients}
    return pd.DataFrame([row | dict.fromkeys(("mean_percent", "ci_low", "ci_high", "sd_percent"), 0.0)])


def test_what_goes_wrong_stands_beside_the_button(quick, monkeypatch):
    def refuses(*_, **__):
        raise ScannerError("No.")

    monkeypatch.setattr(virtual_cohort, "simulate_cohort", refuses, raising=False)
    waiting = show_score_trial("VBQ-T1")
    waiting.begin()
    assert waiting.exercise is None
    assert "No." in waiting._status.value
