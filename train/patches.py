"""``python -m train.patches``: draw people, cross-validate networks on their patches, right and wrong, and write them.

Writes into the package ``patch_networks.npz`` with its checksum, and ``patch_study.csv``: of every person, the
probability by networks that had not seen them, and by networks that had seen other vertebrae of theirs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from train.patch_fit import PatchPlan, fit_patches, log_odds
from train.patches_drawn import DrawnPatches, load_patches
from vbqkit.cli.progress_bar import progress_bar
from vbqkit.formats.table_file import write_table
from vbqkit.machine_learning.patch_network import INPUTS, PatchNetwork, channels_of
from vbqkit.machine_learning.patch_table import COLUMNS, SPLITS
from vbqkit.machine_learning.study_people import PATCH_PEOPLE
from vbqkit.machine_learning.study_table import DATA
from vbqkit.machine_learning.vertebra_patches import CT_UNIT_HU
from vbqkit.stats import auc

ROOT = Path(__file__).parent.parent
FOLDS, LEVELS = 5, 4

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


def main(arguments: list[str] | None = None) -> None:
    """Train by the command line."""
    parser = argparse.ArgumentParser(prog="python -m train.patches", description=__doc__)
    parser.add_argument("--people", type=int, default=PATCH_PEOPLE, help=f"virtual people ({PATCH_PEOPLE})")
    parser.add_argument("--epochs", type=int, default=40, help="times that each patch is seen (40)")
    parser.add_argument("--seed", type=int, default=98, help="where all chance starts (98)")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "train" / "patches", help="patches, drawn once")
    parser.add_argument("--out", type=Path, default=DATA, help="where networks and tables go")
    parser.add_argument(
        "--shortcut", action="store_true", help="only show what CT networks learn of outline and of marrow"
    )
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    with progress_bar("Drawing people") as progress:
        drawn = load_patches(args.people, args.work, progress=progress)
    plan = PatchPlan(epochs=args.epochs, seed=args.seed)
    folds = split_folds(drawn.osteoporosis, np.random.default_rng(args.seed))
    if args.shortcut:
        for name, area in shortcut_areas(drawn, folds[SPLITS[0]], plan).items():
            sys.stdout.write(f"{name}: AUC {area:.3f}\n")
        return
    rows = list(study_rows(drawn, folds, plan))
    args.out.mkdir(parents=True, exist_ok=True)
    write_table(args.out / "patch_study.csv", COLUMNS, rows, comment=_ABOUT)
    networks = {name: _trained(drawn, name, np.ones((args.people, LEVELS), dtype=bool), plan) for name in INPUTS}
    path = write_networks(networks, args.out, trained={"people": args.people, "epochs": args.epochs, "seed": args.seed})
    sys.stdout.write(f"Wrote {path}, its checksum beside it, and {args.out / 'patch_study.csv'}.\n")


_ABOUT = (
    "Probabilities of osteoporosis by networks on patches of virtual people. Synthetic. Made by python -m train.patches"
)


def split_folds(osteoporosis: Ints, rng: np.random.Generator) -> dict[str, Ints]:
    """Fold of every vertebra by each way to split, shape (people, 4), with both classes alike in each fold.

    ``"by person"`` keeps a person together; ``"by vertebra"`` deals out vertebrae, so that everyone is on both sides.
    """
    people = np.empty(len(osteoporosis), dtype=np.int64)
    for label in (0, 1):
        which = np.flatnonzero(osteoporosis == label)
        people[rng.permutation(which)] = np.arange(len(which)) % FOLDS
    vertebrae = rng.permuted(np.tile(np.arange(FOLDS), (len(osteoporosis), 1)), axis=1)[:, :LEVELS]
    return {SPLITS[0]: np.repeat(people[:, None], LEVELS, axis=1), SPLITS[1]: vertebrae}


def study_rows(drawn: DrawnPatches, folds: dict[str, Ints], plan: PatchPlan) -> list[dict[str, Any]]:
    """Rows of ``patch_study.csv``: person by person, network by network, split by split."""
    rows = []
    for split, fold in folds.items():
        for name in INPUTS:
            here, elsewhere = np.empty(fold.shape), np.empty(fold.shape)
            for number in range(FOLDS):
                network = _trained(drawn, name, fold != number, plan)
                test = fold == number
                here[test] = log_odds(network, channels_of(drawn.here[test], name))
                elsewhere[test] = log_odds(network, channels_of(drawn.elsewhere[test], name))
            sys.stdout.write(f"{name}, split {split}: done\n")
            sys.stdout.flush()
            rows += [_row(drawn, name, split, fold, i, (here, elsewhere)) for i in range(len(fold))]
    return rows


OUTLINE_HU, MARROW_PIXELS = 240.0, slice(9, 23)
"""Above it only cortex and endplates are; and the rows and columns of a patch that show marrow alone."""


def shortcut_areas(drawn: DrawnPatches, fold: Ints, plan: PatchPlan) -> dict[str, float]:
    """AUC, by person, of networks that see of CT the outline of dense bone alone, or marrow alone, laid in tiles."""
    ct = channels_of(drawn.here, "CT")
    marrow = np.tile(ct[..., MARROW_PIXELS, MARROW_PIXELS], (1, 1, 1, 3, 3))[..., : ct.shape[-2], : ct.shape[-1]]
    seen = {"outline of dense bone": (ct > OUTLINE_HU / CT_UNIT_HU).astype(np.float32), "marrow alone": marrow}
    labels, areas = np.repeat(drawn.osteoporosis[:, None], LEVELS, axis=1), {}
    for name, patches in seen.items():
        found = np.empty(fold.shape)
        for number in range(FOLDS):
            train, test = fold != number, fold == number
            found[test] = log_odds(fit_patches(patches[train], labels[train], INPUTS["CT"], plan), patches[test])
        area = auc(found.mean(axis=1).tolist(), drawn.osteoporosis.tolist(), positive="high")
        areas[name] = float(area["estimate"].iloc[0])
    return areas


def _row(
    drawn: DrawnPatches, name: str, split: str, fold: Ints, i: int, log_odds_of: tuple[npt.NDArray[np.float64], ...]
) -> dict[str, Any]:
    here, elsewhere = (_probability(found[i]) for found in log_odds_of)
    return {
        "person": f"N{i + 1:03d}",
        "network": name,
        "split": split,
        "fold": int(fold[i, 0]),
        "probability": here,
        "elsewhere": elsewhere,
        "t_score": float(drawn.t_score[i]),
        "qct_mg_cm3": float(drawn.qct_mg_cm3[i]),
        "pdff_percent": round(100 * float(drawn.pdff[i]), 1),
        "hu": float(drawn.hu[i]),
        "age": round(float(drawn.age[i])),
        "sex": "F" if drawn.woman[i] else "M",
    }


def _probability(log_odds_of_levels: npt.NDArray[np.float64]) -> float:
    return float(f"{1.0 / (1.0 + np.exp(-log_odds_of_levels.mean())):.4g}")


def _trained(drawn: DrawnPatches, name: str, train: npt.NDArray[np.bool_], plan: PatchPlan) -> PatchNetwork:
    labels = np.repeat(drawn.osteoporosis[:, None], LEVELS, axis=1)
    return fit_patches(channels_of(drawn.here[train], name), labels[train], INPUTS[name], plan)


def write_networks(networks: dict[str, PatchNetwork], folder: Path, *, trained: dict[str, object]) -> Path:
    """Write ``patch_networks.npz`` and ``patch_networks.json``: its checksum, and how it was trained."""
    held: dict[str, Any] = {}
    for name, net in networks.items():
        held |= {
            f"{name}/mean": net.mean,
            f"{name}/sd": net.sd,
            f"{name}/weights": net.weights,
            f"{name}/bias": net.bias,
        }
        for n, (weights, biases) in enumerate(net.convolutions):
            held |= {f"{name}/w{n}": weights, f"{name}/b{n}": biases}
    path = folder / "patch_networks.npz"
    np.savez(path, **held)
    about = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "trained": trained}
    (folder / "patch_networks.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
