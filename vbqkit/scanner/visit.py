"""One visit to the scanner: how the patient lies and where the slices fall, which is new on every day.

A day is drawn, and goes into a scan through arguments that every scan has. The coil array lies under the middle of the
field of view in this scanner, so that it moves with it; the gain of pre-scan follows from the picture by itself. Tilt
of the patient against the slices is not drawn: the slices of this scanner lie along the planes of the body, and nobody
has published how far patients turn between scans of the lumbar spine.

No study gives these numbers for lumbar scans; they are model assumptions about ordinary planning on a localizer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.phantom import Phantom
from vbqkit.roi import Roi
from vbqkit.scanner.forward_model import scan
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.study import Study

FRONT_SD_MM, HEIGHT_SD_MM, LIMIT_SD = 8.0, 12.0, 2.0
"""SD between days of the middle of the field of view, and with it of the coil array: to the front or back and along the
body, mm; nothing is drawn beyond this many SDs. Model assumptions."""


@dataclass(frozen=True, slots=True)
class Day:
    """One visit.

    Attributes
    ----------
    offset_mm : tuple of 3 floats
        Middle of the field of view from where it would be without chance, LPS mm. Its first number says where between
        two slices the middle of the body falls.
    """

    offset_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def center_mm(self, phantom: Phantom) -> npt.NDArray[np.float64]:
        """Middle of the field of view, LPS mm: the ``center_mm`` of a scan."""
        center: npt.NDArray[np.float64] = phantom.center_mm + np.asarray(self.offset_mm)
        return center

    def slices_x_mm(self, phantom: Phantom, protocol: Protocol) -> tuple[float, ...]:
        """LPS x of the middle of every slice of a protocol on this day."""
        step = protocol.thickness_mm + protocol.gap_mm
        first = float(self.center_mm(phantom)[0]) - step * (protocol.slices - 1) / 2.0
        return tuple(first + step * k for k in range(protocol.slices))

    def slice_with(self, roi: Roi, phantom: Phantom, protocol: Protocol) -> int:
        """Number of the slice of a protocol in whose plane a ROI lies on this day."""
        x_mm = self.slices_x_mm(phantom, protocol)
        return int(np.argmin([abs(x - roi.center_mm[0]) for x in x_mm]))

    def scan(
        self,
        phantom: Phantom,
        scanner: Scanner,
        *,
        rng: np.random.Generator,
        weightings: Sequence[str] | None = None,
        around: Sequence[Roi] | None = None,
    ) -> Study:
        """Scan a body on this day; as :func:`~vbqkit.scanner.forward_model.scan`."""
        return scan(phantom, scanner, rng=rng, weightings=weightings, around=around, center_mm=self.center_mm(phantom))


def draw_day(rng: np.random.Generator, protocol: Protocol) -> Day:
    """Draw a day: the middle of the body falls anywhere between two slices of the protocol.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    protocol : Protocol
        Of the series in whose slices the ROIs will lie.

    Examples
    --------
    >>> from vbqkit.scanner import scanner_named
    >>> protocol = scanner_named("generic-1.5t").protocol("T1")
    >>> day = draw_day(np.random.default_rng(1), protocol)
    >>> abs(day.offset_mm[0]) <= (protocol.thickness_mm + protocol.gap_mm) / 2
    True
    """
    half = (protocol.thickness_mm + protocol.gap_mm) / 2.0
    aside = float(rng.uniform(-half, half))
    front, height = np.clip(rng.standard_normal(2), -LIMIT_SD, LIMIT_SD) * (FRONT_SD_MM, HEIGHT_SD_MM)
    return Day((aside, float(front), float(height)))
