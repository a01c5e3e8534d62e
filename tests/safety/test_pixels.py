"""Pixels are read as what they are: inverted, floating, windowed, cut off; and the caution goes with the volume."""

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels import get_decoder
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless

from vbqkit import read_study
from vbqkit.errors import FormatError


def codes(thing):
    return {caution.code for caution in thing.cautions}


def read(folder):
    return read_study(folder).series[0].volume()


@pytest.mark.parametrize(("bits", "signed"), [(12, 0), (16, 0), (16, 1)])
def test_inverted_pixels_are_turned_back(tmp_path, scan, bits, signed):
    made = scan(slices=3, BitsStored=bits, HighBit=bits - 1, PixelRepresentation=signed)
    truth = made.pixels.astype(np.int64) % 4000
    both = -1 if signed else (1 << bits) - 1
    made.pixels = (both - truth).astype(np.int16 if signed else np.uint16)
    for header in made.slices:
        header.PhotometricInterpretation = "MONOCHROME1"
    made.write(tmp_path)
    volume = read(tmp_path)
    assert (volume.pixels == truth).all()
    assert "monochrome1" in codes(volume)


@pytest.mark.parametrize(("keyword", "kind"), [("FloatPixelData", "<f4"), ("DoubleFloatPixelData", "<f8")])
def test_floating_point_pixels_are_read_as_such(tmp_path, scan, save, keyword, kind):
    made = scan(slices=3, BitsAllocated=8 * int(kind[-1])).drop("BitsStored", "HighBit", "PixelRepresentation")
    truth = made.pixels.astype(kind) / 1000
    for k, header in enumerate(made.slices):
        setattr(header, keyword, truth[k].tobytes())
        save(header, None, tmp_path / f"{k}.dcm")
    volume = read(tmp_path)
    assert volume.pixels.dtype == np.dtype(kind)
    assert (volume.pixels == truth).all()
    assert volume.max_storable is None


def test_values_above_the_stored_bits_caution(tmp_path, scan):
    made = scan(slices=3, BitsStored=12, HighBit=11)
    made.write(tmp_path / "fits")
    assert "bits-above-stored" not in codes(read(tmp_path / "fits"))
    made.pixels[1, 2, 3] = 4096 + 7
    made.write(tmp_path / "over")
    volume = read(tmp_path / "over")
    assert volume.pixels[1, 2, 3] == 7
    assert "bits-above-stored" in codes(volume)


def test_bits_that_an_overlay_explains_do_not(tmp_path, scan):
    made = scan(slices=3, BitsStored=12, HighBit=11)
    made.pixels[1, 2, 3] |= 0x8000
    for header in made.slices:
        header.add_new(0x60000010, "US", 10)
    made.write(tmp_path)
    assert "bits-above-stored" not in codes(read(tmp_path))


def test_a_picture_of_8_bits_cautions(tmp_path, scan):
    made = scan(slices=3)
    made.pixels = (made.pixels // 16).astype(np.uint16)
    made.write(tmp_path)
    assert "few-gray-levels" in codes(read(tmp_path))


def test_a_window_that_cut_off_bright_tissue_cautions(tmp_path, scan):
    made = scan(slices=3, rows=40, cols=40)
    made.pixels = np.minimum(made.pixels, 3000).astype(np.uint16)
    made.write(tmp_path)
    assert "clipped" in codes(read(tmp_path))


@pytest.mark.parametrize(
    ("slopes", "intercept", "code"), [((1, 2), 0, "rescale-varies"), ((1, 1), -200, "rescale-intercept")]
)
def test_odd_rescaling_cautions_on_the_volume(tmp_path, scan, slopes, intercept, code):
    made = scan(slices=2, RescaleIntercept=intercept)
    for slope, header in zip(slopes, made.slices, strict=True):
        header.RescaleSlope = slope
    made.write(tmp_path)
    assert code in codes(read(tmp_path))


@pytest.mark.parametrize("block", [0x10, 0x14, 0x30])
def test_the_scale_of_philips_is_found_in_its_nested_groups_of_a_classic_file(tmp_path, scan, block):
    made = scan(slices=3)
    for header in made.slices:
        item = Dataset()
        item.add_new(0x20050011, "LO", "Philips MR Imaging DD 001")
        item.add_new(0x2005110E, "FL", 0.0042)
        header.add_new(0x20050000 + block, "LO", "Philips MR Imaging DD 005")
        header.add_new(0x20050000 + (block << 8) + 0x0F, "SQ", [item])
    made.write(tmp_path)
    assert "philips-scale" in codes(read(tmp_path))


@pytest.mark.parametrize("written", ["monochrome1", "Monochrome1 "])
def test_inverted_pixels_are_turned_back_however_the_word_is_written(tmp_path, scan, written):
    made = scan(slices=3)
    right = made.pixels.copy()
    made.pixels = 65535 - made.pixels
    for header in made.slices:
        header.add_new(0x00280004, "LO", written)
    made.write(tmp_path)
    assert (read(tmp_path).pixels == right).all()


@pytest.mark.parametrize("block", [0x10, 0x11, 0x7F])
@pytest.mark.parametrize("vendor", ["Philips", "", "ANONYMIZED"])
def test_the_scale_of_philips_is_found_in_any_block_and_without_the_vendor(tmp_path, scan, block, vendor):
    made = scan(slices=2, Manufacturer=vendor)
    for header in made.slices:
        header.add_new(0x20050000 + block, "LO", "Philips MR Imaging DD 001")
        header.add_new(0x20050000 + (block << 8) + 0x0E, "FL", 0.0125)
    made.write(tmp_path)
    assert "philips-scale" in codes(read(tmp_path))


def test_the_same_element_of_another_creator_is_not_the_scale(tmp_path, scan):
    made = scan(slices=2)
    for header in made.slices:
        header.add_new(0x20050011, "LO", "Philips MR Imaging DD 005")
        header.add_new(0x2005110E, "FL", 0.0125)
    made.write(tmp_path)
    assert "philips-scale" not in codes(read(tmp_path))


def enhanced(header, scale):
    """One Enhanced frame with the scale in a private sequence of its functional group, as Philips writes it."""
    header.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4.1"
    header.NumberOfFrames = 1
    inner = Dataset()
    inner.private_block(0x2005, "Philips MR Imaging DD 001", create=True).add_new(0x0E, "FL", scale)
    group = Dataset()
    group.private_block(0x2005, "Philips MR Imaging DD 005", create=True).add_new(0x0F, "SQ", [inner])
    header.PerFrameFunctionalGroupsSequence = [group]


def test_the_scale_of_philips_is_found_inside_functional_groups(tmp_path, scan):
    made = scan(slices=2)
    for header in made.slices:
        enhanced(header, 0.0042)
    made.write(tmp_path)
    assert "philips-scale" in codes(read(tmp_path))


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless])
def test_a_decoder_that_is_not_installed_is_reported_as_such(tmp_path, scan, monkeypatch, syntax):
    made = scan(slices=2, rows=64, cols=64)
    made.write(tmp_path, syntax=syntax)
    decoder = get_decoder(syntax)
    monkeypatch.setattr(decoder, "_available", {name: f for name, f in decoder._available.items() if name == "gdcm"})
    assert (read(tmp_path).pixels == made.pixels).all()  # by another decoder that is there
    monkeypatch.setattr(decoder, "_available", {})
    with pytest.raises(FormatError, match="no decoder for it is installed"):
        read(tmp_path)
