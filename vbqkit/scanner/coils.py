"""The posterior surface-coil array: sensitivities by the Biot-Savart law, and the g-factor of parallel imaging."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbqkit.errors import ScannerError

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoilArray:
    """Rectangular loops below the patient's back, in rows from head to feet.

    Attributes
    ----------
    rows : int
        Loops along the body axis.
    columns : int
        Loops from right to left.
    length_mm, width_mm : float
        Size of one loop along and across the body.
    overlap : float
        Share by which neighbours overlap; about 0.1 decouples them.
    clearance_mm : float
        From the skin of the back to the conductors: cover and mattress.
    """

    rows: int = 4
    columns: int = 1
    length_mm: float = 120.0
    width_mm: float = 200.0
    overlap: float = 0.1
    clearance_mm: float = 15.0

    def __post_init__(self) -> None:
        if min(self.rows, self.columns) < 1 or min(self.length_mm, self.width_mm) <= 0 or self.clearance_mm <= 0:
            raise ScannerError(
                f"A coil array of {self.rows} x {self.columns} loops of {self.length_mm:g} x {self.width_mm:g} mm at "
                f"{self.clearance_mm:g} mm cannot exist; all must be above 0."
            )

    @property
    def elements(self) -> int:
        """Number of loops, hence of receiver channels."""
        return self.rows * self.columns


def sensitivities(array: CoilArray, points_mm: FloatArray, *, back_mm: float, center_mm: FloatArray) -> ComplexArray:
    """Receive sensitivity ``B_x - i B_y`` of each loop for unit current (the main field points along z).

    Parameters
    ----------
    array : CoilArray
        The loops; they lie in a coronal plane behind the back.
    points_mm : ndarray, shape (..., 3)
        Where; LPS mm.
    back_mm : float
        Most posterior skin, LPS y in mm.
    center_mm : ndarray, shape (3,)
        Center of the array in x and z.

    Returns
    -------
    ndarray of complex128, shape (elements, ...)
        In units of mu0 I / (4 pi) per mm.
    """
    pitch_z, pitch_x = array.length_mm * (1 - array.overlap), array.width_mm * (1 - array.overlap)
    y = back_mm + array.clearance_mm
    fields = []
    for i in range(array.rows):
        for j in range(array.columns):
            z0 = center_mm[2] + (i - (array.rows - 1) / 2.0) * pitch_z
            x0 = center_mm[0] + (j - (array.columns - 1) / 2.0) * pitch_x
            hx, hz = array.width_mm / 2.0, array.length_mm / 2.0
            corners = np.array(
                [(x0 - hx, y, z0 - hz), (x0 + hx, y, z0 - hz), (x0 + hx, y, z0 + hz), (x0 - hx, y, z0 + hz)]
            )
            field = sum(_segment_field(points_mm, corners[k], corners[(k + 1) % 4]) for k in range(4))
            field = np.asarray(field)
            fields.append(field[..., 0] - 1j * field[..., 1])
    return np.array(fields)


def _segment_field(points: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """Field of a straight wire: ``(a x b) (|a| + |b|) / (|a| |b| (|a| |b| + a . b))``, a and b from its ends."""
    a, b = points - start, points - end
    na, nb = np.linalg.norm(a, axis=-1), np.linalg.norm(b, axis=-1)
    strength = (na + nb) / (na * nb * (na * nb + (a * b).sum(axis=-1)))
    (ax, ay, az), (bx, by, bz) = np.moveaxis(a, -1, 0), np.moveaxis(b, -1, 0)
    field: FloatArray = np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)
    field *= strength[..., None]
    return field


def g_factor(maps: ComplexArray, *, factor: int, axis: int) -> FloatArray:
    """Noise amplification of SENSE: ``g = sqrt([(S^H S)^-1]_ii [S^H S]_ii)`` for independent channels.

    Parameters
    ----------
    maps : ndarray of complex, shape (channels, rows, cols)
        Sensitivities over the field of view.
    factor : int
        Reduction R: every R-th line is sampled, so R pixels, one R-th of the field of view apart, fold together.
    axis : int
        Axis of phase encoding: 0 rows, 1 columns.

    Returns
    -------
    ndarray, shape (rows, cols)
        1 where the channels tell the folded pixels apart without loss, larger elsewhere.

    References
    ----------
    Pruessmann et al., Magn Reson Med 1999;42:952-962.
    """
    channels = maps.shape[0]
    if factor == 1:
        return np.ones(maps.shape[1:])
    if factor > channels or maps.shape[1 + axis] % factor:
        raise ScannerError(
            f"A parallel imaging factor of {factor} needs at least {factor} channels and a matrix that it divides; "
            f"there are {channels} channels and {maps.shape[1 + axis]} lines."
        )
    lines = np.moveaxis(maps, 1 + axis, 1)
    folded = lines.reshape(channels, factor, lines.shape[1] // factor, lines.shape[2])
    s = np.moveaxis(folded, (0, 1), (2, 3))  # (line, other, channel, alias)
    gram = np.conj(np.swapaxes(s, -1, -2)) @ s
    inverse = np.linalg.inv(gram)
    diagonal = np.einsum("...ii,...ii->...i", inverse, gram).real
    g = np.sqrt(np.maximum(diagonal, 1.0))
    spread = np.moveaxis(g, 2, 0).reshape(lines.shape[1], lines.shape[2])
    result: FloatArray = np.moveaxis(spread, 0, axis)
    return result
