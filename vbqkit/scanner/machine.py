"""What a scanner and a protocol are: data, checked when they are made."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from vbqkit.anatomy.tissues import FIELD_MAX_T, FIELD_MIN_T, water_fat_shift_hz
from vbqkit.errors import ScannerError
from vbqkit.scanner.coils import CoilArray
from vbqkit.scanner.cross_talk import shared_with_neighbors
from vbqkit.scanner.magnetization_transfer import bound_saturation_per_s
from vbqkit.scanner.sequences import PulseSequence, Timing

Gain = Literal["study", "series"]
"""``"study"``: one receiver gain for all series; ``"series"``: the scanner sets it anew before each (pre-scan)."""

REFERENCE_VOXEL_MM3 = 3.2
"""Voxel for which :attr:`Scanner.noise` is stated: 0.8 x 1.0 x 4 mm."""

REFERENCE_BANDWIDTH_HZ = 150.0
"""Bandwidth per pixel for which :attr:`Scanner.noise` is stated."""

SLICE_EDGE = 0.15
"""Share of the slice thickness over which a slice profile rises and falls: ordinary shaped pulses."""

UNIFORMITY_NAMES = ("PURE", "CLEAR", "Prescan Normalize")
"""What vendors call the correction of the coil's brightness: GE, Philips, Siemens."""

REFERENCE_LINES = 256
"""Phase-encoding lines for which :attr:`Scanner.noise` is stated, with one average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """How one series is acquired.

    Attributes
    ----------
    weighting : str
        ``"T1"``, ``"T2"``, ``"STIR"`` or ``"PD"``.
    timing : PulseSequence
        The sequence with its times, such as a :class:`~vbqkit.scanner.sequences.Timing`.
    fov_mm : float
        Side of the square field of view.
    matrix : int
        Pixels of the picture along each side, after zero filling.
    acquired : tuple of 2 ints
        Samples in phase and in frequency direction, at most `matrix`: what the true resolution is.
    phase_axis : str
        ``"HF"``: phase encoding from head to feet, so fat shifts from front to back; ``"AP"``: the other way round.
    slices : int
        Number of sagittal slices.
    thickness_mm, gap_mm : float
        Slice thickness and the space between slices.
    bandwidth_hz_per_px : float
        Receiver bandwidth per acquired pixel.
    averages : float
        Number of averages (NEX, NSA).
    parallel_factor : int
        SENSE reduction R; 1: none.
    magnetization_transfer : bool
        Whether the pulses for other slices saturate macromolecules in each slice, as they do in people.
    saturation_band_mm : float or None
        How far in front of the vertebral bodies an anterior saturation band begins; None: no band.
    slice_crosstalk : bool
        Whether pulses for the neighbouring slices reach into each slice, the more the smaller the gap.
    """

    weighting: Literal["T1", "T2", "STIR", "PD"]
    timing: PulseSequence
    fov_mm: float = 280.0
    matrix: int = 384
    acquired: tuple[int, int] = (256, 320)
    phase_axis: Literal["HF", "AP"] = "HF"
    slices: int = 15
    thickness_mm: float = 4.0
    gap_mm: float = 0.4
    bandwidth_hz_per_px: float = 150.0
    averages: float = 2.0
    parallel_factor: int = 1
    magnetization_transfer: bool = True
    saturation_band_mm: float | None = None
    slice_crosstalk: bool = False

    def __post_init__(self) -> None:
        lengths = {
            "field of view": self.fov_mm,
            "slice thickness": self.thickness_mm,
            "bandwidth": self.bandwidth_hz_per_px,
            "number of averages": self.averages,
            "number of slices": self.slices,
        }
        for name, value in lengths.items():
            if not (math.isfinite(value) and value > 0):
                raise ScannerError(f"The {name} of the {self.weighting} protocol is {value}; it must be above 0.")
        if self.gap_mm < 0:
            raise ScannerError(f"The slice gap is {self.gap_mm:g} mm; slices cannot overlap, give 0 or more.")
        if self.saturation_band_mm is not None and not self.saturation_band_mm >= 0:
            raise ScannerError(
                f"A saturation band {self.saturation_band_mm:g} mm in front of the vertebral bodies would lie on them; give 0 "
                "or more, or None."
            )
        if self.slice_crosstalk and not (self.slices > 1 and isinstance(self.timing, Timing)):
            raise ScannerError(
                "Slice cross-talk needs several slices and a spin echo or inversion recovery; this protocol has "
                f"{self.slices} and {type(self.timing).__name__}. Switch slice_crosstalk off."
            )
        if not all(8 <= n <= self.matrix for n in self.acquired):
            raise ScannerError(
                f"An acquired matrix of {self.acquired[0]} x {self.acquired[1]} does not fit a picture of {self.matrix} x "
                f"{self.matrix}; each must lie between 8 and {self.matrix}."
            )
        if self.parallel_factor < 1 or self.matrix % self.parallel_factor:
            raise ScannerError(
                f"A parallel imaging factor of {self.parallel_factor} must be 1 or more and divide the matrix {self.matrix}."
            )

    @property
    def pixel_mm(self) -> float:
        """Side of a pixel of the picture, mm."""
        return self.fov_mm / self.matrix

    @property
    def voxel_mm3(self) -> float:
        """Volume of an acquired voxel, mm3: what signal and noise depend on."""
        return self.fov_mm**2 / (self.acquired[0] * self.acquired[1]) * self.thickness_mm

    @property
    def samples_rows_cols(self) -> tuple[int, int]:
        """Acquired samples along rows (head to feet) and columns (front to back)."""
        phase, frequency = self.acquired
        return (phase, frequency) if self.phase_axis == "HF" else (frequency, phase)

    @property
    def played(self) -> PulseSequence:
        """The sequence as this protocol's slices see it: with the share that neighbors excite too."""
        if not self.slice_crosstalk or not isinstance(self.timing, Timing):
            return self.timing
        share = shared_with_neighbors(self.gap_mm / self.thickness_mm, edge_ratio=SLICE_EDGE)
        return replace(self.timing, shared=share)

    @property
    def saturation_per_s(self) -> float:
        """Rate at which the pulses for other slices saturate macromolecules, 1/s."""
        if not self.magnetization_transfer:
            return 0.0
        return bound_saturation_per_s(self.timing, slices=self.slices, gap_ratio=self.gap_mm / self.thickness_mm)

    def fat_shift_mm(self, field_t: float) -> float:
        """How far fat lies from where it should, along the frequency axis, mm: ``Delta f / bandwidth`` acquired pixels.

        Examples
        --------
        >>> from vbqkit.scanner import Timing
        >>> protocol = Protocol(weighting="T1", timing=Timing(tr_ms=600, te_ms=12), acquired=(256, 280))
        >>> round(protocol.fat_shift_mm(1.5), 2)
        1.45
        """
        return water_fat_shift_hz(field_t) / self.bandwidth_hz_per_px * self.fov_mm / self.acquired[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """A machine: field, coil, noise, and what it does to the picture before anyone sees it.

    Attributes
    ----------
    name : str
        Name of the preset.
    vendor, model : str
        What the machine is modelled on.
    field_t : float
        Field strength, tesla.
    protocols : tuple of Protocol
        Its lumbar spine protocol, in the order of acquisition.
    coil : CoilArray or None
        The spine array; None: a perfect volume coil, the same everywhere.
    noise : float
        SD of the noise of the real part, relative to fully relaxed CSF at the depth of the spine, at 1.5 T, for a
        voxel of 3.2 mm3, 150 Hz per pixel, 256 lines and one average. 0: no noise.
    uniformity_correction : float
        0: none, the coil's brightness stays in the picture; 1: fully divided out. It alone moves the VBQ-T1 of a
        patient by about a third, as CSF lies closer to the coil than marrow
        (:func:`vbqkit.scanner.switches.switch_effects`).
    uniformity_name : str
        What the vendor calls it, one of :data:`UNIFORMITY_NAMES`; empty: no name. It goes into the DICOM header.
    b1_spread : float
        Difference of B1+ between the middle of the body and its rim, of what it should be; at 3 T about 0.3, 0: none.
    warp_correction : bool
        Whether the bent geometry of gradients was corrected, which leaves curved wedges of zeros at the edges.
    mask_background : bool
        Whether air is set to exactly 0: then no noise can be measured.
    gain : str
        ``"study"`` or ``"series"``.
    rescale_slope : float
        Slope from stored to shown values; 1 for most machines.
    apodisation : float
        Share of k-space that is tapered to calm ringing, 0 to 1.
    csf_flow_per_s : float
        Mean rate at which pulsating CSF loses phase, 1/s: CSF signal times ``exp(-rate TE q)``, q of mean 1 varying in
        space.
    csf_void : float
        Flow void: by how much the rate in the fastest stream, beside the cord, is above the mean, in multiples of
        `csf_flow_per_s` (:func:`vbqkit.scanner.protons.flow_void_map`); 0: none.
    motion : float
        Ghosts of moving tissue (bowel, vessels, belly fat, CSF) relative to their signal; 0: a patient who holds still.
    note : str
        What is known about the machine's protocol and what is assumed.
    """

    name: str
    vendor: str
    model: str
    field_t: float
    protocols: tuple[Protocol, ...] = ()
    coil: CoilArray | None = field(default_factory=CoilArray)
    noise: float = 0.012
    uniformity_correction: float = 0.0
    uniformity_name: str = ""
    b1_spread: float = 0.0
    warp_correction: bool = False
    mask_background: bool = False
    gain: Gain = "series"
    rescale_slope: float = 1.0
    apodisation: float = 0.15
    csf_flow_per_s: float = 0.4
    csf_void: float = 0.0
    motion: float = 0.0
    note: str = ""

    def __post_init__(self) -> None:
        if not FIELD_MIN_T <= self.field_t <= FIELD_MAX_T:
            raise ScannerError(
                f"Scanner '{self.name}' has a field of {self.field_t:g} T; the tissue table holds from {FIELD_MIN_T:g} to "
                f"{FIELD_MAX_T:g} T."
            )
        for name in ("noise", "csf_flow_per_s", "csf_void", "motion"):
            if not getattr(self, name) >= 0:
                raise ScannerError(f"Scanner '{self.name}': {name} is {getattr(self, name)}; it cannot be negative.")
        if self.csf_void > 0 and self.csf_flow_per_s == 0:
            raise ScannerError(
                f"Scanner '{self.name}': a flow void of {self.csf_void:g} times the mean loss of flowing CSF needs such a loss, "
                "and csf_flow_per_s is 0. Raise it, or set csf_void to 0."
            )
        for name in ("uniformity_correction", "apodisation"):
            if not 0 <= getattr(self, name) <= 1:
                raise ScannerError(f"Scanner '{self.name}': {name} is {getattr(self, name)}; it must be from 0 to 1.")
        if not 0 <= self.b1_spread <= 0.6:
            raise ScannerError(
                f"Scanner '{self.name}': B1+ cannot spread by {self.b1_spread}; give 0 to 0.6 (about 0.3 at 3 T)."
            )
        if self.uniformity_name and self.uniformity_name not in UNIFORMITY_NAMES:
            raise ScannerError(
                f"Scanner '{self.name}': no vendor calls its uniformity correction '{self.uniformity_name}'; the names are "
                f"{', '.join(UNIFORMITY_NAMES)}."
            )
        if self.uniformity_name and self.uniformity_correction == 0:
            raise ScannerError(
                f"Scanner '{self.name}': {self.uniformity_name} corrects the coil's brightness, and uniformity_correction is "
                "0. Raise it, or drop the name."
            )
        if not self.rescale_slope > 0:
            raise ScannerError(f"Scanner '{self.name}': the rescale slope is {self.rescale_slope}; it must be above 0.")

    def protocol(self, weighting: str) -> Protocol:
        """The protocol with this weighting.

        Raises
        ------
        ScannerError
            If the scanner has none; the message lists what it has.
        """
        for protocol in self.protocols:
            if protocol.weighting == weighting:
                return protocol
        has = ", ".join(p.weighting for p in self.protocols) or "no protocol"
        raise ScannerError(f"Scanner '{self.name}' has no {weighting} protocol; it has: {has}.")

    def noise_sd(self, protocol: Protocol) -> float:
        """SD of the real part of the noise in one channel, relative to fully relaxed CSF at the depth of the spine.

        ``noise (1.5 / B0) (3.2 mm3 / voxel) sqrt(bandwidth / 150 Hz) sqrt(256 R / (lines averages))``: body noise at
        these fields grows with B0 and the signal with B0 squared; averaging, more lines and a narrower band lengthen
        the sampling.

        References
        ----------
        Edelstein et al., Magn Reson Med 1986;3:604-618, doi:10.1002/mrm.1910030413.
        """
        sampling = protocol.acquired[0] * protocol.averages / protocol.parallel_factor / REFERENCE_LINES
        return (
            self.noise
            * (1.5 / self.field_t)
            * (REFERENCE_VOXEL_MM3 / protocol.voxel_mm3)
            * math.sqrt(protocol.bandwidth_hz_per_px / REFERENCE_BANDWIDTH_HZ / sampling)
        )
