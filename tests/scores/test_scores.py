"""The scores against the papers' printed digits, closed forms and invariances."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbqkit import Acquisition, Rectangle, Slice
from vbqkit.errors import ScoreError
from vbqkit.literature import kosice_levels
from vbqkit.scores import (
    SCORES,
    ReferenceGroup,
    Refusal,
    Score,
    example_measurement,
    m_score,
    score_tables,
    segmental_vbq,
    snr,
    vbq,
    vbq_t2_stir,
)

# Košice group 2025 (Clin Osteol 2025;30(1):36-40), Tab. 1: SNR per level; Tab. 2: SNR(L1-L4), M-score. As printed.
PAPER_000 = [
    ((66.4, 81.3, 85.9, 76.4), 77.491, 5.5),
    ((61.6, 63.7, 67.5, 60.7), 63.363, 2.9),
    ((78.1, 87.1, 85.8, 77.3), 82.061, 6.4),
    ((62.5, 65.1, 74.1, 68.1), 67.423, 3.7),
    ((58.9, 63.1, 69.9, 81.5), 68.316, 3.8),
]
LEVELS = ("L1", "L2", "L3", "L4")
signals = st.floats(min_value=1.0, max_value=4000.0)


def levels(*means, labels=LEVELS):
    return {label: example_measurement(label, mean=mean) for label, mean in zip(labels, means, strict=True)}


def noise(sd=1.0, mean=2.0):
    return example_measurement("noise", mean=mean, sd=sd)


@pytest.mark.parametrize(("per_level", "printed_snr", "printed_m"), PAPER_000)
def test_snr_and_m_score_give_back_the_printed_digits_of_paper_000(per_level, printed_snr, printed_m):
    measured = snr(levels(*per_level), noise(sd=1.0))
    assert measured.value == pytest.approx(printed_snr, abs=0.05)  # the level SNRs are printed to 0.1
    reference = ReferenceGroup(mean=47.625, sd=5.41, n=5)  # mean of Tab. 1 "Average ref"; SD implied by Tab. 2
    assert m_score(measured, reference).value == pytest.approx(printed_m, abs=0.06)


@given(st.lists(signals, min_size=4, max_size=4), signals, st.floats(min_value=1e-3, max_value=1e3))
def test_vbq_and_snr_do_not_depend_on_receiver_gain(means, csf, gain):
    for aggregate in ("median", "mean"):
        one = vbq(levels(*means), example_measurement("CSF", mean=csf), weighting="T1", aggregate=aggregate)
        amplified = vbq(
            levels(*(gain * m for m in means)),
            example_measurement("CSF", mean=gain * csf),
            weighting="T1",
            aggregate=aggregate,
        )
        assert amplified.value == pytest.approx(one.value, rel=1e-9)
    assert snr(levels(*(gain * m for m in means)), noise(sd=gain)).value == pytest.approx(
        snr(levels(*means), noise(sd=1.0)).value, rel=1e-9
    )


@given(st.lists(signals, min_size=4, max_size=4), signals)
def test_vbq_is_numpys_median_or_mean_over_csf(means, csf):
    c = example_measurement("CSF", mean=csf)
    assert vbq(levels(*means), c, weighting="T2", aggregate="median").value == pytest.approx(np.median(means) / csf)
    assert vbq(levels(*means), c, weighting="T2", aggregate="mean").value == pytest.approx(np.mean(means) / csf)


def test_t2_stir_is_not_free_of_gain_and_says_so():
    t2 = levels(300, 310, 320, 330) | {"CSF": example_measurement("CSF", mean=900)}
    stir = levels(60, 60, 60, 60) | {"CSF": example_measurement("CSF", mean=400)}
    one = Acquisition()
    equal = vbq_t2_stir(t2, stir, acquisition_t2=one, acquisition_stir=one)
    assert equal.value == pytest.approx((315 - 60) / 500)
    assert "series-gain-unknown" in {c.code for c in equal.cautions}
    doubled = {k: example_measurement(k, mean=2 * m.mean) for k, m in stir.items()}
    other = vbq_t2_stir(t2, doubled, acquisition_t2=one, acquisition_stir=Acquisition(rescale_slope=2.0))
    assert other.value != pytest.approx(equal.value, rel=0.05)
    assert "series-rescale-differs" in {c.code for c in other.cautions}


def test_segmental_vbq_gives_each_level_that_was_measured():
    assert segmental_vbq(
        levels(200, 300, labels=("L1", "L3")), example_measurement("CSF", mean=100), weighting="T1"
    ) == {
        "L1": 2.0,
        "L3": 3.0,
    }


def test_a_missing_level_is_never_filled_in():
    with pytest.raises(ScoreError, match="No ROI for L4"):
        vbq(levels(1, 2, 3, labels=LEVELS[:3]), example_measurement("CSF", mean=1), weighting="T1", aggregate="mean")


def test_leave_out_uses_the_rest_and_stops_at_two_as_paper_004():
    measured, c = levels(200, 250, 220, 240), example_measurement("CSF", mean=100)
    score = vbq(measured, c, weighting="T1", aggregate="median", rule="leave out", excluded={"L2": "fracture"})
    assert score.levels == ("L1", "L3", "L4")
    assert score.value == 2.2
    assert score.cautions[0].code == "level-left-out"
    with pytest.raises(ScoreError, match="2 levels cannot be used"):
        vbq(
            measured,
            c,
            weighting="T1",
            aggregate="median",
            rule="leave out",
            excluded={"L2": "fracture", "L3": "fracture"},
        )


def test_replace_takes_t12_and_l5_and_stops_above_two_as_paper_001():
    measured = levels(190, 200, 250, 220, 240, 230, labels=("T12", *LEVELS, "L5"))
    c = example_measurement("CSF", mean=100)
    one = vbq(measured, c, weighting="T1", aggregate="mean", rule="replace", excluded={"L1": "fracture"})
    assert one.levels == ("T12", "L2", "L3", "L4")
    two = vbq(
        measured, c, weighting="T1", aggregate="mean", rule="replace", excluded={"L1": "fracture", "L2": "fracture"}
    )
    assert two.levels == ("T12", "L3", "L4", "L5")
    assert two.value == pytest.approx((190 + 220 + 240 + 230) / 400)
    with pytest.raises(ScoreError, match="3 levels cannot be used"):
        vbq(
            measured,
            c,
            weighting="T1",
            aggregate="mean",
            rule="replace",
            excluded=dict.fromkeys(LEVELS[:3], "fracture"),
        )
    with pytest.raises(ScoreError, match="needs a ROI on T12 or L5"):
        vbq(levels(1, 2, 3, 4), c, weighting="T1", aggregate="mean", rule="replace", excluded={"L1": "fracture"})


def test_what_cannot_be_a_score_says_why():
    four, c = levels(1, 2, 3, 4), example_measurement("CSF", mean=1)
    with pytest.raises(ScoreError, match="mean signal of 0, so no ratio exists"):
        vbq(four, example_measurement("CSF", mean=0), weighting="T1", aggregate="mean")
    with pytest.raises(ScoreError, match="SD of 0 over 117 pixels"):
        snr(four, noise(sd=0.0))
    with pytest.raises(ScoreError, match="Aggregate 'mode' is unknown"):
        vbq(four, c, weighting="T1", aggregate="mode")
    with pytest.raises(ScoreError, match="the series is 'unknown'"):
        vbq(four, c, weighting="unknown", aggregate="mean")
    with pytest.raises(ScoreError, match="the series is 'PD'"):
        segmental_vbq(four, c, weighting="PD")
    with pytest.raises(ScoreError, match="Level rule 'guess' is unknown"):
        vbq(four, c, weighting="T1", aggregate="mean", rule="guess")
    with pytest.raises(ScoreError, match="T9 cannot be excluded"):
        vbq(four, c, weighting="T1", aggregate="mean", rule="leave out", excluded={"T9": "fracture"})
    with pytest.raises(ScoreError, match="mean and an SD above 0"):
        ReferenceGroup(mean=40, sd=0, n=5)
    with pytest.raises(ScoreError, match="n = 1 has no SD"):
        ReferenceGroup(mean=40, sd=1, n=1)
    dark = {k: example_measurement(k, mean=1) for k in (*LEVELS, "CSF")}
    with pytest.raises(ScoreError, match="CSF is not brighter on T2"):
        vbq_t2_stir(dark, dark, acquisition_t2=Acquisition(), acquisition_stir=Acquisition())
    with pytest.raises(ScoreError, match="No ROI 'CSF' on STIR"):
        vbq_t2_stir(dark, four, acquisition_t2=Acquisition(), acquisition_stir=Acquisition())


def test_roi_areas_that_differ_are_said():
    image = Slice(np.full((100, 100), 50.0), (0, 0, 0), (0, 0, -1), (0, 1, 0))
    measured = {
        label: Rectangle.on(image, (20 + 15 * k, 50), 6, 6 + k, label=label).measure(image)
        for k, label in enumerate(LEVELS)
    }
    score = vbq(measured, example_measurement("CSF", mean=25), weighting="T1", aggregate="mean")
    assert "roi-areas-differ" in {c.code for c in score.cautions}


def test_rayleigh_correction_is_off_by_default_and_multiplies_by_0_655():
    plain, corrected = snr(levels(1, 2, 3, 4), noise()), snr(levels(1, 2, 3, 4), noise(), rayleigh_correction=True)
    assert corrected.value == pytest.approx(0.655 * plain.value)
    rng = np.random.default_rng(1)
    rayleigh = np.abs(rng.normal(size=10**6) + 1j * rng.normal(size=10**6))
    assert rayleigh.std() == pytest.approx(0.655, abs=0.002)


def test_the_registry_gives_every_score_or_the_reason_why_not():
    measured = {"T1": levels(200, 210, 220, 230) | {"CSF": example_measurement("CSF", mean=100)}}
    results = {r.name: r for r in score_tables(measured, aggregate="median").results}
    assert isinstance(results["VBQ-T1"], Score)
    assert isinstance(results["SNR"], Refusal)
    assert "no ROI 'noise'" in results["SNR"].reason
    assert "VBQ-T2" not in results
    measured["T1"]["noise"] = noise(sd=4.0)
    results = {r.name: r for r in score_tables(measured, aggregate="median").results}
    assert results["SNR"].value == pytest.approx(215 / 4)
    assert "no reference group" in results["M-score"].reason
    assert set(SCORES) == {"SNR", "M-score", "VBQ-T1", "VBQ-T2", "VBQ-STIR", "VBQ-T2-STIR"}


def test_the_transcribed_table_in_this_file_is_the_one_of_the_literature():
    table = kosice_levels()[list(LEVELS)].to_numpy().tolist()
    assert [list(per_level) for per_level, _, _ in PAPER_000] == table
