"""Acquired matrix, parallel imaging and filters, from standard and vendors' own tags."""

import pytest
from pydicom.dataset import Dataset

from vbqkit.formats import read_study
from vbqkit.scores import check_reconstruction


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
        (0x00211009, "LO", "p2 s4", "iPAT, (0021,1009)", 2.0),
        (0x00211009, "LO", "p3", "iPAT, (0021,1009)", 3.0),
        (0x00211009, "SH", "23456", None, None),  # another vendor's element of that number
        (0x004310B7, "LO", ["1.24", "1", "10", "0"], "compressed sensing, (0043,10b7)", 1.24),
        (0x004310B7, "LO", ["1", "0", "10", "0"], None, None),
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


def test_compressed_sensing_multiplies_the_reduction_by_asset(tmp_path, scan):
    made = scan()
    for header in made.slices:
        header.add_new(0x00431083, "DS", ["0.5", "1"])
        header.add_new(0x004310B7, "LO", ["1.5", "1", "10", "0"])
    a = _acquisition(tmp_path, made)
    assert a.parallel_factor == 3.0
    assert a.parallel_technique == "ASSET, (0043,1083) and compressed sensing, (0043,10b7)"


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"ParallelReductionFactorInPlane": 1.7}, ("SENSE, (2005,140f)", 1.7)),
        ({"ParallelAcquisition": "YES", "ParallelAcquisitionTechnique": "SENSE"}, ("SENSE, (2005,140f)", None)),
        ({"ParallelAcquisition": "NO"}, (None, 1.0)),
        ({"RepetitionTime": 500.0}, (None, None)),
    ],
)
def test_philips_keeps_elements_of_the_enhanced_format_in_a_private_sequence(tmp_path, scan, elements, expected):
    made = scan()
    for header in made.slices:
        item = Dataset()
        for keyword, value in elements.items():
            setattr(item, keyword, value)
        header.private_block(0x2005, "Philips MR Imaging DD 005", create=True)
        header.add_new(0x20050014, "LO", "Philips MR Imaging DD 005")
        header.add_new(0x2005140F, "SQ", [item])
    a = _acquisition(tmp_path, made)
    assert (a.parallel_technique, a.parallel_factor) == expected


PROCESSED = [
    ((0x004310CA, "LO", ["0.75", "High"]), "deep learning", "AIR Recon DL (0043,10ca) 0.75 High"),
    (
        (0x00211175, "CS", ["ORIGINAL", "PRIMARY", "M", "DRG", "DIS2D"]),
        "deep learning",
        "Deep Resolve Gain (DRG) (0021,1175)",
    ),
    (
        (0x00211175, "CS", ["ORIGINAL", "PRIMARY", "M", "DRB", "DRS"]),
        "deep learning",
        "Deep Resolve Boost (DRB) (0021,1175)",
    ),
    ((0x00211175, "CS", ["ORIGINAL", "PRIMARY", "M", "NORM"]), "reconstruction-uniformity", "NORM (0021,1175)"),
    ((0x00211175, "CS", ["ORIGINAL", "PRIMARY", "M", "FIL"]), "reconstruction-filter", "FIL (0021,1175)"),
    ((0x00211176, "LO", ["ACCAlgo:9", "NormalizeAlgo:PreScan"]), "reconstruction-uniformity", "NormalizeAlgo:PreScan"),
    ((0x00211176, "LO", ["IterativeDenoising:RelStrength=0.85"]), "reconstruction-filter", "IterativeDenoising"),
]


@pytest.mark.parametrize(("element", "code", "quoted"), PROCESSED)
def test_what_vendors_say_of_the_reconstruction_reaches_snr(tmp_path, scan, element, code, quoted):
    made = scan()
    for header in made.slices:
        header.add_new(*element)
    check = check_reconstruction(_acquisition(tmp_path, made))
    said = (check.refusal or "") + "".join(f"{c.code}: {c.message}" for c in check.cautions)
    assert code in said
    assert quoted in said


@pytest.mark.parametrize(("element", "code", "quoted"), PROCESSED[1:])
def test_enhanced_files_of_siemens_say_it_in_private_functional_groups(tmp_path, scan, element, code, quoted):
    """(0021,11fe) in the shared and per-frame groups of XA."""
    inner, group = Dataset(), Dataset()
    inner.add_new(0x00210011, "LO", "SIEMENS MR SDI 02")
    inner.add_new(*element)
    group.add_new(0x00210011, "LO", "SIEMENS MR SDI 02")
    group.add_new(0x002111FE, "SQ", [inner])
    groups = {"SharedFunctionalGroupsSequence": [group], "PerFrameFunctionalGroupsSequence": [Dataset()]}
    made = scan(slices=1, SOPClassUID="1.2.840.10008.5.1.4.1.1.4.1", **groups)
    check = check_reconstruction(_acquisition(tmp_path, made))
    said = (check.refusal or "") + "".join(f"{c.code}: {c.message}" for c in check.cautions)
    assert code in said
    assert quoted in said


def test_a_reconstruction_without_learning_is_not_refused(tmp_path, scan):
    made = scan()
    for header in made.slices:
        header.add_new(0x004310CA, "LO", ["0", "Off"])
        header.add_new(0x00211175, "CS", ["ORIGINAL", "PRIMARY", "M", "DIS2D"])
        header.add_new(0x00211176, "LO", ["ACCAlgo:9"])
    a = _acquisition(tmp_path, made)
    assert a.processing == ()
    assert check_reconstruction(a).refusal is None
