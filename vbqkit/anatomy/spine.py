"""Drawing a spine: where each vertebra stands, how it is turned and shaped, and what age and findings do to the discs.

Sizes are linear dimensions of adult lumbar vertebrae from Panjabi et al., Spine 1992;17:299-306
(doi:10.1097/00007632-199203000-00010) and, for T9 to T12, Spine 1991;16:888-901 (doi:10.1097/00007632-199108000-00006);
mid-body heights and discs as seen on supine MRI: Zhou et al., Eur Spine J 2000;9:242-248 (doi:10.1007/s005860000140).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import scipy

from vbqkit.anatomy.arch_sizes import draw_arch_sizes, draw_facet_arthrosis
from vbqkit.anatomy.endplates import draw_relief
from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.lying import laid_down
from vbqkit.anatomy.phantom import LEVEL_OF_CODE
from vbqkit.anatomy.skeleton import DEEPEST, NO_LOSS, Array, Disc, HeightLosses, Spine, SpineDraft, Vertebra
from vbqkit.roi.labels import SCORED_LEVELS

# name, half width, half depth, height (mm), pitch of the up axis towards the front (degrees), height of the disc below
_PLAN = (
    ("T9", 15.5, 14.5, 22.5, 2.0, 3.2),
    ("T10", 16.0, 15.0, 23.5, -1.0, 3.5),
    ("T11", 17.5, 15.5, 24.5, -5.0, 3.3),
    ("T12", 19.5, 16.0, 26.0, -8.0, 3.8),
    ("L1", 20.8, 16.6, 27.5, -9.5, 4.5),
    ("L2", 21.8, 17.2, 28.5, -8.5, 5.2),
    ("L3", 22.8, 17.5, 28.8, -4.5, 5.9),
    ("L4", 23.8, 17.6, 28.6, 2.5, 6.6),
    ("L5", 25.0, 17.6, 28.2, 14.0, 6.6),
    ("S1", 44.0, 14.6, 29.0, 33.0, 3.2),
    ("S2", 40.0, 11.0, 23.0, 41.0, 2.0),
    ("S3", 34.0, 9.0, 19.0, 33.0, 1.5),
    ("S4", 28.0, 7.5, 17.0, 17.0, 1.0),
    ("S5", 20.0, 6.5, 15.0, -2.0, 2.0),
    ("Co1", 9.0, 5.5, 11.0, -25.0, 1.5),
)
_NAMES = tuple(row[0] for row in _PLAN)

# How people differ. SD as a share of the size unless a unit is named; chosen by eye, within the SDs of the sources
# above.
_SIZE_OF_WOMEN, _SIZE_OF_MEN, _SIZE_SD = 0.955, 1.03, 0.025
# Across, bodies differ more between the sexes than along the spine: men's have a cross-section that is 20 % (at the
# same age and areal density, 981 pairs, Bruno et al., J Bone Miner Res 2014;29:562-569, doi:10.1002/jbmr.2067) to 35 %
# larger (young adults, Riggs et al., J Bone Miner Res 2004;19:1945-1954, doi:10.1359/jbmr.040916). Here 25 %. Over life
# it grows by 15 % in both (Riggs 2004, 696 people of 20 to 97 years); the sizes of the plan are taken at 45 years.
_WIDER_OF_WOMEN, _WIDER_OF_MEN = 0.98, 1.016
_GROWS_PER_YEAR, _SIZE_AGE = (1.15**0.5 - 1.0) / 77.0, 45.0
_LORDOSIS_SD, _LORDOSIS_LIMIT = 0.08, 1.8  # the limit in SDs
_HEIGHT_SD, _DEPTH_SD = 0.018, 0.012
_PITCH_SD_DEG = 1.2
# The slope of the sacrum decides the lumbar curve. What is drawn is the slope before the body is laid on the table (see
# vbqkit.anatomy.lying), which turns it by -2 degrees (SD 5); on the table it is 41 and 7.2 degrees, a model
# assumption between two groups: 24 to 55 degrees are the mean +- 2 SD of 709 people who stand (Eur Spine J 2011;
# 20 Suppl 5:572-577, doi:10.1007/s00586-011-1923-2), and 44.5 +- 9.9, from 18 to 71, was found in 274 who lie (Okpala,
# Ann Med Health Sci Res 2014, doi:10.4103/2141-9248.141548). Lordosis has an SD of 10.0 degrees (102 people on CT, Int
# J Spine Surg 2020;14:949), and is 47.9 +- 9.2 on MRI of people who lie (63 people, Benditz et al., Rofo
# 2017;189:233-239); it goes with the slope: r = 0.75 in 100 people (Vaz et al., Eur Spine J 2002;11:80-87,
# doi:10.1007/s005860000224). The characteristics of lordosis are determined by the slope (Roussouly et al., Spine
# 2005;30:346-353, doi:10.1097/01.brs.0000152379.54463.65); by which shares the vertebrae above follow it, and how far
# the chest leans by itself (SD in degrees), are model assumptions.
_SACRAL_SLOPE_DEG, _SACRAL_SLOPE_SD_DEG, _SACRAL_SLOPE_LIMITS_DEG = 42.5, 10.5, (16.0, 69.0)
_SLOPE_OF_PLAN_DEG, _FOLLOWS_SACRUM, _LORDOSIS_FOLLOWS = 33.0, {"L5": 0.55, "L4": 0.28, "L3": 0.08}, 0.25
_CHEST_LEANS_SD_DEG, _LEANS_WITH_CHEST = 3.5, {"L2": 0.8, "L3": 0.5, "L4": 0.2, "L5": 0.0}
# Bodies are wedges: L5 is taller in front (model assumption: degrees, and their SD between people). Bodies give a
# median of 8.0 % of the lordosis in people of low pelvic incidence, and 20.5 % at a high one, and it is the discs low
# down that give less (645 people, Spine 2024, PMID 39233593): a wedge grows with the slope of the sacrum. How much of
# it L4 and L5 take is a model assumption.
_WEDGE_DEG, _WEDGE_SD_DEG = {"T11": -3.0, "T12": -3.0, "L1": -2.0, "L4": 2.0, "L5": 8.0}, 2.0
_WEDGE_PER_SLOPE = {"L4": 0.10, "L5": 0.20}
# A vertebra stands a little before or behind the one below it; in some people over 50 L4 has slipped forward
# (degenerative listhesis in 8.4 % of women and 2.7 % of men: Jacobsen et al., Spine 2007;32:120-125,
# doi:10.1097/01.brs.0000250979.12398.96). The sizes are model assumptions.
_STEP_SD_MM, _STEP_LIMIT_SD = 0.5, 2.0
_SLIP_FROM_AGE, _SLIP_OF, _SLIP_SHARE, _SLIP_MM = 50.0, "L4", {"F": 0.084, "M": 0.027}, (3.0, 7.0)
_CONCAVITY_MM, _CONCAVITY_SD_MM, _CONCAVITY_PERSON_SD_MM, _CONCAVITY_LEAST_MM = 2.6, 0.5, 0.45, 0.8
_CONCAVITY_PER_T_SCORE_MM = 0.4  # deeper endplates for each T-score below -1
_LOWER_CONCAVITY_MORE_MM = 0.5
_DEEPEST_SD = 0.18  # of the deepest place of an endplate, in half depths
# Bone of the front rims that grows with the disc next to it
_LIP_PER_GRADE_MM, _LIP_FROM_GRADE, _LIP_SD = 0.55, 1.5, 0.5
_WAIST_MM, _WAIST_SD_MM = 1.6, 0.25
_SACRUM = {"taper": 0.2, "upper_concavity_mm": 0.8, "lower_concavity_mm": 0.4, "waist_mm": 0.6}
_SPINOUS_LUMBAR_MM, _SPINOUS_OTHER_MM, _SPINOUS_SD, _SPINOUS_OF_L5 = 28.0, 24.0, 0.06, 0.8
_SPINOUS_SHIFT_SD_MM = 1.3
_SPINOUS_FALL = {"L1 to L4": 0.16, "L5": 0.3, "other": 0.55}  # per mm towards the back

# Discs: Pfirrmann grade by age, and what it costs in height. Model assumptions; heights are those of the plan.
_GRADE_AT_20, _GRADE_PER_YEAR = 1.7, 0.026
_GRADE_SD_PERSON, _GRADE_SD_DISC = 0.4, 0.45
_GRADE_MORE_LOW, _GRADE_MORE_THORACIC = 0.5, -0.2  # L4/5 and L5/S1 wear first, thoracic discs last
_DISC_HEIGHT_SD = 0.05
_LOST_PER_GRADE, _LOST_FROM_GRADE, _LOST_POWER = 0.13, 2.5, 1.3
_BULGE_MM, _BULGE_PER_GRADE_MM, _BULGE_FROM_GRADE = 0.4, 0.55, 2.0
_BACK_BULGE_PER_GRADE_MM = 0.9  # of a disc that bulges most at the back
# A bright zone in the back annulus is seen in a part of worn discs (as a sign of a tear: Aprill and Bogduk, Br J Radiol
# 1992;65:361-369); how many, and where, is a model assumption: mm to the side, and up
_TEAR_GRADE, _TEAR_SHARE, _ZONE_PLACE_MM = 2.9, 0.25, np.array([6.0, 1.0])

_KYPHOSIS_OF_WEDGE = (
    0.75  # share of a wedge that the spine above leans forward by; the discs take the rest. Chosen by eye
)
_WALL_STEP_MM = 0.5
_WALL_REACH = 160  # steps by which the back wall goes on, straight, beyond the first and last vertebra


def make_spine(
    rng: np.random.Generator, *, age: float, sex: str, t_score: float, findings: Sequence[Finding] = ()
) -> Spine:
    """Draw one spine: sizes, curve, discs and the shape of each body.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    age : float
        Years; discs degenerate with age.
    sex : str
        ``"F"`` or ``"M"``; women's bodies are smaller.
    t_score : float
        Weak bodies have deeper endplates.
    findings : sequence of Finding
        What they do to the skeleton: fractures, scoliosis, a transitional vertebra, worn discs.
    """
    count = len(_PLAN)
    more, person = rng.spawn(2)  # streams of their own, so that what is drawn from the first one stays
    size = (_SIZE_OF_WOMEN if sex == "F" else _SIZE_OF_MEN) * (1.0 + _SIZE_SD * rng.standard_normal())
    lordosis = 1.0 + _LORDOSIS_SD * np.clip(rng.standard_normal(), -_LORDOSIS_LIMIT, _LORDOSIS_LIMIT)
    heights = np.array([row[3] for row in _PLAN]) * size * (1.0 + _HEIGHT_SD * rng.standard_normal(count))
    across = size * (_WIDER_OF_WOMEN if sex == "F" else _WIDER_OF_MEN) * (1.0 + _GROWS_PER_YEAR * (age - _SIZE_AGE))
    half_depths = np.array([row[2] for row in _PLAN]) * across * (1.0 + _DEPTH_SD * rng.standard_normal(count))
    half_widths = np.array([row[1] for row in _PLAN]) * across
    pitch, steeper = _pitch(rng, more, lordosis)
    weak = _CONCAVITY_PER_T_SCORE_MM * max(0.0, -t_score - 1.0)
    concavity = _CONCAVITY_MM + weak + _CONCAVITY_SD_MM * rng.standard_normal((2, count))
    concavity = np.maximum(concavity + _CONCAVITY_PERSON_SD_MM * person.standard_normal(), _CONCAVITY_LEAST_MM)
    disc_heights, grades = _draw_discs(rng, age=age, size=size, findings=findings)
    draft = SpineDraft(
        names=_NAMES,
        size=size,
        half_widths_mm=half_widths,
        half_depths_mm=half_depths,
        heights_mm=heights,
        pitch_deg=pitch,
        tapers=np.array([_SACRUM["taper"] if name.startswith(("S", "C")) else 0.0 for name in _NAMES]),
        disc_heights_mm=disc_heights,
        disc_grades=grades,
    )
    for finding in findings:
        finding.shape_spine(draft)
    losses = _losses(findings)
    bend, lost = _fracture_bend(draft, losses)
    draft.pitch_deg = draft.pitch_deg + bend
    steps = _steps(more, age=age, sex=sex)
    centers = _stack(draft.names, draft.heights_mm, draft.disc_heights_mm, draft.pitch_deg, lost, steps)
    vertebrae = _vertebrae(rng, more, draft, centers, concavity, losses, findings, age=age, steeper=steeper)
    vertebrae = laid_down(vertebrae, person.spawn(1)[0])
    own = person.spawn(1)[0]
    vertebrae = [_with_relief(own, vertebra) for vertebra in vertebrae]
    wall, arc, level_s = _wall(vertebrae)
    return Spine(tuple(vertebrae), _discs(draft, findings, person.spawn(1)[0]), wall, arc, level_s)


def _pitch(rng: np.random.Generator, more: np.random.Generator, lordosis: float) -> tuple[Array, float]:
    """How far each vertebra leans to the front, and how much steeper the sacrum is than that of most people, degrees.

    A steep sacrum goes with a deep lumbar curve.
    """
    slope = float(np.clip(_SACRAL_SLOPE_DEG + _SACRAL_SLOPE_SD_DEG * more.standard_normal(), *_SACRAL_SLOPE_LIMITS_DEG))
    steeper = slope - _SLOPE_OF_PLAN_DEG
    plan = np.array([row[4] for row in _PLAN])
    curve = lordosis * (1.0 + _LORDOSIS_FOLLOWS * steeper / _SLOPE_OF_PLAN_DEG)
    sacral = np.array([name.startswith(("S", "C")) for name in _NAMES])
    follows = np.array(
        [1.0 if below else _FOLLOWS_SACRUM.get(name, 0.0) for below, name in zip(sacral, _NAMES, strict=True)]
    )
    chest = np.array(
        [0.0 if below else _LEANS_WITH_CHEST.get(name, 1.0) for below, name in zip(sacral, _NAMES, strict=True)]
    )
    leans = _CHEST_LEANS_SD_DEG * float(np.clip(more.spawn(1)[0].standard_normal(), -_LORDOSIS_LIMIT, _LORDOSIS_LIMIT))
    pitch = np.where(sacral, plan, plan * curve) + follows * steeper + chest * leans
    drawn: Array = pitch + _PITCH_SD_DEG * rng.standard_normal(len(_PLAN))
    return drawn, slope - _SACRAL_SLOPE_DEG


def _steps(rng: np.random.Generator, *, age: float, sex: str) -> Array:
    """How far each vertebra stands in front of the one below it, mm."""
    steps: Array = _STEP_SD_MM * np.clip(rng.standard_normal(len(_PLAN)), -_STEP_LIMIT_SD, _STEP_LIMIT_SD)
    steps[[n.startswith(("S", "C")) for n in _NAMES]] = 0.0
    slips, far = rng.random(), rng.uniform(*_SLIP_MM)
    if age > _SLIP_FROM_AGE and slips < _SLIP_SHARE[sex]:
        steps[_NAMES.index(_SLIP_OF)] = far
    return steps


def _vertebrae(
    rng: np.random.Generator,
    more: np.random.Generator,
    draft: SpineDraft,
    centers: Array,
    concavity: Array,
    losses: dict[str, HeightLosses],
    findings: Sequence[Finding],
    *,
    age: float,
    steeper: float,
) -> list[Vertebra]:
    x, roll, turn = _sideways(draft.names, centers[:, 1], findings)
    arches = draw_arch_sizes(more, draft.names, size=draft.size)
    wedges = _WEDGE_SD_DEG * np.clip(more.standard_normal(len(draft.names)), -_STEP_LIMIT_SD, _STEP_LIMIT_SD)
    wedges += [_WEDGE_DEG.get(name, 0.0) + _WEDGE_PER_SLOPE.get(name, 0.0) * steeper for name in draft.names]
    deepest, lips = _plates(more.spawn(1)[0], draft)
    arthrosis = draw_facet_arthrosis(more.spawn(1)[0], draft.names, age=age)
    vertebrae = []
    for i, name in enumerate(draft.names):
        sacral = name.startswith(("S", "C"))
        vertebrae.append(
            Vertebra(
                name=name,
                code=LEVEL_OF_CODE.index(name) if name in LEVEL_OF_CODE else 0,
                center_mm=np.array([x[i], *centers[i]]),
                axes=_axes(draft.pitch_deg[i], roll[i], turn[i]),
                half_width_mm=float(draft.half_widths_mm[i]),
                half_depth_mm=float(draft.half_depths_mm[i]),
                height_mm=float(draft.heights_mm[i]),
                upper_concavity_mm=_SACRUM["upper_concavity_mm"] if sacral else float(concavity[0, i]),
                lower_concavity_mm=_SACRUM["lower_concavity_mm"]
                if sacral
                else float(concavity[1, i] + _LOWER_CONCAVITY_MORE_MM),
                waist_mm=_SACRUM["waist_mm"] if sacral else float(_WAIST_MM + _WAIST_SD_MM * rng.standard_normal()),
                taper=float(draft.tapers[i]),
                arch=arches[i]._replace(facet_arthrosis=arthrosis[i]),
                wedge_deg=0.0 if sacral else float(wedges[i]),
                deepest=DEEPEST if sacral else (float(deepest[0, i]), float(deepest[1, i])),
                lips_mm=(0.0, 0.0) if sacral else (float(lips[0, i]), float(lips[1, i])),
                spinous_length_mm=float(
                    draft.size
                    * (1.0 + _SPINOUS_SD * rng.standard_normal())
                    * (_SPINOUS_LUMBAR_MM if name.startswith("L") else _SPINOUS_OTHER_MM)
                    * (_SPINOUS_OF_L5 if name == "L5" else 1.0)
                ),
                spinous_slope=_SPINOUS_FALL["L1 to L4" if name in SCORED_LEVELS else "L5" if name == "L5" else "other"],
                spinous_shift_mm=float(_SPINOUS_SHIFT_SD_MM * rng.standard_normal()),
                height_losses=losses.get(name, NO_LOSS),
                sacralised=name in draft.sacralised,
            )
        )
    return vertebrae


def _with_relief(rng: np.random.Generator, vertebra: Vertebra) -> Vertebra:
    """The vertebra with endplates of its own; those of the sacrum stay smooth but for the uppermost."""
    relief = draw_relief(rng, half_width_mm=vertebra.half_width_mm, half_depth_mm=vertebra.half_depth_mm)
    return vertebra if vertebra.sacral and vertebra.name != "S1" else replace(vertebra, relief=relief)


def _plates(rng: np.random.Generator, draft: SpineDraft) -> tuple[Array, Array]:
    """Where the upper and the lower endplate of each vertebra are deepest, in half depths; and their front lips, mm."""
    drawn = np.clip(rng.standard_normal((2, len(draft.names))), -_STEP_LIMIT_SD, _STEP_LIMIT_SD)
    deepest: Array = np.array(DEEPEST)[:, None] + _DEEPEST_SD * drawn
    next_to = np.stack([np.concatenate([draft.disc_grades[:1], draft.disc_grades[:-1]]), draft.disc_grades])
    lips: Array = _LIP_PER_GRADE_MM * np.maximum(0.0, next_to - _LIP_FROM_GRADE)
    return deepest, lips * np.clip(1.0 + _LIP_SD * rng.standard_normal(lips.shape), 0.0, 2.0)


def _draw_discs(
    rng: np.random.Generator, *, age: float, size: float, findings: Sequence[Finding]
) -> tuple[Array, Array]:
    """Height and Pfirrmann grade of the disc below each vertebra."""
    person = rng.standard_normal()
    usual = _GRADE_AT_20 + _GRADE_PER_YEAR * (age - 20.0) + _GRADE_SD_PERSON * person
    grades: Array = usual + _GRADE_SD_DISC * rng.standard_normal(len(_NAMES))
    grades += np.array(
        [_GRADE_MORE_LOW if n in ("L4", "L5") else _GRADE_MORE_THORACIC if n.startswith("T") else 0.0 for n in _NAMES]
    )
    for finding in findings:
        i = _NAMES.index(finding.level) - finding.disc_above
        grades[i] = max(grades[i], finding.least_pfirrmann)
    grades = np.clip(grades, 1.0, 5.0)
    heights = np.array([row[5] for row in _PLAN]) * size * (1.0 + _DISC_HEIGHT_SD * rng.standard_normal(len(_NAMES)))
    lumbar = np.array([not n.startswith(("S", "C")) for n in _NAMES])
    lost = _LOST_PER_GRADE * np.maximum(0.0, grades - _LOST_FROM_GRADE) ** _LOST_POWER
    heights *= np.where(lumbar, 1.0 - lost, 1.0)
    return heights, grades


def _discs(draft: SpineDraft, findings: Sequence[Finding], rng: np.random.Generator) -> tuple[Disc, ...]:
    discs = []
    for i, name in enumerate(draft.names[:-1]):
        grade = draft.disc_grades[i]
        bulge = float(_BULGE_MM + _BULGE_PER_GRADE_MM * max(0.0, grade - _BULGE_FROM_GRADE))
        bulge += sum(f.disc_bulge_mm for f in findings if f.level == name)
        back, torn, place = rng.random(), rng.random(), rng.uniform(-1.0, 1.0, size=2) * _ZONE_PLACE_MM
        mobile = not name.startswith(("S", "C"))
        zone = (float(place[0]), float(place[1])) if mobile and grade > _TEAR_GRADE and torn < _TEAR_SHARE else None
        discs.append(
            Disc(
                upper=i,
                lower=i + 1,
                pfirrmann=float(grade),
                bulge_mm=bulge if mobile else 0.0,
                height_mm=float(draft.disc_heights_mm[i]),
                back_bulge_mm=float(back * _BACK_BULGE_PER_GRADE_MM * max(0.0, grade - _BULGE_FROM_GRADE)) * mobile,
                bright_zone_mm=zone,
            )
        )
    return tuple(discs)


def _losses(findings: Sequence[Finding]) -> dict[str, HeightLosses]:
    """What each vertebra has lost of its height; of two findings at one level the larger loss at each place."""
    losses: dict[str, HeightLosses] = {}
    for finding in findings:
        before = losses.get(finding.level, NO_LOSS)
        losses[finding.level] = HeightLosses(*map(max, before, finding.height_losses))
    return losses


def _fracture_bend(draft: SpineDraft, losses: dict[str, HeightLosses]) -> tuple[Array, Array]:
    """Degrees by which each vertebra leans forward above a wedge, and the height each loses in the stack."""
    count = len(draft.names)
    heights, half_depths = draft.heights_mm, draft.half_depths_mm
    bend, lost = np.zeros(count), np.zeros(count)
    for i, name in enumerate(draft.names):
        front, _, back, _ = losses.get(name, NO_LOSS)
        bend[:i] += _KYPHOSIS_OF_WEDGE * np.degrees(np.arctan(heights[i] * (front - back) / (2.0 * half_depths[i])))
        lost[i] = heights[i] * (front + back) / 2.0
    return bend, lost


def _stack(
    names: Sequence[str], heights: Array, disc_heights: Array, pitch_deg: Array, lost: Array, steps_mm: Array
) -> Array:
    """(y, z) of the bodies, the third lumbar one at the origin."""
    angle = np.radians(pitch_deg)
    up = np.stack([-np.sin(angle), np.cos(angle)], axis=1)
    centers = np.zeros((len(names), 2))
    for i in range(1, len(names)):
        between = (up[i - 1] + up[i]) / np.linalg.norm(up[i - 1] + up[i])
        centers[i] = (
            centers[i - 1]
            - up[i - 1] * heights[i - 1] / 2.0
            - between * disc_heights[i - 1]
            - up[i] * (heights[i] / 2.0 - lost[i])
            + np.array([up[i, 1], -up[i, 0]]) * steps_mm[i - 1]  # the lower one stands further back
        )
    stacked: Array = centers - centers[list(names).index("L3")]
    return stacked


def _sideways(names: Sequence[str], z_mm: Array, findings: Sequence[Finding]) -> tuple[Array, Array, Array]:
    """x, coronal roll (degrees) and axial turn (degrees) of each vertebra."""
    x, roll, turn = np.zeros(len(names)), np.zeros(len(names)), np.zeros(len(names))
    for finding in findings:
        bent = finding.sideways(names, z_mm)
        if bent is not None:
            x, roll, turn = x + bent.x_mm, roll + bent.roll_deg, turn + bent.turn_deg
    return x, roll, turn


def _axes(pitch_deg: float, roll_deg: float, turn_deg: float) -> Array:
    p, r, t = np.radians([pitch_deg, roll_deg, turn_deg])
    pitch = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    roll = np.array([[np.cos(r), 0, np.sin(r)], [0, 1, 0], [-np.sin(r), 0, np.cos(r)]])
    turn = np.array([[np.cos(t), -np.sin(t), 0], [np.sin(t), np.cos(t), 0], [0, 0, 1]])
    axes: Array = roll @ pitch @ turn
    return axes


def _wall(vertebrae: Sequence[Vertebra]) -> tuple[Array, Array, Array]:
    """Points on the back wall of the column, their arc length, and the arc length at the middle of each vertebra."""
    points = np.array([v.to_patient_mm(0.0, v.half_depth_mm, 0.0) for v in vertebrae])
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points[:, 1:], axis=0), axis=1))])
    fine = np.arange(0.0, arc[-1], _WALL_STEP_MM)
    wall = scipy.interpolate.CubicSpline(arc, points, bc_type="natural")(fine)
    step_up, step_down = wall[0] - wall[1], wall[-1] - wall[-2]
    reach = np.arange(1, _WALL_REACH + 1)[:, None]
    wall = np.concatenate([(wall[0] + step_up * reach)[::-1], wall, wall[-1] + step_down * reach])
    steps = np.linalg.norm(np.diff(wall[:, 1:], axis=0), axis=1)
    s = np.concatenate([[0.0], np.cumsum(steps)])
    level_s = np.interp(arc, np.arange(len(fine)) * _WALL_STEP_MM, s[_WALL_REACH : _WALL_REACH + len(fine)])
    return wall, s, level_s
