"""Where the parts of a scanner lab stand; on a low page ``static/lessons.css`` puts them closer together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets

from vbqkit.image import Slice

SIDE_PX, SIDE_WITH_GUESSES_PX = 544, 584
"""Width of what stands beside the picture, CSS pixels."""

_PICTURE_PX, _ROW_PX = 384, 840  # height of the picture at most; what a cell has on a screen of 1280 x 720


def picture_px(image: Slice, crop: tuple[int, int, int, int] | None, *, side_px: int) -> int:
    """Height of the picture in CSS pixels, so that `side_px` of sliders, curve and table find room beside it."""
    r0, r1, c0, c1 = crop or (0, image.shape[0], 0, image.shape[1])
    high, wide = ((b - a) * mm for a, b, mm in zip((r0, c0), (r1, c1), image.spacing_mm, strict=True))
    return int(min(_PICTURE_PX, (_ROW_PX - side_px) * high / wide))


def laid_out(controls: Sequence[Any], *, picture: Any, chart: Any, table: Any, reset: Any, side_px: int) -> Any:
    """Beside the picture the sliders, and below them the curve beside table and button.

    Parameters
    ----------
    controls : sequence of Widget
        From top to bottom.
    picture, chart, table, reset : Widget
        Each gets a class, such as ``vbq-lab-chart``, for the style sheet.
    side_px : int
        Width of what stands beside the picture, CSS pixels.

    Returns
    -------
    HBox
        All of it.
    """
    for name, part in {"picture": picture, "chart": chart, "table": table, "reset": reset}.items():
        part.add_class(f"vbq-lab-{name}")
    sliders, numbers = ipywidgets.VBox(controls), ipywidgets.VBox([table, reset])
    sliders.add_class("vbq-lab-controls")
    numbers.add_class("vbq-lab-numbers")
    below = ipywidgets.HBox([chart, numbers], layout={"flex_flow": "row wrap", "padding": "4px 0 0"})
    side = ipywidgets.VBox([sliders, below], layout={"padding": "0 0 0 10px", "width": f"{side_px}px"})
    whole = ipywidgets.HBox([picture, side], layout={"flex_flow": "row wrap"})
    whole.add_class("vbq-lab-parts")
    return whole
