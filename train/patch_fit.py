"""Fitting a small network to vertebral patches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vbqkit.machine_learning.patch_network import WIDTHS, PatchNetwork

BATCH, LEARNING_RATE, WEIGHT_DECAY = 32, 3e-3, 1e-3
_SHIFT = 2  # pixels by which a patch is moved at random

Patches = npt.NDArray[np.float32]


class PatchNet(nn.Module):
    """As :class:`vbqkit.machine_learning.PatchNetwork`, to be trained."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1) for a, b in zip((channels, *WIDTHS[:-1]), WIDTHS, strict=True)
        )
        self.last = nn.Linear(WIDTHS[-1], 1)

    def forward(self, x: Tensor) -> Tensor:
        """Log odds of each patch."""
        x = F.avg_pool2d(x, 2)
        for number, layer in enumerate(self.convolutions):
            x = F.relu(layer(x))
            if number < len(self.convolutions) - 1:
                x = F.max_pool2d(x, 2)
        found: Tensor = self.last(x.mean(dim=(2, 3)))[:, 0]
        return found


@dataclass(frozen=True, slots=True)
class PatchPlan:
    """How long to train, and with which chance."""

    epochs: int = 40
    seed: int = 0


def fit_patches(
    patches: Patches, labels: npt.NDArray[np.int64], channels: tuple[str, ...], plan: PatchPlan
) -> PatchNetwork:
    """Train a network.

    Parameters
    ----------
    patches : ndarray of float32, shape (patches, channels, 32, 32)
        To learn from.
    labels : ndarray of int, shape (patches,)
        1: osteoporosis.
    channels : tuple of str
        Their names.
    plan : PatchPlan
        How long.
    """
    torch.manual_seed(plan.seed)
    rng = np.random.default_rng(plan.seed)
    mean, sd = patches.mean(axis=(0, 2, 3)), patches.std(axis=(0, 2, 3))
    x = torch.from_numpy((patches - mean[:, None, None]) / sd[:, None, None])
    y = torch.from_numpy(labels.astype(np.float32))
    net = PatchNet(len(channels))
    optimiser = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = plan.epochs * -(-len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=LEARNING_RATE, total_steps=steps)
    net.train()
    for _ in range(plan.epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), BATCH):
            chosen = order[start : start + BATCH]
            down, right = (int(v) for v in rng.integers(-_SHIFT, _SHIFT + 1, 2))
            moved = torch.roll(x[chosen], (down, right), dims=(2, 3))
            loss = F.binary_cross_entropy_with_logits(net(moved), y[chosen])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
    return exported(net.eval(), channels, mean, sd)


def exported(net: PatchNet, channels: tuple[str, ...], mean: Patches, sd: Patches) -> PatchNetwork:
    """The network as numpy runs it."""

    def plain(tensor: Tensor) -> Patches:
        found: Patches = tensor.detach().numpy().astype(np.float32)
        return found

    return PatchNetwork(
        channels=channels,
        mean=mean.astype(np.float32),
        sd=sd.astype(np.float32),
        convolutions=tuple((plain(layer.weight), plain(layer.bias)) for layer in net.convolutions),
        weights=plain(net.last.weight)[0],
        bias=plain(net.last.bias),
    )


def as_torch(network: PatchNetwork) -> PatchNet:
    """The same network in torch, to check numpy against, and to judge many patches at once."""
    net = PatchNet(len(network.channels)).eval()
    with torch.no_grad():
        for layer, (weights, biases) in zip(net.convolutions, network.convolutions, strict=True):
            layer.weight.copy_(torch.from_numpy(weights))
            layer.bias.copy_(torch.from_numpy(biases))
        net.last.weight.copy_(torch.from_numpy(network.weights[None]))
        net.last.bias.copy_(torch.from_numpy(network.bias))
    return net


def log_odds(network: PatchNetwork, patches: Patches) -> Patches:
    """Log odds of each patch by torch."""
    scaled = (patches - network.mean[:, None, None]) / network.sd[:, None, None]
    with torch.no_grad():
        found: Patches = as_torch(network)(torch.from_numpy(scaled)).numpy()
    return found
