"""JSON sidecars of NIfTI files: weighting, TR and TE by the rules of BIDS, and what in them is odd."""

import json

import nibabel
import numpy as np
import pytest

from vbqkit import read_study
from vbqkit.formats.sidecars import sidecars_of

SE = {"ScanningSequence": "SE", "MagneticFieldStrength": 1.5, "Manufacturer": "GE"}
T1 = SE | {"RepetitionTime": 0.6, "EchoTime": 0.012}
SAGITTAL = np.array([[4.0, 0, 0, 0], [0, 0.5, 0, 0], [0, 0, 0.5, 0], [0, 0, 0, 1]])


def write(path, **sidecars):
    """A volume, and sidecars named by their path from the dataset."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(np.ones((3, 8, 8), np.int16), SAGITTAL), path)


def tell(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


@pytest.fixture
def dataset(tmp_path):
    tell(tmp_path / "dataset_description.json", {"Name": "x", "BIDSVersion": "1.9.0"})
    write(tmp_path / "sub-01" / "ses-a" / "anat" / "sub-01_ses-a_acq-tse_T1w.nii.gz")
    return tmp_path


def volume_in(dataset):
    return next(dataset.rglob("*.nii.gz"))


def acquisition(dataset):
    [series] = read_study(volume_in(dataset)).series
    return series.acquisition


def codes(dataset):
    [series] = read_study(volume_in(dataset)).series
    return [caution.code for caution in series.cautions]


def test_times_in_seconds_become_milliseconds_and_decide_the_weighting(dataset):
    tell(volume_in(dataset).parent / "sub-01_ses-a_acq-tse_T1w.json", T1 | {"FlipAngle": 90, "PatientName": "DOE^JOHN"})
    found = acquisition(dataset)
    assert (found.tr_ms, found.te_ms, found.field_t, found.flip_angle_deg) == (600, 12, 1.5, 90)
    assert (found.weighting, found.weighting_reason) == ("T1", "spin echo with TR 600 ms and TE 12 ms")
    assert "DOE" not in repr(read_study(dataset)) + repr(found)
    assert "missing-tags" not in codes(dataset)
    assert read_study(dataset / "sub-01").not_read == ()


def test_what_lies_deeper_counts_and_what_names_another_entity_or_suffix_does_not_apply(dataset):
    """The inheritance principle of BIDS."""
    tell(dataset / "T1w.json", T1 | {"RepetitionTime": 0.5, "ReceiveCoilName": "Spine"})
    tell(dataset / "T2w.json", {"EchoTime": 0.1})
    tell(dataset / "acq-gre_T1w.json", {"ScanningSequence": "GR"})
    tell(dataset / "sub-01" / "sub-01_T1w.json", {"RepetitionTime": 0.55})
    tell(dataset / "sub-01" / "sub-02_T1w.json", {"RepetitionTime": 9.0})
    tell(volume_in(dataset).parent / "sub-01_ses-a_acq-tse_T1w.json", {"RepetitionTime": 0.6})
    assert [path.relative_to(dataset).as_posix() for path in sidecars_of(volume_in(dataset))] == [
        "T1w.json",
        "sub-01/sub-01_T1w.json",
        "sub-01/ses-a/anat/sub-01_ses-a_acq-tse_T1w.json",
    ]
    found = acquisition(dataset)
    assert (found.tr_ms, found.te_ms, found.coil, found.scanning_sequence) == (600, 12, "Spine", ("SE",))


def test_a_suffix_states_the_weighting_where_the_sidecar_does_not_say_and_nothing_speaks_against_it(dataset):
    assert acquisition(dataset).weighting == "T1"
    assert "stated by the BIDS suffix" in acquisition(dataset).weighting_reason
    tell(dataset / "T1w.json", {"RepetitionTime": 0.6, "EchoTime": 0.012})
    assert acquisition(dataset).weighting == "T1"
    tell(dataset / "T1w.json", {"ScanningSequence": "GR\\IR", "RepetitionTime": 2.3, "EchoTime": 0.003})
    assert acquisition(dataset).weighting == "unknown"  # MPRAGE, as most T1w images of BIDS are
    tell(dataset / "T1w.json", T1 | {"RepetitionTime": 3.0, "EchoTime": 0.1})
    assert acquisition(dataset).weighting == "T2"
    assert "weighting-stated-against-header" in codes(dataset)


def test_a_name_that_speaks_of_stir_leaves_the_weighting_open_and_an_inversion_time_decides(dataset):
    path = volume_in(dataset)
    path.rename(path.with_name("sub-01_ses-a_acq-stir_T2w.nii.gz"))
    assert acquisition(dataset).weighting == "unknown"
    tell(
        dataset / "T2w.json",
        SE | {"ScanningSequence": "SE_IR", "InversionTime": 0.15, "RepetitionTime": 4.0, "EchoTime": 0.06},
    )
    assert (acquisition(dataset).weighting, acquisition(dataset).ti_ms) == ("STIR", 150)


def test_contrast_agent_fat_suppression_and_derived_images_are_refused_or_doubted(dataset):
    tell(dataset / "T1w.json", T1 | {"ContrastBolusIngredient": "GADOLINIUM"})
    assert "contrast agent given" in read_study(volume_in(dataset)).series[0].refusal
    tell(dataset / "T1w.json", T1 | {"ContrastBolusIngredient": "none"})
    assert read_study(volume_in(dataset)).series[0].refusal is None
    tell(dataset / "T1w.json", T1 | {"ScanOptions": "FS"})
    assert acquisition(dataset).weighting == "unknown"
    assert "fat suppression" in acquisition(dataset).weighting_reason
    tell(dataset / "T1w.json", T1 | {"ImageType": ["DERIVED", "PRIMARY", "M"]})
    assert "derived" in read_study(volume_in(dataset)).series[0].refusal
    assert read_study(volume_in(dataset), accept_derived=True).series[0].refusal is None
    tell(dataset / "T1w.json", T1 | {"SeriesDescription": "t1 fs km map"})
    assert {"contrast-hint", "fat-suppression-hint", "content-hint"} <= set(codes(dataset))
    path = volume_in(dataset)
    path.rename(path.with_name("sub-01_ses-a_ce-gadolinium_T1w.nii.gz"))
    assert "contrast agent given" in read_study(volume_in(dataset)).series[0].refusal


def test_values_that_cannot_be_are_not_used_and_said(dataset):
    tell(dataset / "T1w.json", T1 | {"RepetitionTime": 600, "EchoTime": "12", "MagneticFieldStrength": True})
    found = acquisition(dataset)
    assert (found.tr_ms, found.te_ms, found.field_t) == (None, None, None)
    series = read_study(volume_in(dataset)).series[0]
    said = [caution.message for caution in series.cautions if caution.code == "sidecar-value"]
    assert len(said) == 3
    assert "BIDS gives times in seconds" in said[0]
    assert any("lacks RepetitionTime, EchoTime" in caution.message for caution in series.cautions)


@pytest.mark.parametrize("content", ["{", "[1]", "[" * 100_000])
def test_a_damaged_sidecar_is_a_caution(dataset, content):
    tell(dataset / "T1w.json", content)
    assert "sidecar-unreadable" in codes(dataset)


def test_without_a_dataset_only_the_file_of_the_same_name_applies_and_names_decide_nothing(tmp_path):
    write(tmp_path / "sub-01_T1w.nii.gz")
    tell(tmp_path / "T1w.json", T1)
    assert acquisition(tmp_path).weighting == "unknown"
    assert "missing-tags" in codes(tmp_path)
    tell(tmp_path / "sub-01_T1w.json", T1)
    assert acquisition(tmp_path).weighting == "T1"


def test_what_the_user_states_counts(dataset):
    tell(dataset / "T1w.json", T1)
    [series] = read_study(volume_in(dataset), weighting="T2").series
    assert series.acquisition.weighting == "T2"
    assert "weighting-stated-against-header" in [caution.code for caution in series.cautions]


def test_rois_under_the_name_of_the_volume_are_no_sidecar(dataset):
    tell(volume_in(dataset).parent / "sub-01_ses-a_acq-tse_T1w.json", {"format": "vbqkit-rois", "weighting": "T2"})
    assert acquisition(dataset).weighting == "T1"
