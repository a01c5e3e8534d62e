"""HU and QCT: what CT says of the same bone, from ROIs placed like any other."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from vbqkit.acquisition import Acquisition
from vbqkit.errors import Caution, RoiError
from vbqkit.image import Volume
from vbqkit.roi import Measurement, Roi
from vbqkit.scores.result import LOWER_IS_POORER, Refusal, Score

HU_LEVEL = "L1"
"""Vertebra whose attenuation is the HU value (Pickhardt et al., Ann Intern Med 2013;158:588-595)."""

QCT_LEVELS = ("L1", "L2")
"""Vertebrae whose mean is the QCT value: L1 and L2 (Medical Research 2023, the QCT of the third source paper)."""

SOURCE_HU = "Pickhardt 2013, Ann Intern Med 158:588-595, doi:10.7326/0003-4819-158-8-201304160-00003"
SOURCE_QCT = "ACR-SPR-SSR practice parameter for QCT (2018): below 80 mg/cm3 osteoporosis, 80 to 120 osteopenia"

_ROD = re.compile(r"rod\s+(\d+(?:\.\d+)?)", re.IGNORECASE)
_TUBE_KV = 120.0
_AIR_BELOW_HU = -500.0
_OF_MR = ("rescale-intercept", "missing-tags")  # what a CT need not have: a signal from 0, and TR, TE and field


def score_ct(volume: Volume, rois: Iterable[Roi]) -> tuple[Score | Refusal, Score | Refusal]:
    """HU of L1 and QCT of L1 and L2 from ROIs on one CT series, axial or sagittal.

    ``HU`` is the mean of the ROI on L1. ``QCT = (HU - a) / b``, the mean of L1 and L2, with a and b the line through
    the HU of calibration rods over their hydroxyapatite; label the ROI on each rod ``"rod 100"``, with its mg/cm3.

    Parameters
    ----------
    volume : Volume
        Modality CT, rescaled to HU. That a CT refuses VBQ and M-score does not speak against its HU.
    rois : iterable of Roi
        In the trabecular bone of L1 (and L2), off the cortex and the basivertebral vein; and in each rod for QCT.

    Returns
    -------
    tuple of Score or Refusal
        HU (Hounsfield units, lower is poorer) and QCT (mg hydroxyapatite per cm3, lower is poorer), each with its
        parts (means, SD of the pixels, the line of the rods) and cautions, or the reason why not.

    Examples
    --------
    >>> from vbqkit.anatomy import Phantom
    >>> from vbqkit.roi import Ellipse
    >>> from vbqkit.scanner import scan_ct
    >>> ct = scan_ct(Phantom.uniform("marrow", shape=(24, 60, 60)), thickness_mm=6.0)
    >>> l1 = Ellipse.on(ct.slice(2), (20, 17), 8.0, 8.0, label="L1")
    >>> hu, qct = score_ct(ct, [l1])
    >>> hu.unit, qct.reason.split(":")[0]
    ('HU', 'fewer than two ROIs on calibration rods')
    """
    a = volume.acquisition
    against = _against(a)
    if against is not None:
        return Refusal("HU", against), Refusal("QCT", against)
    measured: dict[str, Measurement] = {}
    failed: dict[str, str] = {}
    for roi in rois:
        try:
            measured[roi.label] = roi.measure(volume)
        except RoiError as error:
            failed[roi.label] = str(error)
    cautions = tuple(c for c in (*volume.cautions, *_doubts(volume)) if c.code not in _OF_MR)
    return _hu(measured, failed, cautions), _qct(measured, failed, cautions)


def _against(a: Acquisition) -> str | None:
    if a.modality != "CT":
        return (
            f"the series is {a.modality or 'of no stated modality'}, not CT: HU are defined on CT. Choose the CT series"
        )
    if a.contrast_agent:
        return (
            f"contrast agent given ({a.contrast_agent}): it raises HU of marrow by 10 and more. Choose a native series"
        )
    values = {value.upper() for value in a.image_type}
    if "LOCALIZER" in values:
        return "localiser (scout): its numbers are no HU. Choose the slices"
    if "SECONDARY" in values:
        return "secondary capture: its numbers need not be HU. Choose the original slices"
    return None


def _doubts(volume: Volume) -> list[Caution]:
    found = []
    if float(volume.pixels.min()) > _AIR_BELOW_HU and volume.acquisition.rescale_intercept == 0:
        found.append(
            Caution(
                "ct-not-hu",
                "No pixel is below -500 and RescaleIntercept (0028,1052) is 0: these may not be Hounsfield units. Measure air: it "
                "must be near -1000.",
            )
        )
    kv = volume.acquisition.tube_kv
    if kv is None or abs(kv - _TUBE_KV) > 1.0:
        said = "is not stated" if kv is None else f"is {kv:g} kV"
        found.append(
            Caution(
                "ct-tube-voltage",
                f"KVP (0018,0060) {said}: published HU cut-offs are of 120 kV, and bone has more HU at a lower voltage.",
            )
        )
    return found


def _hu(measured: dict[str, Measurement], failed: dict[str, str], cautions: tuple[Caution, ...]) -> Score | Refusal:
    if HU_LEVEL not in measured:
        return Refusal("HU", _missing(HU_LEVEL, failed))
    one = measured[HU_LEVEL]
    return Score(
        name="HU",
        value=one.mean,
        unit="HU",
        formula=f"mean of the ROI on {HU_LEVEL}",
        direction=LOWER_IS_POORER,
        source=SOURCE_HU,
        levels=(HU_LEVEL,),
        parts=((f"{HU_LEVEL} SD", one.sd), (f"{HU_LEVEL} pixels", float(one.n))),
        cautions=cautions,
    )


def _qct(measured: dict[str, Measurement], failed: dict[str, str], cautions: tuple[Caution, ...]) -> Score | Refusal:
    rods = {float(match[1]): m.mean for label, m in measured.items() if (match := _ROD.fullmatch(label.strip()))}
    if len(rods) < 2:
        return Refusal(
            "QCT",
            "fewer than two ROIs on calibration rods: QCT needs them to turn HU into mg/cm3. Place one on each rod and label it "
            "with its hydroxyapatite, such as 'rod 100'",
        )
    levels = [level for level in QCT_LEVELS if level in measured]
    if not levels:
        return Refusal("QCT", _missing(QCT_LEVELS[0], failed))
    slope, offset = (float(v) for v in np.polyfit(list(rods), list(rods.values()), 1))
    if slope <= 0:
        falls = f"HU of the rods fall with their hydroxyapatite ({slope:.2f} HU each mg/cm3). Check their labels"
        return Refusal("QCT", falls)
    spread = np.array([hu - (offset + slope * mg) for mg, hu in rods.items()])
    parts = [(f"{level} mean", measured[level].mean) for level in levels]
    parts += [("HU each mg/cm3", slope), ("HU at 0 mg/cm3", offset)]
    if len(rods) > 2:
        parts.append(("SD of the rods about their line", float(np.sqrt((spread**2).sum() / (len(rods) - 2)))))
    if len(levels) < len(QCT_LEVELS):
        alone = f"QCT is of {levels[0]} alone; it is defined as the mean of {' and '.join(QCT_LEVELS)}. Place the other one."
        cautions = (*cautions, Caution("qct-one-level", alone))
    return Score(
        name="QCT",
        value=float(np.mean([(measured[level].mean - offset) / slope for level in levels])),
        unit="mg hydroxyapatite/cm3",
        formula="mean over levels of (HU - HU at 0 mg/cm3) / (HU each mg/cm3)",
        direction=LOWER_IS_POORER,
        source=SOURCE_QCT,
        levels=tuple(levels),
        parts=tuple(parts),
        options=(("rods", " ".join(f"{mg:g}" for mg in sorted(rods))),),
        cautions=cautions,
    )


def _missing(label: str, failed: dict[str, str]) -> str:
    return failed.get(label) or f"no ROI '{label}' on the CT series. Place it in the trabecular bone of the vertebra"
