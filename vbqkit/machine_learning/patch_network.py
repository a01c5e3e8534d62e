"""Small networks that judge vertebral patches, run in numpy: on MRI, on CT, and on both. Trained by ``train.patches``.

The mean of each 2 x 2 pixels, three convolutions of 3 x 3 with a halving after each of the first two, the mean of the
last over the patch, and one weighted sum: the log odds of osteoporosis by DEXA. They teach; they are not for patients.
``data/README.md`` is the model card.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vbqkit.errors import ProposalError, RoiError
from vbqkit.machine_learning.study_people import CHANNELS
from vbqkit.machine_learning.study_table import DATA
from vbqkit.machine_learning.vertebra_patches import PIXELS
from vbqkit.propose.layers import convolved, halved

Float32Array = npt.NDArray[np.float32]

INPUTS: Mapping[str, tuple[str, ...]] = {"MRI": ("T1", "T2"), "CT": ("CT",), "MRI and CT": ("T1", "T2", "CT")}
"""Name of a network to the channels it sees."""

WIDTHS = (8, 16, 32)
"""Channels after each convolution."""


@dataclass(frozen=True, eq=False, slots=True)
class PatchNetwork:
    """Weights of one network.

    Attributes
    ----------
    channels : tuple of str
        What it sees, in this order.
    mean, sd : ndarray, shape (channels,)
        By which each channel is scaled.
    convolutions : tuple of (weights, biases)
        Weights of shape (outputs, inputs, 3, 3).
    weights, bias : ndarray
        Of the sum at the end, shapes (32,) and (1,).
    """

    channels: tuple[str, ...]
    mean: Float32Array
    sd: Float32Array
    convolutions: tuple[tuple[Float32Array, Float32Array], ...]
    weights: Float32Array
    bias: Float32Array

    def log_odds(self, patches: npt.ArrayLike) -> Float32Array:
        """Log odds of osteoporosis of each patch.

        Parameters
        ----------
        patches : array-like, shape (patches, channels, 32, 32)
            With the channels of this network, from :func:`~vbqkit.machine_learning.vertebra_patches.patches_of`.

        Raises
        ------
        RoiError
            If the shape is another or a pixel is not a finite number.
        """
        given = np.asarray(patches, dtype=np.float32)
        wanted = (len(self.channels), PIXELS, PIXELS)
        if given.ndim != 4 or given.shape[1:] != wanted or not len(given):
            raise RoiError(
                f"Patches of shape {given.shape} were given; this network takes (patches, {', '.join(map(str, wanted))}) with the "
                f"channels {', '.join(self.channels)}. Cut them with patches_of."
            )
        if not np.isfinite(given).all():
            raise RoiError("A patch holds pixels that are not finite numbers. Leave this vertebra out.")
        scaled = (given - self.mean[:, None, None]) / self.sd[:, None, None]
        return np.array([self._of_one(patch) for patch in scaled], dtype=np.float32)

    def _of_one(self, x: Float32Array) -> float:
        x = x.reshape(len(x), PIXELS // 2, 2, PIXELS // 2, 2).mean(axis=(2, 4))
        for number, (weights, biases) in enumerate(self.convolutions):
            x = convolved(x, weights, biases)
            if number < len(self.convolutions) - 1:
                x = halved(x)
        return float(self.weights @ x.mean(axis=(1, 2)) + self.bias[0])

    def probability(self, patches: npt.ArrayLike) -> float:
        """Probability of osteoporosis of one person: of the mean log odds of their patches, L1 to L4.

        Raises
        ------
        RoiError
            As :meth:`log_odds`.
        """
        return float(1.0 / (1.0 + np.exp(-self.log_odds(patches).mean())))


def load_patch_network(name: str, folder: Path = DATA) -> PatchNetwork:
    """One of the networks that come with the package, if its weights are those that were shipped.

    Parameters
    ----------
    name : {"MRI", "CT", "MRI and CT"}
        What it sees.
    folder : Path
        Where ``patch_networks.npz`` and ``patch_networks.json`` lie.

    Raises
    ------
    ProposalError
        If there is no such network, a file is missing, or the weights were changed.

    Examples
    --------
    >>> load_patch_network("CT").channels
    ('CT',)
    """
    if name not in INPUTS:
        raise ProposalError(f"There is no network for {name!r}. Choose from: {', '.join(INPUTS)}.")
    held = _held(folder)
    count = len(WIDTHS)
    get = {key.removeprefix(f"{name}/"): value for key, value in held.items() if key.startswith(f"{name}/")}
    return PatchNetwork(
        channels=INPUTS[name],
        mean=get["mean"],
        sd=get["sd"],
        convolutions=tuple((get[f"w{n}"], get[f"b{n}"]) for n in range(count)),
        weights=get["weights"],
        bias=get["bias"],
    )


@cache
def _held(folder: Path) -> dict[str, Float32Array]:
    path, model = folder / "patch_networks.npz", folder / "patch_networks.json"
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        expected = str(json.loads(model.read_text(encoding="utf-8"))["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ProposalError(
            f"The networks for patches cannot be read from {folder} ({error}). Install vbqkit again."
        ) from error
    if found != expected:
        raise ProposalError(
            f"The weights in {path} were changed: their SHA-256 is {found[:12]}..., that of the shipped ones {expected[:12]}.... "
            "Install vbqkit again, or train anew (python -m train.patches)."
        )
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name].astype(np.float32) for name in file.files}


def channels_of(patches: npt.ArrayLike, name: str) -> Float32Array:
    """Of patches with T1, T2 and CT, the channels that a network sees.

    Parameters
    ----------
    patches : array-like, shape (..., 3, 32, 32)
        T1, T2, CT.
    name : str
        A network of :data:`INPUTS`.
    """
    found: Float32Array = np.asarray(patches, dtype=np.float32)[..., [CHANNELS.index(c) for c in INPUTS[name]], :, :]
    return found
