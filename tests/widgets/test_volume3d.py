"""The 3-D look: what is handed to the viewer."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import SimpleITK

from vbqkit.errors import FormatError
from vbqkit.image import Volume, stack_affine
from vbqkit.roi import Rectangle
from vbqkit.widgets import view_volume


@pytest.fixture
def volume() -> Volume:
    affine = stack_affine((-8, 5, 30), (4, 0, 0), (0, 0, -0.8), (0, 0.6, 0))
    return Volume(np.arange(5 * 40 * 30, dtype=np.uint16).reshape(5, 40, 30), affine)


def test_ipyniivue_gets_the_stack_and_the_labels_at_the_same_place(volume: Volume) -> None:
    box = Rectangle.on(volume.slice(2), (20, 15), 6, 5, label="L3")
    view = view_volume(volume, rois=[box])
    stack, labels = (SimpleITK.ReadImage(str(one.path)) for one in view.volumes)
    assert (SimpleITK.GetArrayFromImage(stack) == volume.pixels).all()
    assert stack.TransformIndexToPhysicalPoint((15, 20, 2)) == pytest.approx(box.center_mm, abs=1e-3)
    assert labels.TransformIndexToPhysicalPoint((15, 20, 2)) == pytest.approx(box.center_mm, abs=1e-3)
    assert SimpleITK.GetArrayFromImage(labels)[2].sum() == box.measure(volume).n


def test_an_unknown_or_missing_viewer_is_refused_in_words(volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FormatError, match="'ipyniivue' or 'itkwidgets'"):
        view_volume(volume, viewer="plotly")  # type: ignore[arg-type] # that is the test
    for name in ("ipyniivue", "itkwidgets"):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(FormatError, match="not installed"):
            view_volume(volume, viewer=name)  # type: ignore[arg-type] # one of the two literals
