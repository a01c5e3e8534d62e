"""The facet joints: cartilage between two processes that overlap like tiles, and what wear makes of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vbqkit.anatomy.canvas import Canvas, Grid, window_of
from vbqkit.anatomy.posterior import (
    arch_cortex_mm,
    arch_window,
    inferior_process,
    paint_arch_marrow,
    pillar_u_mm,
    superior_process,
)
from vbqkit.anatomy.skeleton import Vertebra
from vbqkit.anatomy.texture import Plane

# Lengths in mm; shares without unit. Numbers named _..._WAVE multiply random fields of unit SD. Model assumptions,
# chosen on the pictures, unless a source is named.

# The joint: bone grows towards the other process within this distance of both, up to a gap with its cartilage; the bone
# under the cartilage
_REACH_MM, _CARTILAGE_HALF_MM, _WAVE_MM, _PLATE_MM = 2.6, 0.5, 0.35, 0.7
# A worn joint: how far bone grows around both processes, how deep it is dense beside the joint, and how much of it is
# compact next to the joint, by grade. With these wear adds to DEXA within what Drinka et al. measured (Calcif Tissue
# Int 1992;50:507-510, doi:10.1007/bf00582163)
_GROWS_MM: Mapping[int, float] = {2: 1.4, 3: 2.8}
_DENSE_MM: Mapping[int, float] = {2: 3.0, 3: 4.6}
_COMPACT: Mapping[int, float] = {2: 0.77, 3: 0.85}
_COMPACT_AT_DEPTH, _COMPACT_WAVE, _GROWS_WAVE_MM = 0.5, (0.32, 0.20), 0.7  # of it; by medium and small texture
# Where to look, to save time: behind the back wall, and from the pedicle to both sides
_BEHIND_MM, _ASIDE_MM = 32.0, 13.0

_ONE, _ZERO = np.float32(1.0), np.float32(0.0)


def paint_facets(canvas: Canvas, grid: Grid, above: Vertebra, below: Vertebra, *, fat: float) -> None:
    """Paint the joint between the inferior process of one vertebra and the superior process of the next."""
    window = arch_window(grid, above, behind_mm=_BEHIND_MM)
    far = abs(float(canvas.x_mm - above.center_mm[0])) - pillar_u_mm(above)
    if window is None or above.sacral or not abs(far) < _ASIDE_MM:
        return
    part = canvas.part(window)
    u1, v1, w1 = above.to_local(canvas.x_mm, part.y, part.z)
    u2, v2, w2 = below.to_local(canvas.x_mm, part.y, part.z)
    lower = inferior_process(above, np.abs(u1), v1 - np.float32(above.half_depth_mm), w1)
    upper = superior_process(below, np.abs(u2), v2 - np.float32(below.half_depth_mm), w2)
    grade = above.arch.facet_arthrosis
    around = np.maximum(lower, upper) < np.float32(_REACH_MM + 2.0 * _GROWS_MM.get(grade, 0.0))
    if not around.any():
        return
    window = window_of(around)
    part, lower, upper = part.part(window), lower[window], upper[window]
    # half the difference of two distances: how far the middle of the cartilage is
    off = np.abs(lower - upper + np.float32(_WAVE_MM) * part.fields["medium"]) * np.float32(0.5)
    both = np.maximum(lower, upper)
    joint = both < np.float32(_REACH_MM)
    outer = np.minimum(np.minimum(lower, upper), both - np.float32(_REACH_MM))
    cortex = arch_cortex_mm(part)
    part.paint(joint, "cortical_bone")
    under = off - np.float32(_CARTILAGE_HALF_MM)
    paint_arch_marrow(part, joint & (-outer > cortex) & (under > cortex * np.float32(_PLATE_MM)), fat=fat)
    if grade:
        _paint_arthrosis(part, grade, lower, upper, off, fat=fat)
    part.paint(joint & (under < 0), "facet_joint")


def _paint_arthrosis(part: Canvas, grade: int, lower: Plane, upper: Plane, off: Plane, *, fat: float) -> None:
    """Paint what wear adds to a joint: bone that grows around both processes, and dense bone on both sides of it.

    Dense bone is a mixture, pixel by pixel, of compact bone and of marrow: patchy, and less the further from the joint.
    """
    fields = part.fields
    grows, dense_mm = _GROWS_MM[grade], _DENSE_MM[grade]
    nearest = np.minimum(lower, upper) + np.float32(_GROWS_WAVE_MM) * fields["medium"]
    # Two processes that face each other: beside one of them alone nothing grows.
    at_joint = np.maximum(lower, upper) < np.float32(_REACH_MM + 2.0 * grows)
    grown = at_joint & (nearest < np.float32(grows)) & (nearest > 0)
    grown &= (part.level == 0) & ~part.is_any("nerve_root")  # the root keeps its room, the fat around it does not
    dense = at_joint & (nearest < 0) & (off < np.float32(dense_mm))
    there = grown | dense
    share = _ONE - np.float32(1.0 - _COMPACT_AT_DEPTH) * np.minimum(off * np.float32(1.0 / dense_mm), _ONE)
    share = np.float32(_COMPACT[grade]) * share
    share = share + np.float32(_COMPACT_WAVE[0]) * fields["medium"] + np.float32(_COMPACT_WAVE[1]) * fields["small"]
    compact = there & ((fields["dice"] < share) | (off < np.float32(_CARTILAGE_HALF_MM + _PLATE_MM)))
    paint_arch_marrow(part, grown & ~compact, fat=fat)
    part.paint(compact, "cortical_bone")
