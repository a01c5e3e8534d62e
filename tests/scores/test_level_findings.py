"""Levels that cannot be used: each with its paper's rule, and none in any score."""

import pytest

from vbqkit.errors import ScoreError
from vbqkit.scores import LEVEL_FINDINGS, Exclusions, example_measurement, score_tables

TABLE = {
    "T1": {
        **{
            level: example_measurement(level, mean=m)
            for level, m in zip(("L1", "L2", "L3", "L4"), (300, 900, 300, 300), strict=True)
        },
        "CSF": example_measurement("CSF", mean=100.0),
    }
}


@pytest.mark.parametrize("name", [k for k, one in LEVEL_FINDINGS.items() if one.acts_on == "level"])
def test_an_excluded_level_does_not_enter_and_the_score_says_so(name):
    chosen = Exclusions({"L2": name}, rule="leave out")
    score = score_tables(TABLE, aggregate="mean", **chosen.options).score("VBQ-T1")
    assert score.value == pytest.approx(3.0)
    assert score.levels == ("L1", "L3", "L4")
    assert f"L2 was left out ({name})" in {c.code: c.message for c in score.cautions}["level-left-out"]
    assert chosen.lines[0].startswith(f"L2: {name}. ")
    assert "doi 10." in chosen.lines[0]


def test_two_levels_are_too_many_for_chen_and_metal_has_no_cutoff():
    chosen = Exclusions({"L2": "fracture", "L3": "metal"}, rule="leave out")
    assert "stops here" in str(score_tables(TABLE, aggregate="mean", **chosen.options).results[-1])
    assert "No published cut-off was found on such patients" in " ".join(chosen.lines)


def test_stenosis_moves_the_csf_and_leaves_all_levels():
    chosen = Exclusions({}, stenosis=True)
    assert chosen.options == {}
    assert "adjacent level" in chosen.lines[0]
    assert Exclusions({}).lines == ()


def test_what_cannot_be_is_refused():
    with pytest.raises(ScoreError, match="say whether they are left out"):
        Exclusions({"L2": "fracture"})
    for levels in ({"L9": "fracture"}, {"L2": "tattoo"}, {"L2": "stenosis at L3"}):
        with pytest.raises(ScoreError, match="is not a finding"):
            Exclusions(levels, rule="leave out")
