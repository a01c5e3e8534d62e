"""Virtual patients in files of the layout of SPIDER, for a page that must run without the real ones. Synthetic."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import lazy_loader
import numpy as np
import numpy.typing as npt

from vbqkit.anatomy import LEVEL_OF_CODE, TISSUE_NAMES
from vbqkit.anatomy.phantom import Phantom
from vbqkit.datasets.erosion import MARGIN_MM
from vbqkit.datasets.spider import BODIES, CANAL, SpiderData, draw_rois, write_sidecar
from vbqkit.errors import FormatError
from vbqkit.exercises.cases import make_case, truth_of
from vbqkit.formats import volume_to_simpleitk
from vbqkit.formats.files import user_path
from vbqkit.formats.table_file import replacing
from vbqkit.image import Volume

SimpleITK = lazy_loader.load("SimpleITK")

SYNTHETIC_NOTE = "SYNTHETIC.txt"
"""File that says in the folder itself that nobody real is in it."""

_IN_THE_CANAL = ("csf", "nerve_root", "spinal_cord")
_NAMES = {"T1": "t1", "T2": "t2"}


@dataclass(frozen=True, slots=True)
class _Made:
    kind: str
    seed: int
    scanner: str
    weightings: tuple[str, ...] = ("T1", "T2")
    table_is_empty: bool = False


_PATIENTS = (
    _Made("plain", 3, "generic-1.5t"),
    _Made("haemangioma", 2, "philips-achieva-3t"),
    _Made("plain", 11, "generic-1.5t", weightings=("T2",)),
    _Made("modic", 3, "ge-hdx-1.5t", table_is_empty=True),
    _Made("plain", 5, "generic-1.5t-plain"),
)
"""One without T1, one of which the table of scanners says nothing; four machines."""


def make_spider_like(
    folder: str | os.PathLike[str], *, progress: Callable[[int, int], None] | None = None
) -> SpiderData:
    """Write five virtual patients as :func:`get_spider` lays out the real data set. Synthetic; some seconds a patient.

    ``studies``, ``masks`` and ``rois`` as there; the masks hold the bodies and the canal, and no discs. One patient has
    no T1, and of one the table says nothing about the scanner, as such things happen in real tables. What is there is
    not made again.

    Parameters
    ----------
    folder : path-like
        Where to; 10 MB.
    progress : callable, optional
        ``progress(done, total)`` in patients.

    Returns
    -------
    SpiderData
        With ``synthetic`` set.

    Raises
    ------
    FormatError
        If the folder holds other files, or cannot be written to.
    """
    home = user_path(folder)
    note = home / SYNTHETIC_NOTE
    if home.is_dir() and not note.is_file() and any(home.iterdir()):
        raise FormatError(f"{home} holds other files. Synthetic ones are not mixed with them: choose an empty folder.")
    try:
        home.mkdir(parents=True, exist_ok=True)
        note.write_text("Virtual patients, made by vbqkit. Nobody real is in these files.\n", encoding="utf-8")
        for number, made in enumerate(_PATIENTS, start=1):
            _write_patient(home, str(number), made)
            if progress is not None:
                progress(number, len(_PATIENTS))
        return replace(draw_rois(home, margin_mm=MARGIN_MM), synthetic=True)
    except (OSError, RuntimeError) as error:
        raise FormatError(f"{home} cannot be written to ({error}). Make room, or choose another folder.") from error


def _write_patient(home: Path, name: str, made: _Made) -> None:
    stems = {weighting: f"{name}_{_NAMES[weighting]}" for weighting in made.weightings}
    if all((home / "masks" / f"{stem}.mha").is_file() for stem in stems.values()):
        return
    case = make_case(made.seed, kind=made.kind, weightings=made.weightings, scanner=made.scanner)
    for weighting, stem in stems.items():
        volume, series = case.volumes[weighting], home / "studies" / name / f"{stem}.mha"
        _write_mha(series, volume, np.round(volume.pixels).astype(np.int16))
        write_sidecar(series, {} if made.table_is_empty else _stated(volume), weighting)
        _write_mha(home / "masks" / series.name, volume, labels_of(truth_of(case), volume))


def _stated(volume: Volume) -> dict[str, object]:
    a = volume.acquisition
    return {
        "RepetitionTime": (a.tr_ms or 0.0) / 1000.0,
        "EchoTime": (a.te_ms or 0.0) / 1000.0,
        "MagneticFieldStrength": a.field_t,
        "Manufacturer": a.vendor,
        "ManufacturersModelName": a.model,
        "ScanningSequence": ["SE"],
    }


def labels_of(phantom: Phantom, volume: Volume) -> npt.NDArray[np.int16]:
    """The numbers that SPIDER gives bodies and canal, on the grid of a volume, from the truth of a virtual patient."""
    code = np.zeros(phantom.shape, dtype=np.int16)
    for number, level in BODIES.items():
        code[phantom.level == LEVEL_OF_CODE.index(level)] = number
    code[np.isin(phantom.tissue, [TISSUE_NAMES.index(name) for name in _IN_THE_CANAL])] = CANAL
    to_phantom = np.linalg.inv(phantom.affine) @ volume.affine
    places = np.rint(np.einsum("ij,j...->i...", to_phantom[:3, :3], np.indices(volume.shape)).T + to_phantom[:3, 3]).T
    inside = np.all([(axis >= 0) & (axis < n) for axis, n in zip(places, phantom.shape, strict=True)], axis=0)
    found = np.zeros(volume.shape, dtype=np.int16)
    found[inside] = code[tuple(axis[inside].astype(int) for axis in places)]
    return found


def _write_mha(path: Path, volume: Volume, pixels: npt.NDArray[np.int16]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = volume_to_simpleitk(replace(volume, pixels=pixels))
    with replacing(path) as draft:
        written = draft.with_suffix(".mha")  # without this ending the library writes header and pixels apart
        SimpleITK.WriteImage(image, str(written), useCompression=True)
        written.replace(draft)
