"""The 3-D look: what is handed to the viewer."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import SimpleITK

from vbqkit.errors import FormatError
from vbqkit.image import Volume, stack_affine
from vbqkit.roi import Rectangle
from vbqkit.studio import view_volume, volume3d


@pytest.fixture
def volume() -> Volume:
    affine = stack_affine((-8, 5, 30), (4, 0, 0), (0, 0, -0.8), (0, 0.6, 0))
    return Volume(np.arange(5 * 40 * 30, dtype=np.uint16).reshape(5, 40, 30), affine)


def test_ipyniivue_gets_the_stack_and_the_labels_at_the_same_place(volume: Volume) -> None:
    box = Rectangle.on(volume.slice(2), (20, 15), 6, 5, label="L3")
    view = view_volume(volume, rois=[box])
    assert view.volumes[1].colormap_label.lut[4:8] == [0, 0x9E, 0x73, 255], "L3 in the studio's colour"
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


def test_itkwidgets_is_refused_in_words_where_it_could_show_nothing(
    volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "itkwidgets", SimpleNamespace(__spec__="installed"))  # in an extra of its own
    with pytest.raises(FormatError, match="in a notebook only"):
        view_volume(volume, viewer="itkwidgets")
    monkeypatch.setattr(volume3d, "_in_a_notebook", lambda: True)
    monkeypatch.setattr(volume3d, "_switched_off", lambda extension: extension == "imjoy-jupyterlab-extension")
    with pytest.raises(FormatError, match="labextension enable imjoy-jupyterlab-extension"):
        view_volume(volume, viewer="itkwidgets")


@pytest.mark.slow  # importing JupyterLab's settings takes seconds
def test_jupyterlab_is_asked_which_extensions_are_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "labconfig"
    folder.mkdir()
    (folder / "page_config.json").write_text('{"disabledExtensions": {"one": true, "two": false}}')
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    assert volume3d._switched_off("one")
    assert not volume3d._switched_off("two")


def test_itkwidgets_would_get_the_pixels_and_the_labels(volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[Any] = []
    monkeypatch.setattr(volume3d, "_in_a_notebook", lambda: True)
    monkeypatch.setattr(volume3d, "_switched_off", lambda extension: False)
    asked = SimpleNamespace(view=lambda pixels, label_image: handed.extend((pixels, label_image)), __spec__="installed")
    monkeypatch.setitem(sys.modules, "itkwidgets", asked)
    box = Rectangle.on(volume.slice(2), (20, 15), 6, 5, label="L3")
    view_volume(volume, rois=[box], viewer="itkwidgets")
    assert (handed[0] == volume.pixels).all()
    assert (np.asarray(handed[1])[2] == box.mask(volume)).all()
    assert np.asarray(handed[1]).sum() == box.measure(volume).n
