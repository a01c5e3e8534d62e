"""A 3-D look at a stack with its ROIs as coloured labels. No lesson depends on it.

State of things: ipyniivue ships its viewer inside its wheel and shows a volume in JupyterLab 4, Notebook 7 and Voila without a
network. itkwidgets 1.0a55 computes its view in Python, but its JupyterLab extension loads its viewer from the network
(open: InsightSoftwareConsortium/itkwidgets #775, #776), so that nothing is drawn offline. It is used only when asked for.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from vbqkit.errors import FormatError
from vbqkit.formats.masks import label_mask, write_masks
from vbqkit.image import Volume
from vbqkit.roi import Roi

Viewer = Literal["ipyniivue", "itkwidgets"]


def view_volume(volume: Volume, rois: Iterable[Roi] = (), *, viewer: Viewer = "ipyniivue", height: int = 480) -> Any:
    """Show a stack as slices in three planes and as a body, with ROIs as coloured labels.

    Parameters
    ----------
    volume : Volume
        What to show.
    rois : iterable of Roi
        Drawn as labels 1, 2, 3 ... on the slices they lie on.
    viewer : {"ipyniivue", "itkwidgets"}
        ``"ipyniivue"`` always works offline. ``"itkwidgets"`` needs the network for its viewer; see the module.
    height : int
        Height in CSS pixels.

    Returns
    -------
    object
        A widget; the last line of a cell shows it.

    Raises
    ------
    FormatError
        If the viewer is unknown or not installed.
    RoiError
        If a ROI does not lie on the volume.
    """
    listed = tuple(rois)
    if viewer == "ipyniivue":
        return _with_niivue(volume, listed, height)
    if viewer == "itkwidgets":
        return _with_itkwidgets(volume, listed)
    raise FormatError(f"The viewer '{viewer}' is unknown; use 'ipyniivue' or 'itkwidgets'.")


def _with_niivue(volume: Volume, rois: tuple[Roi, ...], height: int) -> Any:
    try:
        import ipyniivue  # noqa: PLC0415 - optional, large
    except ImportError as error:
        raise FormatError(
            "The 3-D view needs ipyniivue, which is not installed. Install it with: pip install ipyniivue"
        ) from error
    folder = Path(tempfile.mkdtemp(prefix="vbqkit-view-"))
    layers: list[dict[str, Any]] = [{"path": _nifti(volume, folder / "stack.nii.gz"), "colormap": "gray"}]
    if rois:
        write_masks(folder / "rois.nii.gz", rois, image=volume)
        layers.append({"path": folder / "rois.nii.gz", "colormap": "warm", "opacity": 0.6})
    view = ipyniivue.NiiVue(height=height)
    view.load_volumes(layers)
    return view


def _nifti(volume: Volume, path: Path) -> Path:
    import SimpleITK  # noqa: PLC0415 - heavy, and only for the 3-D view

    pixels = volume.pixels.astype(np.float32) if volume.pixels.dtype.kind in "bf" else volume.pixels
    picture = SimpleITK.GetImageFromArray(pixels)
    steps = volume.affine[:3, [2, 1, 0]]
    spacing = np.linalg.norm(steps, axis=0)
    picture.SetSpacing(spacing.tolist())
    picture.SetDirection((steps / spacing).ravel().tolist())
    picture.SetOrigin(volume.affine[:3, 3].tolist())
    SimpleITK.WriteImage(picture, str(path))
    return path


def _with_itkwidgets(volume: Volume, rois: tuple[Roi, ...]) -> Any:
    try:
        import itkwidgets  # noqa: PLC0415 - optional, large
    except ImportError as error:
        raise FormatError(
            "itkwidgets is not installed. Use viewer='ipyniivue', or: pip install itkwidgets==1.0a55"
        ) from error
    labels = label_mask(rois, image=volume) if rois else None
    return itkwidgets.view(np.ascontiguousarray(volume.pixels), label_image=labels)
