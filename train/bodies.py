"""Label slices of virtual bodies, drawn once and kept on disk: what is rendered again and again in new contrasts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy import make_phantom
from vbqkit.validation.proposal_patients import draw_case

IN_PLANE_MM, PLANES = 1.0, 12
"""A coarse body: a second of processor time."""

NARROW_MM, WIDE_MM = 3.0, 5.0
"""Distance between planes: within 18 mm of the middle; in every third body within 30 mm, where no spine is."""

Bytes = npt.NDArray[np.uint8]
_AS_BYTE = {"pdff": 255.0, "pd_scale": 100.0}


@dataclass(frozen=True, eq=False, slots=True)
class Body:
    """The truth of one virtual body on coarse planes; every map has shape (planes, rows, cols).

    Attributes
    ----------
    tissue, level : ndarray of uint8
        Codes as in :class:`vbqkit.anatomy.Phantom`.
    pdff : ndarray of uint8
        Fat fraction in 255ths.
    pd_scale : ndarray of uint8
        Relative proton density in hundredths.
    """

    tissue: Bytes
    level: Bytes
    pdff: Bytes
    pd_scale: Bytes


def draw_body(seed: int) -> Body:
    """The body of one virtual patient; the same seed gives the same body."""
    patient, findings = draw_case(seed)
    plane_mm = WIDE_MM if seed % 3 == 2 else NARROW_MM
    phantom = make_phantom(
        patient, seed=seed, findings=findings, in_plane_mm=IN_PLANE_MM, plane_mm=plane_mm, width_mm=PLANES * plane_mm
    )
    scaled = {
        name: np.clip(np.rint(getattr(phantom, name) * unit), 0, 255).astype(np.uint8)
        for name, unit in _AS_BYTE.items()
    }
    return Body(tissue=phantom.tissue, level=phantom.level, **scaled)


def load_bodies(
    count: int, cache: Path, *, first: int = 0, progress: Callable[[int, int], None] | None = None
) -> list[Body]:
    """Bodies of the seeds from `first` on, from the cache; those that are missing there are drawn and kept.

    Parameters
    ----------
    count : int
        How many.
    cache : Path
        Folder of ``body_SEED.npz`` files; made if it is not there.
    first : int
        Seed of the first.
    progress : callable or None
        ``progress(done, total)``.
    """
    cache.mkdir(parents=True, exist_ok=True)
    bodies = []
    for done, seed in enumerate(range(first, first + count), start=1):
        bodies.append(_cached(cache / f"body_{seed}.npz", seed))
        if progress is not None:
            progress(done, count)
    return bodies


def _cached(path: Path, seed: int) -> Body:
    if path.is_file():
        with np.load(path) as held:
            return Body(**{name: held[name] for name in Body.__slots__})
    body = draw_body(seed)
    unfinished = path.with_suffix(".tmp.npz")  # a file that is there is whole
    np.savez_compressed(unfinished, **{name: getattr(body, name) for name in Body.__slots__})
    unfinished.replace(path)
    return body
