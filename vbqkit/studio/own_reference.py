"""Which reference group the M-score of one's own case is counted against: a stated one, one of a library, or none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vbqkit.image import Volume
from vbqkit.reference_library.files import FOLDER, read_library
from vbqkit.reference_library.matching import match_group
from vbqkit.scores.marrow_to_noise import ReferenceGroup

NO_LIBRARY = "There is no reference group of young women on this scanner, so there is no M-score. See docs/reference-groups.md for how to make one. VBQ needs none."
"""What is said where neither a group nor a library was given."""


def find_reference(
    reference: ReferenceGroup | str | Path | None, folder: Path, volumes: Mapping[str, Volume], *, coil: str = ""
) -> tuple[ReferenceGroup | None, tuple[str, ...]]:
    """The reference group of a case, and what there is to say of it.

    Parameters
    ----------
    reference : ReferenceGroup, path-like or None
        A group as it is; a library, whose group must agree with the T1 series; None: the library
        ``reference_groups`` in the folder of the cases, if it is there.
    folder : Path
        Of the cases.
    volumes : mapping of str to Volume
        The series.
    coil : str
        The coil, where the header is silent.

    Raises
    ------
    FormatError
        If the library is damaged.
    """
    if isinstance(reference, ReferenceGroup):
        return reference, (
            f"Stated: n = {reference.n}, SNR {reference.mean:g} ± {reference.sd:g}, {reference.scanner}.",
        )
    library = reference if reference is not None else folder / FOLDER
    if reference is None and not Path(library).is_dir():
        return None, (NO_LIBRARY,)
    groups = read_library(library)
    if "T1" not in volumes:
        return None, ("A reference group is of T1, and no T1 series was chosen.",)
    found = match_group(groups, volumes["T1"], coil=coil)
    return found.reference, found.lines
