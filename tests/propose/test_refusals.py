"""What the network was not made for is refused in words; nothing ends in a traceback."""

from dataclasses import replace

import numpy as np
import pytest

from vbqkit.errors import ProposalError, VbqkitError
from vbqkit.image import Volume
from vbqkit.propose import propose_rois
from vbqkit.study import Study, make_series

SAGITTAL = [0, 2, 1, 3]


def stack(pixels, spacing=(4.0, 1.2, 1.2)):
    affine = np.diag([*spacing, 1.0])[SAGITTAL]
    affine[2, 1] *= -1
    return Volume(np.asarray(pixels), affine)


def noise(shape=(5, 200, 180), seed=0):
    return np.random.default_rng(seed).rayleigh(20.0, size=shape)


def axial(pixels):
    return Volume(pixels, np.diag([4.0, 1.2, 1.2, 1.0])[[2, 1, 0, 3]])


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: stack(np.zeros((5, 200, 180))), "all the same"),
        (lambda: stack(np.full((5, 200, 180), np.nan)), "none is a number"),
        (lambda: stack(noise()), "No row of at least three vertebral bodies"),
        (lambda: stack(noise((3, 20, 20))), "is not offered"),
        (lambda: stack(noise((1, 5000, 60)), (4.0, 0.1, 1.0)), "is not offered"),
        (lambda: stack(noise((2, 300, 300)), (4.0, 9.0, 9.0)), "Check the pixel spacing"),
        (lambda: axial(noise()), "axial series"),
        (lambda: replace(stack(noise()), refusal="contrast agent was given (0018,0010)"), "contrast agent was given"),
    ],
)
def test_a_series_that_cannot_be_is_refused_with_the_reason(made, words):
    with pytest.raises(ProposalError, match=words):
        propose_rois(made())


def test_a_study_without_a_series_to_use_says_why():
    study = Study((make_series(axial(noise())), make_series(stack(noise()), refusal="localizer")))
    with pytest.raises(ProposalError, match=r"axial: not sagittal; .*localizer"):
        propose_rois(study)
    with pytest.raises(ProposalError, match="no series 7"):
        propose_rois(study, series=7)
    with pytest.raises(ProposalError, match="there is none"):
        propose_rois(Study(()))


@pytest.mark.parametrize("kind", ["one slice", "thick gaps", "8 bit", "some nan", "negative", "rotated in plane"])
def test_odd_series_are_proposed_on_or_refused(volume, kind):
    pixels = volume.pixels.astype(np.float64)
    affine = volume.affine.copy()
    if kind == "one slice":
        odd = replace(volume, pixels=volume.pixels[5:6], affine=affine)
    elif kind == "thick gaps":
        affine[:3, 0] *= 3.0
        odd = replace(volume, pixels=volume.pixels[2:9:3], affine=affine)
    elif kind == "8 bit":
        odd = replace(volume, pixels=np.clip(pixels * 255.0 / pixels.max(), 0, 255).astype(np.uint8), max_storable=255)
    elif kind == "some nan":
        pixels[:, :3] = np.nan
        odd = replace(volume, pixels=pixels, max_storable=None)
    elif kind == "negative":
        odd = replace(volume, pixels=pixels - 300.0, max_storable=None)
    else:
        cos, sin = np.cos(np.radians(12)), np.sin(np.radians(12))
        turn = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
        affine[:3, :3] = turn @ affine[:3, :3]
        odd = replace(volume, affine=affine)
    try:
        proposal = propose_rois(odd)
    except VbqkitError:  # refused; anything else is a traceback
        return
    assert proposal.rois
    if kind == "one slice":
        assert "one slice only" in proposal.remarks[0]
    if kind == "thick gaps":
        assert "mm apart" in proposal.remarks[0]


@pytest.mark.parametrize("seed", [8, 16, 22, 32])
def test_bodies_that_are_seen_in_noise_are_no_spine(seed):
    """On these pictures of pure noise the network sees a row of three bodies, but is not sure of it."""
    with pytest.raises(ProposalError, match="No row of at least three"):
        propose_rois(stack(noise((1, 220 + seed, 200), seed)))
