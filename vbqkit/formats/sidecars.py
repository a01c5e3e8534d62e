"""JSON sidecars of volume files, as BIDS and dcm2niix write them: weighting, TR, TE and scanner beside the pixels.

In a BIDS dataset a sidecar also lies further up: the inheritance principle. A file applies if it lies in the folder of
the volume or in one above it, up to the dataset's root, has the same suffix (``T1w``), and names no entity
(``sub-01``, ``acq-tse``) that the volume does not have; what lies deeper counts.

References
----------
Gorgolewski KJ et al. The brain imaging data structure. Sci Data 2016;3:160044. doi:10.1038/sdata.2016.44.
BIDS specification, "The Inheritance Principle" and "Magnetic Resonance Imaging", bids-specification.readthedocs.io.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from vbqkit.acquisition import Acquisition, Weighting
from vbqkit.errors import Caution, shown
from vbqkit.formats.described import described_oddities, speaks_of_other_content, speaks_of_other_sequence
from vbqkit.formats.header_words import contrast_word, fat_word, means_none
from vbqkit.protocol_words import safe_text
from vbqkit.weighting import against_header, stated_against, weighting_with_reason

DATASET_FILE = "dataset_description.json"
"""What makes a folder a BIDS dataset."""

_ENDINGS = (".nii.gz", ".nii", ".mha", ".mhd", ".nrrd", ".nhdr")
_MOST_LEVELS = 5  # dataset, sub-, ses-, anat, and one to spare
_MOST_BYTES = 1024**2
_SUFFIXES: dict[str, Weighting] = {"T1w": "T1", "T2w": "T2", "PDw": "PD"}
_STIR = re.compile(r"stir|tirm?(?![a-z])", re.IGNORECASE)
STATED = "VbqkitWeighting"
"""Key under which whoever lays out a data set states the weighting that its authors give a series."""
_NUMBERS = {  # BIDS gives times in seconds: key -> field, factor, largest value that can be meant
    "RepetitionTime": ("tr_ms", 1000.0, 60.0),
    "EchoTime": ("te_ms", 1000.0, 2.0),
    "InversionTime": ("ti_ms", 1000.0, 20.0),
    "FlipAngle": ("flip_angle_deg", 1.0, 360.0),
    "MagneticFieldStrength": ("field_t", 1.0, 15.0),
    "PixelBandwidth": ("bandwidth_hz_per_px", 1.0, 1e5),
    "NumberOfAverages": ("averages", 1.0, 1e3),
    "SliceThickness": ("slice_thickness_mm", 1.0, 1e3),
    "SpacingBetweenSlices": ("spacing_between_slices_mm", 1.0, 1e3),
}
_WORDS = {
    "Manufacturer": "vendor",
    "ManufacturersModelName": "model",
    "ReceiveCoilName": "coil",
    "SequenceName": "sequence_name",
    "PulseSequenceDetails": "sequence_name",
    "SeriesDescription": "series_description",
    "ProtocolName": "protocol_name",
    "BodyPart": "body_part",
    "BodyPartExamined": "body_part",
    "Modality": "modality",
}
_AGENTS = ("ContrastBolusIngredient", "ContrastBolusAgent")
_DESCRIPTIONS = ("SeriesDescription", "ProtocolName", "SequenceName", "PulseSequenceDetails", "PulseSequenceType")
_CODES = {
    "ScanningSequence": "scanning_sequence",
    "SequenceVariant": "sequence_variant",
    "ScanOptions": "scan_options",
    "ImageType": "image_type",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarFacts:
    """What the sidecars of a volume say.

    Attributes
    ----------
    acquisition : Acquisition
        With the weighting that follows.
    cautions : tuple of Caution
        What in them is odd.
    """

    acquisition: Acquisition
    cautions: tuple[Caution, ...] = ()


def sidecars_of(volume: Path) -> tuple[Path, ...]:
    """The sidecars that apply to a NIfTI file, the one that counts least first.

    Without a BIDS dataset around it, a file of the same name with the ending ``.json`` applies, and nothing else.
    """
    stem = _stem(volume)
    if stem is None:
        return ()
    root = dataset_of(volume)
    if root is None:
        beside = volume.with_name(f"{stem}.json")
        return (beside,) if beside.is_file() else ()
    entities, suffix = _parts(stem)
    found: list[Path] = []
    above = list(volume.parents)
    for folder in reversed(above[: above.index(root) + 1]):
        fits = [path for path in folder.glob("*.json") if _applies(path, entities, suffix)]
        found += sorted(fits, key=lambda path: (len(_parts(path.stem)[0]), path.name))
    return tuple(found)


def dataset_of(path: Path) -> Path | None:
    """The root of the BIDS dataset that a file lies in, above it in its own path."""
    above = list(path.parents)[:_MOST_LEVELS]
    return next((folder for folder in above if (folder / DATASET_FILE).is_file()), None)


def _stem(path: Path) -> str | None:
    return next((path.name[: -len(e)] for e in _ENDINGS if path.name.lower().endswith(e)), None)


def _parts(stem: str) -> tuple[frozenset[str], str]:
    """Entities and suffix of a BIDS name.

    Examples
    --------
    >>> sorted(_parts("sub-01_acq-tse_T1w")[0]), _parts("sub-01_acq-tse_T1w")[1]
    (['acq-tse', 'sub-01'], 'T1w')
    """
    *entities, suffix = stem.split("_")
    return frozenset(entities), suffix


def _applies(path: Path, entities: frozenset[str], suffix: str) -> bool:
    own, own_suffix = _parts(path.stem)
    return path.name != DATASET_FILE and own_suffix == suffix and own <= entities


def facts_of(volume: Path) -> SidecarFacts | None:
    """Acquisition and weighting of a NIfTI file from its sidecars; None without any.

    The weighting follows from TR, TE, TI and the scanning sequence as for DICOM. Where these are not given, the BIDS
    suffix (``T1w``, ``T2w``, ``PDw``) counts, which whoever curated the dataset has stated; it does not where the name
    also speaks of STIR, or where what is given speaks against it.
    """
    files = sidecars_of(volume)
    known: dict[str, Any] = {}
    cautions: list[Caution] = []
    for file in files:
        content, odd = _content(file)
        known |= content
        cautions += odd
    in_dataset = dataset_of(volume) is not None
    if not known and not (in_dataset and _suffix_weighting(volume)):
        return SidecarFacts(acquisition=Acquisition(), cautions=tuple(cautions)) if cautions else None
    values: dict[str, Any] = dict(_numbers(known, cautions))
    values |= {field: _word(known[key]) for key, field in _WORDS.items() if _word(known.get(key))}
    values |= {field: _codes(known[key]) for key, field in _CODES.items() if _codes(known.get(key))}
    train = known.get("EchoTrainLength")
    if isinstance(train, int) and not isinstance(train, bool) and 0 < train < 10_000:
        values["echo_train_length"] = train
    values |= _spoken_of(known, volume, values)
    acquisition = Acquisition(**values)
    weighting, reason = weighting_with_reason(acquisition)
    stated, by = (_suffix_weighting(volume), "the BIDS suffix") if in_dataset else (None, "")
    if known.get(STATED) in ("T1", "T2", "STIR", "PD"):
        stated, by = cast("Weighting", known[STATED]), "whoever made the sidecar"
    if stated is not None and weighting == "unknown" and against_header(acquisition, stated) is None:
        weighting, reason = stated, f"stated by {by}; {reason}"
    elif stated is not None and weighting not in ("unknown", stated):
        against = stated_against(acquisition, stated)
        cautions += [against] if against is not None else []
    acquisition = replace(acquisition, weighting=weighting, weighting_reason=reason)
    cautions += [*_lacking(acquisition), *described_oddities(acquisition)]
    names = [text for key in _DESCRIPTIONS if (text := _word(known.get(key)))]
    speaking = [t for t in names if speaks_of_other_content(t) or (weighting != "STIR" and speaks_of_other_sequence(t))]
    if speaking:
        said = f"The sidecar speaks of another image than a plain spin echo ('{safe_text(speaking[0])}'): look at it before scoring."
        cautions.append(Caution("content-hint", said))
    return SidecarFacts(acquisition=acquisition, cautions=tuple(cautions))


def _lacking(a: Acquisition) -> Iterator[Caution]:
    wanted = {
        "RepetitionTime": a.tr_ms,
        "EchoTime": a.te_ms,
        "ScanningSequence": a.scanning_sequence or None,
        "MagneticFieldStrength": a.field_t,
        "Manufacturer": a.vendor,
    }
    absent = [key for key, value in wanted.items() if value is None]
    if absent:
        said = f"The sidecar of the file lacks {', '.join(absent)}: whatever depends on them must be set by you."
        yield Caution("missing-tags", said)


def _spoken_of(known: Mapping[str, Any], volume: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """Contrast agent and suppressed fat, as fields state them or names hint at them."""
    found: dict[str, Any] = {}
    agents = [text for key in _AGENTS if (text := _word(known.get(key))) and not means_none(text)]
    entities, _ = _parts(_stem(volume) or "")
    agents += [entity for entity in entities if entity.startswith("ce-")]  # BIDS: contrast enhanced
    if agents:
        found["contrast_agent"] = safe_text(agents[0])
    texts = [text for key in _DESCRIPTIONS if (text := _word(known.get(key)))]
    word = contrast_word(texts)
    if word is not None:
        found["contrast_hint"] = safe_text(word)
    options = (*values.get("scan_options", ()), *values.get("sequence_variant", ()))
    if fat_word(options) is not None:
        found["fat_suppressed"] = True
    elif options:
        found["fat_suppressed"] = False
    hint = fat_word([*texts, *(entity.partition("-")[2] for entity in entities if entity.startswith("acq-"))])
    return found | ({} if hint is None else {"fat_hint": shown(hint)})


def _suffix_weighting(volume: Path) -> Weighting | None:
    entities, suffix = _parts(_stem(volume) or "")
    if any(_STIR.search(entity.partition("-")[2]) for entity in entities if not entity.startswith(("sub-", "ses-"))):
        return None
    return _SUFFIXES.get(suffix)


def _content(file: Path) -> tuple[Mapping[str, Any], list[Caution]]:
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig")) if file.stat().st_size <= _MOST_BYTES else None
    except (OSError, ValueError, RecursionError) as error:
        content, why = None, getattr(error, "strerror", None) or error
    else:
        why = "it holds no JSON object"
    if isinstance(content, dict) and str(content.get("format", "")).startswith("vbqkit"):
        return {}, []  # ROIs or a case that lie beside the volume under its name
    if isinstance(content, dict):
        return cast("dict[str, Any]", content), []
    said = f"The sidecar {file} cannot be read ({shown(why)}); what it says of TR, TE and scanner is missing. Write it again."
    return {}, [Caution("sidecar-unreadable", said)]


def _numbers(known: Mapping[str, Any], cautions: list[Caution]) -> Iterator[tuple[str, float]]:
    for key, (field, factor, largest) in _NUMBERS.items():
        value = known.get(key)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= largest:
            unit = "; BIDS gives times in seconds" if factor != 1.0 else ""
            cautions.append(
                Caution(
                    "sidecar-value", f"The sidecar has {key} {shown(value)!r}, which cannot be{unit}: it was not used."
                )
            )
            continue
        yield field, float(value) * factor


def _word(value: object) -> str | None:
    return shown(value) if isinstance(value, str) and value.strip() else None


def _codes(value: object) -> tuple[str, ...]:
    r"""Code strings: a list, or one text with ``\`` or ``_`` between them, as dcm2niix writes.

    Examples
    --------
    >>> _codes("SE\\IR"), _codes("GR_IR"), _codes(["ORIGINAL", "PRIMARY"])
    (('SE', 'IR'), ('GR', 'IR'), ('ORIGINAL', 'PRIMARY'))
    """
    listed = value if isinstance(value, list) else re.split(r"[\\_,]", value) if isinstance(value, str) else []
    return tuple(shown(one.strip(), 16) for one in listed if isinstance(one, str) and one.strip())[:32]
