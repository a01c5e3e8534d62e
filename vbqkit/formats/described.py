"""What the names of a series say against it, whether they stand in a DICOM header or in a sidecar of a NIfTI file."""

from __future__ import annotations

import re

from vbqkit.acquisition import Acquisition
from vbqkit.errors import Caution
from vbqkit.protocol_words import safe_codes, safe_text
from vbqkit.weighting import not_magnitude, unknown_content, weighting_hint

OTHER_CONTENT = re.compile(
    r"(?<![a-z])(?:maps?|mapping|opp(?:osed)?|oop|out[\s-]?of[\s-]?phase|in[\s-]?phase|sub(?:tract\w*|tr)?|subtrak\w*|adc|"
    r"dwi|mip|mpr|reformat\w*|fraction|pdff|phase(?![\s-]*(?:wrap|enc\w*|array|over\w*|corr\w*|dir\w*))|mra|tof|"
    r"denois\w*|smooth\w*|symap|symri)(?![a-z])",
    re.IGNORECASE,
)
OTHER_SEQUENCE = re.compile(
    r"(?<![a-z])(?:gre|gradient|f?spgr|fgre|efgre\w*|flash|vibe|lava|mp2?rage|t?ffe|t1ffe|tfe|[t*]?fl[23]d\d*|tfi\w*|fisp|"
    r"b?ssfp|fiesta|merge|medic|epi\w*|flair)(?![a-z])",
    re.IGNORECASE,
)
DERIVED = re.compile(
    r"(?:filter|denois|smooth|interpol|deep|enhanc|sharpen|normali|average|subtract|reformat)\w*", re.IGNORECASE
)


def speaks_of_other_content(text: str) -> bool:
    """Whether a name speaks of another image than a plain one: a map, a subtraction, a reformat.

    Examples
    --------
    >>> speaks_of_other_content("t2_map"), speaks_of_other_content("t2_tse")
    (True, False)
    """
    return OTHER_CONTENT.search(text.replace("_", " ")) is not None or DERIVED.search(text) is not None


def speaks_of_other_sequence(text: str) -> bool:
    """Whether a name speaks of another sequence than spin echo.

    Examples
    --------
    >>> speaks_of_other_sequence("*fl2d1"), speaks_of_other_sequence("*tse2d1")
    (True, False)
    """
    return OTHER_SEQUENCE.search(text.replace("_", " ")) is not None


def described_oddities(a: Acquisition) -> list[Caution]:
    """What the names of a series and its image type say against it, whichever file said so."""
    found: list[Caution] = []
    hint = weighting_hint(a)
    if a.weighting != "unknown" and hint not in (None, a.weighting):
        found.append(
            Caution(
                "weighting-disagrees",
                f"The description '{safe_text(a.series_description or '')}' says {hint}, but it is taken as {a.weighting}: {a.weighting_reason}.",
            )
        )
    if a.contrast_hint is not None and a.contrast_agent is None:
        found.append(
            Caution(
                "contrast-hint",
                f"The header speaks of contrast agent ({a.contrast_hint}), but names none: check before scoring.",
            )
        )
    if a.fat_hint is not None and not a.fat_suppressed and a.weighting != "STIR":
        found.append(
            Caution(
                "fat-suppression-hint",
                f"The names of the series speak of fat suppression or separation ('{safe_text(a.fat_hint)}'): the marrow fat that VBQ "
                "measures may have been removed. Check before scoring.",
            )
        )
    plain = not_magnitude(a.image_type) is None  # else it is refused, and the rest says nothing more
    unknown = unknown_content(a.image_type)
    if unknown and plain:
        found.append(
            Caution(
                "image-type-unknown",
                f"ImageType (0008,0008) holds '{safe_codes(unknown[:1])}', which is not known here: check that this is a plain "
                "magnitude image.",
            )
        )
    if plain and {"DIXON", "IN_PHASE", "INPHASE"} & {value.upper() for value in a.image_type}:
        found.append(
            Caution(
                "dixon-in-phase",
                "This is the in-phase image of a fat-water separation: close to a plain image, but not the one that the "
                "published scores were measured on.",
            )
        )
    return found
