"""What networks on patches said of every person of their study, none having seen the patch it judged. Synthetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader

from vbqkit.machine_learning.study_people import OSTEOPOROSIS_T_SCORE
from vbqkit.machine_learning.study_table import DATA

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = lazy_loader.load("pandas")

SPLITS = ("by person", "by vertebra")
"""How people were dealt to the folds: a person in one fold, or their vertebrae in several, which is wrong."""

COLUMNS = (
    *("person", "network", "split", "fold", "probability", "elsewhere"),
    *("t_score", "qct_mg_cm3", "pdff_percent", "hu", "age", "sex"),
)


def patch_study() -> pd.DataFrame:
    """Probabilities of osteoporosis by networks on MRI, CT and both, in 220 virtual people. Synthetic.

    Returns
    -------
    DataFrame
        One row a person, network and split: person, network (``"MRI"``, ``"CT"``, ``"MRI and CT"``), split (``"by
        person"``; ``"by vertebra"``: other vertebrae of the same person were trained on), fold (of L1), probability (of
        the mean log odds of L1 to L4), elsewhere (the same on another MRI machine), t_score, qct_mg_cm3, pdff_percent,
        hu, age, sex, osteoporosis (T-score -2.5 or lower).

    Examples
    --------
    >>> table = patch_study()
    >>> table["person"].nunique(), sorted(table["network"].unique())
    (220, ['CT', 'MRI', 'MRI and CT'])
    """
    table = pd.read_csv(DATA / "patch_study.csv", comment="#")
    return table.assign(osteoporosis=(table["t_score"] <= OSTEOPOROSIS_T_SCORE).astype(int))
