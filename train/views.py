"""``python -m train.views``: how often names would be wrong, and asked for, at each margin, on hard views.

The margin of :mod:`vbqkit.propose.naming` is chosen from this table: single slices, rendered and spoilt as in training,
of bodies that were not trained on. Far harder than a series, and the only place where enough names are in doubt. Two
sets of weights are compared by its last lines, on bodies on which nothing else is judged (``--first 900000``).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from train.bodies import load_bodies
from train.samples import draw_sample
from vbqkit.anatomy import LEVEL_OF_CODE
from vbqkit.propose.chain import LEAST_SURENESS, find_chain, find_peaks, sureness
from vbqkit.propose.naming import LEAST_MARGIN, name_bodies
from vbqkit.propose.network import Layer, load_weights, run_network
from vbqkit.propose.network_input import network_channels
from vbqkit.propose.outlines import INSIDE, body_probability
from vbqkit.propose.transitional import transitional_question
from vbqkit.validation.proposal_patients import UNSEEN_FROM, draw_case

SHAPE = (224, 160)
COST_OF_WRONG = 5.0
"""A name that is silently wrong costs as much as five questions: the goals are 3 and 15 % of series."""

NOISE = 100
"""Pictures of pure noise on which no spine may be seen."""

MARGINS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0)


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m train.views", description=__doc__)
    parser.add_argument("--bodies", type=int, default=30)
    parser.add_argument("--views", type=int, default=12, help="of each body")
    parser.add_argument("--first", type=int, default=UNSEEN_FROM, help="seed of the first body (1000000)")
    parser.add_argument("--weights", type=Path, help="folder of weights.npy and model.json (the shipped ones)")
    parser.add_argument("--work", type=Path, default=Path(__file__).parent.parent / "build" / "train")
    args = parser.parse_args(arguments)
    layers = None if args.weights is None else load_weights(args.weights)
    bodies = load_bodies(args.bodies, args.work / "bodies", first=args.first)
    rows: list[tuple[bool, bool, float, bool]] = []  # transitional, right, margin, sign of a transitional vertebra
    none = 0
    overlaps: list[float] = []  # Dice of all bodies of a view
    for number, body in enumerate(bodies):
        kinds = {finding.kind for finding in draw_case(args.first + number)[1]}
        for view in range(args.views):
            sample = draw_sample(body, np.random.default_rng([args.first, number, view]), shape=SHAPE)
            found = run_network(sample.channels, layers)
            if (sample.level > 0).any():
                overlaps.append(_dice(body_probability(found) > INSIDE, sample.level > 0))
            chain = find_chain(find_peaks(found))
            if not chain or sureness(found, chain) < LEAST_SURENESS:
                none += 1
                continue
            truth = tuple(LEVEL_OF_CODE[sample.level[round(p.row), round(p.col)]] for p in chain)
            naming = name_bodies([p.classes for p in chain], least_margin=0.0)
            sign = bool(transitional_question(found, chain, naming.likely))
            right = all(
                true in ("", name) for true, name in zip(truth, naming.likely, strict=True)
            )  # "": beside a body
            rows.append(("transitional vertebra" in kinds, right, naming.margin * bool(naming.names), sign))
    for told, chosen in (
        ("all", rows),
        ("transitional", [r for r in rows if r[0]]),
        ("others", [r for r in rows if not r[0]]),
    ):
        sys.stdout.write(f"{told}: {len(chosen)} views with a spine ({none} without)\n")
        for margin in MARGINS:
            given = [r for r in chosen if r[2] >= margin and not r[3]]
            wrong = sum(not r[1] for r in given)
            total = max(1, len(chosen))
            sys.stdout.write(
                f"  margin {margin}: wrong {100 * wrong / total:.1f} %, asked {100 - 100 * len(given) / total:.1f} %\n"
            )
        signs = sum(r[3] for r in chosen)
        sys.stdout.write(f"  sign of a transitional vertebra in {signs}\n")
    given = [r for r in rows if r[2] >= LEAST_MARGIN and not r[3]]
    wrong_percent = 100.0 * sum(not r[1] for r in given) / max(1, len(rows))
    asked_percent = 100.0 - 100.0 * len(given) / max(1, len(rows))
    sys.stdout.write(
        f"cost {COST_OF_WRONG * wrong_percent + asked_percent:.2f} ({COST_OF_WRONG:g} x wrong {wrong_percent:.2f} % + asked {asked_percent:.2f} %) of {len(rows)} views; "
        f"Dice of the bodies: mean {np.mean(overlaps):.4f}, 10th percentile {np.percentile(overlaps, 10):.4f}\n"
    )
    sys.stdout.write(
        f"pictures of noise with a spine: {sum(map(_spine_in_noise, range(NOISE), [layers] * NOISE))} of {NOISE}\n"
    )


def _dice(found: npt.NDArray[np.bool_], true: npt.NDArray[np.bool_]) -> float:
    return float(2.0 * (found & true).sum() / (found.sum() + true.sum()))


def _spine_in_noise(seed: int, layers: tuple[Layer, ...] | None) -> bool:
    noise = np.random.default_rng([99, seed]).rayleigh(20.0, size=SHAPE)
    found = run_network(network_channels(noise), layers)
    chain = find_chain(find_peaks(found))
    return bool(chain) and sureness(found, chain) >= LEAST_SURENESS


if __name__ == "__main__":
    main()
