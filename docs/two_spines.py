"""The picture at the head of lesson 00: two sample patients on one scale of grey. ``python docs/two_spines.py``."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from vbqkit import read_rois, read_study

ROOT = Path(__file__).parent.parent
WHITE = 1200.0
"""Signal shown white, a.u.: the same in both."""
ROWS, COLUMNS, ZOOM = 230, 150, 2


def spine(name: str) -> Image.Image:
    """The middle T1 slice of a sample patient about L3."""
    folder = ROOT / "sample_data" / name
    l3 = next(roi for roi in read_rois(folder / "reference_rois.vbqkit.json") if roi.label == "L3")
    image = read_study(folder).find("T1").volume().nearest_slice(l3.center_mm)
    row, column = (round(x) for x in image.to_rows_cols(l3.center_mm))
    top, left = row - ROWS // 2, column - COLUMNS // 2 + 15
    grey = np.clip(image.pixels[top : top + ROWS, left : left + COLUMNS] / WHITE, 0, 1)
    return Image.fromarray((255 * grey).astype("uint8")).resize((ZOOM * COLUMNS, ZOOM * ROWS), Image.Resampling.BICUBIC)


if __name__ == "__main__":
    a, b = spine("case01"), spine("case04")
    both = Image.new("L", (a.width + b.width + 12, a.height), 255)
    both.paste(a, (0, 0))
    both.paste(b, (a.width + 12, 0))
    pen = ImageDraw.Draw(both)
    for letter, x in (("A", 8), ("B", a.width + 20)):
        pen.text((x, 6), letter, fill=255, font_size=26)
    both.save(ROOT / "notebooks" / "pictures" / "two_spines.png", optimize=True)
