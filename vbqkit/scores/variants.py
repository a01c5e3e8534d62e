"""Published variants of the scores: other levels, endplates, other tissues to divide by.

None is in use until asked for: :func:`vbqkit.scores.use_scores` puts one beside those of the package. ``verified``
says against which printed numbers one was checked; where it is empty, nobody did, and the source says what is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import fmean, median
from types import MappingProxyType

from vbqkit.errors import ScoreError
from vbqkit.roi.labels import (
    CSF,
    FAT,
    MUSCLE,
    PHANTOM_OIL,
    PHANTOM_WATER,
    SCORED_LEVELS,
    csf_at,
    endplates,
)
from vbqkit.scores.csf_peak import SOURCE_TPTBOX, peak_centered_mean
from vbqkit.scores.definition import ScoreDefinition, ScoreInputs
from vbqkit.scores.marrow_to_csf import AGGREGATES, Aggregate
from vbqkit.scores.result import HIGHER_IS_POORER, NO_DIRECTION

_REVIEW = "J Clin Med 2025;14:6477, doi 10.3390/jcm14186477, table of fracture studies"
_RAZZOUK = "Razzouk et al., Eur Spine J 2022, doi 10.1007/s00586-022-07484-5, abstract"
_THREE_CERVICAL = "as compared in World Neurosurg 2024, doi 10.1016/j.wneu.2023.12.095, abstract"
_OWN = "no publication is known to this package: another tissue to divide by"
_CERVICAL = ("C3", "C4", "C5", "C6")


def _ratio(
    weighting: str, over: tuple[str, ...], under: tuple[str, ...], *, middle: bool = False
) -> Callable[[ScoreInputs], float]:
    """Mean of some ROIs (or their median) over the mean of others."""

    def compute(inputs: ScoreInputs) -> float:
        means = [inputs.on(weighting, label).mean for label in over]
        divisor = fmean(inputs.on(weighting, label).mean for label in under)
        _refuse_no_signal(divisor, under)
        return (median(means) if middle else fmean(means)) / divisor

    return compute


def _refuse_no_signal(divisor: float, under: tuple[str, ...]) -> None:
    if not divisor > 0:
        raise ScoreError(f"the mean signal of {', '.join(under)} is {divisor:g}, so no ratio exists. Place it again.")


def _marrow_over(label: str) -> Callable[[ScoreInputs], float]:
    def compute(inputs: ScoreInputs) -> float:
        divisor = inputs.on("T1", label).mean
        _refuse_no_signal(divisor, (label,))
        return inputs.signal("T1", *SCORED_LEVELS) / divisor

    return compute


def _over_csf_peak(weighting: str) -> Callable[[ScoreInputs], float]:
    def compute(inputs: ScoreInputs) -> float:
        csf = inputs.pixels(weighting, CSF)
        divisor = peak_centered_mean(csf.values, csf.weights)
        _refuse_no_signal(divisor, (CSF,))
        return inputs.signal(weighting, *SCORED_LEVELS) / divisor

    return compute


def _variant(
    name: str,
    title: str,
    compute: Callable[[ScoreInputs], float],
    *,
    regions: tuple[str, ...],
    formula: str,
    source: str,
    weighting: str = "T1",
    direction: str = HIGHER_IS_POORER,
    over_csf: bool = False,
    aggregates: tuple[Aggregate, ...] = (),
    verified: str = "",
) -> ScoreDefinition:
    return ScoreDefinition(
        name=name,
        title=title,
        weightings=(weighting,),
        regions=regions,
        divisor="CSF" if over_csf else None,
        aggregates=aggregates,
        unit="ratio",
        direction=direction,
        source=source,
        formula=formula,
        compute=compute,
        verified=verified,
    )


def _single(level: str) -> ScoreDefinition:
    return _variant(
        f"VBQ-{level}",
        f"Marrow of {level} over CSF on T1",
        _ratio("T1", (level,), (CSF,)),
        regions=(level,),
        over_csf=True,
        formula=f"{level} mean / CSF mean",
        source="segmental VBQ, Cui et al. 2025, doi 10.3969/j.issn.1672-5131.2025.05.049",
    )


def _cervical(level: str, who: str) -> ScoreDefinition:
    own = level == "C5"
    return _variant(
        "C-VBQ" if own else f"C-VBQ-{level}",
        f"Marrow of C3 to C6 over CSF at {level} on T1",
        _ratio("T1", _CERVICAL, (csf_at(level),), middle=True),
        regions=(*_CERVICAL, csf_at(level)),
        formula=f"median of the means of C3 to C6 / mean of CSF at {level}",
        source=_RAZZOUK
        if own
        else f"{who}, {_THREE_CERVICAL}; the abstract names the place of CSF, the levels are those of Razzouk 2022",
    )


_EVERY_ENDPLATE = endplates(*SCORED_LEVELS)

_ALL = (
    *map(_single, SCORED_LEVELS),
    _variant(
        "VBQ-L1-L1",
        "Marrow of L1 over CSF at L1 on T1",
        _ratio("T1", ("L1",), (csf_at("L1"),)),
        regions=("L1", csf_at("L1")),
        formula="L1 mean / mean of CSF at L1",
        source="'MRI-based vertebral bone quality score: relationship with age and reproducibility' (136 patients), abstract; a single "
        f"level with cut-off 3.16: Li 2023 in {_REVIEW}",
    ),
    _variant(
        "S1-VBQ",
        "Marrow of S1 over CSF on T1",
        _ratio("T1", ("S1",), (CSF,)),
        regions=("S1",),
        over_csf=True,
        formula="S1 mean / CSF mean",
        source=f"Wang 2024 in {_REVIEW} (cut-off 3.40); the table does not say at which level CSF was measured",
    ),
    _cervical("C5", "Razzouk"),
    _cervical("C2", "Soliman et al."),
    _cervical("T1", "Huang et al."),
    _variant(
        "T-VBQ",
        "Marrow of T5 to T8 over CSF at T7 on T1",
        _ratio("T1", ("T5", "T6", "T7", "T8"), (csf_at("T7"),), middle=True),
        regions=("T5", "T6", "T7", "T8", csf_at("T7")),
        formula="median of the means of T5 to T8 / mean of CSF at T7",
        source=_RAZZOUK,
    ),
    _variant(
        "EBQ-CSF",
        "Endplates of L1 to L4 over CSF on T1",
        _ratio("T1", _EVERY_ENDPLATE, (CSF,)),
        regions=_EVERY_ENDPLATE,
        over_csf=True,
        formula="mean of the means of the endplates, 3 mm high / CSF mean",
        source="Jones et al., Spine J 2022; of the endplates of L1 to L4 here, where a study of fusion takes those of the operated levels",
    ),
    _variant(
        "EBQ-marrow",
        "Endplates of L1 to L4 over their marrow on T1",
        _ratio("T1", _EVERY_ENDPLATE, SCORED_LEVELS),
        regions=(*_EVERY_ENDPLATE, *SCORED_LEVELS),
        direction=NO_DIRECTION,
        formula="mean of the means of the endplates / mean of the level means",
        source="Li, Gao et al., Jt Dis Relat Surg 2023, 'The magnetic resonance imaging-based vertebral bone quality scoring system', abstract",
    ),
    _variant(
        "Marrow/subcutaneous fat",
        "Marrow over subcutaneous fat on T1",
        _marrow_over(FAT),
        regions=(*SCORED_LEVELS, FAT),
        aggregates=AGGREGATES,
        formula="median or mean of the level means / fat mean",
        source=_OWN,
    ),
    _variant(
        "Marrow/muscle",
        "Marrow over muscle on T1",
        _marrow_over(MUSCLE),
        regions=(*SCORED_LEVELS, MUSCLE),
        aggregates=AGGREGATES,
        formula="median or mean of the level means / muscle mean",
        source=_OWN,
    ),
    _variant(
        "F-score S1",
        "S1 over oil of a phantom on T1",
        _ratio("T1", ("S1",), (PHANTOM_OIL,)),
        regions=("S1", PHANTOM_OIL),
        formula="S1 mean / mean of the coconut oil of the phantom",
        source="Din et al., Asian Spine J 2024;18:560-569, doi 10.31616/asj.2024.0116, abstract; its means of 3.25 and 4.11 are not those of "
        "this plain ratio, so the published score has a factor that the abstract does not give",
    ),
    _variant(
        "W-score S1",
        "S1 over water of a phantom on T2",
        _ratio("T2", ("S1",), (PHANTOM_WATER,)),
        weighting="T2",
        regions=("S1", PHANTOM_WATER),
        formula="S1 mean / mean of the water of the phantom",
        source="Din et al., Asian Spine J 2024;18:560-569, doi 10.31616/asj.2024.0116, abstract; its means of 1.92 and 2.43 are not those of "
        "this plain ratio, so the published score has a factor that the abstract does not give",
    ),
    _variant(
        "VBQ-T2-peak",
        "Marrow over peak-centered CSF on T2",
        _over_csf_peak("T2"),
        weighting="T2",
        regions=SCORED_LEVELS,
        over_csf=True,
        aggregates=AGGREGATES,
        formula="median or mean of the level means / peak-centered mean of the CSF pixels",
        source=f"{SOURCE_TPTBOX}; there of the whole canal, here of a ROI",
        verified="the peak-centered mean against TPTBox 1.1.0 itself",
    ),
    _variant(
        "VBQ-T1-peak",
        "Marrow over peak-centered CSF on T1",
        _over_csf_peak("T1"),
        regions=SCORED_LEVELS,
        over_csf=True,
        aggregates=AGGREGATES,
        formula="median or mean of the level means / peak-centered mean of the CSF pixels",
        source=f"{SOURCE_TPTBOX}; there on T2 and of the whole canal, here on T1 and of a ROI",
        verified="the peak-centered mean against TPTBox 1.1.0 itself",
    ),
)

VARIANTS: Mapping[str, ScoreDefinition] = MappingProxyType({one.name: one for one in _ALL})
"""Name to definition of every published variant; :func:`vbqkit.scores.use_scores` puts it into use."""
