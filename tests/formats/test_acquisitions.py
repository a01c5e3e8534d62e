"""What a header says of the acquisition, and what is odd about it."""

import pytest
from pydicom.dataset import Dataset

from vbqkit.formats import read_study


def _read(folder, made):
    made.write(folder)
    (series,) = read_study(folder)
    return series


def _codes(series):
    return {caution.code for caution in series.cautions}


def test_the_physics_tags_arrive_in_their_units(tmp_path, scan):
    made = scan(
        InversionTime=150, EchoTrainLength=7, FlipAngle=150, PixelBandwidth=180.5, NumberOfAverages=2,
        SpacingBetweenSlices=4.4, ManufacturerModelName="Model X", ReceiveCoilName="SP2", SequenceName="*tir2d",
        ScanningSequence=["SE", "IR"], ScanOptions=["IR", "PFP"], BodyPartExamined="LSPINE",
    )  # fmt: skip
    a = _read(tmp_path, made).acquisition
    assert (a.modality, a.tr_ms, a.te_ms, a.ti_ms) == ("MR", 600.0, 12.0, 150.0)
    assert (a.echo_train_length, a.flip_angle_deg, a.bandwidth_hz_per_px, a.averages) == (7, 150.0, 180.5, 2.0)
    assert (a.field_t, a.vendor, a.model, a.coil, a.sequence_name) == (1.5, "Acme", "Model X", "SP2", "*tir2d")
    assert (a.slice_thickness_mm, a.spacing_between_slices_mm, a.body_part) == (4.0, 4.4, "LSPINE")
    assert (a.scanning_sequence, a.scan_options, a.sequence_variant) == (("SE", "IR"), ("IR", "PFP"), ("SK",))
    assert (a.weighting, a.series_number, a.series_description) == ("STIR", 3, "T1")
    assert not a.synthetic
    assert len({a.series_uid, a.study_uid, a.frame_of_reference_uid}) == 3


def test_a_field_strength_that_no_magnet_has_is_distrusted_and_said(tmp_path, scan):
    series = _read(tmp_path, scan(MagneticFieldStrength=2000))
    assert series.acquisition.field_t is None
    (caution,) = [c for c in series.cautions if c.code == "field-strength"]
    assert "MagneticFieldStrength (0018,0087) says 2000 T, which no scanner has" in caution.message


@pytest.mark.parametrize("field_t", [0.25, 1.2, 3, 7])
def test_field_strengths_of_real_magnets_are_believed(tmp_path, scan, field_t):
    series = _read(tmp_path, scan(MagneticFieldStrength=field_t))
    assert series.acquisition.field_t == field_t
    assert "field-strength" not in _codes(series)


def test_tags_that_an_anonymiser_stripped_are_listed_and_the_series_is_read(tmp_path, scan):
    stripped = ("Modality", "SOPClassUID", "RepetitionTime", "EchoTime", "ScanningSequence", "Manufacturer")
    series = _read(tmp_path, scan().drop(*stripped))
    (caution,) = [c for c in series.cautions if c.code == "missing-tags"]
    for name in (
        "Modality (0008,0060)",
        "SOPClassUID (0008,0016)",
        "RepetitionTime (0018,0080)",
        "EchoTime (0018,0081)",
    ):
        assert name in caution.message
    assert series.scorable
    assert series.acquisition.weighting == "unknown"
    assert series.volume().shape == (4, 10, 8)
    by_hand = series.volume().with_acquisition(weighting="T1")
    assert by_hand.acquisition.weighting == "T1"


def test_a_weighting_said_by_the_user_replaces_the_rule_for_every_series(tmp_path, scan):
    scan().write(tmp_path)
    (series,) = read_study(tmp_path, weighting="T2")
    assert (series.acquisition.weighting, series.acquisition.weighting_reason) == ("T2", "stated by the user")
    assert "The description 'T1' says T1, but it is taken as T2" in str(series.cautions)


def test_modality_follows_from_the_class_where_only_the_modality_was_stripped(tmp_path, scan):
    assert _read(tmp_path, scan().drop("Modality")).acquisition.modality == "MR"


@pytest.mark.parametrize(("agent", "expected"), [("Gadovist", "Gadovist"), ("NO", None), ("none", None), ("", None)])
def test_a_contrast_agent_is_one_unless_the_text_denies_it(tmp_path, scan, agent, expected):
    series = _read(tmp_path, scan(ContrastBolusAgent=agent))
    assert series.acquisition.contrast_agent == expected
    assert series.scorable is (expected is None)


def test_an_agent_in_the_enhanced_sequence_counts_too(tmp_path, scan, save_dicom):
    header = scan(slices=1).slices[0]
    header.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4.1"
    header.ContrastBolusAgentSequence = [Dataset()]
    save_dicom(header, scan(slices=1).pixels[0], tmp_path / "a.dcm")
    assert "ContrastBolusAgentSequence (0018,0012)" in read_study(tmp_path).series[0].refusal


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"LossyImageCompression": "01"}, "lossy"),
        ({"SeriesDescription": "SAG T2"}, "weighting-disagrees"),
        ({"SeriesDescription": "SAG T1 +C"}, "contrast-hint"),
    ],
)
def test_what_is_odd_becomes_a_caution(tmp_path, scan, changes, code):
    assert code not in _codes(_read(tmp_path / "plain", scan()))
    series = _read(tmp_path / "odd", scan(**changes))
    assert code in _codes(series)
    assert code in {caution.code for caution in series.volume().cautions}


@pytest.mark.parametrize(
    "changes", [{"Manufacturer": "vbqkit virtual scanner"}, {"ImageType": ["ORIGINAL", "PRIMARY", "SYNTHETIC"]}]
)
def test_simulated_series_are_known_as_synthetic(tmp_path, scan, changes):
    assert _read(tmp_path, scan(**changes)).acquisition.synthetic


def test_fat_suppression_is_read_from_the_scan_options(tmp_path, scan):
    series = _read(tmp_path, scan(ScanOptions=["FS", "PFP"]))
    assert series.acquisition.fat_suppressed is True
    assert series.acquisition.weighting == "unknown"


def test_zero_times_count_as_missing(tmp_path, scan):
    a = _read(tmp_path, scan(InversionTime=0, RepetitionTime=0)).acquisition
    assert a.ti_ms is None
    assert a.tr_ms is None


def test_descriptions_in_other_alphabets_are_read(tmp_path, scan):
    series = _read(tmp_path, scan(SpecificCharacterSet="ISO_IR 192", SeriesDescription="Лендопоясничный T1 矢状面"))
    assert series.acquisition.series_description == "Лендопоясничный T1 矢状面"


def test_the_private_scale_of_philips_is_said_not_applied(tmp_path, scan):
    made = scan(Manufacturer="Philips Medical Systems")
    for header in made.slices:
        header.private_block(0x2005, "Philips MR Imaging DD 001", create=True).add_new(0x0E, "FL", 0.0125)
    series = _read(tmp_path, made)
    (caution,) = [c for c in series.cautions if c.code == "philips-scale"]
    assert "PhilipsScaleSlope (2005,100e) is 0.0125 and is not applied" in caution.message
    assert (series.volume().pixels == made.pixels).all()
