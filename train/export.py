"""Writing the weights that are shipped, with their checksum, and what the network says of test pictures with them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from train.bodies import Body
from train.network import ProposalNet, folded
from train.samples import draw_sample

REFERENCE_SHAPE = (64, 64)
"""Of the pictures whose outputs are kept for the tests."""


def write_weights(net: ProposalNet, folder: Path, *, trained: Mapping[str, object]) -> Path:
    """Write ``weights.npy`` (one flat array of fp16) and ``model.json`` (its checksum, and how it was trained).

    Parameters
    ----------
    net : ProposalNet
        The trained network.
    folder : Path
        ``vbqkit/propose/data``.
    trained : mapping
        What goes into ``model.json`` about the training.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "weights.npy"
    np.save(path, np.concatenate([w.numpy().ravel() for w in folded(net).values()]))
    held = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "trained": dict(trained)}
    (folder / "model.json").write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")
    return path


def write_reference(net: ProposalNet, body: Body, path: Path, *, seed: int) -> None:
    """Write two test pictures and what torch makes of them with the rounded weights, in single precision."""
    rounded = with_folded(net)
    channels = np.stack(
        [draw_sample(body, np.random.default_rng([seed, n]), shape=REFERENCE_SHAPE).channels for n in range(2)]
    )
    with torch.no_grad():
        logits = rounded(torch.from_numpy(channels)).numpy()
    np.savez_compressed(path, channels=channels, logits=logits)


def with_folded(net: ProposalNet) -> ProposalNet:
    """A network whose convolutions hold the shipped weights, and whose normalisations do nothing."""
    weights = {name: w.float() for name, w in folded(net).items()}
    other = ProposalNet().eval()
    layers = [m for block in (*other.down, *other.up) for m in block]
    convs = [m for m in layers if isinstance(m, torch.nn.Conv2d)]
    norms = [m for m in layers if isinstance(m, torch.nn.BatchNorm2d)]
    with torch.no_grad():
        for n, (conv, norm) in enumerate(zip(convs, norms, strict=True)):
            assert norm.running_mean is not None
            assert norm.running_var is not None
            conv.weight.copy_(weights[f"w{n}"])
            norm.running_mean.zero_()
            norm.running_var.fill_(1.0 - norm.eps)
            norm.weight.fill_(1.0)
            norm.bias.copy_(weights[f"b{n}"])
        assert other.last.bias is not None
        other.last.weight.copy_(weights[f"w{len(convs)}"])
        other.last.bias.copy_(weights[f"b{len(convs)}"])
    return other
