"""From a virtual patient and a seed to a phantom: the whole arrangement, painted plane by plane. Synthetic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.abdomen import paint_around_column, paint_belly
from vbqkit.anatomy.canal import make_canal, paint_canal
from vbqkit.anatomy.canvas import CODE, Canvas, Grid, window_of
from vbqkit.anatomy.findings import Finding, MetalHardware, Osteophytes, check_findings
from vbqkit.anatomy.lesions import paint_metal, paint_osteophytes
from vbqkit.anatomy.patients import VirtualPatient
from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.posterior import paint_arch, paint_facets, paint_foramina
from vbqkit.anatomy.reference_rois import reference_rois
from vbqkit.anatomy.soft_tissue import make_body, paint_background, paint_midline_ligaments
from vbqkit.anatomy.spine import Array, Spine, make_spine
from vbqkit.anatomy.texture import Plane, SmoothField, fine_grain
from vbqkit.anatomy.vertebra import body_window, paint_body, paint_disc
from vbqkit.errors import ScannerError
from vbqkit.image import stack_affine

_BEHIND_MM = 45.0  # air between the back and the edge of the grid
_FIELD_SCALES_MM: dict[str, float | tuple[float, float, float]] = {
    "small": 2.2,
    "medium": 5.0,
    "large": 16.0,
    "warp_y": 13.0,
    "warp_z": 13.0,
    "streak": (5.0, 2.4, 15.0),
    "loops": (20.0, 15.0, 15.0),
    "vessel": (400.0, 400.0, 45.0),
}


def make_phantom(
    patient: VirtualPatient,
    *,
    seed: int,
    findings: Sequence[Finding] = (),
    in_plane_mm: float = 0.6,
    plane_mm: float = 1.1,
    width_mm: float = 68.2,
    size_mm: float = 320.0,
) -> Phantom:
    """Draw one lumbar spine, T11 to S2, with everything around it and its truth.

    Parameters
    ----------
    patient : VirtualPatient
        Age, sex, BMI, T-score and marrow fat shape the body.
    seed : int
        The same patient, seed, findings and grid give the same phantom.
    findings : sequence of Finding
        What is switched on.
    in_plane_mm, plane_mm : float
        Distance between rows and columns, and between sagittal planes.
    width_mm, size_mm : float
        Extent from right to left, and from head to foot and front to back.

    Returns
    -------
    Phantom
        Planes run from right to left.

    Raises
    ------
    ScannerError
        If a finding does not exist, or the grid is too coarse or too large.
    """
    found = check_findings(findings)
    if not (0.3 <= in_plane_mm <= 2.0 and 0.3 <= plane_mm <= 5.0):
        raise ScannerError(
            f"A grid of {in_plane_mm} mm with planes {plane_mm} mm apart is not offered; give 0.3 to 2 mm and 0.3 to 5 mm."
        )
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(5)]
    spine = make_spine(streams[0], age=patient.age, sex=patient.sex, t_score=patient.t_score, findings=found)
    count = int(size_mm / in_plane_mm)
    planes = round(width_mm / plane_mm)
    steps = np.arange(count, dtype=np.float64)
    z: Array = np.asarray(size_mm / 2.0 - in_plane_mm * (steps + 0.5))
    x: Array = np.asarray(plane_mm * (np.arange(planes, dtype=np.float64) - (planes - 1) / 2.0))
    body = make_body(streams[1], spine, z, age=patient.age, sex=patient.sex, bmi=patient.bmi)
    y: Array = np.asarray(float(body.back_y_mm.max()) + _BEHIND_MM - in_plane_mm * (count - 1 - steps))
    grid = Grid(y, z, in_plane_mm)
    canal = make_canal(streams[2], spine, findings=found)
    smooth = {name: SmoothField(streams[3], x, y, z, scale_mm=scale) for name, scale in _FIELD_SCALES_MM.items()}
    s0, t0 = spine.wall_coordinates(y, z)
    position = spine.level_position(s0).astype(np.float32)
    front: Plane = np.interp(
        position, np.arange(len(spine.vertebrae)), [-2.0 * v.half_depth_mm for v in spine.vertebrae]
    ).astype(np.float32)
    ahead = window_of((t0 > -90.0) & (t0 < 15.0))
    behind = window_of((t0 > 4.0) & (t0 < body.tip_t + 8.0))
    canal_window = window_of((t0 > -6.0) & (t0 < 36.0))
    shape = (planes, count, count)
    tissue, level = np.zeros(shape, dtype=np.uint8), np.zeros(shape, dtype=np.uint8)
    pdff, pd_scale = np.zeros(shape, dtype=np.float32), np.ones(shape, dtype=np.float32)
    y32, z32 = y.astype(np.float32)[None, :], z.astype(np.float32)[:, None]
    wall_x: Plane = spine.wall_x_mm(s0).astype(np.float32)
    of_level = {v.name: [f for f in found if f.level == v.name] for v in spine.vertebrae}
    shell_mm = float(np.clip(0.85 + 0.08 * (patient.t_score + 1.0), 0.5, 1.1))
    for k in range(planes):
        fields = {name: field.plane(float(x[k])) for name, field in smooth.items()}
        fields["fine"] = fine_grain(streams[4], (count, count))
        fields["dice"] = streams[4].random((count, count), dtype=np.float32)
        breath = streams[4].normal(0.0, (2.2 / in_plane_mm, 1.2 / in_plane_mm)).round().astype(int)
        dy = np.float32(0.55) * fields["warp_y"] + np.float32(0.12) * fields["medium"]
        dz = np.float32(0.55) * fields["warp_z"] + np.float32(0.12) * fields["small"]
        canvas = Canvas(
            x_mm=float(x[k]), y=y32 + dy, z=z32 + dz, s=s0 - dz, t=t0 + dy, side=np.float32(x[k]) - wall_x,
            position=position,
            front=front,
            tissue=tissue[k], level=level[k], pdff=pdff[k], pd_scale=pd_scale[k], fields=fields,
        )  # fmt: skip
        paint_background(canvas, body)
        paint_belly(canvas, body, breath_px=(int(breath[0]), int(breath[1])))
        paint_midline_ligaments(canvas.part(behind), body)
        paint_around_column(canvas.part(ahead), spine, body)
        for i in range(len(spine.vertebrae)):
            paint_foramina(canvas, grid, spine, i)
        for vertebra in spine.vertebrae:
            paint_arch(canvas, grid, vertebra, fat=patient.pdff_of(vertebra.name))
        for above, below in zip(spine.vertebrae[:-1], spine.vertebrae[1:], strict=True):
            paint_facets(canvas, grid, above, below)
        paint_canal(canvas.part(canal_window), spine, canal)
        for disc in spine.discs:
            paint_disc(canvas, grid, spine, disc)
        for vertebra in spine.vertebrae:
            paint_body(
                canvas,
                grid,
                vertebra,
                fat=patient.pdff_of(vertebra.name),
                shell_mm=shell_mm,
                findings=of_level[vertebra.name],
            )
        _paint_between(canvas, grid, spine, found)
    _settle_fat(tissue, level, pdff, grid, spine, patient)
    affine = stack_affine((x[0], y[0], z[0]), (plane_mm, 0, 0), (0, 0, -in_plane_mm), (0, in_plane_mm, 0))
    rois = reference_rois(spine, tissue, level, affine, findings=found)
    return Phantom(
        tissue=tissue, pdff=pdff, pd_scale=pd_scale, level=level, affine=affine,
        reference_rois=rois, findings=found, seed=seed, patient=patient,
    )  # fmt: skip


def _paint_between(canvas: Canvas, grid: Grid, spine: Spine, findings: Sequence[Finding]) -> None:
    """Findings that involve a vertebra and the next one below."""
    for finding in findings:
        if isinstance(finding, Osteophytes | MetalHardware):
            i = spine.index(finding.level)
            above, below = spine.vertebrae[i], spine.vertebrae[i + 1]
            if isinstance(finding, Osteophytes):
                paint_osteophytes(canvas, grid, above, below, finding)
            else:
                paint_metal(canvas, grid, above, below)


def _settle_fat(
    tissue: npt.NDArray[np.uint8],
    level: npt.NDArray[np.uint8],
    pdff: npt.NDArray[np.float32],
    grid: Grid,
    spine: Spine,
    patient: VirtualPatient,
) -> None:
    """Shift the fat of each body so that the mean of its healthy marrow is the patient's, whatever its texture."""
    for vertebra in spine.vertebrae:
        window = body_window(grid, vertebra) if vertebra.code else None
        if window is None:
            continue
        box = (slice(None), *window)
        marrow = (tissue[box] == CODE["marrow"]) & (level[box] == vertebra.code)
        if marrow.any():
            values = pdff[box][marrow]
            shift = patient.pdff_of(vertebra.name) - float(values.mean(dtype=np.float64))
            pdff[box][marrow] = np.clip(values + np.float32(shift), 0.0, 1.0)
