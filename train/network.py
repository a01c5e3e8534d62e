"""The network: U-shaped, 0.92 million parameters, on pixels of 3 mm inside and 1.5 mm outside."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vbqkit.propose.classes import HEAT

WIDTHS = (16, 32, 64, 96, 128)
"""Channels at pixels of 3, 6, 12, 24 and 48 mm."""


def _block(inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in (inputs, outputs):
        layers += [nn.Conv2d(width, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class ProposalNet(nn.Module):
    """Two channels in, :data:`~vbqkit.propose.classes.CLASSES` and the heat of centers out, as logits.

    Rows and columns must be multiples of 32. The folded weights that are shipped follow the same plan in
    :mod:`vbqkit.propose.network`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(_block(4 * 2 if i == 0 else WIDTHS[i - 1], width) for i, width in enumerate(WIDTHS))
        self.up = nn.ModuleList(_block(WIDTHS[i + 1] + WIDTHS[i], WIDTHS[i]) for i in reversed(range(len(WIDTHS) - 1)))
        self.last = nn.Conv2d(WIDTHS[0], 4 * (HEAT + 1), 1)

    def forward(self, channels: Tensor) -> Tensor:
        """Logits, shape (n, 8, rows, cols), of channels of shape (n, 2, rows, cols)."""
        x = nn.functional.pixel_unshuffle(channels, 2)
        kept: list[Tensor] = []
        for i, block in enumerate(self.down):
            x = block(x if i == 0 else nn.functional.max_pool2d(x, 2))
            kept.append(x)
        for i, block in enumerate(self.up):
            larger = nn.functional.interpolate(x, scale_factor=2, mode="nearest")
            x = block(torch.cat([larger, kept[-2 - i]], dim=1))
        found: Tensor = nn.functional.pixel_shuffle(self.last(x), 2)
        return found


def folded(net: ProposalNet) -> dict[str, Tensor]:
    """Weights of the convolutions in order, each with the scale and shift of its normalisation in it, as fp16.

    Keys ``w0``, ``b0``, ``w1`` ...; the last is the 1 x 1 convolution.
    """
    found: dict[str, Tensor] = {}
    layers = [m for block in (*net.down, *net.up) for m in block]
    convs = [m for m in layers if isinstance(m, nn.Conv2d)]
    norms = [m for m in layers if isinstance(m, nn.BatchNorm2d)]
    for n, (conv, norm) in enumerate(zip(convs, norms, strict=True)):
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        found[f"w{n}"] = (conv.weight * scale[:, None, None, None]).detach().half()
        found[f"b{n}"] = (norm.bias - norm.running_mean * scale).detach().half()
    assert net.last.bias is not None
    found[f"w{len(convs)}"] = net.last.weight.detach().half()
    found[f"b{len(convs)}"] = net.last.bias.detach().half()
    return found
