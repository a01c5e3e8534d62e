"""What a virtual cohort is made of: checked before the first patient is drawn, and the same in every process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from zlib import crc32

import numpy as np

from vbqkit.anatomy.reader_model import Reader, draw_reader
from vbqkit.errors import ScannerError, ScoreError
from vbqkit.roi.labels import CSF, NOISE, SCORED_LEVELS, SPINE_LEVELS, csf_at, endplates
from vbqkit.roi.labels import FAT as FAT_LABEL
from vbqkit.scanner.machine import Scanner
from vbqkit.scanner.presets import scanner_named
from vbqkit.scores.definition import ScoreDefinition
from vbqkit.scores.registry import score_definition

PLACED_BY_READERS = (*SPINE_LEVELS[1:7], CSF, NOISE)
"""T12 to L5, CSF and noise: the ROIs of every reading."""

FURTHER = (SPINE_LEVELS[7], *endplates(*SCORED_LEVELS), *map(csf_at, SPINE_LEVELS[1:7]), FAT_LABEL)
"""ROIs that are placed where a score asks for them: S1, endplates of L1 to L4, CSF at a level, subcutaneous fat."""

READER_FIELDS = tuple(f.name for f in fields(Reader))


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortDesign:
    """Who is drawn, who scans, who reads, and what is measured.

    Attributes
    ----------
    seed : int
        Where all chance starts.
    scanners, readers : tuple
        Each reader reads every day on every scanner.
    days : int
        Visits to each scanner; marrow is the same on all.
    weightings : tuple of str
        Series that are measured.
    further : tuple of str
        Labels of :data:`FURTHER` that are placed too.
    ages, sex, fractured
        Who is drawn, as for :func:`vbqkit.anatomy.draw_patients`.
    pictures : bool
        Whether ROIs are measured on pictures.
    """

    seed: int
    scanners: tuple[Scanner, ...]
    readers: tuple[Reader, ...]
    days: int = 1
    weightings: tuple[str, ...]
    further: tuple[str, ...] = ()
    ages: tuple[float, float] = (20.0, 80.0)
    sex: str | None = None
    fractured: bool | None = None
    pictures: bool = False

    def chance(self, number: int, *of: int | str) -> np.random.Generator:
        """The generator for one thing of one patient: it depends on neither the other patients nor the other things."""
        return np.random.default_rng([self.seed, number, *(crc32(k.encode()) if isinstance(k, str) else k for k in of)])


def checked_scanners(scanners: str | Scanner | Sequence[str | Scanner], *, pictures: bool) -> tuple[Scanner, ...]:
    """The machines by name or as they are.

    Raises
    ------
    ScannerError
        If there is none, one is unknown or twice there, or has what only pictures show.
    """
    listed = [scanners] if isinstance(scanners, (str, Scanner)) else list(scanners)
    found = tuple(one if isinstance(one, Scanner) else scanner_named(one) for one in listed)
    if not found:
        raise ScannerError("No scanner is given. Name one or more, such as scanners=('generic-1.5t', 'generic-3t').")
    names = [one.name for one in found]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ScannerError(
            f"The scanner '{twice}' is there twice; a row could not say which. Give each a name of its own."
        )
    void = next((one.name for one in found if one.csf_void > 0), None)
    if void is not None and not pictures:
        raise ScannerError(
            f"Scanner '{void}' has a flow void, which only a picture shows. Pass pictures=True (slower), or set csf_void to 0."
        )
    return found


def checked_readers(reader: object, seed: int) -> tuple[Reader, ...]:
    """One reader or several: as given, or that many drawn.

    Raises
    ------
    ScannerError
        If something given has not the errors of a reader.
    """
    if reader is None or (isinstance(reader, int) and not isinstance(reader, bool)):
        count = 1 if reader is None else reader
        if count < 1:
            raise ScannerError(f"{count} readers cannot read; give 1 or more, or Reader values.")
        return tuple(draw_reader(np.random.default_rng([seed, k])) for k in range(count))
    found = []
    for one in reader if isinstance(reader, Sequence) and not isinstance(reader, str) else [reader]:
        if not isinstance(one, Reader):
            missing = [name for name in READER_FIELDS if not hasattr(one, name)]
            raise ScannerError(
                f"reader={one!r} does not say how a reader errs: it has no {', '.join(missing[:3]) or 'checked fields'}. Give "
                "draw_reader(rng), Reader(marrow_sd_mm=2, ...), several of them, or a number of readers to draw."
            )
        found.append(one)
    if not found:
        raise ScannerError("No reader is given. Leave it out for one that is drawn, or give a number.")
    return tuple(found)


def checked_scores(scores: str | Sequence[str], scanners: Sequence[Scanner]) -> tuple[ScoreDefinition, ...]:
    """The registry's entries, each of which every scanner can serve.

    Raises
    ------
    ScoreError
        If there is none, one is unknown or twice there, or needs a ROI that virtual patients do not have.
    ScannerError
        If a scanner has not the series.
    """
    names = [scores] if isinstance(scores, str) else list(scores)
    if not names:
        raise ScoreError("No score is given. Name one or more, such as scores=('VBQ-T1',).")
    found = tuple(score_definition(name) for name in names)
    if len(set(names)) < len(names):
        raise ScoreError(f"A score is named twice in {', '.join(names)}. Name each once.")
    known = (*PLACED_BY_READERS, *FURTHER)
    for definition in found:
        lacking = [label for label in definition.labels if label not in known]
        if lacking:
            raise ScoreError(
                f"{definition.name} needs the ROI '{lacking[0]}', which virtual patients do not have; they have T12 to S1, endplates of L1 "
                "to L4, CSF (at a level too), noise and fat. Change its regions, or score real pictures with it."
            )
        for scanner in scanners:
            for weighting in definition.weightings:
                scanner.protocol(weighting)
    return found


def checked_count(value: object, what: str, *, least: int = 1) -> int:
    """A whole number.

    Raises
    ------
    ScannerError
        If it is none, or too small.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ScannerError(f"{what} is {value!r}; give a whole number of at least {least}.")
    return int(value)


Progress = Callable[[int, int], None]
"""``progress(done, n)``."""
