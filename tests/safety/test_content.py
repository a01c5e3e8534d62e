"""What the image shows: every element that says it is no plain T1, T2 or STIR is heard, and what it says stays."""

import warnings

import pytest
from pydicom.dataset import Dataset

from vbqkit import read_study
from vbqkit.cli import main


def codes(thing):
    return {caution.code for caution in thing.cautions}


def message(thing, code):
    (found,) = [caution.message for caution in thing.cautions if caution.code == code]
    return found


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["DIXON", "WATER"], "water image of a fat-water separation"),
        (["DIXON", "FAT"], "fat image"),
        (["DIXON", "FAT_FRACTION"], "fraction map"),
        (["DIXON", "NONE"], "does not say which"),
        (["W", "W", "SE"], "water image"),
        (["F", "F", "SE"], "fat image"),
        (["M", "ND", "FAT"], "fat image"),
        (["M", "DIXON", "OPP_PHASE"], "opposed-phase image"),
        (["OUT_PHASE"], "opposed-phase image"),
        (["PHASE MAP", "P", "SE"], "phase image"),
        (["T1 MAP", "T1", "SE"], "quantitative map"),
        (["T2", "T2"], "quantitative map"),
        (["M", "R2_STAR"], "quantitative map"),
        (["PDFF"], "fraction map"),
        (["MYELIN"], "not known to be magnitude ('MYELIN')"),
        (["SYNTHETIC"], "derived image"),
        (["M", "SYNTHETIC"], "derived image"),
        (["OTHER", "SYNTHETIC T1"], "derived image"),
        (["SYNTHMR"], "derived image"),
    ],
)
def test_an_original_image_that_is_not_plain_magnitude_is_refused(series_of, values, words):
    series = series_of(ImageType=["ORIGINAL", "PRIMARY", *values])
    assert words in series.refusal
    assert series.volume().refusal == series.refusal


@pytest.mark.parametrize(
    "values",
    [
        ["M", "ND"], ["M", "ND", "NORM", "DIS2D", "FM", "FIL"], ["M_SE", "M", "SE"], ["OTHER"], ["T1", "NONE"],
        ["M_IR", "M", "IR"], [], ["MAGNITUDE"],
    ],
)  # fmt: skip
def test_what_scanners_write_for_magnitude_is_scorable_without_a_caution(series_of, values):
    series = series_of(ImageType=["ORIGINAL", "PRIMARY", *values])
    assert series.refusal is None
    assert "image-type-unknown" not in codes(series)


def test_an_unknown_value_beside_magnitude_cautions(series_of):
    series = series_of(ImageType=["ORIGINAL", "PRIMARY", "M", "XYZ"])
    assert series.scorable
    assert "'***'" in message(series.volume(), "image-type-unknown")


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"ComplexImageComponent": "PHASE"}, "phase image by ComplexImageComponent (0008,9208)"),
        ({"ComplexImageComponent": "REAL"}, "real part image"),
        ({"RescaleType": "ms"}, "a map in the unit 'ms' by RescaleType (0028,1054)"),
        ({"RescaleType": "%"}, "a map in the unit '%'"),
        ({"AcquisitionContrast": "DIFFUSION"}, "diffusion by AcquisitionContrast"),
        ({"DiffusionBValue": 500.0}, "diffusion by DiffusionBValue"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.30"}, "no MR image by SOPClassUID"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "no MR image by SOPClassUID"),
    ],
)
def test_other_elements_than_image_type_are_heard(series_of, tags, words):
    assert words in series_of(**tags).refusal


@pytest.mark.parametrize(("tag", "vr", "value"), [(0x0043102F, "SS", 1), (0x20051011, "CS", "P")])
def test_the_phase_images_of_ge_and_philips_are_refused(series_of, tag, vr, value):
    series = series_of(lambda header: header.add_new(tag, vr, value))
    assert "phase image by" in series.refusal


@pytest.mark.parametrize(("tag", "vr", "value"), [(0x0043102F, "SS", 0), (0x20051011, "CS", "M")])
def test_the_magnitude_images_of_ge_and_philips_are_not(series_of, tag, vr, value):
    assert series_of(lambda header: header.add_new(tag, vr, value)).scorable


@pytest.mark.parametrize("sequence", [["SE"], ["RM"], ["SE", "IR"], []])
@pytest.mark.parametrize(
    ("tr_ms", "te_ms", "ti_ms", "weighting"),
    [(2600, 62, 150, "STIR"), (9000, 90, 2500, "unknown"), (900, 12, 400, "unknown"), (2000, 8, 860, "unknown")],
)
def test_a_stated_inversion_time_is_never_ignored(series_of, sequence, tr_ms, te_ms, ti_ms, weighting):
    series = series_of(
        RepetitionTime=tr_ms, EchoTime=te_ms, InversionTime=ti_ms, ScanningSequence=sequence, EchoTrainLength=9
    )
    assert series.acquisition.weighting == weighting
    assert f"TI {ti_ms} ms" in series.acquisition.weighting_reason


@pytest.mark.parametrize("ti_ms", [0, -1])
def test_an_inversion_time_of_0_is_none(series_of, ti_ms):
    assert series_of(InversionTime=ti_ms).acquisition.weighting == "T1"


@pytest.mark.parametrize(
    "tags",
    [
        {"ScanOptions": "FS"},
        {"ScanOptions": ["PFP", "SPIR"]},
        {"SequenceVariant": ["SK", "WE"]},
        {"ScanOptions": "FATSAT_GEMS"},
        {"ScanOptions": ["FC", "FSAT"]},
        {"SequenceVariant": ["SK", "IDEAL"]},
        {"SpectrallySelectedSuppression": "WATER"},
        {"SpectrallySelectedSuppression": "NONE", "ScanOptions": "FS"},
        {"SpectrallySelectedExcitation": "WATER"},
        {"SpectrallySelectedExcitation": "FAT"},
    ],
)
def test_fat_suppression_in_the_tags_leaves_the_weighting_unknown(series_of, tags):
    series = series_of(**tags)
    assert series.acquisition.weighting == "unknown"
    assert "fat suppression" in series.acquisition.weighting_reason


@pytest.mark.parametrize(
    "tags",
    [
        {"SeriesDescription": "t1_tse_fs_sag"},
        {"SeriesDescription": "SAG T1 SPIR"},
        {"SeriesDescription": "T2_SPAIR"},
        {"SeriesDescription": "T1 CHESS"},
        {"ProtocolName": "T1 WE SAG"},
        {"SeriesDescription": "T1 mDIXON-W"},
        {"SeriesDescription": "t2_tse_dixon_sag_W"},
        {"SeriesDescription": "T1 fettgesättigt", "SpecificCharacterSet": "ISO_IR 192"},
        {"SeriesDescription": "T1 压脂", "SpecificCharacterSet": "ISO_IR 192"},
        {"SequenceName": "tse_fs"},
        {"SeriesDescription": "T1 IDEAL"},
        {"SeriesDescription": "W T1 Flex"},
        {"SeriesDescription": "eSPAIR T1"},
        {"SeriesDescription": "T1 FSAT"},
        {"SeriesDescription": "T1 SPECIAL"},
        {"SeriesDescription": "T1tseFS"},
        {"SeriesDescription": "T1 Wasseranregung"},
        {"SeriesDescription": "T1 so saturáciou tuku", "SpecificCharacterSet": "ISO_IR 192"},
        {"SeriesDescription": "T1 sat graisse"},
        {"SeriesDescription": "T1 水相", "SpecificCharacterSet": "ISO_IR 192"},
        *(
            {"SeriesDescription": f"T1 {text}", "SpecificCharacterSet": "ISO_IR 192"}
            for text in (
                "tlmenie tuku",
                "fat null",
                "fatnulled",
                "SpectralFatSat",
                "chemsat",
                "f.s.",
                "脂抑",
                "壓脂",
                "水脂分离",
            )
        ),
    ],
)
def test_fat_suppression_in_the_names_cautions(series_of, tags):
    series = series_of(**tags)
    assert "fat-suppression-hint" in codes(series)
    assert "fat-suppression-hint" in codes(series.volume())


@pytest.mark.parametrize(
    "text",
    [
        "SAG T1 TSE",
        "FSE-XL T1",
        "T1 ohne FS",
        "WEB T1",
        "fast spin echo",
        "T1 bez potlačenia tuku",
        "T1 bez saturácie tuku",
        "T1 非压脂",
    ],
)
def test_names_without_fat_suppression_do_not(series_of, text):
    assert "fat-suppression-hint" not in codes(series_of(SeriesDescription=text, SpecificCharacterSet="ISO_IR 192"))


@pytest.mark.parametrize(
    "text",
    [
        "SAG T1 W CONTRAST",
        "SAG T1 C+",
        "SAG T1 POST",
        "T1CE SAG",
        "SAG T1 +KM",
        "SAG T1 GADOVIST",
        "T1 s k.l.",
        "T1 po k.l.",
        "T1 nach KM",
        "T1 mit KM",
        "T1 Gd",
        "SAG T1 +C",
        "T1 avec contraste",
        "T1 增强",
        "T1 造影",
        "T1 POST GAD",
        "t1_tse_post_contrast",
        "WITH AND WITHOUT CONTRAST",
        "T1 с контрастом",
        "T1GD",
        "SAG T1 WC",
        "T1 W/C",
        "W+WO",
        "SAG T1+",
        "T1FSPGR+C",
        "T1post",
        "SAG T1 WITH",
        "T1 INJ",
        "SAG T1 IV",
        "T1 CM",
        "T1 contr.",
        "T1 mKM",
        "T1 p.c.",
        "T1 dopo mdc",
        "T1 po kontraście",
        "T1 kontrasztos",
        "T1 钆",
        "注药后 T1",
        "T1 cont",
        "T1_CONT",
        "T1 cont.",
        "T1 w/cont",
        "T1Cont",
        "cont T1",
        "T1 con",
        "T1 W CON",
        "T1 with c",
        "T1_C",
        "T1 enh",
        "T1 GBCA",
        "T1 c.e.",
        "T1 PG",
        "T1 contrst",
        "T1 7.5 ml",
        "T1 nKM",
        "T1 nach KMGabe",
        "T1 Kontr.mittel",
        "T1 kontr",
        "T1 po kontr.",
        "T1KL",
        "T1 contrastado",
        "T1 加强",
        "打药后 T1",
        "T1 增強",
        "T1 对比增强",
        "T1 增强前后",
        "T1 после КУ",
    ],
)
def test_words_for_contrast_agent_caution_in_every_language(series_of, text):
    series = series_of(SeriesDescription=text, SpecificCharacterSet="ISO_IR 192")
    assert series.scorable
    assert "contrast-hint" in codes(series.volume())


@pytest.mark.parametrize(
    "text",
    [
        "SAG T1",
        "SPICE",
        "T1 ohne KM",
        "T1 bez k.l.",
        "T1 W/O CONTRAST",
        "T1 NON CONTRAST",
        "T1 C-",
        "T1 nativ",
        "T1 PRE GD",
        "POSTERIOR",
        "T1 post op",
        "C1-C2",
        "T1 平扫",
        "SPACE",
        "t1_tse_sag",
        "contrast: none",
        "T1 keine KM",
        "L-SPINE W/O IV CONTRAST",
        "T1 ohne i.v. KM",
        "T1 kontrastlos",
        "bez kontrastnej látky",
        "FOV 30 cm",
        "T1 未注射",
        "continued",
        "T1 CONTINUED",
        "T1 control",
        "T1 cont'd",
        "T1 contd",
        "T1 contiguous",
        "T1 contour",
        "CONUS",
        "T1 no cont",
        "T1 w/o cont",
        "T1_PRE_CONT",
        "Verlaufskontrolle",
        "T1 kontrola po operácii",
        "kontrolné vyšetrenie",
        "T1 o. KM",
        "T1 KM-frei",
        "T1 vor Gabe von KM",
        "T1 pred podaním KL",
        "T1 pred aplikáciou k.l.",
        "T1 bez aplikácie KL",
        "T1 增强前",
        "T1 非增强",
        "打药前 T1",
        "high contrast",
    ],
)
def test_words_that_deny_contrast_agent_do_not(series_of, text):
    assert "contrast-hint" not in codes(series_of(SeriesDescription=text, SpecificCharacterSet="ISO_IR 192"))


def test_a_comment_on_contrast_is_heard_and_not_repeated(series_of):
    series = series_of(ImageComments="Mrs Doe, after 7 ml Gadovist")
    assert "'Gadovist'" in message(series, "contrast-hint")
    assert "Doe" not in repr(series.cautions)


@pytest.mark.parametrize(
    "agent",
    [
        "-",
        "N/A",
        "NIL",
        "NONE GIVEN",
        "OHNE KM",
        "BEZ KL",
        "NATIV",
        "无",
        "no",
        "kein KM",
        "None Used",
        "0 ml",
        "nie",
        "kein Kontrastmittel",
        "bez kontrastnej látky",
        "NO IV CONTRAST",
        "ohne i.v. KM",
        "keine KM-Gabe",
        "žiadny",
        "未使用",
        "o. KM",
        "W/O CONTRAST",
        "KM: keine",
        "CONTRAST: NO",
        "bez aplikácie KL",
        "žiadna KL",
        "nepodané",
        "nebola podaná",
        "natívne",
        "unenhanced",
        "平扫",
        "未注射",
        "無",
        "0ml",
    ],
)
def test_none_in_any_words_is_none(series_of, agent):
    series = series_of(ContrastBolusAgent=agent, SpecificCharacterSet="ISO_IR 192")
    assert series.acquisition.contrast_agent is None
    assert series.scorable
    assert "contrast-hint" not in codes(series)


@pytest.mark.parametrize(
    "agent",
    [
        "unknown",
        "UNKNOWN",
        "Unknown agent",
        "UNK",
        "?",
        "XX",
        "n.k.",
        "TBD",
        "not recorded",
        "unbekannt",
        "keine Angabe",
        "neznáme",
        "neuvedené",
        "nieznany",
        "inconnu",
        "sconosciuto",
        "desconocido",
        "未知",
        "不详",
    ],
)
@pytest.mark.parametrize("keyword", ["ContrastBolusAgent", "ContrastBolusIngredient"])
def test_an_agent_that_nobody_knows_is_not_none(series_of, keyword, agent):
    series = series_of(lambda header: _as_text(header, keyword, agent), SpecificCharacterSet="ISO_IR 192")
    assert keyword in message(series.volume(), "contrast-hint")


@pytest.mark.parametrize("agent", ["YES", "ja", "Clarity 10", "Produkt 7", "1", "造影剂"])
def test_a_text_that_is_no_known_none_is_an_agent(series_of, agent):
    assert "contrast agent" in series_of(ContrastBolusAgent=agent, SpecificCharacterSet="ISO_IR 192").refusal


def _as_text(header, keyword, value):
    header.add_new(keyword, "LO", value)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("ContrastBolusVolume", "7.5 ml"),
        ("ContrastBolusVolume", "7,5"),
        ("ContrastFlowRate", "2 ml/s"),
        ("ContrastBolusTotalDose", "0.1 mmol/kg"),
    ],
)
def test_an_amount_of_agent_written_with_its_unit_is_one(series_of, keyword, value):
    assert keyword in series_of(lambda header: _as_text(header, keyword, value)).refusal


def _in_a_sequence(keyword, **tags):
    def change(header):
        item = Dataset()
        for name, value in tags.items():
            setattr(item, name, value)
        setattr(header, keyword, [item])

    return change


@pytest.mark.parametrize(
    "change",
    [
        _in_a_sequence("ContrastAdministrationProfileSequence", ContrastBolusVolume=7),
        _in_a_sequence("ContrastBolusUsageSequence", ContrastBolusAgentAdministered="YES"),
    ],
)
def test_every_sequence_of_the_contrast_module_is_heard(series_of, change):
    assert "contrast agent given" in series_of(change).refusal


@pytest.mark.parametrize(
    "tags",
    [
        {"ContrastBolusAgentNumber": 1},
        {"ContrastBolusIngredientOpaque": "YES"},
        {"ContrastBolusT1Relaxivity": 4.5},
        {"AcquisitionComments": "after 7 ml Gadovist"},
        {"StudyDescription": "MRI LUMBAR SPINE W CONTRAST"},
        {"PerformedProcedureStepDescription": "LWS mit KM"},
        {"RequestedProcedureDescription": "MR LS chrbtice s k.l."},
    ],
)
def test_what_only_hints_at_contrast_agent_cautions(series_of, tags):
    assert "contrast-hint" in codes(series_of(**tags).volume())


def test_a_series_before_contrast_agent_in_an_examination_with_it_has_no_caution(series_of):
    series = series_of(StudyDescription="MRI LUMBAR W WO CONTRAST", SeriesDescription="SAG T1 PRE CONTRAST")
    assert "contrast-hint" not in codes(series)


def _mapped_to(unit):
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = unit, "UCUM", "unit"
    return _in_a_sequence("RealWorldValueMappingSequence", MeasurementUnitsCodeSequence=[code], RealWorldValueSlope=1.0)


@pytest.mark.parametrize("unit", ["ms", "%", "Hz", "um2/s"])
def test_values_that_stand_for_a_quantity_are_a_map(series_of, unit):
    assert f"a map in the unit '{unit}'" in series_of(_mapped_to(unit)).refusal


@pytest.mark.parametrize("unit", ["1", "[arb'U]", "{signal}", "no units"])
def test_values_that_stand_for_no_quantity_are_not(series_of, unit):
    assert series_of(_mapped_to(unit)).scorable


@pytest.mark.parametrize("unit", ["SIGNAL INTENSITY (UNITLESS)", "arbitrary", "normalized", "US"])
def test_a_rescale_type_that_names_no_quantity_is_signal(series_of, unit):
    assert series_of(RescaleType=unit).scorable


def test_values_that_only_a_table_turns_into_signal_are_refused(series_of):
    series = series_of(_in_a_sequence("ModalityLUTSequence", ModalityLUTType="US", LUTDescriptor=[4096, 0, 16]))
    assert "only a table turns into signal" in series.refusal


@pytest.mark.parametrize("kind", ["SI", "DF", "DRW"])
def test_a_copy_of_a_picture_is_refused(series_of, kind):
    assert "copy of a picture" in series_of(ConversionType=kind).refusal


@pytest.mark.parametrize(
    "tags",
    [
        {"SeriesDescription": "T1 MAP"},
        {"SeriesDescription": "sag t1 opp phase"},
        {"ProtocolName": "T1 SUB"},
        {"SeriesDescription": "T1 phase"},
        {"SeriesDescription": "SAG T1 FLAIR"},
        {"SequenceName": "*fl2d1"},
        {"SeriesDescription": "T1 FSPGR"},
        {"SeriesDescription": "T1 TFE"},
        {"PresentationLUTShape": "INVERSE"},
        {"DerivationDescription": "Gaussian filtered"},
    ],
)
def test_names_of_another_image_than_a_plain_spin_echo_caution(series_of, tags):
    assert "content-hint" in codes(series_of(**tags).volume())


@pytest.mark.parametrize("text", ["SAG T1 TSE", "T1 FSE phased array", "T1 no phase wrap", "T1 subacute", "T2 FRFSE"])
def test_names_of_a_plain_spin_echo_do_not(series_of, text):
    assert "content-hint" not in codes(series_of(SeriesDescription=text))


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"MRAcquisitionType": "3D"}, "a 3D acquisition"),
        ({"MagneticFieldStrength": 7}, "a field of 7 T"),
        ({"MagneticFieldStrength": 0.25}, "a field of 0.25 T"),
        ({"SequenceVariant": ["SK", "MTC"]}, "magnetisation transfer"),
        ({"MagnetizationTransfer": "ON_RESONANCE"}, "magnetisation transfer"),
        ({"BodyPartExamined": "HEAD"}, "the body part 'HEAD'"),
        ({"BodyPartExamined": "CSPINE"}, "the body part 'CSPINE'"),
        ({"FlipAngle": 30, "EchoTrainLength": 1}, "a flip angle of 30 degrees"),
    ],
)
def test_a_protocol_that_no_score_was_published_with_cautions(series_of, tags, words):
    assert words in message(series_of(**tags).volume(), "protocol-unusual")


@pytest.mark.parametrize(
    "part", ["LSPINE", "SPINE", "LUMBAR SPINE", "TLSPINE", "LWS", "WHOLEBODY", "SPINAL COLUMN", ""]
)
def test_a_usual_protocol_does_not(series_of, part):
    series = series_of(BodyPartExamined=part, MRAcquisitionType="2D", FlipAngle=150, EchoTrainLength=3)
    assert "protocol-unusual" not in codes(series)


def gadolinium():
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "C-B0322", "SRT", "Gadolinium"
    return [code]


@pytest.mark.parametrize(
    "tags",
    [
        {"ContrastBolusAgentSequence": gadolinium()},
        {"ContrastBolusIngredientCodeSequence": gadolinium()},
        {"ContrastBolusAgent": "", "ContrastBolusVolume": "7.5"},
        {"ContrastBolusTotalDose": "7.5"},
        {"ContrastFlowRate": "2"},
        {"ContrastBolusIngredient": "GADOLINIUM"},
    ],
)
def test_every_element_of_the_contrast_module_refuses(series_of, tags):
    series = series_of(**tags)
    assert "contrast agent given" in series.refusal
    assert "contrast agent given" in series.volume().refusal


@pytest.mark.parametrize("tags", [{"ContrastBolusRoute": "IV"}, {"ContrastBolusStartTime": "101500"}])
def test_a_route_or_a_time_alone_cautions(series_of, tags):
    assert "contrast-hint" in codes(series_of(**tags))


def test_a_volume_of_0_is_no_contrast_agent(series_of):
    assert series_of(ContrastBolusVolume="0", ContrastBolusRoute="").scorable


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"ScanOptions": "FS"}, "with fat suppression"),
        ({"ScanningSequence": "GR"}, "gradient echo"),
        ({"ScanningSequence": ["SE", "IR"], "InversionTime": 860}, "TI 860 ms"),
        ({"SeriesDescription": "SAG T2"}, "its description hints at T2"),
        ({"RepetitionTime": 3000, "EchoTime": 100}, "T2 (spin echo with TR 3000 ms and TE 100 ms)"),
    ],
)
def test_a_stated_weighting_does_not_erase_what_the_header_says(tmp_path, series_of, tags, words):
    volume = series_of(**tags).volume().with_acquisition(weighting="T1")
    assert volume.acquisition.weighting == "T1"
    assert message(volume, "weighting-stated-against-header").startswith("Stated T1, but the header says: ")
    assert words in message(volume, "weighting-stated-against-header")
    (stated,) = read_study(tmp_path, weighting="T1")
    assert words in message(stated, "weighting-stated-against-header")
    assert words in message(stated.volume(), "weighting-stated-against-header")
    again = volume.with_acquisition(weighting="T1").with_acquisition(vendor="Acme")
    assert again.cautions == volume.cautions


def test_a_weighting_that_the_header_leaves_open_may_be_stated(series_of):
    series = series_of(lambda header: [delattr(header, name) for name in ("EchoTime", "ScanningSequence")])
    assert "weighting-stated-against-header" not in codes(series.volume().with_acquisition(weighting="T1"))


def test_a_refusal_stays_with_the_volume(series_of):
    volume = series_of(ContrastBolusAgent="Gadovist").volume()
    assert volume.refusal == "contrast agent given (Gadovist): it changes marrow and CSF signal"
    assert volume.with_acquisition(weighting="T1", vendor="Acme").refusal == volume.refusal
    assert "not scorable: contrast agent" in repr(volume)


def test_old_originals_tagged_derived_are_read_when_the_user_says_so(tmp_path, scan, capsys):
    scan(slices=3, ImageType=["DERIVED", "SECONDARY"]).write(tmp_path)
    assert "derived image" in read_study(tmp_path).series[0].refusal
    (series,) = read_study(tmp_path, accept_derived=True)
    assert series.scorable
    assert "DERIVED" in message(series.volume(), "derived-accepted")
    assert main(["series", str(tmp_path), "--accept-derived"]) == 0
    assert "derived-accepted" in capsys.readouterr().out


@pytest.mark.parametrize(
    "values",
    [["DERIVED", "SECONDARY", "MPR"], ["DERIVED", "PRIMARY", "ADC"], ["DERIVED", "SECONDARY", "DIXON", "WATER"]],
)
def test_what_really_was_computed_stays_refused(tmp_path, scan, values):
    scan(slices=3, ImageType=values).write(tmp_path)
    assert read_study(tmp_path, accept_derived=True).series[0].refusal


@pytest.mark.parametrize(
    "tags",
    [
        {"LossyImageCompression": "01"},
        {"LossyImageCompressionMethod": "ISO_15444_1"},
        {"LossyImageCompressionRatio": "30"},
        {"DerivationDescription": "Lossy JPEG compression 30:1"},
    ],
)
def test_lossy_compression_is_known_by_any_of_its_elements(series_of, tags):
    assert "lossy" in codes(series_of(**tags).volume())


def test_a_header_that_lost_a_length_shows_nothing_of_its_neighbours(series_of):
    def change(header):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header.Modality = "MR" + "x" * 400 + "Doe^Jane"
            header.SeriesDescription = "T1 " + "Doe^Jane " * 60

    series = series_of(change)
    assert max(map(len, (series.acquisition.series_description, series.acquisition.modality))) <= 64
    assert len(series.refusal or "") < 200
