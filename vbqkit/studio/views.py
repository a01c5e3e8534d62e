"""What a view shows: one volume, where it lies, how it is first windowed, and what does not fit with its neighbours."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from vbqkit.errors import VbqkitError, shown
from vbqkit.image import Slice, Volume
from vbqkit.language import said
from vbqkit.roi import MAX_TILT_DEG
from vbqkit.studio.messages import Message
from vbqkit.study import Series, Study

Viewable = Volume | Series | Study | Sequence[Volume | Series]

_SAMPLE = 400_000  # pixels looked at for the window; more does not change the percentiles visibly


@dataclass(frozen=True, eq=False)
class View:
    """One volume with the key and the title it has in the studio."""

    volume: Volume
    key: str
    title: str
    frame: int = 0
    linked: bool = True
    warnings: tuple[str, ...] = ()
    header: str = "unknown"
    """The weighting by the header alone."""
    whose: tuple[str, ...] = ()
    """Pseudonym and study date: for the screen only."""

    def identity(self) -> list[str]:
        """Whose image this is and which: lines for the screen, and for nothing that is kept."""
        description = self.volume.acquisition.series_description
        return [*self.whose, *([shown(description)] if description else [])]

    def messages(self) -> list[Message]:
        """What the reader of this view must know: why it is not scored, what is odd, what does not fit."""
        volume = self.volume
        refused = [] if volume.refusal is None else [f"This series cannot be scored: {volume.refusal}"]
        return [
            *(Message(text, "refusal", self.title) for text in refused),
            *(Message.of(caution, self.title) for caution in volume.cautions),
            *(Message(text, "caution", self.title) for text in (*_odd_pixels(volume), *self.warnings)),
        ]

    def for_browser(self, *, overruled: bool = False, blind: bool = False) -> dict[str, Any]:
        """Everything about the view but its pixels, as plain JSON values; no weighting if it must not be scored.

        A blinded reader is offered no window that is made from the signal of the ROIs.
        """
        volume = self.volume
        first = volume.slice(0)
        affine = volume.affine
        return {
            "key": self.key,
            "title": self.title,
            "frame": self.frame,
            "linked": self.linked,
            "planes": volume.shape[0],
            "rows": volume.shape[1],
            "cols": volume.shape[2],
            "origin": affine[:3, 3].tolist(),
            "plane_step": affine[:3, 0].tolist(),
            "row_step": affine[:3, 1].tolist(),
            "col_step": affine[:3, 2].tolist(),
            "reach_mm": (first.depth_mm or first.thickness_mm or max(first.spacing_mm)) / 2.0,
            "letters": first.edge_letters,
            "zero": volume.zero_value,
            "clip": volume.max_storable,
            "corner": [said(line) for line in corner_lines(volume)],
            "plane": volume.plane,
            "weighting": volume.acquisition.weighting if overruled or volume.refusal is None else "unknown",
            "header": self.header,
            "stated": None if volume.acquisition.weighting == self.header else volume.acquisition.weighting,
            "unit": "HU" if volume.acquisition.modality == "CT" else "a.u.",
            "synthetic": volume.acquisition.synthetic,
            **_windows(volume.pixels, is_ct=volume.acquisition.modality == "CT", marrow=not blind),
        }


def _kind(volume: Volume) -> str:
    """What a series is called: its weighting, or CT."""
    return "CT" if volume.acquisition.modality == "CT" else volume.acquisition.weighting


def corner_lines(volume: Volume) -> list[str]:
    """What a radiologist reads in the corner: sequence, times, thickness; only what the header says."""
    a, is_ct = volume.acquisition, volume.acquisition.modality == "CT"
    times = [
        f"{name} {value:g}" for name, value in (("TR", a.tr_ms), ("TE", a.te_ms), ("TI", a.ti_ms)) if value is not None
    ]
    _, dy, dx = volume.spacing_mm
    thickness = "thickness ?" if volume.thickness_mm is None else f"{volume.thickness_mm:g} mm thick"
    lines = [
        f"{_kind(volume)} {volume.plane}" + (f", {a.field_t:g} T" if a.field_t is not None else ""),
        ("kV ?" if a.tube_kv is None else f"{a.tube_kv:g} kV")
        if is_ct
        else " ".join(times) + " ms"
        if times
        else "TR TE ?",
        thickness,
        f"{dy:.3g} x {dx:.3g} mm",
    ]
    return [*lines, "synthetic"] if a.synthetic else lines


CT_WINDOWS = (("Bone", 400.0, 1800.0), ("Soft tissue", 40.0, 400.0))
"""Name, level and width of the windows that every CT viewer offers, HU; the first one is shown."""


MARROW_WINDOW = "Marrow"
"""The page makes it, from the ROIs on the levels as they lie: level at their median signal, 2.5 times that wide.

It is known by a mark of its own: its name is in the language of the page."""


def _windows(pixels: npt.NDArray[Any], *, is_ct: bool = False, marrow: bool = True) -> dict[str, Any]:
    flat = pixels.reshape(-1)
    sample = np.asarray(flat[:: max(1, flat.size // _SAMPLE)], dtype=np.float64)
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        sample = np.zeros(1)
    low, p1, p50, p98, p995, high = (float(v) for v in np.percentile(sample, (0, 1, 50, 98, 99.5, 100)))

    def window(bottom: float, top: float) -> list[float]:
        return [(bottom + top) / 2.0, top - bottom if top > bottom else max(abs(top), 1.0)]

    presets: list[list[Any]] = [
        *(list(preset) for preset in (CT_WINDOWS if is_ct else ())),
        ["Auto", *window(p1, p995)],
        ["Full range", *window(low, high)],
        ["Bright tissue", *window(p50, high)],
        ["Background (noise, ghosts)", *window(min(low, 0.0), max(0.1 * p98, low + 1e-9 * max(1.0, abs(low))))],
        *([[MARROW_WINDOW, 0.0, 0.0, True]] if marrow and not is_ct else []),
    ]
    return {
        "presets": [[said(name), *window] for name, *window in presets],
        "window": presets[0][1:],
        "range": [low, high],
        "air_below": 0.12 * p98 if low >= 0 else None,
    }


def open_views(image: Viewable) -> tuple[list[View], list[Message]]:
    """Read what was given into views, and say in words what could not be shown.

    Series of a study that cannot be scored are left out with the reason; a series given alone is always shown.
    """
    messages: list[Message] = []
    if isinstance(image, Study):
        members: list[Volume | Series] = [s for s in image if s.scorable]
        messages += [Message.of(caution) for caution in image.cautions]
        messages += [Message(f"Not shown, {_named(s)}: {s.refusal}", "note") for s in image if not s.scorable]
        if not members:
            text = "The study has no series that can be scored. Show one by itself with RoiStudio(study.series[i])."
            messages.append(Message(text, "refusal"))
    elif isinstance(image, Volume | Series):
        members = [image]
    else:
        members = list(image)
    found: list[tuple[Volume, tuple[str, ...]]] = []
    for member in members:
        if not isinstance(member, Volume | Series):
            raise TypeError(
                f"RoiStudio shows a Volume, a Series, a Study or a list of volumes and series; got {type(member).__name__}."
            )
        try:
            found.append((member, ()) if isinstance(member, Volume) else (member.volume(), _whose(member)))
        except VbqkitError as error:
            messages.append(Message(str(error), "refusal"))
    return titled(found), messages


def _named(series: Series) -> str:
    """A series without what could identify the patient."""
    a = series.acquisition
    return f"series {a.series_number or '-'} ({series.plane or 'plane unknown'}, {a.weighting})"


def _whose(series: Series) -> tuple[str, ...]:
    return tuple(text for text in (series.patient_id, series.study_date) if text)


def restated(views: Sequence[View], index: int, volume: Volume) -> list[View]:
    """The views with another volume in one of them: the same pixels, of which something else is stated."""
    volumes = [(volume if i == index else view.volume, view.whose) for i, view in enumerate(views)]
    fresh = titled(volumes)
    return [replace(one, header=view.header) for one, view in zip(fresh, views, strict=True)]


def _odd_pixels(volume: Volume) -> list[str]:
    pixels = volume.pixels
    odd: list[str] = []
    if pixels.dtype.kind == "f":
        bad = int(pixels.size - np.isfinite(pixels).sum())
        if bad:
            odd.append(
                f"{bad} pixels are not finite numbers (NaN or infinity); they are drawn magenta and cannot be measured."
            )
            if bad == pixels.size:
                return odd
    low, high = float(np.nanmin(pixels)), float(np.nanmax(pixels))
    if low == high:
        odd.append(f"Every pixel has the value {low:g}: the image is constant, so there is nothing to place a ROI on.")
    elif low < 0 and volume.acquisition.modality != "CT":
        odd.append(
            f"The signal goes down to {low:g}. A magnitude image has no negative values: SNR and VBQ mean nothing here."
        )
    return odd


def titled(volumes: Sequence[tuple[Volume, tuple[str, ...]]]) -> list[View]:
    """Volumes, with whose they are, as views: each with a title of its own, and linked with the first if it can be."""
    views: list[View] = []
    frames: list[str | None] = []
    for index, (volume, whose) in enumerate(volumes):
        title, header = _kind(volume), volume.acquisition.weighting
        uid = volume.acquisition.frame_of_reference_uid
        key = _series_key(volume, index)
        tilt_deg = tilt_between(volume.slice(0), views[0].volume.slice(0)) if views else 0.0
        if tilt_deg > MAX_TILT_DEG and volume.plane != views[0].volume.plane:
            title = f"{title} {volume.plane}"
        same = [v for v in views if v.title.split(" (")[0] == title]
        name = title if not same else f"{title} ({len(same) + 1})"
        if not views:
            frames.append(uid)
            views.append(View(volume, key, name, header=header, whose=whose))
            continue
        warnings: list[str] = []
        linked = True
        frame = next((i for i, known in enumerate(frames) if known == uid), None)
        if frame is None and (uid is None or frames[0] is None):
            frame = 0
        if uid is None or frames[0] is None:
            warnings.append(
                f"No frame of reference is stated, so positions may not agree with {views[0].title}. Check the anatomy."
            )
        if frame is None:
            frames.append(uid)
            frame = len(frames) - 1
        if frame != 0:
            linked = False
            warnings.append(
                f"It has another frame of reference than {views[0].title}: positions cannot be compared, "
                "so neither scrolling nor ROIs are carried over."
            )
        if tilt_deg > MAX_TILT_DEG:
            linked = False
            warnings.append(
                f"It is tilted by {tilt_deg:.0f} degrees against {views[0].title}: slices do not correspond, "
                "so scrolling is not linked and ROIs are not carried over."
                + (" Lines show where its slice and theirs cut each other." if frame == 0 else "")
            )
        views.append(View(volume, key, name, frame, linked, tuple(warnings), header, whose))
    return views


def _series_key(volume: Volume, index: int) -> str:
    """A short name for a series in saved files: the same on every reading, and no identifier of the hospital's."""
    uid = volume.acquisition.series_uid
    return f"series-{index + 1}" if uid is None else hashlib.sha256(uid.encode()).hexdigest()[:12]


def tilt_between(one: Slice, other: Slice) -> float:
    """Angle between two slice planes, degrees, 0 to 90."""
    return float(np.degrees(np.arccos(min(1.0, abs(float(np.dot(one.normal, other.normal)))))))


def pixels_for_browser(pixels: npt.NDArray[Any]) -> tuple[str, bytes]:
    """The browser's typed array and the little-endian bytes: the smallest type that holds each value exactly."""
    array = np.ascontiguousarray(pixels)
    if array.dtype.kind == "f" and array.dtype.itemsize > 4 and np.array_equal(array, array.astype(np.float32)):
        array = array.astype(np.float32)
    if array.dtype.kind == "f" and np.isfinite(array).all() and np.array_equal(array, np.rint(array)):
        array = array.astype(np.int64) if np.abs(array).max() < 2**31 else array
    if array.dtype.kind in "iub":
        low, high = int(array.min()), int(array.max())
        for name in ("uint8", "uint16", "int16", "int32"):
            limits = np.iinfo(name)
            if limits.min <= low and high <= limits.max:
                return name, array.astype(np.dtype(name).newbyteorder("<")).tobytes()
        array = array.astype(np.float64)
    name = "float32" if array.dtype.itemsize <= 4 else "float64"
    return name, array.astype(np.dtype(name).newbyteorder("<")).tobytes()
