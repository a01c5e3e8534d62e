"""No name, number, date of birth or UID of the patient in what is printed, shown in a cell, or written to a file."""

import contextlib
import io
import json
import re
import warnings

import numpy as np
import pydicom
import pytest

from tests.privacy.planted import NAME, SAMPLE, SOUGHT, plant_study, survivors
from tests.privacy.small_files import save, tiny
from vbqkit import read_rois, read_study, write_rois
from vbqkit.cli import main
from vbqkit.errors import VbqkitError
from vbqkit.privacy.file_names import safe_name
from vbqkit.studio import RoiStudio

UID = re.compile(r"(?<![\d.])\d+(?:\.\d+){5,}")


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """One series of a sample patient, with identifiers everywhere."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return plant_study(tmp_path_factory.mktemp("study") / "in", series=("T1",), slices=7)


def said(*arguments):
    """All that a command prints."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        main(list(arguments))
    return out.getvalue() + err.getvalue()


def leaks(text, *, uids=True):
    found = [secret for secret in SOUGHT if secret.lower() in text.lower()]
    return found + (UID.findall(text) if uids else [])


def test_no_command_prints_what_identifies(planted, tmp_path):
    rois = str(SAMPLE / "reference_rois.vbqkit.json")
    printed = {
        "series": said("series", str(planted)),
        "series --json": said("series", str(planted), "--json"),
        "score": said("score", str(planted), "--rois", rois, "--json"),
        "score, refused": said("score", str(planted), "--rois", str(planted / f"{NAME}.vbqkit.json"), "--series", "9"),
        "propose": said(
            "propose", str(planted), "--out", str(tmp_path / "a.json"), "--overlay", str(tmp_path / "a.png")
        ),
        "check": said("check", str(planted), "--no-pixels"),
        "deidentify": said("deidentify", str(planted), str(tmp_path / "copy")),
    }
    outside = {name: text.replace(str(planted / f"{NAME}.vbqkit.json"), "") for name, text in printed.items()}
    assert {name: leaks(text) for name, text in outside.items() if leaks(text)} == {}
    assert all(len(text) > 100 for text in printed.values())
    assert survivors(tmp_path) == set()
    assert not UID.findall((tmp_path / "a.json").read_text())


def test_the_user_can_ask_to_see_them(planted):
    shown = said("series", str(planted), "--identify", "--json")
    (row,) = json.loads(shown)
    assert NAME in row["description"]
    assert NAME in row["source"]
    assert row["patient"] in SOUGHT


def test_no_cell_prints_them(planted):
    study = read_study(planted)
    (series,) = study
    volume = series.volume()
    cells = [
        study,
        series,
        series.acquisition,
        volume,
        volume.acquisition,
        volume.slice(3),
        [study],
        (series.acquisition,),
    ]
    assert {type(cell).__name__: leaks(repr(cell)) for cell in cells if leaks(repr(cell))} == {}
    assert "SAG T1 ***" in repr(series)
    assert "patient not pseudonymised" in repr(series)
    assert "tr_ms=550.0" in repr(series.acquisition)
    with pytest.raises(VbqkitError) as refused:
        study.find("T2")
    assert leaks(str(refused.value).replace(str(planted), "")) == []


def test_files_and_pictures_of_the_studio_hold_none(planted, tmp_path):
    volume = read_study(planted).series[0].volume()
    rois = read_rois(SAMPLE / "reference_rois.vbqkit.json").rois
    studio = RoiStudio(volume, rois=rois, case_file=tmp_path / "case.vbqkit.json")
    (tmp_path / "picture.svg").write_text(str(studio.snapshot()), encoding="utf-8")
    for ending in ("json", "csv", "zip", "nii.gz"):
        write_rois(tmp_path / f"rois.{ending}", rois, image=volume)
    assert survivors(tmp_path) == set()
    assert not UID.findall((tmp_path / "rois.json").read_text())
    assert {"rois.json", "rois.csv", "rois.zip", "rois.nii.gz", "picture.svg"} <= {p.name for p in tmp_path.iterdir()}


def test_a_header_that_speaks_of_everything_is_quoted_without_names(tmp_path):
    """Each element that a message quotes, with a name in it."""
    quoted = {
        "SeriesDescription": f"T2 localizer map {NAME}",
        "ContrastBolusAgent": NAME,
        "BodyPartExamined": NAME.upper(),
        "DerivationDescription": f"filtered {NAME}",
        "ImageType": ["ORIGINAL", "PRIMARY", NAME.upper()],
        "PhotometricInterpretation": NAME.upper(),
        "Modality": NAME.upper(),
        "RescaleType": NAME,
        "ScanOptions": NAME.upper(),
        "ScanningSequence": NAME.upper(),
        "ConversionType": NAME.upper(),
        "SequenceName": f"*fl2d {NAME}"[:16],
        "LossyImageCompressionMethod": NAME.upper(),
        "PresentationLUTShape": NAME.upper(),
        "MagnetizationTransfer": NAME.upper(),
        "ContrastBolusRoute": NAME,
        "AcquisitionContrast": NAME.upper(),
        "PatientID": NAME,
        "StudyDate": NAME,
        "ReceiveCoilName": NAME,
        "Manufacturer": NAME,
        "ManufacturerModelName": NAME,
        "ParallelAcquisitionTechnique": NAME.upper(),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, (keyword, value) in enumerate(quoted.items()):
            save(tiny(**{keyword: value}), tmp_path / str(number) / "IM1.dcm")
        save(tiny(**quoted), tmp_path / "all" / "IM1.dcm")
    for folder in sorted(tmp_path.iterdir()):
        study = read_study(folder)
        texts = [repr(study), *(repr(s.acquisition) for s in study), *(str(c) for s in study for c in s.cautions)]
        texts += [f"{series.refusal} {series.acquisition.weighting_reason}" for series in study]
        texts += [said("series", str(folder)), said("series", str(folder), "--json")]
        with contextlib.suppress(VbqkitError):
            texts += [str(caution) for caution in study.series[0].volume().cautions]
        assert leaks("".join(texts)) == [], folder.name


def damaged_headers(rng, count):
    """A planted header with bytes changed: lengths, VRs, values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        header = tiny(
            PatientName=f"{NAME}^Quintilla",
            PatientID=SOUGHT[2],
            PatientBirthDate=SOUGHT[3],
            InstitutionName=SOUGHT[6],
            AccessionNumber=SOUGHT[4],
            OperatorsName=SOUGHT[5],
        )
    buffer = io.BytesIO()
    header.file_meta = pydicom.dataset.FileMetaDataset()
    header.file_meta.MediaStorageSOPClassUID, header.file_meta.MediaStorageSOPInstanceUID = (
        header.SOPClassUID,
        "2.25.11",
    )
    header.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    pydicom.dcmwrite(buffer, header, enforce_file_format=True)
    whole = buffer.getvalue()
    modality = whole.index(b"CS\x02\x00MR")
    yield (
        whole[: modality + 2] + (300).to_bytes(2, "little") + whole[modality + 4 :]
    )  # Modality holds 300 bytes of header
    for _ in range(count):
        data = bytearray(whole)
        for _ in range(int(rng.integers(1, 4))):
            place = int(rng.integers(132, 900))
            data[place] = int(rng.integers(0, 256))
        yield bytes(data)


@pytest.mark.parametrize("count", [60, pytest.param(2000, marks=pytest.mark.slow)])
def test_damaged_headers_print_none_either(tmp_path, count):
    for number, content in enumerate(damaged_headers(np.random.default_rng(11), count)):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(content)
        texts = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                study = read_study(path)
                texts = [
                    repr(study),
                    *(repr(s.acquisition) for s in study),
                    *(str(c) for s in study for c in s.cautions),
                ]
                texts += [f"{series.refusal} {series.acquisition.weighting_reason}" for series in study]
                texts += [str(caution) for caution in study.series[0].volume().cautions]
            except VbqkitError as error:
                texts.append(str(error))
            texts.append(said("check", str(path)))
        assert leaks("".join(texts), uids=False) == [], number


@pytest.mark.parametrize(
    ("name", "shown"),
    [("IM0001.dcm", "IM0001.dcm"), ("Novak_T1", "***_T1"), ("1.3.12.2.1107.5.2.43.1", "***"), ("2026-01-02", "***")],
)
def test_names_of_files_keep_what_finds_them(name, shown):
    assert safe_name(name) == shown
