"""Layers of convolutional networks in numpy: 3 x 3 convolutions as matrix products, halving, doubling of pictures."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float32Array = npt.NDArray[np.float32]


def convolved(x: Float32Array, weights: Float32Array, biases: Float32Array) -> Float32Array:
    """3 x 3 convolution with zeros around, then the positive part.

    Rows of the padded picture lie one after the other, so that a shift by a row is a shift of the start; the two
    columns at the end of each row are rubbish and cut off.
    """
    inputs, rows, cols = x.shape
    wide = cols + 2
    padded = np.zeros((inputs, (rows + 2) * wide + 2), dtype=np.float32)
    padded[:, : (rows + 2) * wide].reshape(inputs, rows + 2, wide)[:, 1:-1, 1:-1] = x
    size = rows * wide
    three = np.concatenate([padded[:, k : k + (rows + 2) * wide] for k in range(3)])
    total = np.empty((len(weights), size), dtype=np.float32)
    part = np.empty_like(total)
    for down in range(3):
        taps = np.ascontiguousarray(weights[:, :, down, :].transpose(0, 2, 1)).reshape(len(weights), -1)
        np.matmul(taps, three[:, down * wide : down * wide + size], out=part if down else total)
        if down:
            total += part
    total += biases[:, None]
    np.maximum(total, 0.0, out=total)
    found: Float32Array = np.ascontiguousarray(total.reshape(-1, rows, wide)[:, :, :cols])
    return found


def halved(x: Float32Array) -> Float32Array:
    """The largest of each 2 x 2 pixels."""
    upper = np.maximum(x[:, ::2, ::2], x[:, ::2, 1::2])
    lower = np.maximum(x[:, 1::2, ::2], x[:, 1::2, 1::2])
    found: Float32Array = np.maximum(upper, lower)
    return found


def doubled(x: Float32Array) -> Float32Array:
    """Each pixel as 2 x 2."""
    return x.repeat(2, axis=1).repeat(2, axis=2)


def to_depth(x: Float32Array) -> Float32Array:
    """Each 2 x 2 pixels as four channels."""
    count, rows, cols = x.shape
    split = x.reshape(count, rows // 2, 2, cols // 2, 2).transpose(0, 2, 4, 1, 3)
    return split.reshape(4 * count, rows // 2, cols // 2)


def from_depth(x: Float32Array) -> Float32Array:
    """Each four channels as 2 x 2 pixels."""
    count, rows, cols = x.shape
    split = x.reshape(count // 4, 2, 2, rows, cols).transpose(0, 3, 1, 4, 2)
    return split.reshape(count // 4, 2 * rows, 2 * cols)
