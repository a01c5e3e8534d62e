"""Scores of one's own: a decorated function, a file, an installed package; a broken one does not break the others."""

from __future__ import annotations

import json
import math
import re
import textwrap
from pathlib import Path

import numpy as np
import pytest

from vbqkit.cli import main
from vbqkit.cohort import column
from vbqkit.errors import ScoreError
from vbqkit.image import Slice, Volume, stack_affine
from vbqkit.roi import REGIONS, Ellipse, Rectangle
from vbqkit.scores import (
    SCORES,
    VARIANTS,
    Jitter,
    Refusal,
    add_plugin,
    case_uncertainty,
    example_measurement,
    load_plugins,
    score,
    score_case,
    score_definition,
    score_tables,
    unregister_score,
    use_scores,
)


@pytest.fixture(autouse=True)
def nothing_stays():
    before = set(SCORES)
    yield
    for name in set(SCORES) - before:
        unregister_score(name)


def table(**means):
    return {label.replace("_", " "): example_measurement(label, mean=mean) for label, mean in means.items()}


# The field test: a new score in ten lines

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
(TEN_LINES,) = [code for code in re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL) if "@score(" in code]


def test_the_new_score_of_the_readme_takes_ten_lines_and_runs():
    assert len([line for line in TEN_LINES.splitlines() if line.strip()]) <= 10
    exec(compile(TEN_LINES, "README", "exec"), {"__name__": "readme"})
    case = score_tables({"T1": table(L1=200.0, L2=210.0, L3=220.0, L4=230.0, fat=430.0)}, aggregate="median")
    found = case.score("Marrow over fat")
    assert found.value == 0.5
    assert SCORES["Marrow over fat"].title == found.formula == "Marrow of L1 to L4 over subcutaneous fat"
    assert column("Marrow over fat").label == "Marrow of L1 to L4 over subcutaneous fat (ratio)"
    assert found.direction.startswith("higher")


# The decorator


def decorated(name="Mine", **changes):
    said = {"regions": ("L3", "fat"), "source": "a test"} | changes

    @score(name, **said)
    def mine(inputs):
        """Mine."""
        return inputs.signal("T1", "L3") / inputs.signal("T1", "fat")

    return mine


def test_the_function_stays_what_it_is():
    inputs = score_tables({"T1": table(L3=200.0, fat=400.0)}, aggregate="mean").inputs
    assert decorated()(inputs) == 0.5


def test_a_cell_that_is_run_again_replaces_its_score_and_a_bad_one_leaves_the_old():
    decorated(unit="ratio")
    decorated(unit="percent")
    assert SCORES["Mine"].unit == "percent"
    with pytest.raises(ScoreError, match="unknown region"):
        decorated(regions=("L33",))
    assert SCORES["Mine"].unit == "percent"


def test_a_name_that_another_function_has_is_taken():
    decorated()
    with pytest.raises(ScoreError, match="The name 'Mine' is taken by the score 'Mine'"):

        @score("Mine", regions=("L3",), source="another")
        def other(inputs):
            """Other."""
            return inputs.signal("T1", "L3")

    with pytest.raises(ScoreError, match="The name 'VBQ-T1' is taken"):
        decorated("VBQ-T1")


def test_a_score_without_words_is_asked_for_a_title():
    with pytest.raises(ScoreError, match="'Mute' has no title: write what it is into the first line of the docstring"):

        @score("Mute", regions=("L3",), source="a test")
        def mute(inputs):
            return 1.0


def test_an_unknown_region_is_named_with_what_was_meant():
    with pytest.raises(ScoreError, match=r"unknown region 'L3 upper endplat'\. Did you mean 'L3 upper endplate'"):
        decorated(regions=("L3 upper endplat",))
    decorated(regions=("L3", "kidney"), own_regions=("kidney",))
    assert "kidney" in SCORES["Mine"].labels
    for region in ("T12", "L5", "S1", "L2 lower endplate", "CSF", "CSF L4", "CSF C5", "noise", "fat", "muscle"):
        assert region in REGIONS


def test_nan_costs_the_row_of_the_score_and_says_so():
    @score("Not a number", regions=("L3",), source="a test")
    def nan(inputs):
        """Not a number."""
        return inputs.signal("T1", "L3") * math.nan

    results = score_tables({"T1": table(L3=200.0, noise=8.0)}, aggregate="mean").results
    bad = next(r for r in results if r.name == "Not a number")
    assert isinstance(bad, Refusal)
    assert "its value is nan, not a finite number" in str(bad)


# The pixels under a ROI


def picture():
    rng = np.random.default_rng(0)
    return Slice(rng.normal(500, 80, (60, 60)), (0, 0, 0), (0, 0, -0.7), (0, 0.7, 0))


@pytest.mark.parametrize("coverage", ["center", "area"])
@pytest.mark.parametrize("shape", [Rectangle, Ellipse])
def test_the_pixels_of_a_roi_are_those_that_its_measurement_counts(shape, coverage):
    image = picture()
    roi = shape(center=(0, 20, -20), half_width=(0, 4.1, 0.4), half_height=(0, 0.3, -3.1), label="L3")
    m, pixels = roi.measure(image, coverage=coverage), roi.values(image, coverage=coverage)
    mask = np.asarray(roi.mask(image, coverage=coverage), dtype=float)
    assert np.array_equal(pixels.weights, mask[mask > 0])
    assert np.array_equal(pixels.values, image.pixels[mask > 0])
    assert np.array_equal(image.pixels[pixels.rows, pixels.cols], pixels.values)
    assert (m.n, m.mean, m.sd) == (len(pixels), pixels.mean, pixels.sd)
    assert m.mean == pytest.approx(np.average(pixels.values, weights=pixels.weights), rel=1e-12)
    if coverage == "center":
        assert m.sd == pytest.approx(np.std(pixels.values, ddof=1), rel=1e-12)
    with pytest.raises(ValueError, match="read-only"):
        m.pixels.values[0] = 0
    assert "pixels" not in m.as_row()


def case_volume():
    rng = np.random.default_rng(1)
    return Volume(
        rng.normal(300.0, 30.0, (3, 90, 90)), stack_affine((0, 0, 0), (4, 0, 0), (0, 0, -1), (0, 1, 0))
    ).with_acquisition(weighting="T1")


def quantile_score():
    @score("Upper quarter", regions=("L3",), source="a test")
    def upper(inputs):
        """The signal that a quarter of the pixels reach."""
        return float(np.quantile(inputs.pixels("T1", "L3").values, 0.75))


def test_a_score_of_single_pixels_is_given_with_an_interval_and_refused_without_pictures():
    quantile_score()
    volume = case_volume()
    roi = Rectangle(center=(4, 40, -40), half_width=(0, 8, 0), half_height=(0, 0, -8), label="L3")
    found = score_case({"T1": volume}, [roi], aggregate="mean").score("Upper quarter")
    assert found.value == np.quantile(roi.values(volume).values, 0.75)
    (interval,) = case_uncertainty(
        {"T1": volume},
        [roi],
        aggregate="mean",
        jitter=Jitter(shift_mm=0, size_percent=0),
        rng=np.random.default_rng(0),
        n_draws=200,
    )
    # about that of the mean, 30 / sqrt(256), as the pixels move with it; some are not independent by the estimate
    assert 0.8 * 30 / 16 < interval.se < 2.5 * 30 / 16
    with pytest.raises(ScoreError, match="the pixels under ROI 'L3' on the T1 series are not at hand"):
        score_tables({"T1": table(L3=300.0)}, aggregate="mean").score("Upper quarter")


# Published variants


def test_every_variant_has_words_for_its_source_and_known_regions():
    for name, definition in VARIANTS.items():
        definition.check()
        assert name == definition.name
        assert name not in SCORES
    assert {name for name, one in VARIANTS.items() if one.verified} == {"VBQ-T1-peak", "VBQ-T2-peak"}


def test_all_variants_fit_beside_each_other_and_give_their_ratio():
    use_scores(*VARIANTS)
    use_scores("S1-VBQ")  # again
    means = {region: 100.0 + 10.0 * k for k, region in enumerate(REGIONS)}
    tables = {w: {k: example_measurement(k, mean=v) for k, v in means.items()} for w in ("T1", "T2")}
    case = score_tables(tables, aggregate="median")
    assert case.score("S1-VBQ").value == means["S1"] / means["CSF"]
    assert case.score("VBQ-L2").value == means["L2"] / means["CSF"]
    assert case.score("VBQ-L1-L1").value == means["L1"] / means["CSF L1"]
    assert case.score("C-VBQ").value == pytest.approx((means["C4"] + means["C5"]) / 2 / means["CSF C5"])
    assert case.score("C-VBQ-C2").value == pytest.approx((means["C4"] + means["C5"]) / 2 / means["CSF C2"])
    assert case.score("T-VBQ").value == pytest.approx((means["T6"] + means["T7"]) / 2 / means["CSF T7"])
    ends = [means[f"L{k} {side} endplate"] for k in range(1, 5) for side in ("upper", "lower")]
    assert case.score("EBQ-CSF").value == pytest.approx(sum(ends) / 8 / means["CSF"])
    assert case.score("EBQ-marrow").value == pytest.approx(sum(ends) / 8 / sum(means[f"L{k}"] for k in range(1, 5)) * 4)
    assert case.score("Marrow/muscle").value == pytest.approx((means["L2"] + means["L3"]) / 2 / means["muscle"])
    assert case.score("W-score S1").value == means["S1"] / means["phantom water"]
    assert "are not at hand" in str(next(r for r in case.results if r.name == "VBQ-T2-peak"))


def test_a_variant_that_is_not_in_use_says_how_to_get_it():
    with pytest.raises(
        ScoreError, match=r"EBQ-CSF is a published variant that is not in use. Say so: use_scores\('EBQ-CSF'\)"
    ):
        score_definition("EBQ-CSF")
    with pytest.raises(ScoreError, match="There is no variant 'S2-VBQ'"):
        use_scores("EBQ-CSF", "S2-VBQ")
    assert "EBQ-CSF" not in SCORES


# Files, modules and installed packages

GOOD = """
from vbqkit.scores import ScoreDefinition, score

@score("From elsewhere", regions=("L3",), source="a plug-in")
def elsewhere(inputs):
    "From elsewhere."
    return inputs.signal("T1", "L3")

AS_DATA = ScoreDefinition(
    name="As data", title="As data", unit="ratio", direction="no direction established", source="a plug-in",
    formula="L3 mean", weightings=("T1",), regions=("L3",), compute=elsewhere,
)
"""
HALF = GOOD + "\n1 / 0\n"


def installed(tmp_path, monkeypatch, **packages):
    """Packages as pip leaves them: module: (code, entry points)."""
    for name, (code, points) in packages.items():
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text("[vbqkit.scores]\n" + "\n".join(points), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.fixture
def plugins(tmp_path, monkeypatch):
    yield lambda **packages: (installed(tmp_path, monkeypatch, **packages), load_plugins(again=True))[1]
    monkeypatch.undo()
    load_plugins(again=True)


def test_an_installed_package_brings_its_scores_by_entry_points(plugins):
    assert plugins(lab_good=(GOOD, ["ours = lab_good", "data = lab_good:AS_DATA"])) == ()
    case = score_tables({"T1": table(L3=200.0)}, aggregate="mean")
    assert case.score("From elsewhere").value == case.score("As data").value == 200.0
    assert case.cautions == ()


def test_a_broken_package_is_named_and_leaves_nothing_and_the_others_stay(plugins):
    cautions = plugins(
        lab_half=(HALF, ["half = lab_half"]),
        lab_other=(GOOD, ["ours = lab_other"]),
        lab_gone=("", ["gone = lab_gone:NOT_THERE"]),
        lab_empty=("x = 1", ["empty = lab_empty:x"]),
        lab_leaves=("raise SystemExit(3)", ["leaves = lab_leaves"]),
        lab_same=(GOOD.replace("From elsewhere", "VBQ-T1"), ["same = lab_same"]),
    )
    assert {c.code for c in cautions} == {"plugin-broken"}
    words = {c.message.split("'")[1].split(" ")[0]: c.message for c in cautions}
    assert set(words) == {"half", "gone", "empty", "leaves", "same"}
    assert (
        "'half = lab_half' of the package lab_half 1.0 could not be loaded: it stops with ZeroDivisionError"
        in words["half"]
    )
    assert "AttributeError" in words["gone"]
    assert "brings no score" in words["empty"]
    assert "SystemExit" in words["leaves"]
    assert "The name 'VBQ-T1' is taken" in words["same"]
    case = score_tables({"T1": table(L3=200.0)}, aggregate="mean")
    assert case.score("From elsewhere").value == 200.0
    assert set(cautions) <= set(case.cautions)
    with pytest.raises(ScoreError, match=r"5 plug-ins could not be loaded: .*lab_half"):
        score_definition("As data")


def test_a_file_and_a_module_bring_their_scores(tmp_path, monkeypatch):
    path = tmp_path / "lab_file.py"
    path.write_text(GOOD, encoding="utf-8")
    assert add_plugin(str(path)) == ("From elsewhere",)
    unregister_score("From elsewhere")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert add_plugin("lab_file") == ("From elsewhere",)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (HALF, "it stops with ZeroDivisionError: division by zero"),
        ("x = 1", "brings no score"),
        ("def f(:", "it stops with SyntaxError"),
        (None, "there is no such file"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_leaves_nothing(tmp_path, code, words):
    path = tmp_path / "mine.py"
    if code is not None:
        path.write_text(code, encoding="utf-8")
    before = list(SCORES)
    with pytest.raises(ScoreError, match=words) as error:
        add_plugin(str(path))
    assert "mine.py" in str(error.value)
    assert list(SCORES) == before


# The command line


def test_the_command_lists_what_is_in_use_and_what_could_be(capsys, tmp_path):
    assert main(["scores", "--json"]) == 0
    rows = {row["score"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["VBQ-T1"]["in_use"] == "yes"
    assert rows["S1-VBQ"]["in_use"] == "no"
    assert rows["C-VBQ"]["regions"] == "C3, C4, C5, C6, CSF C5"
    path = tmp_path / "mine.py"
    path.write_text(textwrap.dedent(GOOD), encoding="utf-8")
    assert main(["scores", "--also", "S1-VBQ", "--plugin", str(path)]) == 0
    out = capsys.readouterr().out
    assert next(line for line in out.splitlines() if line.startswith("S1-VBQ")).split()[1] == "yes"
    assert "From elsewhere" in out
    assert main(["scores", "--plugin", "no.such.module"]) == 1
    assert "The module 'no.such.module' could not be loaded" in capsys.readouterr().err
