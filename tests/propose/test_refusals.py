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


def coronal(pixels):
    return Volume(pixels, np.diag([4.0, 1.2, 1.2, 1.0])[[2, 0, 1, 3]])


def drawn(*shapes):
    """Ellipses (row, col, half height, half width, signal) in air, the same on five slices."""
    rows, cols = np.indices((200, 180))
    picture = np.random.default_rng(1).rayleigh(3.0, size=rows.shape)
    for row, col, tall, wide, signal in shapes:
        picture[((rows - row) / tall) ** 2 + ((cols - col) / wide) ** 2 < 1.0] += signal
    return stack(np.repeat(picture[None], 5, axis=0))


def head():
    """Scalp, skull, brain, ventricle, cerebellum."""
    skull = (100, 90, 85, 75, 90), (100, 90, 80, 70, -60)
    return drawn(*skull, (100, 90, 74, 64, 70), (90, 90, 18, 30, -50), (140, 120, 18, 20, 20))


def knee():
    """Thigh and calf, femur and tibia, patella: two large bones, one below the other."""
    return drawn((100, 90, 98, 60, 50), (55, 95, 40, 28, 60), (140, 95, 38, 26, 60), (80, 50, 14, 8, 60))


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
        (lambda: coronal(noise()), "coronal series"),
        (head, "No row of at least three vertebral bodies"),
        (knee, "No row of at least three vertebral bodies"),
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


def test_a_spine_of_the_size_of_a_neck_is_refused(volume):
    """Bodies 14 mm apart, as cervical ones are; there is no cervical spine among the virtual patients."""
    affine = volume.affine.copy()
    affine[:3, :3] *= 0.42
    with pytest.raises(ProposalError, match="No row of at least three"):
        propose_rois(replace(volume, affine=affine))


def rows_of(volume, proposal, first, last):
    """The rows from one level to another."""
    image = volume.slice(proposal.slice_index)
    ends = [round(float(image.to_rows_cols(proposal.find(level).roi.center_mm)[0])) for level in (first, last)]
    return slice(max(0, ends[0]), ends[1])


def test_the_thoracic_part_of_a_spine_is_never_named(volume, proposal):
    upper = slice(0, rows_of(volume, proposal, "L1", "L2").stop)
    thoracic = propose_rois(replace(volume, pixels=np.ascontiguousarray(volume.pixels[:, upper])))
    assert not thoracic.named
    assert "Neither L5 nor S1" in thoracic.question


def test_a_picture_that_its_header_calls_another_has_no_names(volume):
    other = replace(volume, acquisition=replace(volume.acquisition, body_part="CSPINE"))
    proposal = propose_rois(other)
    assert not proposal.named
    assert "a picture of 'CSPINE'" in proposal.question


def with_metal(volume, proposal, level, half_mm):
    """No signal over a rectangle about a level, as where metal lies."""
    image = volume.slice(proposal.slice_index)
    row, col = image.to_rows_cols(proposal.find(level).roi.center_mm)
    rows, cols = np.indices(volume.shape[1:])
    step = volume.spacing_mm[1:]
    pixels = volume.pixels.astype(np.float64).copy()
    pixels[:, (np.abs(rows - row) * step[0] < half_mm[0]) & (np.abs(cols - col) * step[1] < half_mm[1])] = 0.0
    return replace(volume, pixels=pixels, max_storable=None)


@pytest.mark.parametrize(("level", "half_mm"), [("L3", (18.0, 22.0)), ("L2", (5.0, 15.0))])
def test_a_level_with_metal_is_doubtful_or_left_out_and_shifts_no_name(volume, proposal, level, half_mm):
    other = propose_rois(with_metal(volume, proposal, level, half_mm))
    if not other.named:  # a screw across L2 makes two bodies of it
        assert "split by metal" in other.question
        return
    found = other.find(level)
    assert found is None or found.doubtful
    for name in {"L1", "L2", "L3", "L4"} - {level}:
        apart = np.array(other.find(name).roi.center_mm) - np.array(proposal.find(name).roi.center_mm)
        assert np.linalg.norm(apart[1:]) < 6.0
