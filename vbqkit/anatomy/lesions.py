"""Findings as tissue: fractures, haemangiomas, Modic change, Schmorl nodes, sclerosis, osteophytes, metal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vbqkit.anatomy.canvas import Canvas, Grid, Mask
from vbqkit.anatomy.findings import (
    EndplateSclerosis,
    Finding,
    Fracture,
    Haemangioma,
    Modic,
    Osteophytes,
    SchmorlNode,
)
from vbqkit.anatomy.posterior import arch_window, capsule, pillar_u_mm
from vbqkit.anatomy.spine import Vertebra
from vbqkit.anatomy.texture import Plane, smooth_min, smoothstep

_ONE = np.float32(1.0)
_MODIC_TISSUE = {1: "marrow_red", 2: "modic_2", 3: "modic_3"}


@dataclass(frozen=True, eq=False, slots=True)
class BodySection:
    """One body on one plane: what lesions need to find their place.

    Attributes
    ----------
    part : Canvas
        The window around the body.
    vertebra : Vertebra
        The body.
    u, v, w : ndarray
        Points in its frame, mm.
    up, low : ndarray
        Height of the endplates, mm.
    side : ndarray
        Distance from the side wall, negative inside, mm.
    """

    part: Canvas
    vertebra: Vertebra
    u: Plane
    v: Plane
    w: Plane
    up: Plane
    low: Plane
    side: Plane

    def depth(self, endplate: str) -> Plane:
        """Depth below an endplate, mm."""
        below: Plane = self.up - self.w if endplate == "upper" else self.w - self.low
        return below

    @property
    def marrow(self) -> Mask:
        """Marrow of this body that no lesion has taken."""
        healthy: Mask = self.part.is_any("marrow") & (self.part.level == self.vertebra.code)
        return healthy


def paint_lesions(section: BodySection, findings: Sequence[Finding]) -> None:
    """Paint every finding of this body that lies in or on its marrow."""
    for finding in findings:
        if finding.level != section.vertebra.name:
            continue
        match finding:
            case Fracture():
                _paint_fracture(section, finding)
            case Haemangioma():
                _paint_haemangioma(section, finding)
            case Modic():
                _paint_modic(section, finding)
            case EndplateSclerosis():
                _paint_sclerosis(section, finding)
            case SchmorlNode():
                _paint_schmorl(section, finding)


def _paint_fracture(section: BodySection, fracture: Fracture) -> None:
    part, fields = section.part, section.part.fields
    depth = section.depth("upper") + np.float32(1.2) * fields["medium"] + np.float32(0.5) * fields["small"]
    height = section.vertebra.height_mm * (1.0 - 0.5 * fracture.height_loss)
    if fracture.acute:
        reach = 0.72 * height + 3.0 * fields["large"]
        swollen = section.marrow & (depth < reach)
        fat = np.clip(np.float32(0.10) + np.float32(0.45) * smoothstep(depth, 0.45 * height, 0.75 * height), 0.03, 0.6)
        part.paint(swollen, "marrow_oedema", np.clip(fat + np.float32(0.03) * fields["small"], 0.02, 0.7))
        part.shade(swollen, np.clip(_ONE + np.float32(0.05) * fields["fine"], 0.7, 1.2))
    line = np.abs(depth - np.float32(0.2 * height) - np.float32(0.8) * fields["medium"])
    band = (section.side < np.float32(-2.5)) & (line < np.float32(0.75 if fracture.acute else 0.55))
    band &= part.is_any("marrow", "marrow_oedema") & (part.level == section.vertebra.code)
    broken = band if fracture.acute else band & (fields["medium"] > -0.2)
    part.paint(broken, "modic_3" if not fracture.acute else "endplate")


def _paint_haemangioma(section: BodySection, finding: Haemangioma) -> None:
    part, fields, vertebra = section.part, section.part.fields, section.vertebra
    r = min(finding.radius_mm, 0.42 * vertebra.height_mm)
    center_v, center_w = 0.36 * vertebra.half_depth_mm, -0.06 * vertebra.height_mm
    distance = np.sqrt(
        section.u**2
        + (section.v - np.float32(center_v)) ** 2
        + ((section.w - np.float32(center_w)) * np.float32(1.06)) ** 2
    )
    distance = distance + np.float32(0.9) * fields["medium"] + np.float32(0.4) * fields["small"]
    inside = section.marrow & (distance < np.float32(r))
    fat = np.float32(0.66) + np.float32(0.08) * fields["medium"] + np.float32(0.05) * fields["small"]
    part.paint(inside, "haemangioma", np.clip(fat, 0.3, 0.9))
    # A few thick vertical trabeculae remain: stripes on a sagittal slice.
    wave = (section.v + np.float32(0.5) * fields["medium"]) * np.float32(1.0 / 3.3)
    stripes = np.abs(wave - np.rint(wave)) < np.float32(0.12)
    part.shade(inside, np.where(stripes, np.float32(0.72), _ONE + np.float32(0.04) * fields["small"]))


def _paint_modic(section: BodySection, finding: Modic) -> None:
    part, fields, vertebra = section.part, section.part.fields, section.vertebra
    depth = section.depth(finding.endplate)
    across = np.clip(section.v / np.float32(vertebra.half_depth_mm), -1.2, 1.2)
    reach = np.float32(finding.height_share * vertebra.height_mm)
    front = reach * (_ONE - np.float32(0.22) * across * across - np.float32(0.12) * across)
    front = front + np.float32(0.9) * fields["medium"] + np.float32(0.8) * np.clip(fields["large"], -1.5, 1.5)
    inside = section.marrow & (depth < front)
    edge = smoothstep(front - depth, 0.0, 2.5)
    name = _MODIC_TISSUE[finding.type]
    target = {1: 0.16, 2: 0.80, 3: 0.20}[finding.type]
    fat = part.pdff * (_ONE - edge) + np.float32(target) * edge + np.float32(0.03) * fields["small"]
    part.paint(inside, name, np.clip(fat, 0.02, 0.95))
    part.shade(inside, np.clip(_ONE + np.float32(0.05) * fields["fine"], 0.7, 1.2))


def _paint_sclerosis(section: BodySection, finding: EndplateSclerosis) -> None:
    part, fields = section.part, section.part.fields
    reach = np.float32(finding.depth_mm) * (
        _ONE - np.float32(0.3) * (section.v / np.float32(section.vertebra.half_depth_mm)) ** 2
    )
    inside = section.marrow & (section.depth(finding.endplate) < reach + np.float32(0.7) * fields["medium"])
    part.paint(inside, "modic_3")
    part.shade(inside, np.clip(np.float32(1.1) + np.float32(0.25) * fields["small"], 0.5, 1.8))


def _paint_schmorl(section: BodySection, finding: SchmorlNode) -> None:
    part, fields, vertebra = section.part, section.part.fields, section.vertebra
    depth = section.depth(finding.endplate)
    radius = 0.75 * finding.depth_mm + 1.6
    off = np.sqrt((section.u / np.float32(1.3)) ** 2 + (section.v - np.float32(0.12 * vertebra.half_depth_mm)) ** 2)
    pit = np.float32(finding.depth_mm) * (_ONE - (off / np.float32(radius)) ** 2)
    pit = pit + np.float32(0.5) * fields["small"] * (off < np.float32(radius))
    body = part.level == vertebra.code
    node = body & (depth < pit) & (off < np.float32(radius)) & (depth > -1.5)
    rim = body & ~node & (depth < pit + np.float32(1.1)) & (off < np.float32(radius + 1.0)) & (depth > -0.5)
    part.paint(rim & (pit > -1.0), "endplate")
    part.paint(node, "disc_degenerate")
    part.level[node] = 0


def paint_osteophytes(canvas: Canvas, grid: Grid, above: Vertebra, below: Vertebra, finding: Osteophytes) -> None:
    """Paint spurs that grow from both rims beside a disc and bend towards each other."""
    from vbqkit.anatomy.vertebra import body_window  # noqa: PLC0415 - vertebra paints lesions: this breaks the circle

    for vertebra, sign in ((above, -1.0), (below, 1.0)):
        window = body_window(grid, vertebra, extra_mm=finding.length_mm + 4.0)
        if window is None:
            continue
        part = canvas.part(window)
        u, v, w = vertebra.to_local(part.x_mm, part.y, part.z)
        d, h, length = vertebra.half_depth_mm, vertebra.height_mm, finding.length_mm
        round_front = (
            np.float32(0.5 * d) * (u / np.float32(vertebra.half_width_mm)) ** 2
        )  # the rim curves back at the sides
        vv = v - round_front
        front = smooth_min(
            capsule((vv, w), (-d + 2.5, sign * (h / 2 - 3.0)), (-d - 0.55 * length, sign * (h / 2 - 0.3)), 2.4),
            capsule(
                (vv, w), (-d - 0.45 * length, sign * (h / 2 - 0.6)), (-d - length + 1.0, sign * (h / 2 + 1.6)), 1.3
            ),
            2.0,
        )
        back = capsule((v, w), (d - 2.0, sign * (h / 2 - 2.2)), (d + 0.28 * length, sign * (h / 2 + 0.2)), 1.5)
        spur = np.minimum(front, back) + np.float32(0.3) * part.fields["medium"]
        spur = np.where(np.abs(u) < np.float32(0.8 * vertebra.half_width_mm), spur, np.float32(9.0))
        free = (part.level == 0) & ~part.is_any("csf", "nerve_root", "spinal_cord")
        part.paint(free & (spur < 0), "cortical_bone")
        part.paint((part.level != 0) & (spur < -0.9) & part.is_any("cortical_bone"), "osteophyte")
        part.paint(free & (spur < -0.7), "osteophyte")


def paint_metal(canvas: Canvas, grid: Grid, above: Vertebra, below: Vertebra) -> None:
    """Paint pedicle screws in two vertebrae and the rods that join them."""
    for vertebra in (above, below):
        window = arch_window(grid, vertebra, ahead_mm=2.2 * vertebra.half_depth_mm)
        if window is None:
            continue
        part = canvas.part(window)
        u, v, w = vertebra.to_local(part.x_mm, part.y, part.z)
        uc, d, h = pillar_u_mm(vertebra), vertebra.half_depth_mm, vertebra.height_mm
        screw = capsule((np.abs(u), v, w), (uc + 3.0, d + 18.0, 0.17 * h + 1.0), (uc - 4.0, -0.45 * d, 0.10 * h), 3.0)
        head = capsule(
            (np.abs(u), v, w), (uc + 3.0, d + 18.0, 0.17 * h + 1.0), (uc + 3.6, d + 26.0, 0.17 * h + 1.6), 5.0
        )
        metal = np.minimum(screw, head) < 0
        part.paint(metal, "metal")
        part.level[metal] = 0
    window = arch_window(grid, above)
    if window is not None:
        part = canvas.part(window)
        points = (np.full_like(part.y, canvas.x_mm), part.y, part.z)
        for side in (-1.0, 1.0):
            ends = [
                v.to_patient_mm(side * (pillar_u_mm(v) + 3.4), v.half_depth_mm + 23.0, 0.17 * v.height_mm + 1.4)
                for v in (above, below)
            ]
            part.paint(capsule(points, tuple(ends[0]), tuple(ends[1]), 2.8) < 0, "metal")
