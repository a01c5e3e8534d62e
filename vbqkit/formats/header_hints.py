"""What names and lesser elements of a header say against a series being the plain spin echo that scores are made for.

None of it decides what an image is: descriptions are copied from protocol to protocol. It becomes a caution.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydicom.dataset import Dataset

from vbqkit.acquisition import Acquisition
from vbqkit.errors import Caution
from vbqkit.formats.described import DERIVED, OTHER_CONTENT, OTHER_SEQUENCE
from vbqkit.formats.tags import tag_text, text, word, words
from vbqkit.protocol_words import safe_text

_NAMES = ("SeriesDescription", "ProtocolName", "SequenceName", "PulseSequenceName")
_LUMBAR = re.compile(r"(?<![CT])SPINE|TL\W?SPINE|LUMB|LWS|SACR|WHOLE|BODY|ABD|BACK|PELV|COLUMN|WIRBEL|LS\b|COCCYX|HIP")
_FIELD_T = (1.0, 3.1)
_FLIP_DEG = 60.0


def header_hints(dataset: Dataset, a: Acquisition) -> Iterator[Caution]:
    """Cautions about what the image shows, and about a protocol that no published score was measured with."""
    names = [(text(dataset, name) or "").replace("_", " ") for name in _NAMES]
    found = [f"'{safe_text(match.group(), 24)}'" for name in names if (match := OTHER_CONTENT.search(name))]
    if a.weighting != "STIR":
        found += [f"'{safe_text(match.group(), 24)}'" for name in names if (match := OTHER_SEQUENCE.search(name))]
    derived = DERIVED.search(text(dataset, "DerivationDescription") or "")
    if derived is not None:
        found.append(f"'{safe_text(derived.group(), 24)}' in {tag_text('DerivationDescription')}")
    inverse = (word(dataset, "PresentationLUTShape") or "").upper() == "INVERSE"
    if inverse and (word(dataset, "PhotometricInterpretation") or "").upper() != "MONOCHROME1":
        found.append(f"{tag_text('PresentationLUTShape')} is INVERSE")
    if found:
        yield Caution(
            "content-hint",
            f"The header speaks of another image than a plain spin echo ({', '.join(dict.fromkeys(found))}): look at it, and "
            "check the protocol before scoring.",
        )
    unusual = list(_unusual(dataset, a))
    if unusual:
        yield Caution(
            "protocol-unusual",
            f"{'; '.join(unusual)}: no published score was measured like this, so no published value or cut-off applies.",
        )


def _unusual(dataset: Dataset, a: Acquisition) -> Iterator[str]:
    if a.field_t is not None and not _FIELD_T[0] <= a.field_t <= _FIELD_T[1]:
        yield f"a field of {a.field_t:g} T"
    if word(dataset, "MRAcquisitionType") == "3D":
        yield "a 3D acquisition"
    codes = {value.upper() for value in (*words(dataset, "SequenceVariant"), *words(dataset, "ScanOptions"))}
    transfer = (word(dataset, "MagnetizationTransfer") or "NONE").upper()
    if transfer not in ("NONE", "NO") or codes & {"MTC", "MT", "MTS", "MT_GEMS"}:
        yield "a magnetisation transfer pulse"
    if a.body_part and not _LUMBAR.search(a.body_part.upper()):
        yield f"the body part '{safe_text(a.body_part, 16)}'"
    small = a.flip_angle_deg is not None and a.flip_angle_deg < _FLIP_DEG
    if small and (a.echo_train_length or 1) <= 1 and a.weighting in ("T1", "T2", "PD"):
        yield f"a spin echo with a flip angle of {a.flip_angle_deg:g} degrees"
