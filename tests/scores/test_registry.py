"""A score that is registered is found wherever scores are, without another line; a bad one costs its own row only."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
import SimpleITK

from vbqkit import Rectangle, write_rois
from vbqkit.charts import plot_groups, plot_score
from vbqkit.cli import main
from vbqkit.cohort import column, make_cohort_template, read_cohort
from vbqkit.errors import ScoreError
from vbqkit.formats import read_study
from vbqkit.literature import thresholds_for
from vbqkit.scores import (
    HIGHER_IS_POORER,
    LOWER_IS_POORER,
    NO_DIRECTION,
    SCORES,
    Jitter,
    Refusal,
    Score,
    ScoreDefinition,
    case_uncertainty,
    example_measurement,
    pixel_noise_se,
    register_score,
    score_case,
    score_tables,
    score_value,
    unregister_score,
    verdict,
)
from vbqkit.stats import as_cutoff
from vbqkit.studio import RoiStudio

PLACES = {"L1": (60, 75), "L2": (110, 75), "L3": (160, 75), "L4": (210, 75), "CSF": (160, 107), "noise": (150, 182)}
FAT = (100, 150)
STILL = Jitter(shift_mm=0, size_percent=0)


@pytest.fixture
def known():
    """Scores that a test registers; forgotten after it."""
    names: list[str] = []

    def register(**changes):
        definition = ScoreDefinition(**MARROW_OVER_FAT | changes)
        register_score(definition)
        names.append(definition.name)
        return definition

    yield register
    for name in names:
        unregister_score(name)


# A score in ten lines.
MARROW_OVER_FAT = {
    "name": "Marrow/fat",
    "title": "Marrow of L3 over subcutaneous fat",
    "weightings": ("T1",),
    "regions": ("L3", "fat"),
    "unit": "ratio",
    "direction": HIGHER_IS_POORER,
    "source": "this test",
    "formula": "L3 mean / fat mean",
    "compute": lambda inputs: inputs.on("T1", "L3").mean / inputs.on("T1", "fat").mean,
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A body in air with marrow 843 and CSF 300, and fat that is half 1425 and half 95: mean 760, SD 665."""
    folder = tmp_path_factory.mktemp("case")
    signal = np.zeros((3, 300, 200))
    signal[:, :, 40:160] = 500.0
    signal[:, :, 60:90] = 843.0
    signal[:, :, 100:115] = 300.0
    signal[:, 80:120, 140:150], signal[:, 80:120, 150:160] = 1425.0, 95.0
    rng = np.random.default_rng(3)
    noisy = np.abs(signal + 3.0 * (rng.normal(size=signal.shape) + 1j * rng.normal(size=signal.shape)))
    image = SimpleITK.GetImageFromArray(np.rint(noisy).astype(np.int16))
    image.SetDirection((0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0))
    image.SetSpacing((1.0, 1.0, 4.4))
    SimpleITK.WriteImage(image, str(folder / "case.mha"))
    volume = read_study(folder / "case.mha").series[0].volume()
    middle = volume.slice(1)
    rois = [Rectangle.on(middle, p, 6.3, 6.3, label=k).with_area() for k, p in PLACES.items()]
    rois.append(Rectangle.on(middle, (99.5, 149.5), 6.0, 14.0, label="fat"))
    write_rois(folder / "rois.json", rois, image=middle)
    return folder, volume.with_acquisition(weighting="T1"), rois


def test_a_registered_score_is_in_the_scores_of_a_case_with_what_its_definition_says(files, known):
    _, volume, rois = files
    known()
    score = score_case({"T1": volume}, rois, aggregate="median").score("Marrow/fat")
    assert score.value == pytest.approx(843 / 760, rel=0.01)
    assert (score.unit, score.direction, score.source) == ("ratio", HIGHER_IS_POORER, "this test")
    assert score.formula == "L3 mean / fat mean"
    assert (score.levels, score.regions) == (("L3",), ("L3", "fat"))
    assert score.value == score.part("L3 mean") / score.part("fat mean")
    assert score_value(volume, rois, "Marrow/fat") == score.value


def test_a_registered_score_over_noise_has_its_noise_checked_whatever_its_weighting(files, known):
    _, volume, rois = files
    known(
        name="SNR of L3 on T2",
        weightings=("T2",),
        regions=("L3",),
        divisor="noise",
        formula="L3 mean / noise SD",
        compute=lambda inputs: inputs.on("T2", "L3").mean / inputs.on("T2", "noise").sd,
    )
    t2 = {"T2": volume.with_acquisition(weighting="T2")}
    assert score_case(t2, rois, aggregate="median").score("SNR of L3 on T2").value > 100
    in_the_body = Rectangle.on(volume.slice(1), (150, 50), 6.3, 6.3, label="noise").with_area()
    placed = [in_the_body if roi.label == "noise" else roi for roi in rois]
    refused = next(r for r in score_case(t2, placed, aggregate="median").results if r.name == "SNR of L3 on T2")
    assert isinstance(refused, Refusal)
    assert "air" in refused.reason


def test_a_registered_score_is_in_the_table_and_the_json_of_the_command_line(files, known, capsys):
    folder, _, _ = files
    known()
    command = ["score", str(folder / "case.mha"), "--rois", str(folder / "rois.json"), "--series", "T1=0"]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert next(line for line in out.splitlines() if line.startswith("Marrow/fat  1.1")).endswith("ratio          L3")
    assert f"Marrow/fat: {HIGHER_IS_POORER}." in out
    assert main([*command, "--json"]) == 0
    row = next(row for row in json.loads(capsys.readouterr().out) if row["score"] == "Marrow/fat")
    assert row["ci_low"] < row["value"] < row["ci_high"]
    assert row["source"] == "this test"


def test_a_registered_score_and_its_interval_are_in_the_studio(files, known):
    _, volume, rois = files
    known()
    studio = RoiStudio(volume, rois=rois, cutoffs={"Marrow/fat": (0.1, "high")})
    interval = studio.intervals["Marrow/fat"]
    studio._publish()
    row = next(row for row in studio._measured["scores"] if row["key"] == "Marrow/fat")
    assert row["value"] == studio.scores["Marrow/fat"].value
    assert row["interval"] == [interval.ci_low, interval.ci_high]
    assert row["verdict"] == "positive"
    expected = case_uncertainty(
        {"T1": volume},
        rois,
        aggregate="both",
        jitter=Jitter(shift_mm=1, size_percent=0),
        rng=np.random.default_rng(0),
        n_draws=400,
    )
    assert interval.se == next(u.se for u in expected if u.score.name == "Marrow/fat")


def test_a_registered_score_has_axes_with_its_title_and_unit(files, known):
    _, volume, rois = files
    known()
    patients = pd.DataFrame({"marrow_fat": [1.0, 1.2, 0.9, 1.4], "fracture": [0, 0, 1, 1]})
    chart = plot_groups(patients, value="marrow_fat", by="fracture")
    assert chart.layout.yaxis.title.text == "Marrow of L3 over subcutaneous fat (ratio)"
    found = case_uncertainty(
        {"T1": volume}, rois, aggregate="mean", jitter=STILL, rng=np.random.default_rng(0), n_draws=100
    )
    rows = pd.DataFrame(next(u for u in found if u.score.name == "Marrow/fat").rows())
    assert plot_score(rows).layout.xaxis.title.text == "Marrow/fat (ratio)"


def test_a_registered_score_is_a_column_of_cohort_tables(known, tmp_path):
    known()
    path = tmp_path / "clinic.csv"
    path.write_text("Code;Marrow/fat (ratio)\nA1;1,2\nA2;0,9\n", encoding="utf-8")
    cohort = read_cohort(path)
    assert cohort.table.to_dict("list") == {"id": ["A1", "A2"], "marrow_fat": [1.2, 0.9]}
    assert not [c for c in cohort.cautions if c.code == "column-kept"]
    assert (column("Marrow/fat").worse, column("marrow_fat").unit) == ("high", "ratio")
    template = make_cohort_template(tmp_path / "empty.csv").read_text(encoding="utf-8-sig")
    assert template.strip().split(",")[-1] == "marrow_fat"


def test_a_score_that_was_forgotten_is_nowhere(files, known, tmp_path):
    _, volume, rois = files
    before = list(SCORES)
    register_score(ScoreDefinition(**MARROW_OVER_FAT))
    unregister_score("Marrow/fat")
    assert list(SCORES) == before
    assert column("marrow_fat").title == "marrow_fat"
    assert {r.name for r in score_case({"T1": volume}, rois, aggregate="mean").results} <= {*before}
    assert "marrow_fat" not in make_cohort_template(tmp_path / "empty.csv").read_text(encoding="utf-8-sig")


def test_a_registered_score_on_another_weighting_opens_that_weighting(files, known):
    _, volume, rois = files
    known(name="PD ratio", title="PD", weightings=("PD",), compute=lambda i: i.on("PD", "L3").mean)
    pd_weighted = volume.with_acquisition(weighting="PD")
    assert score_case({"PD": pd_weighted}, rois, aggregate="mean").score("PD ratio").value > 0


def test_a_registered_score_with_the_choice_of_aggregate_is_given_with_each(files, known):
    _, volume, rois = files
    pick = {"median": np.median, "mean": np.mean}
    known(
        regions=("L1", "L2", "L3", "L4"),
        aggregates=("median", "mean"),
        compute=lambda i: float(pick[i.aggregate]([i.on("T1", f"L{k}").mean for k in range(1, 5)])),
    )
    case = score_case({"T1": volume}, rois, aggregate="both")
    keys = [r.key for r in case.results if r.name == "Marrow/fat"]
    assert keys == ["Marrow/fat (median)", "Marrow/fat (mean)"]
    with pytest.raises(ScoreError, match="with the median and with the mean"):
        case.score("Marrow/fat")
    assert case.score("Marrow/fat", aggregate="mean").part("L1 mean") > 0
    with pytest.raises(ScoreError, match="needs an aggregate, and got None"):
        score_value(volume, rois, "Marrow/fat")


def test_a_registered_score_over_noise_has_its_noise_roi_checked(files, known):
    _, volume, rois = files
    known(regions=("L3",), divisor="noise", compute=lambda i: i.on("T1", "L3").mean / i.on("T1", "noise").sd)
    on_tissue = [r for r in rois if r.label != "noise"]
    on_tissue.append(Rectangle.on(volume.slice(1), (30, 120), 6.3, 6.3, label="noise"))
    assert score_case({"T1": volume}, rois, aggregate="mean").score("Marrow/fat").value > 0
    with pytest.raises(ScoreError, match="Marrow/fat is not given: the noise ROI has a mean of"):
        score_case({"T1": volume}, on_tissue, aggregate="mean").score("Marrow/fat")


# The interval moves every ROI that the score asked for


def test_the_interval_moves_a_roi_that_is_no_level(files, known):
    _, volume, rois = files
    known()
    found = case_uncertainty(
        {"T1": volume},
        rois,
        aggregate="mean",
        jitter=Jitter(shift_mm=1, size_percent=0),
        rng=np.random.default_rng(1),
        n_draws=1000,
    )
    fat = next(u for u in found if u.score.name == "Marrow/fat")
    assert fat.se == pytest.approx(0.26, rel=0.1)  # 0.29 with the pixel noise counted twice
    pixels = next(c for c in fat.components if c.method == "delta method")
    n = next(r for r in rois if r.label == "fat").measure(volume).n
    # an edge repeats itself from row to row, so few of these pixels are independent of each other
    assert pixels.se > 843 / 760 * 665 / 760 / math.sqrt(n)
    assert "fat" in next(c.message for c in fat.cautions if c.code == "placement-unbounded")


def test_the_name_of_a_roi_does_not_change_the_interval(files, known):
    _, volume, rois = files
    known()
    known(name="As a level", title="A level", compute=lambda i: i.on("T1", "L3").mean / i.on("T1", "L2").mean)
    renamed = {"fat": "L2", "L2": "fat"}
    jitter, seed = Jitter(shift_mm=1, size_percent=5), np.random.default_rng
    se = [
        next(u.se for u in found if u.score.name == name)
        for name, placed in (
            ("Marrow/fat", rois),
            ("As a level", [r.with_label(renamed.get(r.label, r.label)) for r in rois]),
        )
        for found in [
            case_uncertainty(
                {"T1": volume},
                placed,
                aggregate="mean",
                jitter=jitter,
                rng=seed(1),
                n_draws=200,
                overrule="L2 is fat here",
            )
        ]
    ]
    assert se[0] == se[1]


def test_a_score_of_medians_has_an_interval(known):
    known(compute=lambda i: i.on("T1", "L3").median / i.on("T1", "fat").mean)
    table = {"L3": example_measurement("L3", mean=200, sd=20, n=100), "fat": example_measurement("fat", mean=400, sd=0)}
    inputs = score_tables({"T1": table}, aggregate="mean").inputs
    assert pixel_noise_se(inputs, "Marrow/fat") == pytest.approx(20 / 10 / 400, rel=1e-6)


# A bad score costs its own row only


def raise_(error):
    raise error


BAD = {
    "stops": (lambda _: 1 / 0, "its function stopped with ZeroDivisionError: division by zero"),
    "asks": (lambda i: i.measured["T1"]["bone"].mean, "its function stopped with KeyError: 'bone'"),
    "words": (lambda _: "high", r"its function gave 'high' \(str\), not a number or a Score"),
    "nothing": (lambda _: None, r"its function gave None \(NoneType\)"),
    "truth": (lambda _: True, r"its function gave True \(bool\)"),
    "nan": (lambda _: math.nan, "its value is nan, not a finite number"),
    "infinite": (lambda _: np.float64("inf"), "its value is inf, not a finite number"),
    "refuses": (lambda _: raise_(ScoreError("no.")), "is not given: no."),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_score_costs_its_own_row_only(kind, files, known, capsys):
    folder, volume, rois = files
    compute, words = BAD[kind]
    without = score_case({"T1": volume}, rois, aggregate="both").results
    known(compute=compute)
    case = score_case({"T1": volume}, rois, aggregate="both")
    assert case.results[:-1] == without
    assert isinstance(case.results[-1], Refusal)
    with pytest.raises(ScoreError, match=words):
        case.score("Marrow/fat")
    command = ["score", str(folder / "case.mha"), "--rois", str(folder / "rois.json"), "--series", "T1=0", "--json"]
    assert main(command) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["refused"] for row in rows if row["score"] == "Marrow/fat"] == [case.results[-1].reason]
    assert len([row for row in rows if row["score"] == "VBQ-T1" and row["value"] is not None]) == 2
    studio = RoiStudio(volume, rois=rois)
    assert isinstance(studio.scores["Marrow/fat"], Refusal)
    assert {"SNR", "VBQ-T1 (median)", "VBQ-T1 (mean)"} == {*studio.intervals}


def test_a_score_that_fails_in_most_draws_has_no_interval_and_the_others_keep_theirs(files, known):
    _, volume, rois = files
    seen: list[float] = []

    def only_here(inputs):
        mean = inputs.on("T1", "L3").mean
        seen.append(mean)
        return mean if mean == seen[0] else 1 / 0

    known(compute=only_here)
    options = {"aggregate": "mean", "jitter": STILL, "n_draws": 100}
    found = case_uncertainty({"T1": volume}, rois, rng=np.random.default_rng(0), **options)
    bad = next(u for u in found if u.score.name == "Marrow/fat")
    assert math.isnan(bad.ci_low)
    assert math.isfinite(next(u for u in found if u.score.name == "VBQ-T1").ci_low)


# What may be registered


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "VBQ-T1"}, "The name 'VBQ-T1' is taken by the score 'VBQ-T1'"),
        ({"name": "vbq t1"}, "is taken by the score 'VBQ-T1'"),
        ({"name": "BMI"}, "'bmi' is taken: cohort tables have the column 'bmi_kg_m2'"),
        ({"name": " "}, "The name of the score ' ' is ' '"),
        ({"source": ""}, "The source of the score 'Marrow/fat' is ''"),
        ({"weightings": ()}, r"The weightings of the score 'Marrow/fat' are \(\)"),
        ({"regions": ("L1", 3)}, "The regions of the score"),
        ({"divisor": "fat"}, "The divisor of the score 'Marrow/fat' is 'fat'; use 'CSF', 'noise', or None"),
        ({"aggregates": ("mode",)}, "'median' and 'mean' exist"),
        ({"compute": 3}, "give a function of ScoreInputs"),
    ],
)
def test_what_is_not_a_whole_definition_is_refused_and_leaves_nothing_behind(changes, words):
    before = dict(SCORES)
    with pytest.raises(ScoreError, match=words):
        register_score(ScoreDefinition(**MARROW_OVER_FAT | changes))
    assert dict(SCORES) == before
    assert column("marrow_fat").title == "marrow_fat"


def test_the_registry_is_changed_through_its_functions_only():
    with pytest.raises(ScoreError, match="is not a ScoreDefinition"):
        register_score("VBQ-T1")
    with pytest.raises(TypeError):
        SCORES["x"] = SCORES["SNR"]
    with pytest.raises(ScoreError, match="is one of the package's own scores and stays"):
        unregister_score("SNR")
    with pytest.raises(ScoreError, match="There is no score 'x'"):
        unregister_score("x")


@pytest.mark.parametrize("name", SCORES)
def test_the_definition_says_what_the_score_itself_says_and_what_its_column_says(name):
    definition, levels = SCORES[name], {f"L{k}": 200.0 + k for k in range(1, 5)}
    signals = {"T1": 100.0, "T2": 500.0, "STIR": 150.0}
    tables = {
        w: {k: example_measurement(k, mean=v) for k, v in (levels | {"CSF": csf, "noise": 8.0}).items()}
        for w, csf in signals.items()
    }
    from vbqkit.scores import ReferenceGroup

    found = score_tables(tables, aggregate="both", reference=ReferenceGroup(mean=20, sd=2, n=30)).results
    of_this = [r for r in found if r.name == name]
    assert [r.aggregate for r in of_this] == list(definition.aggregates or (None,))
    for score in of_this:
        assert isinstance(score, Score)
        assert (score.unit, score.source) == (definition.unit, definition.source)
        assert score.direction.startswith(definition.direction)
        assert {*score.regions} == {*definition.labels}
    assert column(definition.column).worse == definition.worse
    assert column(name).name == definition.column


def test_a_direction_in_other_words_establishes_none():
    worse = [ScoreDefinition(**MARROW_OVER_FAT | {"direction": d}).worse for d in (LOWER_IS_POORER, NO_DIRECTION)]
    assert worse == ["low", ""]


# One verdict


def test_a_row_of_published_cutoffs_goes_straight_into_the_verdict_and_the_studio(files):
    _, volume, rois = files
    setting = {"field_t": 3.0, "vendor": "Philips", "tr_ms": 600, "te_ms": 20}
    table = thresholds_for("VBQ-T1", **setting, value=2.75, value_low=2.6, value_high=2.85)
    for _, row in table.iterrows():
        assert verdict(2.6, 2.85, row) == verdict(2.6, 2.85, dict(row)) == row["verdict"]
    nearest = table.iloc[0]
    studio = RoiStudio(volume, rois=rois, cutoffs={"VBQ-T1": nearest})
    interval = studio.intervals["VBQ-T1 (median)"]
    expected = interval.verdict(nearest["threshold"], positive=nearest["positive"])
    assert interval.verdict(nearest) == expected
    studio._publish()
    shown = next(row for row in studio._measured["scores"] if row["key"] == "VBQ-T1 (median)")
    assert shown["verdict"] == expected


@pytest.mark.parametrize(
    ("cutoff", "positive", "words"),
    [
        ({"threshold": 2.9}, None, "is not understood. Give a number and positive"),
        ((2.9, "above"), None, "positive is 'above'; say 'high' or 'low'"),
        (2.9, None, "positive is 'None'"),
        ({"threshold": 2.9, "positive": "high"}, "low", "says positive is 'high', and you say 'low'"),
        ({"threshold": math.nan, "positive": "high"}, None, "cut-off of nan is not a number"),
        (("a", "high"), None, "cut-off of a is not a number"),
    ],
)
def test_a_cutoff_that_is_not_understood_is_refused(cutoff, positive, words):
    with pytest.raises(ScoreError, match=words):
        as_cutoff(cutoff, positive=positive)
