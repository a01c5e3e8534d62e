"""Where ROIs lie, on bodies that no tolerance was chosen on: careful readers pass, gross errors are found."""

from dataclasses import replace

import numpy as np
import pytest

from vbqkit.anatomy import draw_patients, make_phantom
from vbqkit.roi.labels import CSF, NOISE, SCORED_LEVELS
from vbqkit.scanner import acquire, scanner_named
from vbqkit.scores import check_placed_rois, score_case

SCANNERS = ("hitachi-1.2t", "ge-hdx-1.5t", "philips-achieva-3t", "generic-1.5t", "generic-3t")
SEED = 90211
READINGS = 12

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bodies():
    """Five people drawn by chance, each on another scanner: series by weighting, and reference ROIs by label."""
    rng = np.random.default_rng(SEED)
    found = []
    for patient, name in zip(draw_patients(len(SCANNERS), rng=rng), SCANNERS, strict=True):
        body = make_phantom(patient, seed=int(rng.integers(2**31)), in_plane_mm=1.0, plane_mm=3.0)
        machine = scanner_named(name)
        middle = machine.protocols[0].slices // 2
        around = range(middle - 3, middle + 4)
        scans = [acquire(body, machine, protocol, rng=rng, slices=around) for protocol in machine.protocols]
        rois = {r.label: r for r in body.reference_rois}
        found.append(({v.acquisition.weighting: v for v in scans}, rois))
    return found


def test_careful_readers_are_refused_in_under_2_percent_of_readings(bodies):
    """Shifts of 1 mm and sizes that vary by 5 %."""
    rng = np.random.default_rng(77)
    readings = refused = doubted = 0
    for volumes, rois in bodies:
        for _ in range(READINGS):
            placed = [
                rois[label].moved((0.0, *rng.normal(0, 1 / np.sqrt(2), 2))).scaled(float(np.exp(rng.normal(0, 0.05))))
                for label in (*SCORED_LEVELS, CSF)
            ]
            for volume in volumes.values():
                found = check_placed_rois(volume, placed)
                readings += 1
                refused += any(check.refuses for check in found)
                doubted += bool([c for c in found if c.code != "score-outside-published-range"])
    assert readings == len(SCANNERS) * READINGS * 3
    assert refused < 0.02 * readings
    assert doubted < 0.05 * readings


def front_edge_mm(roi, volume):
    """How far back to move a ROI for it to touch the front edge of the picture, where air or a belly may be."""
    front = volume.slice(0).to_patient_mm(np.zeros(2))[1]
    return front + 1.0 - min(y for _, y, _ in roi.outline_mm(32))


def gross(rois, volume):
    """Each kind of gross error: label to ROI."""
    step = volume.spacing_mm[0]
    base = {label: rois[label] for label in (*SCORED_LEVELS, CSF)}

    def at(label, place):
        return {label: rois[label].moved(np.array(place) - np.array(rois[label].center_mm))}

    def center(label, back_mm=0, up_mm=0):
        return np.array(rois[label].center_mm) + np.array([0, back_mm, up_mm])

    def large(roi):
        sides = {n: np.array(getattr(roi, n)) for n in ("half_width", "half_height")}
        return replace(roi, **{n: tuple(v / np.linalg.norm(v) * 19.0) for n, v in sides.items()})

    down = dict(zip(SCORED_LEVELS, SCORED_LEVELS[::-1], strict=True))
    return {
        "a level on a disc": base | at("L3", (center("L2") + center("L3")) / 2),
        "upside down": {label: base[down.get(label, label)].with_label(label) for label in base},
        "two names exchanged": base | {"L1": base["L3"].with_label("L1"), "L3": base["L1"].with_label("L3")},
        "one body twice": base | at("L2", center("L3", 0, 7)),
        "a level passed over": base | {"L4": rois["L5"].with_label("L4")},
        "whole bodies with cortex and disc": base | {label: large(base[label]) for label in SCORED_LEVELS},
        "a level in the canal": base | at("L3", center(CSF)),
        "a level under the skin": base | at("L3", center("L3", 75, 0)),
        "a level in the belly": base | at("L3", center("L3", -40, 0)),
        "CSF on marrow": base | at(CSF, center("L3", 6, 6)),
        "CSF in the air": base | at(CSF, center(NOISE)),
        "CSF in the air, beside one level": {label: base[label] for label in ("L3", CSF)} | at(CSF, center(NOISE)),
        "CSF at the front edge of the picture": base | at(CSF, center(CSF, front_edge_mm(rois[CSF], volume), 0)),
        "CSF in front of the column": base | at(CSF, center(CSF, -60, 0)),
        "CSF behind the canal": base | at(CSF, center(CSF, 22, 0)),
        "a parasagittal slice": {label: roi.moved((3 * step, 0, 0)) for label, roi in base.items()},
        "CSF two slices off": base | {CSF: base[CSF].moved((2 * step, 0, 0))},
        "levels on four slices": base | {n: base[n].moved(((k - 1) * step, 0, 0)) for k, n in enumerate(SCORED_LEVELS)},
    }


REFUSED_EVERYWHERE = {
    "upside down",
    "two names exchanged",
    "one body twice",
    "whole bodies with cortex and disc",
    "a level in the canal",
    "CSF on marrow",
    "CSF in the air",
    "CSF in the air, beside one level",
    "CSF at the front edge of the picture",
    "CSF in front of the column",
}


def test_each_gross_error_is_found_on_every_series(bodies):
    missed, given = [], []
    for volumes, rois in bodies:
        for weighting, volume in volumes.items():
            for kind, placed in gross(rois, volume).items():
                found = check_placed_rois(volume, placed.values())
                missed += [] if found else [(kind, weighting)]
                refused = any(check.refuses for check in found)
                must = kind in REFUSED_EVERYWHERE or (kind == "a level on a disc" and weighting == "T1")
                given += [(kind, weighting)] if must and not refused else []
    assert missed == []
    assert given == []


def test_csf_beyond_the_picture_gives_no_vbq_and_says_so(bodies):
    """It has no pixels that could be looked at: the score itself is refused."""
    for volumes, rois in bodies:
        for weighting, volume in volumes.items():
            beyond = rois[CSF].moved((0, front_edge_mm(rois[CSF], volume) - 20.0, 0))
            case = score_case({weighting: volume}, [*(rois[n] for n in SCORED_LEVELS), beyond], aggregate="median")
            assert [type(r).__name__ for r in case.results if r.name == f"VBQ-{weighting}"] == ["Refusal"]
            assert "beyond the image" in str(case.cautions)
