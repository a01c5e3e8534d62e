"""A 3-D look at a stack with its ROIs as coloured labels. No lesson depends on it.

What works, each tried in JupyterLab 4 with Chromium and no network: ipyniivue ships its viewer inside its wheel and
shows the stack and the ROIs. itkwidgets 1.0a55 draws nothing: its viewer is an ImJoy plug-in that its JupyterLab
extension loads from the network (open: InsightSoftwareConsortium/itkwidgets #775, #776). Where that fails, and where
the extension is switched off as vbqkit does, the cell that shows an itkwidgets view never ends and the cells after it
wait; so this module refuses while the extension is off. With the extension on and a network it was not tried.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from IPython import get_ipython

from vbqkit.errors import FormatError
from vbqkit.formats.doors import volume_to_nibabel
from vbqkit.formats.masks import label_mask, write_masks
from vbqkit.image import Volume
from vbqkit.page.colours import roi_style
from vbqkit.roi import Roi

Viewer = Literal["ipyniivue", "itkwidgets"]

_EXTENSION = "imjoy-jupyterlab-extension"


def view_volume(volume: Volume, rois: Iterable[Roi] = (), *, viewer: Viewer = "ipyniivue", height: int = 480) -> Any:
    """Show a stack as slices in three planes and as a body, with ROIs as coloured labels.

    Parameters
    ----------
    volume : Volume
        What to show.
    rois : iterable of Roi
        Drawn as labels 1, 2, 3 ... on the slices they lie on, in the colours of the studio.
    viewer : {"ipyniivue", "itkwidgets"}
        ``"ipyniivue"`` always works offline. ``"itkwidgets"`` needs JupyterLab, its extension switched on, and the
        network for its viewer; see the module.
    height : int
        Height in CSS pixels.

    Returns
    -------
    object
        A widget; the last line of a cell shows it.

    Raises
    ------
    FormatError
        If the viewer is unknown, not installed, or could show nothing here.
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
        layers.append({"path": folder / "rois.nii.gz", "opacity": 1.0})
    view = ipyniivue.NiiVue(
        height=height,
        multiplanar_show_render=ipyniivue.ShowRender.ALWAYS,
        sagittal_nose_left=True,  # as in the studio and on film
        is_radiological_convention=True,
    )
    view.load_volumes(layers)
    if rois:
        colours = [(0, 0, 0), *(_rgb(roi.label) for roi in rois)]
        red, green, blue = (list(channel) for channel in zip(*colours, strict=True))
        names = ["", *(roi.label or "ROI" for roi in rois)]
        view.volumes[1].set_colormap_label({"R": red, "G": green, "B": blue, "labels": names})
    return view


def _rgb(label: str) -> tuple[int, int, int]:
    """The studio's colour of a label."""
    colour = roi_style(label).colour
    return (int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16))


def _nifti(volume: Volume, path: Path) -> Path:
    image = volume_to_nibabel(volume)
    image.to_filename(path)
    return path


def _with_itkwidgets(volume: Volume, rois: tuple[Roi, ...]) -> Any:
    if importlib.util.find_spec("itkwidgets") is None:
        raise FormatError(
            "itkwidgets is not installed. Use viewer='ipyniivue', or: pip install itkwidgets[lab]==1.0a55 ngff-zarr==0.13.1"
        )
    if not _in_a_notebook():
        raise FormatError(
            "itkwidgets shows something in a notebook only. Run this in JupyterLab, or use viewer='ipyniivue'."
        )
    if _switched_off(_EXTENSION):
        raise FormatError(
            "itkwidgets cannot show anything: its JupyterLab extension is switched off, because it loads code from the network "
            "as soon as JupyterLab opens. Use viewer='ipyniivue'; or accept that, run "
            f"'jupyter labextension enable {_EXTENSION}' and open JupyterLab again."
        )
    import itkwidgets  # noqa: PLC0415 - optional, large, and it changes how the kernel runs cells

    labels = label_mask(rois, image=volume) if rois else None
    return itkwidgets.view(np.ascontiguousarray(volume.pixels), label_image=labels)


def _in_a_notebook() -> bool:
    return hasattr(get_ipython(), "kernel")


def _switched_off(extension: str) -> bool:
    """Whether one of JupyterLab's extensions is switched off, as far as can be known here."""
    try:
        from jupyterlab_server.config import get_page_config  # noqa: PLC0415 - only beside JupyterLab
    except ImportError:
        return False
    return extension in get_page_config([]).get("disabledExtensions", [])
