"""``python -m train.views``: how often names would be wrong, and asked for, at each margin, on hard views.

The margin of :mod:`vbqkit.propose.naming` is chosen from this table: single slices, rendered and spoilt as in training,
of bodies that were not trained on. Far harder than a series, and the only place where enough names are in doubt.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from train.bodies import load_bodies
from train.samples import draw_sample
from vbqkit.anatomy import LEVEL_OF_CODE
from vbqkit.propose.chain import LEAST_SURENESS, find_chain, find_peaks, sureness
from vbqkit.propose.naming import name_bodies
from vbqkit.propose.network import run_network
from vbqkit.propose.transitional import transitional_question
from vbqkit.validation.proposal_patients import UNSEEN_FROM, draw_case

SHAPE = (224, 160)
MARGINS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0)


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m train.views", description=__doc__)
    parser.add_argument("--bodies", type=int, default=30)
    parser.add_argument("--views", type=int, default=12, help="of each body")
    parser.add_argument("--work", type=Path, default=Path(__file__).parent.parent / "build" / "train")
    args = parser.parse_args(arguments)
    bodies = load_bodies(args.bodies, args.work / "bodies", first=UNSEEN_FROM)
    rows: list[tuple[bool, bool, float, bool]] = []  # transitional, right, margin, sign of a transitional vertebra
    none = 0
    for number, body in enumerate(bodies):
        kinds = {finding.kind for finding in draw_case(UNSEEN_FROM + number)[1]}
        for view in range(args.views):
            sample = draw_sample(body, np.random.default_rng([UNSEEN_FROM, number, view]), shape=SHAPE)
            found = run_network(sample.channels)
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


if __name__ == "__main__":
    main()
