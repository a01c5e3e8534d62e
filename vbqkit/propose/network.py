"""The network in numpy alone: weights that are checked before use, convolutions as matrix products."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vbqkit.errors import ProposalError
from vbqkit.propose.classes import HEAT
from vbqkit.propose.layers import convolved, doubled, from_depth, halved, to_depth

MULTIPLE = 32
"""Rows and columns of a picture must be a multiple of this: five halvings."""

Float32Array = npt.NDArray[np.float32]
Layer = tuple[Float32Array, Float32Array]

_WIDTHS = (16, 32, 64, 96, 128)
_OUTPUTS = HEAT + 1
_DATA = Path(str(resources.files("vbqkit.propose"))) / "data"


def _plan() -> tuple[tuple[int, int, int], ...]:
    """(outputs, inputs, kernel) of every convolution, in order."""
    blocks = [(8, _WIDTHS[0]), *pairwise(_WIDTHS)]
    blocks += [(_WIDTHS[i + 1] + _WIDTHS[i], _WIDTHS[i]) for i in reversed(range(len(_WIDTHS) - 1))]
    shapes = [(width, inputs, 3) for before, width in blocks for inputs in (before, width)]
    return (*shapes, (4 * _OUTPUTS, _WIDTHS[0], 1))


def load_weights(folder: Path = _DATA) -> tuple[Layer, ...]:
    """Weights and biases of every convolution, from ``weights.npy``, if its checksum is the one in ``model.json``.

    Parameters
    ----------
    folder : Path
        Where both files lie.

    Returns
    -------
    tuple of (weights, biases)
        Weights of shape (outputs, inputs, kernel, kernel).

    Raises
    ------
    ProposalError
        If a file is missing or the weights are not those that were shipped.
    """
    path, model = folder / "weights.npy", folder / "model.json"
    try:
        held, expected = path.read_bytes(), json.loads(model.read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ProposalError(
            f"The weights of automatic placement cannot be read from {folder} ({error}). Install vbqkit again."
        ) from error
    found = hashlib.sha256(held).hexdigest()
    if found != expected:
        raise ProposalError(
            f"The weights in {path} were changed: their SHA-256 is {found[:12]}..., that of the shipped ones {str(expected)[:12]}.... "
            "Nothing is proposed with them. Install vbqkit again, or train anew (make train)."
        )
    flat = np.load(path, allow_pickle=False).astype(np.float32)
    layers, start = [], 0
    for outputs, inputs, kernel in _plan():
        size = outputs * inputs * kernel * kernel
        weights = flat[start : start + size].reshape(outputs, inputs, kernel, kernel)
        layers.append((weights, flat[start + size : start + size + outputs]))
        start += size + outputs
    return tuple(layers)


def weights_digest(folder: Path = _DATA) -> str:
    """SHA-256 of the weights, as ``model.json`` states it: which network made a proposal."""
    return str(json.loads((folder / "model.json").read_text(encoding="utf-8"))["sha256"])


@cache
def shipped_weights() -> tuple[Layer, ...]:
    """The weights of the package; read and checked once."""
    return load_weights()


def run_network(channels: Float32Array, layers: tuple[Layer, ...] | None = None) -> Float32Array:
    """What the network says of one picture.

    Parameters
    ----------
    channels : ndarray of float32, shape (2, rows, cols)
        From :func:`~vbqkit.propose.network_input.network_channels`; rows and columns are padded as needed.
    layers : tuple or None
        From :func:`load_weights`; None: the shipped ones.

    Returns
    -------
    ndarray of float32, shape (8, rows, cols)
        Probability of each of :data:`~vbqkit.propose.classes.CLASSES`, and the heat of centers, 0 to 1.
    """
    logits = network_logits(channels, layers)
    classes = np.exp(logits[:HEAT] - logits[:HEAT].max(axis=0))
    heat = 1.0 / (1.0 + np.exp(-np.clip(logits[HEAT:], -30.0, 30.0)))
    found: Float32Array = np.concatenate([classes / classes.sum(axis=0), heat]).astype(np.float32)
    return found


def network_logits(channels: Float32Array, layers: tuple[Layer, ...] | None = None) -> Float32Array:
    """As :func:`run_network`, before softmax and sigmoid."""
    layers = shipped_weights() if layers is None else layers
    rows, cols = channels.shape[1:]
    below, right = -rows % MULTIPLE, -cols % MULTIPLE
    x = to_depth(np.pad(channels, ((0, 0), (0, below), (0, right))).astype(np.float32))
    todo = iter(layers)
    kept: list[Float32Array] = []
    for i in range(len(_WIDTHS)):
        x = _block(x if i == 0 else halved(x), todo)
        kept.append(x)
    for skipped in reversed(kept[:-1]):
        x = _block(np.concatenate([doubled(x), skipped]), todo)
    weights, biases = next(todo)
    flat = weights[:, :, 0, 0] @ x.reshape(len(x), -1) + biases[:, None]
    found: Float32Array = from_depth(flat.reshape(-1, *x.shape[1:]))[:, :rows, :cols]
    return found


def _block(x: Float32Array, todo: Iterator[Layer]) -> Float32Array:
    for _ in range(2):
        x = convolved(x, *next(todo))
    return x
