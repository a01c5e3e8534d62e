"""Numbers from scanner, scores and statistics, to compare one Python with another: printed as JSON."""

import base64
import json
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from vbqkit import read_rois, read_study, stats
from vbqkit.exercises import make_case
from vbqkit.machine_learning import roi_radiomics
from vbqkit.scores import Jitter, case_uncertainty, score_case

CASE = Path(__file__).parent.parent / "sample_data" / "case04"


def picture():
    """Grey levels of a scanned series, which are whole numbers."""
    return make_case(3, kind="plain", weightings=("T1",), scanner="generic-1.5t").volumes["T1"].pixels


def packed(pixels):
    """As text, to be printed."""
    return base64.b64encode(zlib.compress(pixels.astype("<i4").tobytes())).decode()


def unpacked(text):
    """The grey levels in their order, from what was printed."""
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), "<i4")


def digits():
    """Name to number: scores and intervals, radiomics, a correlation, an AUC and a cut-off."""
    found = {}
    volume = read_study(CASE).find("T1").volume()
    rois = read_rois(CASE / "reference_rois.vbqkit.json")
    found |= {one["score"]: one["value"] for one in score_case({"T1": volume}, rois, aggregate="median").rows()}
    (l3,) = (roi for roi in rois.rois if roi.label == "L3")
    found |= {f"radiomics {name}": value for name, value in roi_radiomics(volume, l3).items()}
    jitter = Jitter(shift_mm=1.0, size_percent=0.0)
    rng = np.random.default_rng(0)
    for one in case_uncertainty({"T1": volume}, rois, aggregate="median", jitter=jitter, rng=rng, n_draws=100):
        found |= {f"{one.score.name} low": one.ci_low, f"{one.score.name} high": one.ci_high}
    rng = np.random.default_rng(2)
    people = pd.DataFrame({"vbq": rng.normal(3.0, 0.5, 60)})
    people["t_score"] = 1.0 - people.vbq + rng.normal(0.0, 0.5, 60)
    people["ill"] = people.t_score < -2.2
    for name, table in {
        "r": stats.pearson("t_score", "vbq", data=people),
        "AUC": stats.auc("vbq", "ill", positive="high", data=people),
    }.items():
        found |= {f"{name} {column}": table[column].iloc[0] for column in ("estimate", "ci_low", "ci_high")}
    return {name: float(value) for name, value in found.items() if isinstance(value, (int, float, np.number))}


if __name__ == "__main__":
    print(json.dumps({"digits": digits(), "picture": packed(picture())}))
