"""Trabeculae of one person in a projection: how much bone each beam meets more or less than the mean. Synthetic.

The voxels of a body are larger than trabeculae, and their grain is as strong in everyone. For a projection the
trabeculae are drawn anew as plates of one thickness at even distances, of which a person has lost some at random: with
age their number falls and their thickness does not (Thomsen et al., Osteoporos Int 2015;26:219-228), as some break and
vanish (Bergot et al., Calcif Tissue Int 1988;43:143-149). A complete set is even and has no texture in this model; the
more pieces are missing, the fewer and the stronger are the variations of what a beam meets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.patients import HU_AT_25, HU_PER_MG_CM3, PDFF_PERCENT
from vbqkit.errors import ScannerError
from vbqkit.scanner.attenuation import trabecular_volume

Array = npt.NDArray[np.float64]

PDFF_AT_25 = sum(means[0] for means, _ in PDFF_PERCENT.values()) / len(PDFF_PERCENT) / 100.0
"""Mean fat fraction of women and men in their twenties."""

TRABECULA_MM = 0.14
"""Thickness of trabeculae (Tb.Th), mm: the mean of the eight mean widths in Bergot 1988, doi:10.1007/BF02571311 (third
lumbar vertebra, two planes, women and men of 33-49 and 80-89 years, 0.112 to 0.181 mm). The same for everyone, as it
did not depend on age in 80 second lumbar vertebrae of 19 to 96 years (Thomsen 2015, doi:10.1007/s00198-014-2851-x)."""

COMPLETE_BONE_VOLUME = trabecular_volume(HU_AT_25 / HU_PER_MG_CM3, PDFF_AT_25)
"""BV/TV of a complete set, 0.14: that of the mean of people below 30 years. Who has more is complete too. That nobody
of this age has lost any is a model assumption."""

COMPLETE_NUMBER_PER_MM = COMPLETE_BONE_VOLUME / TRABECULA_MM
"""Plates that a line meets in a complete set, 1.0 per mm."""

_CELL_MM = 0.2  # on which the field is drawn before it is averaged over pixels: finer than a trabecula and its gap


@dataclass(frozen=True, slots=True)
class Microarchitecture:
    """Trabeculae of a vertebra as plates.

    Attributes
    ----------
    bone_volume : float
        BV/TV, 0 to 1.
    thickness_mm : float
        Tb.Th, mm.

    Raises
    ------
    ScannerError
        If either cannot be.

    Examples
    --------
    >>> young, old = Microarchitecture(0.145), Microarchitecture(0.072)
    >>> round(young.number_per_mm, 2), round(old.number_per_mm, 2), round(young.spacing_mm, 2), round(old.spacing_mm, 2)
    (1.04, 0.51, 0.83, 1.8)
    """

    bone_volume: float
    thickness_mm: float = TRABECULA_MM

    def __post_init__(self) -> None:
        if not 0.0 < self.bone_volume < 1.0:
            raise ScannerError(
                f"A bone volume (BV/TV) of {self.bone_volume:g} is not possible; give above 0 and below 1."
            )
        if not (math.isfinite(self.thickness_mm) and self.thickness_mm > 0):
            raise ScannerError(f"Trabeculae {self.thickness_mm:g} mm thick are not possible; give a length above 0.")

    @property
    def number_per_mm(self) -> float:
        """Tb.N: plates that a line meets, ``(BV/TV) / Tb.Th``, 1/mm."""
        return self.bone_volume / self.thickness_mm

    @property
    def spacing_mm(self) -> float:
        """Tb.Sp: what lies between two plates, ``1 / Tb.N - Tb.Th``, mm."""
        return 1.0 / self.number_per_mm - self.thickness_mm

    @property
    def kept(self) -> float:
        """Share of the plates of a complete set that are left, 0 to 1."""
        return min(1.0, self.number_per_mm / COMPLETE_NUMBER_PER_MM)


def projected_trabeculae(
    structure: Microarchitecture,
    depth_mm: Array,
    *,
    row_mm: float,
    col_mm: float,
    rng: np.random.Generator,
) -> Array:
    """Bone that each pixel's beam meets beyond the mean of its way through trabecular bone, mm of compact bone.

    In each cell of edge d, the distance of the plates of a complete set, a piece of plate is there with the chance q
    (:attr:`Microarchitecture.kept`), whatever its neighbours do. A beam that crosses a depth L sees a plane field with
    the spectrum ``L Tb.Th^2 d q (1 - q) exp(-k^2 d^2 / 4 pi)``, that of cells with a smooth edge, averaged over the
    pixel. No beam meets less than no bone.

    Parameters
    ----------
    structure : Microarchitecture
        Of the person.
    depth_mm : ndarray, shape (rows, cols)
        Way of each beam through trabecular bone, mm; 0: none.
    row_mm, col_mm : float
        Distance between rows and columns, mm.
    rng : numpy.random.Generator
        The only source of chance.

    Returns
    -------
    ndarray, shape (rows, cols)
        Mean near 0; SD ``Tb.Th sqrt(L q (1 - q) / d)`` before the average over the pixel.
    """
    cells = [max(1, round(step / _CELL_MM)) for step in (row_mm, col_mm)]
    shape = [n * c for n, c in zip(depth_mm.shape, cells, strict=True)]
    steps = [row_mm / cells[0], col_mm / cells[1]]
    k2 = (2.0 * math.pi * np.fft.fftfreq(shape[0], steps[0])[:, None]) ** 2
    k2 = k2 + (2.0 * math.pi * np.fft.rfftfreq(shape[1], steps[1])[None, :]) ** 2
    q, d = structure.kept, 1.0 / COMPLETE_NUMBER_PER_MM
    variance = structure.thickness_mm**2 * q * (1.0 - q) / d  # of a beam of 1 mm, mm2
    spectrum = variance * d * d * np.exp(-k2 * d * d / (4.0 * math.pi))
    white = rng.standard_normal(shape) / math.sqrt(steps[0] * steps[1])  # of spectrum 1
    field = np.fft.irfft2(np.fft.rfft2(white) * np.sqrt(spectrum), s=shape)
    pixels = field.reshape(depth_mm.shape[0], cells[0], depth_mm.shape[1], cells[1]).mean(axis=(1, 3))
    found: Array = np.maximum(np.sqrt(depth_mm) * pixels, -structure.bone_volume * depth_mm)
    return found
