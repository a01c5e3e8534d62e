"""What the protocol check asks about a series, topic by topic.

No rule lives here. A topic is a view of the refusals and cautions that the package has already: it asks
:func:`vbqkit.weighting.refusal_reason` about one aspect at a time, and names the codes of its cautions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from vbqkit.acquisition import Acquisition
from vbqkit.errors import Caution
from vbqkit.image import Volume
from vbqkit.scores.air import no_free_air
from vbqkit.scores.noise_findings import NoiseCheck
from vbqkit.scores.reconstruction import check_reconstruction
from vbqkit.scores.registry import scored_weightings
from vbqkit.study import Series
from vbqkit.weighting import against_header, not_magnitude, refusal_reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of a series when it is checked.

    Attributes
    ----------
    series : Series
        Headers.
    volume : Volume or None
        Pixels; None where they were not read.
    noise : NoiseCheck or None
        What was found about a noise ROI on it.
    overruled : bool
        Whether it is scored although it is refused.
    """

    series: Series
    volume: Volume | None = None
    noise: NoiseCheck | None = None
    overruled: bool = False

    @property
    def acquisition(self) -> Acquisition:
        """As the header or the user states it."""
        return self.series.acquisition if self.volume is None else self.volume.acquisition

    @property
    def refusal(self) -> str | None:
        """Why no score may be read from it."""
        return self.series.refusal if self.volume is None else self.volume.refusal

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """About the series, and its pixels where they were read."""
        of_pixels = () if self.volume is None else self.volume.cautions
        return tuple(dict.fromkeys((*self.series.cautions, *of_pixels)))

    @property
    def noise_check(self) -> NoiseCheck:
        """What the header says of the noise, joined with what was found about the noise ROI."""
        header = check_reconstruction(self.acquisition)
        return header if self.noise is None else self.noise.joined(header)

    def refused_for(self, plane: str | None = "sagittal", **aspect: object) -> str | None:
        """What the package's own rule says of one aspect of the header, as if nothing else were odd."""
        accepted = any(caution.code == "derived-accepted" for caution in self.cautions)
        alone = replace(Acquisition(modality="MR"), **aspect)  # type: ignore[arg-type] # fields of Acquisition
        return refusal_reason(alone, plane, accept_derived=accepted)


def _none(_: Seen) -> str | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One row of the protocol check.

    Attributes
    ----------
    name : str
        As the table shows it.
    codes : tuple of str
        Cautions of the series that belong to it; they travel with every score of the series.
    noise_codes : tuple of str
        Cautions that concern scores over noise alone; one that ends in ``"-"`` stands for all that begin like it.
    refused : callable
        Why no score is given, or None.
    noise_refused : callable
        Why no score over noise is given, or None.
    look : callable
        What else to look at, where no caution of the series says it.
    fine : callable
        What shows that it is as it should be, or None where nothing can.
    nothing : str
        What to say where nothing was found.
    moves_ratios : bool
        Whether it changes marrow and CSF differently, and with them every ratio, though no caution says so: VBQ is
        given, and only a cut-off from such scans fits it.
    """

    name: str
    codes: tuple[str, ...] = ()
    noise_codes: tuple[str, ...] = ()
    refused: Callable[[Seen], str | None] = _none
    noise_refused: Callable[[Seen], str | None] = _none
    look: Callable[[Seen], str | None] = _none
    fine: Callable[[Seen], str | None] = _none
    nothing: str = "nothing in the header speaks of it"
    moves_ratios: bool = False


def _weighting_refused(seen: Seen) -> str | None:
    a = seen.acquisition
    if a.weighting in scored_weightings() or seen.refusal is not None:
        return None  # a refused series has another reason, and its weighting matters no more
    return f"{a.weighting}: {a.weighting_reason}. No score is defined on it"


def _times(seen: Seen) -> str | None:
    a = seen.acquisition
    named = (("TR", a.tr_ms), ("TE", a.te_ms), ("TI", a.ti_ms))
    times = ", ".join(f"{name} {value:g} ms" for name, value in named if value is not None)
    reason = a.weighting_reason if all(word in a.weighting_reason for word in ("TR", "TE")) else ""
    return f"{a.weighting}: {reason or ', '.join(filter(None, (a.weighting_reason, times)))}"


def _fat_refused(seen: Seen) -> str | None:
    return _fat_suppressed(seen) if seen.acquisition.weighting == "unknown" else None


def _fat_look(seen: Seen) -> str | None:
    return None if seen.acquisition.weighting == "unknown" else _fat_suppressed(seen)


def _fat_suppressed(seen: Seen) -> str | None:
    """What the rule of weightings says against a fat-suppressed series, whatever weighting was stated."""
    a = seen.acquisition
    if not a.fat_suppressed or a.weighting == "STIR":
        return None
    against = against_header(a, "T1") or ""
    return against if "fat suppression" in against else f"the header states it. {against}".strip()


def _fat_fine(seen: Seen) -> str | None:
    a = seen.acquisition
    if a.weighting == "STIR":
        return "nulled by the inversion, as STIR means it"
    return "the header states that there is none" if a.fat_suppressed is False else None


def _content_refused(seen: Seen) -> str | None:
    a = seen.acquisition
    return seen.refused_for(
        image_type=a.image_type,
        not_signal=a.not_signal,
        scanning_sequence=a.scanning_sequence,
        series_description=a.series_description,
    )


def _content_fine(seen: Seen) -> str | None:
    image_type = seen.acquisition.image_type
    if len(image_type) < 3 or not_magnitude(image_type) is not None:
        return None
    return f"magnitude as received (ImageType {chr(92).join(image_type)})"


def _matrix_fine(seen: Seen) -> str | None:
    a = seen.acquisition
    if a.matrix is None or a.acquired_matrix is None:
        return None
    return f"{a.acquired_matrix[0]} x {a.acquired_matrix[1]} acquired, {a.matrix[0]} x {a.matrix[1]} stored"


def _parallel_fine(seen: Seen) -> str | None:
    factor = seen.acquisition.parallel_factor
    return "none (factor 1)" if factor is not None and factor <= 1 else None


def _no_air(seen: Seen) -> str | None:
    if seen.noise is not None and seen.noise.refusal is not None:
        return seen.noise.refusal
    if seen.noise is not None or seen.volume is None:
        return None
    return no_free_air(seen.volume.slice(len(seen.volume) // 2))


def _air_fine(seen: Seen) -> str | None:
    if seen.noise is not None:
        return "the noise ROI lies in free air"
    return None if seen.volume is None else "there is free air with room for a noise ROI"


def _gray_fine(seen: Seen) -> str | None:
    if seen.volume is None:
        return None
    pixels = np.asarray(seen.volume.pixels)
    return f"values from {pixels.min():.4g} to {pixels.max():.4g}, more than 8 bits, not clipped"


def _field_of_view(seen: Seen) -> str | None:
    if seen.series.shape is None or seen.series.spacing_mm is None:
        return None
    (_, rows, cols), (_, row_mm, col_mm) = seen.series.shape, seen.series.spacing_mm
    return f"{rows * row_mm:.0f} x {cols * col_mm:.0f} mm, pixels of {row_mm:.3g} x {col_mm:.3g} mm"


def _plane_refused(seen: Seen) -> str | None:
    return seen.refused_for(seen.series.plane)


def _slices_fine(seen: Seen) -> str | None:
    a, shape, spacing = seen.acquisition, seen.series.shape, seen.series.spacing_mm
    if shape is None or a.slice_thickness_mm is None:
        return None
    apart = f", {spacing[0]:.3g} mm apart" if spacing is not None and np.isfinite(spacing[0]) else ""
    return f"{shape[0]} slices of {a.slice_thickness_mm:g} mm{apart}"


def _scanner_fine(seen: Seen) -> str | None:
    a = seen.acquisition
    if a.field_t is None or a.vendor is None:
        return None
    return f"{a.field_t:g} T, {a.vendor}"


TOPICS: tuple[Topic, ...] = (
    Topic(
        name="modality",
        refused=lambda seen: seen.refused_for(modality=seen.acquisition.modality),
        fine=lambda seen: seen.acquisition.modality,
        nothing="the file does not say; MR is assumed",
    ),
    Topic(
        name="weighting, TR and TE",
        codes=("weighting-disagrees", "weighting-stated-against-header", "missing-tags"),
        refused=_weighting_refused,
        fine=_times,
    ),
    Topic(
        name="contrast agent",
        codes=("contrast-hint",),
        refused=lambda seen: seen.refused_for(contrast_agent=seen.acquisition.contrast_agent),
        nothing="none is named",
    ),
    Topic(
        name="fat suppression",
        codes=("fat-suppression-hint",),
        refused=_fat_refused,
        look=_fat_look,
        fine=_fat_fine,
    ),
    Topic(
        name="Dixon and other content",
        codes=("dixon-in-phase", "image-type-unknown", "content-hint", "derived-accepted"),
        refused=_content_refused,
        fine=_content_fine,
        nothing="the header does not say what the picture shows",
    ),
    Topic(name="uniformity correction", noise_codes=("reconstruction-uniformity",), moves_ratios=True),
    Topic(name="filter", noise_codes=("reconstruction-filter",)),
    Topic(
        name="deep-learning reconstruction",
        noise_refused=lambda seen: check_reconstruction(seen.acquisition).refusal,
    ),
    Topic(
        name="interpolation",
        noise_codes=("reconstruction-interpolated",),
        fine=_matrix_fine,
        nothing="the acquired matrix is not stated",
    ),
    Topic(name="parallel imaging", noise_codes=("reconstruction-parallel",), fine=_parallel_fine),
    Topic(
        name="air and masked background",
        noise_codes=("noise-",),
        noise_refused=_no_air,
        fine=_air_fine,
        nothing="the pixels were not read",
    ),
    Topic(name="lossy compression", codes=("lossy",), nothing="nothing in the file speaks of it"),
    Topic(
        name="8 bit and clipping",
        codes=("few-gray-levels", "clipped", "bits-above-stored", "monochrome1", "not-finite"),
        fine=_gray_fine,
        nothing="the pixels were not read",
    ),
    Topic(
        name="rescaling", codes=("rescale-intercept", "philips-scale", "rescale-varies"), nothing="no offset is stated"
    ),
    Topic(
        name="field of view",
        codes=("pixel-spacing-stated", "length-unit"),
        fine=_field_of_view,
        nothing="the size of a pixel is not known",
    ),
    Topic(
        name="orientation",
        codes=("orientation-doubtful", "sform-qform"),
        refused=_plane_refused,
        fine=lambda seen: f"{seen.series.plane}",
    ),
    Topic(
        name="slices and their thickness",
        codes=("slice-distance-unknown", "slices-left-out", "joined", "separated"),
        fine=_slices_fine,
        nothing="the thickness is not stated",
    ),
    Topic(
        name="field strength and vendor",
        codes=("field-strength", "protocol-unusual"),
        fine=_scanner_fine,
        nothing="not both are stated",
    ),
    Topic(
        name="whose images",
        codes=("several-patients", "several-studies", "several-frames", "frame-linked", "frame-not-linked"),
        nothing="one patient and one examination, as far as the headers say",
    ),
)
"""In the order of the table. A caution of another code, or a refusal that none of them knows, is shown after them."""
