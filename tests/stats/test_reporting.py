"""STARD's flow and the lists of items: counts are those of the table, and what cannot be counted is left to write."""

import numpy as np
import pandas as pd
import pytest

from vbqkit.errors import TableError
from vbqkit.stats import (
    accuracy_at_cutoff,
    calibration,
    fit_logistic,
    model_optimism,
    stard_flow,
    stard_list,
    tripod_list,
)


@pytest.fixture
def cohort():
    rng = np.random.default_rng(8)
    n = 120
    vbq = rng.normal(2.8, 0.5, n)
    table = pd.DataFrame(
        {
            "vbq": vbq,
            "age": rng.normal(65, 8, n),
            "test": np.where(vbq >= 2.9, "pos", "neg").astype(object),
            "dexa": np.where(vbq + rng.normal(0, 0.5, n) > 3, "osteoporosis", "none").astype(object),
            "why": "",
        }
    )
    table.loc[:6, "why"] = "metal"
    table.loc[7:9, "why"] = "tumor"
    table.loc[10:12, "test"] = "indeterminate"
    table.loc[13:14, "test"] = None
    table.loc[15:19, "dexa"] = None
    table.loc[20, "dexa"] = "Inconclusive"
    return table


def flow_of(cohort, **options):
    return stard_flow(cohort, index_test="test", reference="dexa", positive="pos", case="osteoporosis", **options)


def test_boxes_within_a_box_add_up_to_it(cohort):
    flow = flow_of(cohort, excluded="why")
    n = flow.set_index("box").n
    for box in flow.within[flow.within != ""].unique():
        assert flow.n[flow.within == box].sum() == n[box]
    assert (n["considered"], n["excluded: metal"], n["excluded: tumor"], n["eligible"]) == (120, 7, 3, 110)
    assert (n["no index test"], n["index test indeterminate"]) == (2, 3)
    assert flow.n[flow.box.str.startswith("no reference standard")].sum() == 5
    assert flow.n[flow.box.str.startswith("reference indeterminate")].sum() == 1


def test_a_flow_without_exclusions_says_that_they_are_not_counted(cohort):
    flow = flow_of(cohort)
    assert flow.note[0].startswith("no column of exclusions was given")
    assert not flow.box.str.startswith("excluded").any()


def test_the_stard_list_has_30_items_and_fills_what_can_be_counted(cohort):
    flow = flow_of(cohort, excluded="why")
    clear = cohort[(cohort.why == "") & cohort.test.isin(["pos", "neg"]) & cohort.dexa.isin(["osteoporosis", "none"])]
    accuracy = accuracy_at_cutoff(
        "vbq",
        "dexa",
        cutoff=2.9,
        positive="high",
        interval="wilson",
        prevalence="sample",
        case="osteoporosis",
        data=clear,
    )
    table = stard_list(flow, accuracy=accuracy, text={"5": "retrospective", "15": "left out"}).set_index("item")
    assert len({int(item.rstrip("ab")) for item in table.index}) == 30
    assert table.status[table.status == "filled"].index.tolist() == ["16", "19", "23", "24"]
    assert table.text["5"] == "retrospective"
    assert table.text["15"].endswith("say how they were handled; left out")
    assert "excluded 10 (metal 7; tumor 3), eligible 110" in table.text["19"]
    assert f"analysed {len(clear)}" in table.text["19"]
    positive, ill = clear.test == "pos", clear.dexa == "osteoporosis"
    assert table.text["23"] == (
        f"true positive {(positive & ill).sum()}, false positive {(positive & ~ill).sum()}, "
        f"false negative {(~positive & ill).sum()}, true negative {(~positive & ~ill).sum()}"
    )
    assert f"sensitivity {accuracy.estimate[0]:.3f} (" in table.text["24"]
    assert (table.text[table.status == "to be written"] == "").all()


def test_the_tripod_list_holds_the_whole_model(cohort):
    cohort.loc[50, "age"] = np.nan
    model = fit_logistic(
        "dexa", ["vbq", "age"], case="osteoporosis", data=cohort[cohort.dexa.isin(["none", "osteoporosis"])]
    )
    optimism = model_optimism(model, n_bootstrap=20, rng=np.random.default_rng(1))
    found = calibration(model.probabilities, model.outcome, fitted_here=True)
    table = tripod_list(model, optimism=optimism, calibration=found, text={"1": "VBQ"}).set_index("item")
    n = len(model.outcome)
    assert table.text["14a"] == f"{n} participants, {model.outcome.sum()} with the outcome"
    assert table.text["13a"] == f"{n + 1} participants, {n} in the model, 1 without all values"
    for b in model.coefficients:
        assert f"{b:+.5g}" in table.text["15a"]
    assert f"AUC {optimism.apparent[0]:.3f} apparent, {optimism.estimate[0]:.3f} corrected" in table.text["16"]
    assert "slope 1.000 (" in table.text["16"]
    assert table.status["4a"] == "to be written"
    assert tripod_list(model).set_index("item").status["16"] == "to be written"


def test_results_that_cannot_be_read_are_refused(cohort):
    with pytest.raises(TableError, match=r"test holds 'neg', 'pos' beside True; one label for a negative result"):
        stard_flow(cohort, index_test="test", reference="dexa")
    with pytest.raises(
        TableError, match=r"why: the table has no column 'why2'|excluded: the table has no column 'why2'"
    ):
        flow_of(cohort, excluded="why2")
    with pytest.raises(TableError, match=r"The cohort table has no rows"):
        flow_of(cohort.head(0))
    with pytest.raises(TableError, match=r"There is no item '31'"):
        stard_list(flow_of(cohort), text={"31": "x"})
    with pytest.raises(TableError, match=r"flow has no columns box, within and n"):
        stard_list(cohort)
    with pytest.raises(TableError, match=r"A table of estimates has no columns quantity"):
        stard_list(flow_of(cohort), accuracy=cohort)
