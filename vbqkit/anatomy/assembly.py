"""From a virtual patient and a seed to a phantom: the whole arrangement, painted plane by plane. Synthetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.abdomen import paint_around_column, paint_belly, paint_lung
from vbqkit.anatomy.back import (
    along_fibres,
    paint_back_muscles,
    paint_fat_behind_arches,
    paint_fat_between_muscles,
    paint_midline_ligaments,
)
from vbqkit.anatomy.canal import Canal, make_canal, paint_canal
from vbqkit.anatomy.canvas import CODE, Canvas, Grid, Window, window_of
from vbqkit.anatomy.facets import paint_facets
from vbqkit.anatomy.findings.finding import Finding, check_findings
from vbqkit.anatomy.foramen import paint_foramina, paint_segmental_vessels
from vbqkit.anatomy.marrow import MarrowPattern, draw_marrow_pattern
from vbqkit.anatomy.patients import VirtualPatient
from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.plane_offsets import plane_offsets_mm
from vbqkit.anatomy.posterior import paint_arch, paint_rib
from vbqkit.anatomy.reference_rois import reference_rois
from vbqkit.anatomy.sacrum import paint_sacral_roof, paint_sacral_wings
from vbqkit.anatomy.skeleton import Array, Spine, body_window
from vbqkit.anatomy.soft_tissue import Body, make_body, paint_background
from vbqkit.anatomy.spine import make_spine
from vbqkit.anatomy.texture import Plane, SmoothField, even_dice, fine_grain
from vbqkit.anatomy.vertebra import paint_body, paint_disc
from vbqkit.anatomy.viscera import Viscera, draw_viscera, paint_kidneys, paint_rectum, paint_viscera
from vbqkit.errors import ScannerError
from vbqkit.image import stack_affine

IN_PLANE_MM, PLANE_MM = (0.3, 2.0), (0.3, 5.0)
"""Least and greatest distance between rows and columns, and between planes, that are offered, mm: finer grids do not
fit into memory, coarser ones lose the cortex."""

_BEHIND_MM = 45.0  # air between the back and the edge of the grid: room for the noise ROI

_FIELD_SCALES_MM: dict[str, float | tuple[float, float, float]] = {
    "small": 2.2,
    "medium": 5.0,
    "large": 16.0,
    "warp_y": 13.0,
    "warp_z": 13.0,
    "streak": (5.0, 2.4, 15.0),
    "fibre": (8.0, 1.6, 38.0),
}
"""Size of the features of each random field, mm: one number, or along x, y and z. Chosen by eye."""

_WARP = {"warp": 0.55, "medium": 0.12, "small": 0.12}  # mm per SD by which positions waver; chosen by eye
_BREATH_MM = (2.2, 1.2)  # SD by which the bowel moves between planes, up and down, and back and forth; chosen by eye
_SHELL_MM, _SHELL_PER_T_SCORE_MM, _SHELL_SD, _SHELL_LIMITS_MM = 0.85, 0.08, 0.10, (0.45, 1.25)
"""Thickness of the cortex of a body at a T-score of -1, its change for each T-score, SD between people beside that (a
share of the mean) and limits. The mean is as thick as a picture shows it, chosen by eye; bone alone has 0.29 mm in
lumbar bodies (37 people, Ritzel et al., J Bone Miner Res 1997;12:89-95, doi:10.1359/jbmr.1997.12.1.89) to 0.35 mm
(Silva et al., Bone 1994;15:409-414), from 0.09 to 0.86 mm at single places.

It is thinner in osteoporosis and hardly goes with anything else: with age r = 0.225 to 0.574 below T8 and alike in men
and women (Ritzel 1997), and not strongly with trabecular structure (80 vertebrae, Palepu et al., Int J Spine Surg
2019;13:361-370). No source prints the SD between people at the same T-score; with this one the correlation with age is
-0.35 in women, within what Ritzel found, and with the T-score 0.8."""

# Distance behind the back wall of the bodies within which each part is painted, mm
_AHEAD_MM, _BEHIND_SPINE_MM, _CANAL_MM = (-90.0, 15.0), (4.0, 8.0), (-6.0, 36.0)
_SACRUM_MM, _RECTUM_MM, _LUNG_MM = (-50.0, 25.0), (-80.0, -15.0), (-110.0, 20.0)


def make_phantom(
    patient: VirtualPatient,
    *,
    seed: int,
    findings: Sequence[Finding] = (),
    in_plane_mm: float = 0.6,
    plane_mm: float = 1.1,
    width_mm: float = 68.2,
    size_mm: float = 320.0,
    smooth_edges: bool = True,
) -> Phantom:
    """Draw one lumbar spine, T9 to the coccyx, with everything around it and its truth.

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
    smooth_edges : bool
        Whether each plane is drawn at a place of its own between the points of the grid, so that a slice, which
        averages several, shows edges without the steps of the grid (:mod:`vbqkit.anatomy.plane_offsets`). False: every
        plane is drawn at the points of the grid.

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
    _check_grid(in_plane_mm, plane_mm)
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(8)]
    spine = make_spine(streams[0], age=patient.age, sex=patient.sex, t_score=patient.t_score, findings=found)
    rows, planes = int(size_mm / in_plane_mm), round(width_mm / plane_mm)
    steps = np.arange(rows, dtype=np.float64)
    z: Array = np.asarray(size_mm / 2.0 - in_plane_mm * (steps + 0.5))
    x: Array = np.asarray(plane_mm * (np.arange(planes, dtype=np.float64) - (planes - 1) / 2.0))
    body = make_body(streams[1], spine, z, age=patient.age, sex=patient.sex, bmi=patient.bmi)
    y: Array = np.asarray(body.table_y_mm + _BEHIND_MM - in_plane_mm * (rows - 1 - steps))
    canal = make_canal(streams[2], spine, findings=found, sac_volume=patient.sac_volume)
    smooth = {name: SmoothField(streams[3], x, y, z, scale_mm=scale) for name, scale in _FIELD_SCALES_MM.items()}
    pattern = draw_marrow_pattern(streams[5], age=patient.age)
    viscera = draw_viscera(streams[6], spine, body, z, age=patient.age, sex=patient.sex)
    shell = draw_shell_mm(streams[7], t_score=patient.t_score)
    scene = _Scene.of(patient, found, spine, body, canal, pattern, viscera, Grid(y, z, in_plane_mm), plane_mm, shell)
    maps = _Maps.empty((planes, rows, rows))
    offsets = plane_offsets_mm(planes, in_plane_mm) if smooth_edges else np.zeros((planes, 2), dtype=np.float32)
    for k in range(planes):
        canvas, breath_mm = _canvas(scene, maps, k, float(x[k]), smooth, streams[4], offsets[k])
        _paint_plane(canvas, scene, breath_mm)
    _settle_fat(maps, scene)
    affine = stack_affine((x[0], y[0], z[0]), (plane_mm, 0, 0), (0, 0, -in_plane_mm), (0, in_plane_mm, 0))
    rois = reference_rois(spine, maps.tissue, maps.level, affine, findings=found)
    return Phantom(
        tissue=maps.tissue, pdff=maps.pdff, pd_scale=maps.pd_scale, level=maps.level, affine=affine,
        reference_rois=rois, findings=found, seed=seed, patient=patient,
    )  # fmt: skip


def draw_shell_mm(rng: np.random.Generator, *, t_score: float) -> float:
    """Thickness of the cortex of one person's bodies as a picture shows it, mm."""
    mean = _SHELL_MM + _SHELL_PER_T_SCORE_MM * (t_score + 1.0)
    return float(np.clip(mean * (1.0 + _SHELL_SD * rng.standard_normal()), *_SHELL_LIMITS_MM))


def _check_grid(in_plane_mm: float, plane_mm: float) -> None:
    if not (IN_PLANE_MM[0] <= in_plane_mm <= IN_PLANE_MM[1] and PLANE_MM[0] <= plane_mm <= PLANE_MM[1]):
        raise ScannerError(
            f"A grid of {in_plane_mm} mm with planes {plane_mm} mm apart is not offered; give 0.3 to 2 mm and 0.3 to 5 mm."
        )


@dataclass(frozen=True, eq=False, slots=True)
class _Maps:
    """The truth of every voxel, to be painted; shape (planes, rows, cols)."""

    tissue: npt.NDArray[np.uint8]
    level: npt.NDArray[np.uint8]
    pdff: npt.NDArray[np.float32]
    pd_scale: npt.NDArray[np.float32]

    @classmethod
    def empty(cls, shape: tuple[int, int, int]) -> _Maps:
        """Air."""
        return cls(
            tissue=np.zeros(shape, dtype=np.uint8),
            level=np.zeros(shape, dtype=np.uint8),
            pdff=np.zeros(shape, dtype=np.float32),
            pd_scale=np.ones(shape, dtype=np.float32),
        )


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class _Scene:
    """What is painted on every plane, and where: the drawn parts of one person, and grid positions before the warp."""

    patient: VirtualPatient
    findings: tuple[Finding, ...]
    of_level: Mapping[str, tuple[Finding, ...]]
    spine: Spine
    body: Body
    canal: Canal
    grid: Grid
    plane_mm: float
    shell_mm: float
    pattern: MarrowPattern
    viscera: Viscera
    s: Plane  # arc length along the back wall of the column
    t: Plane  # distance behind it
    position: Plane  # place along the spine in vertebrae from above
    front: Plane  # distance behind the back wall of the front of the column
    wall_x: Plane  # left-right position of the middle of the canal
    ahead: Window
    behind: Window
    canal_window: Window
    sacrum: Window
    before_sacrum: Window
    lung: Window
    back_column: int  # the muscles of the back lie behind it

    @classmethod
    def of(
        cls,
        patient: VirtualPatient,
        findings: tuple[Finding, ...],
        spine: Spine,
        body: Body,
        canal: Canal,
        pattern: MarrowPattern,
        viscera: Viscera,
        grid: Grid,
        plane_mm: float,
        shell_mm: float,
    ) -> _Scene:
        """Positions of the grid in the frame of this spine, and the windows of its parts."""
        s, t = spine.wall_coordinates(grid.y_mm, grid.z_mm)
        position = spine.level_position(s).astype(np.float32)
        front: Plane = np.interp(
            position, np.arange(len(spine.vertebrae)), [-2.0 * v.half_depth_mm for v in spine.vertebrae]
        ).astype(np.float32)
        return cls(
            patient=patient,
            findings=findings,
            of_level={v.name: tuple(f for f in findings if f.level == v.name) for v in spine.vertebrae},
            spine=spine,
            body=body,
            canal=canal,
            pattern=pattern,
            viscera=viscera,
            grid=grid,
            plane_mm=plane_mm,
            shell_mm=shell_mm,
            s=s,
            t=t,
            position=position,
            front=front,
            wall_x=spine.wall_x_mm(s).astype(np.float32),
            ahead=window_of((t > _AHEAD_MM[0]) & (t < _AHEAD_MM[1])),
            behind=window_of((t > _BEHIND_SPINE_MM[0]) & (t < body.tip_t + _BEHIND_SPINE_MM[1])),
            canal_window=window_of((t > _CANAL_MM[0]) & (t < _CANAL_MM[1])),
            back_column=window_of(t > front.min() / 2.0)[1].start,
            before_sacrum=window_of((position > spine.index("S1")) & (t > _RECTUM_MM[0]) & (t < _RECTUM_MM[1])),
            lung=window_of((position < spine.index("L1")) & (t > _LUNG_MM[0]) & (t < _LUNG_MM[1])),
            sacrum=window_of((position > spine.index("S1") - 0.5) & (t > _SACRUM_MM[0]) & (t < _SACRUM_MM[1])),
        )


def _canvas(
    scene: _Scene,
    maps: _Maps,
    k: int,
    x_mm: float,
    smooth: Mapping[str, SmoothField],
    rng: np.random.Generator,
    offset_mm: Plane,
) -> tuple[Canvas, tuple[float, float]]:
    """Plane number `k`, empty, with its random fields and its warp; and how far breathing has moved the bowel, mm."""
    grid, shape = scene.grid, maps.tissue.shape[1:]
    fields = {name: field.plane(x_mm) for name, field in smooth.items()}
    fields["fine"], fields["upright"] = fine_grain(
        rng, (shape[0], shape[1]), step_mm=grid.step_mm, plane_mm=scene.plane_mm
    )
    fields["dice"] = even_dice(rng, (shape[0], shape[1]), plane=k)
    breath = rng.normal(0.0, _BREATH_MM)
    warp, medium, small = (np.float32(_WARP[name]) for name in ("warp", "medium", "small"))
    dy = warp * fields["warp_y"] + medium * fields["medium"]
    dz = warp * fields["warp_z"] + small * fields["small"]
    if offset_mm.any():
        dy, dz = dy + offset_mm[0], dz + offset_mm[1]
    y, z = grid.y_mm.astype(np.float32)[None, :], grid.z_mm.astype(np.float32)[:, None]
    first = scene.back_column
    fields["fibre"][:, first:] = along_fibres(fields["fibre"][:, first:], grid, x_mm)
    canvas = Canvas(
        x_mm=x_mm, y=y + dy, z=z + dz, s=scene.s - dz, t=scene.t + dy, side=np.float32(x_mm) - scene.wall_x,
        position=scene.position, front=scene.front,
        tissue=maps.tissue[k], level=maps.level[k], pdff=maps.pdff[k], pd_scale=maps.pd_scale[k], fields=fields,
    )  # fmt: skip
    return canvas, (float(breath[0]), float(breath[1]))


def _paint_plane(canvas: Canvas, scene: _Scene, breath_mm: tuple[float, float]) -> None:
    """Paint one plane from the outside inwards: what comes later lies in front."""
    spine, grid, patient = scene.spine, scene.grid, scene.patient
    paint_background(canvas, scene.body)
    paint_back_muscles(canvas.part((slice(None), slice(scene.back_column, None))), spine, scene.body)
    cavity = paint_belly(canvas, spine, scene.body)
    paint_viscera(canvas, grid, spine, scene.viscera, cavity, breath_mm=breath_mm)
    paint_midline_ligaments(canvas.part(scene.behind), spine, scene.body)
    paint_fat_behind_arches(canvas.part(scene.canal_window), scene.body)
    paint_around_column(canvas.part(scene.ahead), spine, scene.body)
    paint_kidneys(canvas.part(scene.ahead), spine, scene.viscera)
    paint_fat_between_muscles(canvas.part(scene.canal_window), spine, scene.body)
    paint_lung(canvas.part(scene.lung), spine, below=scene.viscera.lung_below)
    paint_rectum(canvas.part(scene.before_sacrum), spine, scene.viscera)
    for vertebra in spine.vertebrae:
        paint_segmental_vessels(canvas, grid, vertebra)
        paint_rib(canvas, grid, vertebra, fat=patient.pdff_of(vertebra.name))
    for i in range(len(spine.vertebrae)):
        paint_foramina(canvas, grid, spine, i)
    for vertebra in spine.vertebrae:
        paint_arch(canvas, grid, vertebra, fat=patient.pdff_of(vertebra.name))
    for above, below in zip(spine.vertebrae[:-1], spine.vertebrae[1:], strict=True):
        paint_facets(canvas, grid, above, below, fat=patient.pdff_of(above.name))
    paint_canal(canvas.part(scene.canal_window), spine, scene.canal)
    paint_sacral_roof(canvas.part(scene.canal_window), spine, scene.canal)
    for disc in spine.discs:
        paint_disc(canvas, grid, spine, disc)
    for vertebra in spine.vertebrae:
        paint_body(
            canvas,
            grid,
            vertebra,
            fat=patient.pdff_of(vertebra.name),
            pattern=scene.pattern,
            shell_mm=scene.shell_mm,
            findings=scene.of_level[vertebra.name],
        )
    paint_sacral_wings(canvas.part(scene.sacrum), spine)
    for finding in scene.findings:
        finding.paint_around(canvas, grid, spine)


def _settle_fat(maps: _Maps, scene: _Scene) -> None:
    """Shift the fat of each body so that the mean of its healthy marrow is the patient's, whatever its texture."""
    for vertebra in scene.spine.vertebrae:
        window = body_window(scene.grid, vertebra) if vertebra.code else None
        if window is None:
            continue
        box = (slice(None), *window)
        marrow = (maps.tissue[box] == CODE["marrow"]) & (maps.level[box] == vertebra.code)
        if marrow.any():
            values = maps.pdff[box][marrow]
            shift = scene.patient.pdff_of(vertebra.name) - float(values.mean(dtype=np.float64))
            maps.pdff[box][marrow] = np.clip(values + np.float32(shift), 0.0, 1.0)
