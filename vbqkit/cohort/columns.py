"""The columns of a cohort table: name, unit, range, and the headings under which people write them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Literal

from vbqkit.errors import ScoreError

Kind = Literal["text", "number", "sex", "yes-no"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the template.

    Attributes
    ----------
    name : str
        Its name in the table.
    title : str
        What it is, for an axis or a heading.
    unit : str
        Unit; ``""`` for text and for a ratio.
    kind : {"text", "number", "sex", "yes-no"}
        What a cell may hold.
    low, high : float
        Numbers outside this range are taken for a wrong unit or a slip of the pen, and refused.
    worse : {"high", "low", ""}
        Which way means poorer bone.
    aliases : tuple of str
        Other headings that mean the same.
    units : tuple of (str, float)
        Units that a heading may state in brackets, and what one of them is in `unit`.
    """

    name: str
    title: str
    unit: str = ""
    kind: Kind = "number"
    low: float = float("-inf")
    high: float = float("inf")
    worse: Literal["high", "low", ""] = ""
    aliases: tuple[str, ...] = ()
    units: tuple[tuple[str, float], ...] = ()

    @property
    def label(self) -> str:
        """Title with unit, as an axis shows it; a ratio says that it has none."""
        return self.title if self.kind != "number" else f"{self.title} ({self.unit or 'no unit'})"


_YEARS = (("years", 1.0), ("year", 1.0), ("yrs", 1.0), ("yr", 1.0), ("y", 1.0), ("a", 1.0), ("roky", 1.0))
_AREAL = (("g/cm2", 1.0), ("g/cm^2", 1.0), ("mg/cm2", 0.001), ("mg/cm^2", 0.001), ("kg/m2", 0.1))
_VOLUMETRIC = (("mg/cm3", 1.0), ("mg/cm^3", 1.0), ("mg/cc", 1.0), ("mg/ml", 1.0), ("g/cm3", 1000.0), ("g/l", 1.0))
_RATIO = (("a.u.", 1.0), ("au", 1.0), ("1", 1.0), ("-", 1.0), ("no unit", 1.0), ("dimensionless", 1.0), ("ratio", 1.0))
_SD = (("sd", 1.0), ("sds", 1.0), *_RATIO)

COLUMNS: tuple[Column, ...] = (
    Column(
        "id",
        "Code",
        kind="text",
        aliases=(
            "patient",
            "patient id",
            "patient no",
            "subject",
            "subject id",
            "case",
            "no",
            "number",
            "code",
            "pacient",
        ),
    ),
    Column(
        "age_years", "Age", "years", low=0, high=120, aliases=("age", "age at scan", "age at mri", "vek"), units=_YEARS
    ),
    Column("sex", "Sex", kind="sex", aliases=("gender", "pohlavie", "pohlavi")),
    Column(
        "bmi_kg_m2",
        "BMI",
        "kg/m²",
        low=8,
        high=90,
        aliases=(
            "bmi",
            "body mass index",
        ),
        units=(("kg/m2", 1.0), ("kg/m^2", 1.0)),
    ),
    Column("scanner", "Scanner", kind="text", aliases=("mri scanner", "mri", "mr scanner", "machine", "device")),
    Column(
        "snr",
        "SNR L1–L4, T1w",
        low=0.01,
        high=5000,
        worse="high",
        aliases=("snr l1-l4", "snr l1-4", "mean snr", "snr t1"),
        units=_RATIO,
    ),
    Column(
        "m_score",
        "M-score",
        "SD of the young reference group",
        low=-15,
        high=60,
        worse="high",
        aliases=("mscore", "m skore"),
        units=_SD,
    ),
    Column(
        "vbq_t1",
        "VBQ-T1",
        low=0.1,
        high=15,
        worse="high",
        aliases=("vbq t1w", "vbqt1", "t1 vbq", "vbq t1wi"),
        units=_RATIO,
    ),
    Column(
        "vbq_t2",
        "VBQ-T2",
        low=0.02,
        high=5,
        worse="high",
        aliases=("vbq t2w", "vbqt2", "t2 vbq", "vbq t2wi"),
        units=_RATIO,
    ),
    Column("vbq_stir", "VBQ-STIR", low=0.005, high=5, aliases=("stir vbq",), units=_RATIO),
    Column(
        "vbq_t2_stir",
        "VBQ-T2-STIR",
        low=-20,
        high=20,
        worse="high",
        aliases=("vbq t2stir", "t2 stir vbq"),
        units=_RATIO,
    ),
    Column(
        "pdff_percent",
        "Marrow fat fraction, PDFF",
        "%",
        low=1,
        high=100,
        worse="high",
        aliases=("pdff", "fat fraction", "proton density fat fraction"),
        units=(("%", 1.0), ("percent", 1.0)),
    ),
    Column(
        "t_score",
        "T-score, lumbar spine",
        "SD of young adults",
        low=-8,
        high=8,
        worse="low",
        aliases=(
            "tscore",
            "lumbar t-score",
            "l1-l4 t-score",
            "l1-4 t-score",
            "dxa t-score",
            "dexa t-score",
            "t-score l1-l4",
            "spine t-score",
            "t skore",
        ),
        units=_SD,
    ),
    Column(
        "z_score",
        "Z-score, lumbar spine",
        "SD of the same age",
        low=-8,
        high=8,
        worse="low",
        aliases=("zscore", "lumbar z-score", "z skore"),
        units=_SD,
    ),
    Column(
        "bmd_g_cm2",
        "BMD, lumbar spine, DEXA",
        "g/cm²",
        low=0.2,
        high=2.5,
        worse="low",
        aliases=("bmd", "lumbar bmd", "dxa bmd", "dexa bmd", "l1-l4 bmd", "l1-4 bmd", "abmd", "areal bmd"),
        units=_AREAL,
    ),
    Column("tbs", "TBS", low=0.5, high=2.0, worse="low", aliases=("trabecular bone score",), units=_RATIO),
    Column(
        "qct_mg_cm3",
        "BMD, QCT",
        "mg/cm³",
        low=-80,
        high=500,
        worse="low",
        aliases=("qct", "qct bmd", "vbmd", "volumetric bmd", "bmd qct"),
        units=_VOLUMETRIC,
    ),
    Column(
        "hu",
        "CT attenuation, L1",
        "HU",
        low=-150,
        high=700,
        worse="low",
        aliases=("l1 hu", "hu l1", "hounsfield", "ct hu"),
        units=(("hu", 1.0),),
    ),
    Column(
        "fracture",
        "Fragility fracture",
        kind="yes-no",
        aliases=("fragility fracture", "vertebral fracture", "ovcf", "fractured", "zlomenina"),
    ),
    Column("reader", "Reader", kind="text", aliases=("rater", "observer", "examiner")),
)
"""The template, in its order. ``id`` and one more column are needed; every other may be left out."""

_ALL = {c.name: c for c in COLUMNS}


def column(name: str) -> Column:
    """The column of the template with this name or a common other one; an unknown one keeps its name, without a unit.

    Examples
    --------
    >>> column("bmd_g_cm2").label
    'BMD, lumbar spine, DEXA (g/cm²)'
    >>> column("M-score").name
    'm_score'
    """
    return _ALL.get(name) or known_columns().get(plain(name)) or Column(name, name)


def all_columns() -> tuple[Column, ...]:
    """The template, and after it the columns of scores that were registered (:func:`vbqkit.scores.register_score`)."""
    return tuple(_ALL.values())


def register_column(new: Column) -> None:
    """Add a column to those of the template.

    Raises
    ------
    ScoreError
        If another column has its name or one of its headings.
    """
    for heading in (new.name, *new.aliases):
        taken = known_columns().get(plain(heading))
        if taken is not None:
            raise ScoreError(
                f"'{heading}' is taken: cohort tables have the column '{taken.name}' ({taken.title}). Choose another name or title."
            )
    _ALL[new.name] = new
    known_columns.cache_clear()


def unregister_column(name: str) -> None:
    """Forget a column that :func:`register_column` added.

    Raises
    ------
    ScoreError
        If it is one of the template's own, or unknown.
    """
    if name not in _ALL or _ALL[name] in COLUMNS:
        raise ScoreError(f"'{name}' is not a column that was registered; only these can be removed.")
    del _ALL[name]
    known_columns.cache_clear()


def in_template(name: str) -> bool:
    """Whether the template, or a registered score, has a column of this name."""
    return name in _ALL


@cache
def known_columns() -> dict[str, Column]:
    """Plain heading to column: names and aliases."""
    return {plain(heading): c for c in _ALL.values() for heading in (c.name, *c.aliases)}


def plain(heading: str) -> str:
    """A heading without case, accents, blanks and punctuation, as it is compared.

    Examples
    --------
    >>> plain(" T-skóre ")
    'tskore'
    """
    decomposed = unicodedata.normalize("NFKD", heading.casefold())
    return re.sub(r"[^0-9a-z]", "", "".join(c for c in decomposed if not unicodedata.combining(c)))


def split_unit(heading: str) -> tuple[str, str]:
    """A heading parted into its words and the unit in brackets at its end, ``""`` where there is none.

    Examples
    --------
    >>> split_unit("BMD [g/cm²]")
    ('BMD', 'g/cm²')
    """
    found = re.fullmatch(r"\s*(.*?)\s*[(\[]\s*([^()\[\]]*?)\s*[)\]]\s*", heading)
    return (found[1], found[2]) if found and found[1] else (heading.strip(), "")


def unit_factor(column: Column, unit: str) -> float | None:
    """What one of `unit` is in the column's own unit; None where that is not known.

    Examples
    --------
    >>> unit_factor(column("bmd_g_cm2"), "mg/cm²")
    0.001
    """
    wanted = _plain_unit(unit)
    if wanted in ("", _plain_unit(column.unit)):
        return 1.0
    return next((factor for name, factor in column.units if _plain_unit(name) == wanted), None)


def _plain_unit(unit: str) -> str:
    return unit.casefold().replace("²", "2").replace("³", "3").replace("^", "").replace(" ", "").replace("·", "")
