"""Buttons of lesson 98: the evaluations with other folds, and a new person judged by the networks."""

from __future__ import annotations

import numpy as np

from vbqkit.acquisition import Acquisition
from vbqkit.charts import plot_evaluations
from vbqkit.charts.live import live_figure, save_buttons
from vbqkit.image import Slice
from vbqkit.lessons.beginning import Beginning, Shown, begin
from vbqkit.lessons.showing import show_slice, show_table
from vbqkit.machine_learning.evaluations import evaluate_each_way
from vbqkit.machine_learning.patch_network import INPUTS, channels_of, load_patch_network
from vbqkit.machine_learning.study_people import CHANNELS, HERE, OSTEOPOROSIS_T_SCORE, PatchPerson, patch_person
from vbqkit.machine_learning.study_people import ELSEWHERE as OTHER_MACHINE
from vbqkit.machine_learning.study_table import feature_names, radiomics_study
from vbqkit.machine_learning.vertebra_patches import PIXEL_MM

FIRST_NEW_PERSON = 1_000
"""Number of the first person on whom no network was trained."""


def evaluate_again_button(*, seed: int, learner: str = "KNN", weighting: str = "T1") -> Beginning:
    """A button; when pressed every evaluation is computed anew, with the folds of another seed.

    Parameters
    ----------
    seed : int
        Where all chance starts.
    learner, weighting : str
        Such as ``"KNN"`` and ``"T1"``.

    Returns
    -------
    Beginning
        The last line of a cell.
    """

    def make() -> tuple[Shown, ...]:
        table = radiomics_study()
        here, elsewhere = (table[table["scanner"] == name] for name in (HERE, OTHER_MACHINE))
        found = evaluate_each_way(
            here,
            feature_names(weighting),
            outcome="osteoporosis",
            person="person",
            learner=learner,
            seed=seed,
            elsewhere=elsewhere,
        )
        chart = plot_evaluations(found, source=f"{learner} on {weighting}, virtual people, seed {seed}")
        head = ("evaluation", "AUC", "from", "to")
        return (
            live_figure(chart),
            save_buttons(chart),
            show_table(found[["evaluation", "estimate", "ci_low", "ci_high"]], head=head),
        )

    return begin(make, f"Evaluate {learner} on {weighting} again, with other folds")


def judge_person_button(*, seed: int) -> Beginning:
    """A button; when pressed a new virtual person is drawn, scanned, and judged by the three networks.

    Parameters
    ----------
    seed : int
        Which person: 0 or more. None of them was trained on.

    Returns
    -------
    Beginning
        The last line of a cell.
    """

    def make() -> tuple[Shown, ...]:
        person = patch_person(FIRST_NEW_PERSON + seed)
        rows = {
            name: [
                load_patch_network(name).probability(channels_of(patches, name))
                for patches in (person.here, person.elsewhere)
            ]
            for name in INPUTS
        }
        p = person.patient
        is_it = "osteoporosis" if p.t_score <= OSTEOPOROSIS_T_SCORE else "no osteoporosis"
        truth = {
            "T-score (DEXA)": p.t_score,
            "QCT (mg/cm3)": p.qct_mg_cm3,
            "PDFF (%)": 100 * float(np.mean(p.pdff)),
            "age": p.age,
        }
        return (
            _patches_shown(person),
            show_table(rows, head=("network on", f"probability, {HERE}", f"probability, {OTHER_MACHINE}")),
            show_table(truth, head=(f"the truth: {is_it}", ""), digits=1),
        )

    return begin(make, "Draw a new person and judge them")


def _patches_shown(person: PatchPerson) -> Shown:
    """The patches of a person as one picture: a row each for T1, T2 and CT; L1 to L4 from left to right."""
    shown = np.concatenate([np.concatenate(list(person.here[:, c]), axis=1) for c in range(len(CHANNELS))], axis=0)
    picture = Slice(
        np.rint(1000 * np.clip(shown, 0.0, 1.0)).astype(np.uint16),
        (0.0, 0.0, 0.0),
        (0.0, 0.0, -PIXEL_MM),
        (0.0, PIXEL_MM, 0.0),
        acquisition=Acquisition(modality="OT", synthetic=True),
    )
    return show_slice(
        picture,
        alt="Twelve square patches: L1 to L4 from left to right, on T1 above, on T2 in the middle, on CT below.",
        caption="What the networks see: L1 to L4, on T1, T2 and CT",
        crop=(0, picture.shape[0], 0, picture.shape[1]),
        window=(0.0, 1000.0),
        height_px=360,
    )
