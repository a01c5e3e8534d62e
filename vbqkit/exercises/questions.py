"""The questions of the lessons: choices from a file with sealed answers, and numbers drawn for each student."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from vbqkit.errors import FormatError, VbqkitError
from vbqkit.exercises.answers import AnswerGrade, check_choice, check_number
from vbqkit.language import translated


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A question with one right answer among several.

    Attributes
    ----------
    name, text : str
        Name, such as ``"20-vein"``, and the question.
    options : tuple of (str, str)
        Key and text of each option.
    feedback : mapping of str to str
        What to say about each option, right or wrong.
    sealed : str
        Fingerprint of the right key.
    source : str
        Where the answer is taught or published.
    """

    name: str
    text: str
    options: tuple[tuple[str, str], ...]
    feedback: Mapping[str, str]
    sealed: str
    source: str = ""

    def check(self, key: str) -> AnswerGrade:
        """Whether the option with this key is right."""
        return check_choice(self.name, key, sealed=self.sealed, feedback=self.feedback.get(key, ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberQuestion:
    """A question whose answer is a number.

    Attributes
    ----------
    name, text : str
        Name, such as ``"30-snr"``, and the question, with the numbers drawn.
    expected, tolerance : float
        The right number, and the relative error accepted.
    unit : str
        Unit of the answer; empty for a ratio.
    hints : tuple of (float, str)
        Numbers that known mistakes lead to, and what to say about them.
    """

    name: str
    text: str
    expected: float
    tolerance: float = 0.02
    unit: str = ""
    hints: tuple[tuple[float, str], ...] = ()

    def check(self, given: float | str) -> AnswerGrade:
        """Whether a number is right, within the tolerance."""
        return check_number(given, self.expected, tolerance=self.tolerance, unit=self.unit, hints=self.hints)


@cache
def choices() -> Mapping[str, Choice]:
    """Every choice question by name.

    Raises
    ------
    FormatError
        If the question file is damaged.
    """
    return read_choices(str(files("vbqkit.exercises") / "data" / "questions.toml"))


def read_choices(path: str | Path) -> Mapping[str, Choice]:
    """The choice questions of a file, by name.

    Parameters
    ----------
    path : path-like
        TOML, as ``vbqkit/exercises/data/questions.toml``; :func:`vbqkit.exercises.check_questions` checks it.

    Raises
    ------
    FormatError
        If it cannot be read, or a question is incomplete.
    """
    try:
        entries = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise FormatError(f"The questions in '{path}' cannot be read: {error.strerror}. Check the name.") from error
    except ValueError as error:
        raise FormatError(f"'{path}' is not valid TOML: {error}. Correct that line.") from error
    return {name: _choice(name, entry) for name, entry in entries.items()}


def _choice(name: str, entry: Mapping[str, Any]) -> Choice:
    try:
        options = entry["options"]
        return Choice(
            name=name,
            text=entry["text"],
            options=tuple((key, option[0]) for key, option in options.items()),
            feedback={key: option[1] for key, option in options.items()},
            sealed=entry["sealed"],
            source=entry.get("source", ""),
        )
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise FormatError(
            f"Question '{name}' in questions.toml is incomplete ({error!r}): it needs text, sealed, and options of [text, feedback]."
        ) from error


def question(name: str, *, seed: int = 0, bank: str | Path | None = None) -> Choice | NumberQuestion:
    """One question by name, in the language that is read, as far as it is translated.

    Parameters
    ----------
    name : str
        Such as ``"20-vein"``.
    seed : int
        For a number question: another seed draws different numbers.
    bank : path-like, optional
        A teacher's own file of choice questions, instead of the course's.

    Raises
    ------
    VbqkitError
        If there is no such question.

    Examples
    --------
    >>> question("30-snr", seed=1).check("0").right
    False
    """
    known = choices() if bank is None else read_choices(bank)
    if name in known:
        return _in_language(known[name])
    if bank is not None:
        raise VbqkitError(f"There is no question '{name}' in '{bank}'. Choose from: {', '.join(known)}.")
    if name in NUMBERS:
        return NUMBERS[name](np.random.default_rng([seed, *name.encode()]))
    raise VbqkitError(f"There is no question '{name}'. Choose from: {', '.join([*choices(), *NUMBERS])}.")


def _in_language(asked: Choice) -> Choice:
    return replace(
        asked,
        text=translated(asked.text),
        options=tuple((key, translated(text)) for key, text in asked.options),
        feedback={key: translated(text) for key, text in asked.feedback.items()},
    )


def _snr(rng: np.random.Generator) -> NumberQuestion:
    marrow, mean, sd = int(rng.integers(180, 420)), int(rng.integers(6, 11)), round(float(rng.uniform(3.2, 5.4)), 1)
    return NumberQuestion(
        name="30-snr",
        text=f"The ROI in L3 has a mean of {marrow}. The noise ROI has a mean of {mean} and a standard deviation (SD) of {sd}. What is the SNR of L3?",
        expected=marrow / sd,
        hints=(
            (marrow / mean, "you divided by the mean of the noise ROI. The papers divide by its SD."),
            (0.655 * marrow / sd, "this includes the Rayleigh correction (0.655). It is correct physics, but the Košice group 2025 does not use it."),
            ((marrow - mean) / sd, "do not subtract the background: divide the mean by the SD."),
        ),
    )  # fmt: skip


def _m_score(rng: np.random.Generator) -> NumberQuestion:
    mean, sd = round(float(rng.uniform(40, 55)), 1), round(float(rng.uniform(4.5, 7.0)), 1)
    snr = round(mean + sd * float(rng.uniform(2.2, 5.5)), 1)
    return NumberQuestion(
        name="30-m-score",
        text=f"A patient has SNR(L1-L4) = {snr}. The young women on this scanner have {mean} ± {sd} (mean ± SD). What is the M-score?",
        expected=(snr - mean) / sd,
        unit="SD of the reference group",
        hints=(
            (snr / mean, "you divided by the mean. Subtract the mean, then divide by the SD."),
            ((snr - mean) / mean, "divide by the SD of the young women, not by their mean."),
            ((mean - snr) / sd, "the M-score is positive when the patient's SNR is above the young women's mean."),
        ),
    )


def _vbq(rng: np.random.Generator) -> NumberQuestion:
    levels = [int(v) for v in rng.integers(240, 380, 4)]
    while len({*levels}) < 4:
        levels = [int(v) for v in rng.integers(240, 380, 4)]
    csf = int(rng.integers(90, 140))
    listed = ", ".join(f"L{i} = {v}" for i, v in enumerate(levels, start=1))
    median = float(np.median(levels))
    mean = math.fsum(levels) / 4
    middle = translated("of four numbers the median is the mean of the two in the middle.")
    return NumberQuestion(
        name="40-vbq",
        text=translated(
            "The ROI means on T1 are {listed}; CSF = {csf}. What is VBQ-T1 with the median of the four levels (Cui 2025 and Chen 2023)? Give three digits.",
            listed=listed,
            csf=csf,
        ),
        expected=median / csf,
        tolerance=0.004,
        hints=(
            (mean / csf, translated("this is VBQ with the mean of the levels (Huang 2026). The question asks for the median: sort the four and take the mean of the middle two.")),
            (sorted(levels)[1] / csf, middle),
            (sorted(levels)[2] / csf, middle),
        ),
    )  # fmt: skip


def _t2_stir(rng: np.random.Generator) -> NumberQuestion:
    t2, stir = int(rng.integers(300, 420)), int(rng.integers(60, 110))
    csf_t2, csf_stir = int(rng.integers(800, 1000)), int(rng.integers(250, 340))
    return NumberQuestion(
        name="50-t2-stir",
        text=f"Marrow: {t2} on T2, {stir} on STIR. CSF: {csf_t2} on T2, {csf_stir} on STIR. Both series have the same gain. What is VBQ-T2-STIR?",
        expected=(t2 - stir) / (csf_t2 - csf_stir),
        hints=(
            (t2 / csf_t2, "this is VBQ-T2. Subtract STIR first, in numerator and denominator."),
            (t2 / csf_t2 - stir / csf_stir, "subtract the signals first, then divide; the difference of two ratios is a different number."),
        ),
    )  # fmt: skip


def _bandwidth(rng: np.random.Generator) -> NumberQuestion:
    snr, wide, times = int(rng.integers(40, 90)), int(rng.integers(8, 15)) * 10, int(rng.choice([2, 3]))
    return NumberQuestion(
        name="30-bandwidth",
        text=f"A machine gives SNR = {snr} at {wide} Hz per pixel. Everything else stays the same, and the bandwidth becomes {times * wide} Hz per pixel. "
        "What SNR do you expect?",
        expected=snr / math.sqrt(times),
        hints=(
            (snr / times, "noise grows with the square root of the bandwidth, not with the bandwidth itself."),
            (snr * math.sqrt(times), "a wider band lets in more noise, so the SNR falls."),
            (snr, "the signal stays the same, the noise does not: move the slider above."),
        ),
    )


def _ppv(rng: np.random.Generator) -> NumberQuestion:
    sensitivity, specificity, prevalence = (int(rng.integers(*r)) for r in ((70, 91), (65, 86), (8, 16)))
    hits, false_alarms = sensitivity * prevalence, (100 - specificity) * (100 - prevalence)
    return NumberQuestion(
        name="60-ppv",
        text=f"A cut-off has a sensitivity of {sensitivity} % and a specificity of {specificity} %. In a screening programme {prevalence} of 100 women have osteoporosis. "
        "What percentage of the women with a positive test have it (PPV)?",
        expected=100 * hits / (hits + false_alarms),
        tolerance=0.03,
        unit="%",
        hints=(
            (sensitivity, "this is the sensitivity: the share of the ill who test positive. The question is what share of those who test positive are ill."),
            (specificity, "this is the specificity. Imagine 100 women: of those who test positive, how many are ill and how many are not?"),
            (hits / (hits + false_alarms), "give it in percent."),
        ),
    )  # fmt: skip


def _limits(rng: np.random.Generator) -> NumberQuestion:
    bias, sd = round(float(rng.uniform(0.5, 2.5)), 1), round(float(rng.uniform(2.0, 5.0)), 1)
    return NumberQuestion(
        name="70-limits",
        text=f"The differences between two readings have a mean of {bias} % and an SD of {sd} %. What is the upper limit of agreement?",
        expected=bias + 1.96 * sd,
        unit="%",
        hints=(
            (1.96 * sd, "you left out the bias: the limits lie around the mean difference, not around 0."),
            (bias + sd, "one SD holds about 68 % of the differences; the limits hold 95 %."),
            (bias - 1.96 * sd, "this is the lower limit."),
            (bias + 1.96 * sd / 2, "use the whole SD of the differences, times 1.96."),
        ),
    )


NUMBERS: Mapping[str, Callable[[np.random.Generator], NumberQuestion]] = {
    "30-snr": _snr,
    "30-m-score": _m_score,
    "30-bandwidth": _bandwidth,
    "40-vbq": _vbq,
    "50-t2-stir": _t2_stir,
    "60-ppv": _ppv,
    "70-limits": _limits,
}
"""Number questions by name; each draws its own numbers."""
