"""A ROI that must be corrected, close up: its slice, its outline, and what does not belong in it."""

from __future__ import annotations

import html

import numpy as np

from vbqkit.exercises.faults import tissue_words
from vbqkit.exercises.placement import PlacementGrade
from vbqkit.image import Volume
from vbqkit.language import translated
from vbqkit.page.colours import VERMILION
from vbqkit.page.slice_picture import crop_around, slice_html
from vbqkit.roi import Roi

HEIGHT_PX = 230


def close_up_html(grade: PlacementGrade, roi: Roi, image: Volume, *, caption: str = "") -> str:
    """The ROI on its slice as an HTML figure, pixels that do not belong in it orange.

    Parameters
    ----------
    grade : PlacementGrade
        Of this ROI.
    roi : Roi
        As it was placed.
    image : Volume
        The series it was placed on; synthetic.
    caption : str
        Before what the ROI holds.
    """
    shown = image.slice(int(grade.slice_index or 0))
    wrong = grade.contaminated if grade.contaminated is not None else np.zeros(shown.shape, dtype=bool)
    holds = ", ".join(f"{100 * share:.0f} % {tissue_words(word)}" for word, share in grade.shares[:3])
    below = translated("{label}: {holds}. Orange: what does not belong.", label=grade.label, holds=holds)
    figure = slice_html(
        shown,
        alt=translated(
            "Close-up of the ROI {label}: {n} pixels that should not be in it are orange. It holds {holds}.",
            label=grade.label,
            n=int(wrong.sum()),
            holds=holds,
        ),
        rois=[roi],
        overlays=[(wrong, VERMILION)],
        crop=crop_around(shown, roi),
        height_px=HEIGHT_PX,
        caption=f"{caption} {below}".strip(),
    )
    return figure.replace("<figure ", f"<figure data-close-up='{html.escape(grade.label)}' ", 1) + "&nbsp; "
