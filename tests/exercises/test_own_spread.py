import json
import math

import numpy as np
import pytest

from vbqkit.errors import VbqkitError
from vbqkit.exercises import keep_own_spread, kept_own_spread, own_spread_of


def test_it_is_the_residual_sd_of_an_analysis_of_variance_on_the_log_scale():
    """Another way to the same number: patients as groups, the pooled SD within them."""
    first, second = np.random.default_rng(1).normal(3.0, 0.1, (2, 7))
    logs = np.log(np.stack([first, second]))
    within = math.sqrt(((logs - logs.mean(axis=0)) ** 2).sum() / 7)
    assert own_spread_of(zip(first, second, strict=True)).relative_sd == pytest.approx(within, rel=1e-12)


def test_it_finds_the_spread_that_the_readings_were_drawn_with():
    rng = np.random.default_rng(2)
    truth = rng.uniform(2.0, 4.0, 4000)
    first, second = (truth * np.exp(rng.normal(0.0, 0.05, 4000)) for _ in range(2))
    assert own_spread_of(zip(first, second, strict=True)).relative_sd == pytest.approx(0.05, rel=0.05)


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([(3.0, 3.1)] * 2, "2 patients were read twice"),
        ([(3.0, 3.1), (0.0, 3.0), (3.0, 3.0)], "0 or below"),
        ([(3.0, 3.0)] * 3, "do not count as two readings"),
    ],
)
def test_readings_that_say_nothing_are_refused(pairs, words):
    with pytest.raises(VbqkitError, match=words):
        own_spread_of(pairs)


def test_the_newest_of_this_student_is_kept(tmp_path):
    assert kept_own_spread("7", folder=tmp_path) is None
    for second in (3.3, 3.06):
        keep_own_spread(own_spread_of([(3.0, second)] * 4), student="7", folder=tmp_path)
    keep_own_spread(own_spread_of([(3.0, 4.0)] * 3), student="8", folder=tmp_path)
    kept = kept_own_spread("7", folder=tmp_path)
    assert kept.n_patients == 4
    assert kept.relative_sd == pytest.approx(math.log(1.02) / math.sqrt(2))


def test_a_damaged_line_is_no_spread(tmp_path):
    line = {
        "lesson": "70",
        "exercise": "own-spread",
        "passed": True,
        "at": "x",
        "student": "7",
        "detail": "",
        "value": 1.0,
    }
    (tmp_path / "progress.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    assert kept_own_spread("7", folder=tmp_path) is None
