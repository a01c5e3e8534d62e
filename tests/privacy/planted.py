"""A study with identifiers in every kind of element, around the header, behind the pixels, and in names of files."""

import base64
import shutil
import struct
from pathlib import Path

import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

SAMPLE = Path(__file__).parents[2] / "sample_data" / "case01"

NAME, GIVEN, NUMBER, BIRTH, ACCESSION = "Zwirnovska", "Quintilla", "QX7731945", "19480312", "ACC5561237"
STRANGER = "Brombachova"  # a name that no identifying element holds
PLACE = "Wolkenheim"
SOUGHT = (NAME, GIVEN, NUMBER, BIRTH, ACCESSION, STRANGER, PLACE)

# Of each VR: elements of the standard's table, elements that describe a scan, and others.
TEXTS = {
    "AE": ("RetrieveAETitle", "StationAETitle", "ScheduledStationAETitle"),
    "AS": ("PatientAge",),
    "CS": ("BodyPartExamined", "ScanOptions", "AcquisitionContrast", "PatientSex", "QualityControlImage", "Laterality"),
    "DA": ("SeriesDate", "PatientBirthDate", "LastMenstrualDate"),
    "DS": ("PatientWeight", "TriggerWindow", "SAR", "dBdt"),
    "DT": ("AcquisitionDateTime", "InstanceCoercionDateTime"),
    "IS": ("SeriesNumber", "TemporalPositionIdentifier", "ReferencedFrameNumber", "NumberOfTemporalPositions"),
    "LO": (
        "SeriesDescription",
        "InstitutionName",
        "DeviceSerialNumber",
        "Manufacturer",
        "ContrastBolusAgent",
        "OtherPatientIDs",
        "StudyDescription",
        "InsurancePlanIdentification",
        "AlgorithmName",
        "PositionReferenceIndicator",
        "TriggerSourceOrType",
    ),
    "LT": ("ImageComments", "AdditionalPatientHistory", "AcquisitionComments", "DetectorDescription"),
    "PN": ("ReferringPhysicianName", "OperatorsName", "OtherPatientNames", "PersonName"),
    "SH": (
        "StationName",
        "AccessionNumber",
        "SequenceName",
        "ReceiveCoilName",
        "StudyID",
        "StackID",
        "FrameLabelVector",
    ),
    "ST": ("InstitutionAddress", "DerivationDescription", "MetaboliteMapDescription"),
    "TM": ("StudyTime", "PatientBirthTime"),
    "UC": ("LongCodeValue", "StrainDescription"),
    "UI": ("StudyInstanceUID", "IrradiationEventUID", "DeviceUID"),
    "UR": ("RetrieveURL", "PixelDataProviderURL"),
    "UT": ("TextValue", "UniversalEntityID", "LabelText"),
}
BYTES = {
    "OB": ("EncapsulatedDocument", "ICCProfile", "DataSetTrailingPadding"),
    "OW": ("RedPaletteColorLookupTableData",),
    "OF": ("VectorGridData",),
    "UN": ("SelectorUNValue",),
}
BINARY = (
    "TableOfXBreakPoints",
    "DiffusionBValue",
    "EffectiveEchoTime",
    "TagSpacingFirstDimension",
    "AcquisitionMatrix",
    "FrameNumbersOfInterest",
    "RepresentativeFrameNumber",
    "DimensionIndexValues",
    "ReferencePixelX0",
    "DisplayedAreaTopLeftHandCorner",
    "RecommendedDisplayFrameRateInFloat",
    "DiffusionGradientOrientation",
    "TagThickness",
)
CODES = {"FL": "f", "FD": "d", "US": "H", "SS": "h", "UL": "I", "SL": "i"}


def _value(vr, name):
    return {
        "AE": name[:16],
        "AS": "078Y",
        "CS": name.upper()[:16],
        "DA": BIRTH,
        "DS": BIRTH,
        "DT": f"{BIRTH}101112",
        "IS": BIRTH,
        "PN": f"{name}^{GIVEN}",
        "SH": name[:16],
        "TM": "101112",
        "UI": f"1.2.826.{BIRTH}.77.1",
        "UR": f"http://{PLACE}.example/{name}",
    }.get(vr, f"{name} {NUMBER}")


def _plant(dataset, name, *, private=True):
    """Every VR, at one level."""
    for vr, keywords in TEXTS.items():
        for keyword in keywords:
            tag = pydicom.datadict.tag_for_keyword(keyword)
            if tag is not None:
                dataset[tag] = DataElement(tag, pydicom.datadict.dictionary_VR(tag).split(" ")[0], _value(vr, name))
    for vr, keywords in BYTES.items():
        for keyword in keywords:
            tag = pydicom.datadict.tag_for_keyword(keyword)
            if tag is not None:
                dataset[tag] = DataElement(tag, vr, _even(f"{name} {NUMBER}".encode()))
    for keyword in BINARY:
        tag = pydicom.datadict.tag_for_keyword(keyword)
        vr = pydicom.datadict.dictionary_VR(tag) if tag is not None else ""
        if vr in CODES:
            raw = f"{name} {NUMBER}".encode()
            raw += b" " * (-len(raw) % struct.calcsize(CODES[vr]))
            dataset[tag] = DataElement(tag, vr, [value[0] for value in struct.iter_unpack("<" + CODES[vr], raw)])
    if private:
        for group, creator in (
            (0x0029, "SIEMENS CSA HEADER"),
            (0x2005, "Philips MR Imaging DD 001"),
            (0x0011, f"{name} OWN"),
        ):
            block = dataset.private_block(group, creator, create=True)
            block.add_new(0x21, "LO", f"{name} {NUMBER}")
            block.add_new(0x22, "OB", _even(f"{name} {NUMBER}".encode()))
            block.add_new(0x23, "UN", _even(f"{name} {NUMBER}".encode()))
            inner = Dataset()
            _plant(inner, name, private=False)
            block.add_new(0x24, "SQ", Sequence([inner]))
        for tag in (0x00990110, 0x00990121):  # no creator
            dataset[tag] = DataElement(Tag(tag), "LO", name)


def _even(raw):
    return raw + b" " * (len(raw) % 2)


def planted(dataset):
    """The same header with identifiers everywhere; what is in it of the scan stays."""
    _plant(dataset, STRANGER)
    dataset.OtherPatientIDs, dataset.OtherPatientNames, dataset.StudyID = NUMBER, f"{NAME}^{GIVEN}", NUMBER
    dataset.PatientName, dataset.PatientID = f"{NAME}^{GIVEN}", NUMBER
    dataset.PatientBirthDate, dataset.AccessionNumber, dataset.InstitutionName = BIRTH, ACCESSION, PLACE
    dataset.SeriesDescription = f"SAG T1 {NAME} {BIRTH} +KM"
    dataset.SeriesNumber = 4
    item = dataset
    for keyword in (
        "ReferencedImageSequence",
        "PurposeOfReferenceCodeSequence",
        "EquivalentCodeSequence",
        "RequestAttributesSequence",
    ):
        inner = Dataset()
        _plant(inner, STRANGER)
        inner.CodeValue, inner.CodingSchemeDesignator, inner.CodeMeaning = NUMBER, f"99{STRANGER}"[:16], STRANGER
        setattr(item, keyword, Sequence([inner]))
        item = inner
    for group in (0x6000, 0x5000):
        dataset[Tag(group, 0x3000)] = DataElement(Tag(group, 0x3000), "OW", _even(NAME.encode()))
    dataset[0x60000010] = DataElement(0x60000010, "US", 1)
    dataset[0x60000011] = DataElement(0x60000011, "US", 1)
    dataset[0x60004000] = DataElement(0x60004000, "LT", NAME)
    dataset[0x60001500] = DataElement(0x60001500, "LO", NAME)
    dataset.file_meta.SourceApplicationEntityTitle = NAME
    dataset.file_meta.ImplementationVersionName = NAME
    dataset.file_meta.PrivateInformationCreatorUID = "1.2.3"
    dataset.file_meta.PrivateInformation = _even(NAME.encode())
    dataset.preamble = f"{NAME} {NUMBER}".encode().ljust(128, b"\0")
    return dataset


def plant_study(folder, *, series=("T1", "T2", "STIR"), slices=11, scorable=True):
    """A sample case with identifiers planted in all its images, and in the names of folders and files."""
    for name in series:
        place = folder / f"{NAME}_{GIVEN}_{BIRTH}" / f"{name} {NUMBER}"
        place.mkdir(parents=True)
        for source in sorted((SAMPLE / name).iterdir())[:slices]:
            dataset = pydicom.dcmread(source)
            dataset.decompress()
            before = {k: dataset.get(k) for k in SCAN}
            planted(dataset)
            for keyword, value in before.items() if scorable else ():
                if value is None:
                    dataset.pop(keyword, None)
                else:
                    setattr(dataset, keyword, value)
            if name == "T1":
                dataset.SeriesDescription = f"SAG T1 {NAME} {BIRTH}"
            dataset.PixelData += _even(f"{NAME} {NUMBER}".encode())  # behind the pixels, in the same element
            target = place / f"{NAME}_{source.name}"
            dataset.save_as(target, enforce_file_format=True)
            with target.open("ab") as file:  # behind everything: data set trailing padding
                file.write(struct.pack("<HH2sHI", 0xFFFC, 0xFFFC, b"OB", 0, 32) + NAME.encode().ljust(32, b"\0"))
    (folder / f"{NAME}.pdf").write_bytes(f"%PDF {NAME}".encode())
    shutil.copy(SAMPLE / "reference_rois.vbqkit.json", folder / f"{NAME}.vbqkit.json")
    return folder


SCAN = (
    "SeriesInstanceUID",
    "StudyInstanceUID",
    "BodyPartExamined",
    "ScanOptions",
    "AcquisitionContrast",
    "SeriesDate",
    "SAR",
    "SeriesNumber",
    "SequenceName",
    "ReceiveCoilName",
    "Manufacturer",
    "DerivationDescription",
    "ContrastBolusAgent",
    "AcquisitionMatrix",
    "TemporalPositionIdentifier",
    "StackID",
    "EffectiveEchoTime",
    "DiffusionBValue",
    "ReferencedFrameNumber",
    "NumberOfTemporalPositions",
    "Laterality",
    "QualityControlImage",
    "AcquisitionDateTime",
    "StudyTime",
)
"""What a plain copy of the sample must keep, so that its scores can be compared."""


def forms(text):
    """A text as it may stand in bytes: in the encodings of DICOM, and base64 at each of its three offsets."""
    found = set()
    for written in (text, text.upper(), text.lower()):
        for encoding in ("latin-1", "utf-8", "utf-16-le", "utf-16-be"):
            raw = written.encode(encoding)
            found.add(raw)
            for shift in range(3):
                coded = base64.b64encode(b"\0" * shift + raw)
                found.add(
                    coded[-(-8 * shift // 6) : 8 * (shift + len(raw)) // 6]
                )  # the letters that no neighbour changes
    return found


def survivors(folder, sought=SOUGHT):
    """Which of the planted texts stand in any file below a folder, or in a name, and where."""
    wanted = {text: forms(text) for text in sought}
    found = set()
    for path in sorted(folder.rglob("*")):
        raw = path.read_bytes() if path.is_file() else b""
        name = str(path.relative_to(folder)).encode()
        for text, every in wanted.items():
            if any(form in raw or form in name for form in every):
                found.add((text, path.name))
    return found
