"""A slice of a virtual patient beside the truth in colour."""

from __future__ import annotations

from vbqkit.anatomy.phantom import Phantom
from vbqkit.exercises.truth import tissue_masks
from vbqkit.image import Slice
from vbqkit.language import translated
from vbqkit.page.colours import BLACK, BLUE, GREEN, ORANGE, PAGE, PURPLE, SKY, STRUCTURES, VERMILION, YELLOW
from vbqkit.page.slice_picture import crop_around_all, slice_html

TRUTH_COLOURS = {
    "marrow": ORANGE, "cortex": BLACK, "endplate": STRUCTURES["endplate"], "basivertebral vein": VERMILION,
    "disc": GREEN, "CSF": SKY, "nerve root": PURPLE, "spinal cord": STRUCTURES["spinal cord"], "epidural fat": YELLOW,
    "lesion": BLUE,
}  # fmt: skip


def truth_html(phantom: Phantom, image: Slice, *, height_px: int = 460) -> str:
    """A slice, the same slice with the truth in colour, and a legend. L1 to L4 fill the picture."""
    masks = tissue_masks(phantom, image)
    shown = [roi for roi in phantom.reference_rois if roi.label not in ("noise", "T12", "L5")]
    crop = crop_around_all(image, shown, margin_mm=(26.0, 34.0))
    names = ", ".join(translated(word) for word in masks)
    plain = slice_html(
        image,
        alt=translated("Middle sagittal slice of a virtual lumbar spine."),
        crop=crop,
        height_px=height_px,
        caption=translated("As scanned."),
    )
    coloured = slice_html(
        image,
        alt=translated(
            "The same slice with the truth in colour: {names}. Behind the column of vertebrae lies the sac with CSF and roots, behind it epidural fat.",
            names=names,
        ),
        overlays=[(mask, TRUTH_COLOURS[word]) for word, mask in masks.items()],
        crop=crop,
        height_px=height_px,
        caption=translated("With the truth in colour."),
    )
    legend = "".join(
        f"<li style='list-style:none;margin:3px 0'><span style='display:inline-block;width:14px;height:14px;background:{TRUTH_COLOURS[word]};"
        f"border:1px solid {PAGE['rule']};vertical-align:-2px'></span> {translated(word)}</li>"
        for word in masks
    )
    return f"<div style='display:flex;gap:14px;flex-wrap:wrap'>{plain}{coloured}<ul style='padding:0;margin:0;font-size:13px'>{legend}</ul></div>"
