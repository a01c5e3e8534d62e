"""Fitting the network: AdamW, a cosine of the step, every sample drawn anew; resumable at any checkpoint."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from train.bodies import Body
from train.network import ProposalNet
from train.samples import Sample, draw_sample
from vbqkit.propose.classes import CLASSES, HEAT

BATCH = 8
LEARNING_RATE, WEIGHT_DECAY, WARM_UP = 3e-3, 1e-2, 100
KEPT_SHARE = 0.998
"""Of the running mean of the weights, at each step: the mean is what is shipped."""

_CLASS_WEIGHTS = (0.4, 1.0, 1.6, 1.6, 1.0, 1.2, 0.8)
_HEAT_SHARE, _DICE_SHARE, _HOT = 1.0, 0.5, 12.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to train, and with which chance.

    Attributes
    ----------
    steps : int
        Gradient steps of 8 samples.
    seed : int
        Decides every sample and the first weights; the same seed and steps give the same samples.
    checkpoint : Path
        Where the state is kept; training goes on from it if it is there.
    save_every : int
        Steps between checkpoints.
    """

    steps: int
    seed: int
    checkpoint: Path
    save_every: int = 200


def fit(bodies: Sequence[Body], plan: Plan, *, report: Callable[[int, int, float], None] | None = None) -> ProposalNet:
    """Train, or go on training, and return the network with the running mean of its weights.

    Parameters
    ----------
    bodies : sequence of Body
        To draw samples from.
    plan : Plan
        How long.
    report : callable or None
        ``report(step, steps, loss)`` after every step.
    """
    torch.manual_seed(plan.seed)
    # torch's stubs do not know that memory_format may stand alone
    net: ProposalNet = ProposalNet().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean = copy.deepcopy(net)
    optimiser = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    first = _resume(plan.checkpoint, net, mean, optimiser)
    net.train()
    for step in range(first, plan.steps):
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * _share(step, plan.steps)
        rng = np.random.default_rng([plan.seed, step])
        batch = [draw_sample(bodies[int(rng.integers(len(bodies)))], rng) for _ in range(BATCH)]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = net(
                torch.from_numpy(np.stack([s.channels for s in batch])).contiguous(memory_format=torch.channels_last)
            )
        loss = loss_of(found.float(), batch)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        _follow(mean, net, min(KEPT_SHARE, (step + 1) / (step + 10)))
        if report is not None:
            report(step + 1, plan.steps, float(loss.detach()))
        if (step + 1) % plan.save_every == 0 or step + 1 == plan.steps:
            _save(plan.checkpoint, step + 1, net, mean, optimiser)
    return mean.eval()


def loss_of(found: Tensor, batch: Sequence[Sample]) -> Tensor:
    """Cross-entropy and soft Dice of the classes, and squared error of the heat, which counts more where it is hot."""
    classes = torch.from_numpy(np.stack([s.classes for s in batch])).long()
    heat = torch.from_numpy(np.stack([s.heat for s in batch]))
    logits = found[:, :HEAT]
    entropy = nn.functional.cross_entropy(logits, classes, weight=torch.tensor(_CLASS_WEIGHTS))
    share = logits.softmax(dim=1)
    true = nn.functional.one_hot(classes, len(CLASSES)).permute(0, 3, 1, 2).float()
    both = (share * true).sum(dim=(0, 2, 3))
    dice = 1.0 - ((2.0 * both + 1.0) / (share.sum(dim=(0, 2, 3)) + true.sum(dim=(0, 2, 3)) + 1.0))[1:].mean()
    off = (found[:, HEAT].sigmoid() - heat) ** 2
    return entropy + _DICE_SHARE * dice + _HEAT_SHARE * (off * (1.0 + _HOT * heat)).mean() * 10.0


def _share(step: int, steps: int) -> float:
    """Of the full learning rate: warming up, then a half cosine down to a hundredth."""
    warm = min(1.0, (step + 1) / WARM_UP)
    return warm * (0.01 + 0.99 * 0.5 * (1.0 + float(np.cos(np.pi * step / steps))))


@torch.no_grad()
def _follow(mean: nn.Module, net: nn.Module, kept: float) -> None:
    for old, new in zip(mean.state_dict().values(), net.state_dict().values(), strict=True):
        if old.dtype.is_floating_point:
            old.lerp_(new, 1.0 - kept)
        else:
            old.copy_(new)


def _resume(path: Path, net: nn.Module, mean: nn.Module, optimiser: torch.optim.Optimizer) -> int:
    if not path.is_file():
        return 0
    state = torch.load(path, weights_only=True)
    net.load_state_dict(state["net"])
    mean.load_state_dict(state["mean"])
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"])


def _save(path: Path, step: int, net: nn.Module, mean: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")  # a checkpoint that is there is whole
    torch.save(
        {
            "step": step,
            "net": net.state_dict(),
            "mean": mean.state_dict(),
            "optimiser": optimiser.state_dict(),
            "saved": time.time(),
        },
        unfinished,
    )
    unfinished.replace(path)
