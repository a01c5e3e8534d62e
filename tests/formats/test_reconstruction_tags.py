"""Acquired matrix, parallel imaging and filters, from standard and vendors' own tags."""

import pytest

from vbqkit.formats import read_study


def _acquisition(folder, made):
    made.write(folder)
    (series,) = read_study(folder)
    return series.acquisition


@pytest.mark.parametrize(
    ("stated", "expected"), [([0, 320, 256, 0], (256, 320)), ([320, 0, 0, 256], (320, 256)), ([0, 0, 0, 0], None)]
)
def test_the_acquired_matrix_is_rows_and_columns_whatever_the_phase_direction(tmp_path, scan, stated, expected):
    a = _acquisition(tmp_path, scan(AcquisitionMatrix=stated))
    assert a.acquired_matrix == expected
    assert a.matrix == (10, 8)


@pytest.mark.parametrize(
    ("tag", "vr", "value", "technique", "factor"),
    [
        (0x00511011, "LO", "p2", "iPAT, (0051,1011)", 2.0),
        (0x00431083, "DS", ["0.5", "1"], "ASSET, (0043,1083)", 2.0),
    ],
)
def test_parallel_imaging_is_read_from_vendors_own_tags(tmp_path, scan, tag, vr, value, technique, factor):
    made = scan()
    for header in made.slices:
        header.add_new(tag, vr, value)
    a = _acquisition(tmp_path, made)
    assert (a.parallel_technique, a.parallel_factor) == (technique, factor)


def test_parallel_imaging_is_read_from_the_standard_tags(tmp_path, scan):
    a = _acquisition(
        tmp_path,
        scan(ParallelAcquisition="YES", ParallelAcquisitionTechnique="SENSE", ParallelReductionFactorInPlane=1.8),
    )
    assert (a.parallel_technique, a.parallel_factor) == ("SENSE", pytest.approx(1.8))


def test_a_header_that_denies_parallel_imaging_is_believed(tmp_path, scan):
    a = _acquisition(tmp_path, scan(ParallelAcquisition="NO"))
    assert (a.parallel_technique, a.parallel_factor) == (None, 1.0)


def test_the_filter_mode_of_ge_is_quoted_with_its_tag(tmp_path, scan):
    made = scan()
    for header in made.slices:
        header.add_new(0x0043102D, "SH", "p+")
    assert _acquisition(tmp_path, made).processing == ("Filter Mode (0043,102d) p+",)
