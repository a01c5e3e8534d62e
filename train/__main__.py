"""``python -m train``: draw bodies, train, write the weights of ``vbqkit.propose``. Stopped, it goes on next time."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import torch

from train.bodies import load_bodies
from train.export import write_reference, write_weights
from train.fit import BATCH, Plan, fit
from vbqkit.cli.progress_bar import progress_bar

ROOT = Path(__file__).parent.parent
_REFERENCE_SEED = 1_999_999


def main(arguments: list[str] | None = None) -> None:
    """Train by the command line."""
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    parser.add_argument("--bodies", type=int, default=228, help="virtual patients to draw (228)")
    parser.add_argument("--steps", type=int, default=3_300, help=f"gradient steps of {BATCH} samples (3300)")
    parser.add_argument("--seed", type=int, default=14, help="where all chance starts (14)")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "train", help="bodies and checkpoint")
    parser.add_argument("--out", type=Path, default=ROOT / "vbqkit" / "propose" / "data", help="where weights go")
    parser.add_argument("--reference", type=Path, default=ROOT / "tests" / "reference" / "proposal_network.npz")
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)  # what is computed at a time is small: threads only get in each other's way
    with progress_bar("Drawing bodies") as progress:
        bodies = load_bodies(args.bodies, args.work / "bodies", progress=progress)
    plan = Plan(steps=args.steps, seed=args.seed, checkpoint=args.work / "checkpoint.pt")
    began = time.process_time()
    with progress_bar("Training") as bar:
        losses: list[float] = []

        def report(step: int, steps: int, loss: float) -> None:
            losses.append(loss)
            if bar is not None:
                bar(step, steps)
            if step % plan.save_every == 0:
                recent = losses[-plan.save_every :]
                seconds = time.process_time() - began
                sys.stdout.write(f"step {step} of {steps}: loss {sum(recent) / len(recent):.3f}, {seconds:.0f} CPU s\n")
                sys.stdout.flush()

        net = fit(bodies, plan, report=report)
    trained = {"bodies": args.bodies, "steps": args.steps, "batch": BATCH, "seed": args.seed}
    path = write_weights(net, args.out, trained=trained)
    [unseen] = load_bodies(1, args.work / "bodies", first=_REFERENCE_SEED)
    write_reference(net, unseen, args.reference, seed=args.seed)
    sys.stdout.write(f"Wrote {path}, its checksum beside it, and {args.reference}.\n")


if __name__ == "__main__":
    main()
