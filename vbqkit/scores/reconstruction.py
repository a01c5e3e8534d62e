"""What was done to the picture between receiver and file, and what that does to the SD of air.

SNR and M-score stand on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from vbqkit.acquisition import Acquisition
from vbqkit.errors import Caution, shown
from vbqkit.scores.noise_findings import NoiseCheck


@dataclass(frozen=True, slots=True)
class _Signs:
    """How headers say that something was done.

    Codes in ImageType, alone or as a part of a value (``M_NORM``, ``FIL2``), and words (patterns) there, in names and
    in vendors' own tags.
    """

    codes: frozenset[str]
    words: re.Pattern[str]

    def found_in(self, a: Acquisition) -> str | None:
        """Where one of them stands, as a message quotes it."""
        for code in a.image_type:
            parts = {part.rstrip("0123456789") for part in re.split(r"[^A-Z0-9]+", code.upper())}
            if parts & self.codes or self.words.search(code.upper().replace("_", " ")):
                return f"ImageType (0008,0008) holds {shown(code, 32)}"
        for name, text in (("description", a.series_description), ("sequence name", a.sequence_name)):
            if self.words.search((text or "").upper().replace("_", " ")):
                return f"the {name} is '{text}'"
        for text in a.processing:
            if self.words.search(text.upper().replace("_", " ")):
                return text
        return None


def _signs(codes: str, *words: str) -> _Signs:
    return _Signs(frozenset(codes.split()), re.compile("(?<![A-Z0-9])(?:" + "|".join(words) + ")(?![A-Z0-9])"))


_DEEP_LEARNING = _signs(
    "DRB DRG DRS DLR AICE DEEPRESOLVE",  # Siemens Deep Resolve Boost, Gain, Sharp; Canon
    "DEEP ?RES(?:OLVE)?",
    "DR[BGS]",
    "DR ?BOOST",
    "AIR ?RECON ?DL",
    "AIR ?DL",
    "ARDL",
    "SONIC ?DL",
    "DL",
    "DLR",
    "(?:DL ?|DEEP ?)RECON",
    "RECON ?DL",
    "U?AIFI",  # United Imaging
    "ACS",  # its compressed sensing by a network
    "AI ?(?:RECON\\w*|DENOIS\\w*)",
    "DEEP ?LEARNING",
    "SMART ?SPEED(?: ?[A-Z]+)?",
    "ADAPTIVE ?CS-?NET",
    "AICE",
    "PIQE",
    "SUBTLE ?MR",
    "SWIFT ?MR",
    "IQMR",
)
_UNIFORMITY = _signs(
    "NORM PURE SCIC CLEAR",
    "NORM",
    "PURE",
    "SCIC",
    "CLEAR",
    "PSN",
    "PRE-?SCAN ?NORM(?:ALI[SZ]ED?)?",
    "NORMALI[SZ]ED?",
    "(?:BIAS|B1|INTENSITY|UNIFORMITY)(?: ?FIELD)? ?CORR\\w*",
    "UNIFORM(?:ITY)?",
    "N4",
    "FILTER MODE \\(0043,102D\\) W?P\\+",
)
_FILTER = _signs(
    "FIL FILTERED", "(?<!NO )(?:FIL|FILT|FILTER(?! MODE)|FILTERED|DENOIS\\w*|SMOOTH\\w*|GAUSS\\w*|SHARPEN\\w*)"
)
_PARALLEL = _signs(
    "GRAPPA SENSE MSENSE ASSET ARC SPEEDER",
    "GRAPPA ?[2-9]?",
    "M?SENSE",
    "ASSET",
    "ARC",
    "CAIPI(?:RINHA)?",
    "SPEEDER",
    "I?PAT ?[2-9]",
    "P[2-4]",  # as Siemens writes it in names
    "CS?-?SENSE",
    "HYPER ?SENSE",
    "COMPRESSED ?SENS(?:E|ING)",
)
_INTERPOLATION = _signs("INTERPOLATED", "INTERPOL\\w*", "INTERP", "ZIP ?(?:512|1024|X ?[24])")
_INTERPOLATED = 0.9  # acquired over stored pixels; below it neighbours visibly repeat each other


def check_reconstruction(acquisition: Acquisition) -> NoiseCheck:
    """What the header says was done to the picture that changes the noise in air, and what it does to SNR and M-score.

    It is to be joined with the check of the noise ROI itself (:meth:`NoiseCheck.joined`); VBQ does not use the noise
    and is not concerned.

    * **Deep-learning reconstruction: refused.** The network removes noise by what it takes for anatomy, most where
      there is none. The SD of air is then whatever the network leaves, not the noise anywhere else, and no factor leads
      from the one to the other. SNR comes out too high by an unknown factor.
    * **Uniformity correction** (NORM, PURE, SCIC, CLEAR): caution ``reconstruction-uniformity``. Every pixel, noise
      included, is divided by the coil's sensitivity, so noise is low next to the coil and high far from it. Behind the
      back SNR comes out too high, in front of the belly too low. Not refused, because many scanners correct every spine
      series and an M-score against a reference group of the same protocol, with the ROI at the same place, keeps some
      meaning. It keeps its interval as long as other air holds the same noise.
    * **Parallel imaging** (SENSE, GRAPPA, ASSET, ARC, compressed sensing): caution ``reconstruction-parallel``. Noise
      is multiplied by the g-factor, highest in the middle of the body and lowest in air, where the reconstruction may
      even set it to nothing: SNR comes out too high.
    * **Filters** (FIL, denoising): caution ``reconstruction-filter``. Smoothing lowers the SD of air several times more
      than the mean of the marrow: SNR comes out too high (a Gaussian of 1 pixel: about 3.5 times); sharpening does the
      opposite.
    * **Interpolation** (fewer acquired than stored pixels): caution ``reconstruction-interpolated``. Zero filling keeps
      the SD, but its pixels repeat each other, so that it is less sure; interpolation in the picture also lowers it by
      up to a third. SNR holds for this matrix only.

    Distortion correction (DIS2D, DIS3D, GDC) only moves pixels and is passed over.

    Parameters
    ----------
    acquisition : Acquisition
        Of the series on which SNR is measured. What its header does not say cannot be found.

    Returns
    -------
    NoiseCheck
        Refusal and cautions for SNR and M-score.

    References
    ----------
    NEMA MS 1-2008, Determination of signal-to-noise ratio in diagnostic MR images: images without filters,
    normalisation or parallel imaging. Dietrich O et al. J Magn Reson Imaging 2007;26:375-385, doi 10.1002/jmri.20969:
    SD of background is not the noise under parallel imaging and intensity correction. Kellman P, McVeigh ER. Magn
    Reson Med 2005;54:1439-1447, doi 10.1002/mrm.20713: noise of parallel imaging and surface-coil correction varies
    over the picture. Antun V et al. Proc Natl Acad Sci USA 2020;117:30088-30095, doi 10.1073/pnas.1907377117:
    deep-learning reconstructions are not stable under noise.

    Examples
    --------
    >>> from vbqkit.acquisition import Acquisition
    >>> check = check_reconstruction(Acquisition(image_type=("ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D")))
    >>> [caution.code for caution in check.cautions], check.doubtful
    (['reconstruction-uniformity'], False)
    """
    deep = _DEEP_LEARNING.found_in(acquisition)
    refusal = None
    if deep is not None:
        refusal = (
            f"the series was reconstructed by deep learning ({deep}): the network removes noise most where there is no anatomy, so the SD of "
            "air is not the noise in the marrow, and no factor leads from the one to the other. Use the series without it, or VBQ."
        )
    found = (_uniformity(acquisition), _parallel(acquisition), _filter(acquisition), _interpolation(acquisition))
    return NoiseCheck(refusal, tuple(caution for caution in found if caution is not None))


def _uniformity(a: Acquisition) -> Caution | None:
    where = _UNIFORMITY.found_in(a)
    if where is None:
        return None
    return Caution(
        "reconstruction-uniformity",
        f"The coil's brightness was evened out ({where}): noise was divided by the coil's sensitivity too, so it differs from place to place. "
        "Behind the back SNR is too high, in front of the belly too low. An M-score needs a reference group with the same correction and the "
        "noise ROI at the same place.",
    )


def _parallel(a: Acquisition) -> Caution | None:
    if a.parallel_factor is not None and a.parallel_factor <= 1.0:
        return None
    where = _PARALLEL.found_in(a)
    if a.parallel_technique or a.parallel_factor:
        factor = f", factor {a.parallel_factor:g}" if a.parallel_factor else ""
        where = f"{a.parallel_technique or 'parallel imaging'}{factor}"
    if where is None:
        return None
    return Caution(
        "reconstruction-parallel",
        f"The series was accelerated by parallel imaging ({where}): noise is multiplied by the g-factor, most in the middle of the body and "
        "least in air, so SNR is too high. An M-score needs a reference group with the same acceleration.",
    )


def _filter(a: Acquisition) -> Caution | None:
    where = _FILTER.found_in(a)
    if where is None and _UNIFORMITY.found_in(a) is None and "FILTERED_GEMS" in a.scan_options:
        where = "ScanOptions (0018,0022) holds FILTERED_GEMS"
    if where is None:
        return None
    return Caution(
        "reconstruction-filter",
        f"The picture was filtered ({where}): smoothing lowers the SD of air several times more than the signal of the marrow, so SNR is too "
        "high (sharpening: too low). An M-score needs a reference group with the same filter.",
    )


_REPEATED = (
    ": neighbours repeat each other. Zero filling leaves the SD of air as it is, but less sure than its number of pixels says; "
    "interpolation in the picture lowers it by up to a third, and SNR is too high. SNR and M-score hold for this matrix only."
)


def _interpolation(a: Acquisition) -> Caution | None:
    if a.matrix is None or a.acquired_matrix is None:
        where = _INTERPOLATION.found_in(a)
        return (
            None
            if where is None
            else Caution("reconstruction-interpolated", f"The picture was interpolated ({where}){_REPEATED}")
        )
    share = a.acquired_matrix[0] * a.acquired_matrix[1] / (a.matrix[0] * a.matrix[1])
    if not 0 < share < _INTERPOLATED:
        return None
    acquired, stored = (f"{rows} x {columns}" for rows, columns in (a.acquired_matrix, a.matrix))
    return Caution(
        "reconstruction-interpolated",
        f"{acquired} pixels (rows x columns) were acquired and {stored} stored{_REPEATED}",
    )
