"""An editor's check of a file of questions: one right answer, feedback on every other, a source, and no giveaway."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from vbqkit.errors import FormatError
from vbqkit.exercises.answers import seal_answer

_NAME = re.compile(r"[0-9]{2}-[a-z0-9-]+")
_TEXT, _FEEDBACK = 0, 1
MOST_LONGEST = 0.4
"""Share of the questions whose right answer may be the longest; by chance it is a third to a quarter."""
_FEW = 5
"""In a smaller bank the share says nothing; each question still gets its remark."""
SHORTEST_FEEDBACK = 15
"""Letters; less is no feedback but a verdict."""


def check_questions(path: str | Path | None = None) -> list[dict[str, str]]:
    """What an editor would correct in a file of questions.

    Parameters
    ----------
    path : path-like, optional
        TOML; by default the questions of the course. A question is a table named as in ``[20-vein]`` with ``text``,
        ``source``, ``sealed`` (from :func:`vbqkit.exercises.seal_answer`) or ``right`` (a key) while it is written, and
        ``options``: key to ``[text, feedback]``.

    Returns
    -------
    list of dict
        question, severity (``"wrong"``: must be corrected; ``"look"``: look again), message; empty if nothing is found.

    Raises
    ------
    FormatError
        If the file cannot be read or is not TOML.

    Examples
    --------
    >>> [row for row in check_questions() if row["severity"] == "wrong"]
    []
    """
    path = str(files("vbqkit.exercises") / "data" / "questions.toml") if path is None else path
    try:
        bank = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise FormatError(f"The questions in '{path}' cannot be read: {error.strerror}. Check the name.") from error
    except ValueError as error:  # a key that stands twice is named here, too
        raise FormatError(f"'{path}' is not valid TOML: {error}. Correct that line.") from error
    rows = [
        {"question": name, "severity": severity, "message": message}
        for name, entry in bank.items()
        for severity, message in _faults(name, entry)
    ]
    return rows + [{"question": "(all)", "severity": s, "message": m} for s, m in _faults_of_all(bank)]


def _faults(name: str, entry: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(entry, Mapping):
        yield "wrong", "It is not a table: write [name], and its parts below."
        return
    if not _NAME.fullmatch(name):
        yield "wrong", "Its name is not built as 20-vein: the number of the lesson, a hyphen, small letters."
    for part, why in (("text", "the question"), ("source", "where the answer is taught or published")):
        if not _is_text(entry.get(part)):
            yield "wrong", f"It has no {part}: {why}."
    options = _options(entry)
    if options is None:
        yield "wrong", "Its options are not written as key = [text, feedback]."
        return
    if not 2 <= len(options) <= 6:
        yield "wrong", f"It has {len(options)} options; 2 to 6 can be read at a glance."
    yield from _faults_of_options(options)
    yield from _faults_of_right(name, entry, options)


def _faults_of_options(options: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, str]]:
    seen: dict[str, str] = {}
    for key, (text, feedback) in options.items():
        plain = _plain(text)
        if plain in seen:
            yield "wrong", f"Options {seen[plain]} and {key} say the same."
        seen.setdefault(plain, key)
        if len(feedback.strip()) < SHORTEST_FEEDBACK:
            yield "wrong", f"Option {key} has no feedback that helps: say why it is right, or what to look at again."


def _faults_of_right(
    name: str, entry: Mapping[str, Any], options: Mapping[str, tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    right = _right(name, entry, options)
    if len(right) != 1:
        seal = "'sealed' fits none of its options (a seal is made from name and key)" if not right else "two are right"
        yield "wrong", f"It does not have exactly one right option: {seal}."
        return
    if "sealed" not in entry:
        yield "look", f"Its answer is open. Write instead of 'right': sealed = \"{seal_answer(name, right[0])}\""
    if _is_longest(right[0], options):
        yield (
            "look",
            f"The right option ({len(options[right[0]][_TEXT])} letters) is the longest: shorten it, or lengthen another.",
        )


def _faults_of_all(bank: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    texts: dict[str, str] = {}
    longest = judged = 0
    for name, entry in bank.items():
        if not isinstance(entry, Mapping):
            continue
        if _is_text(entry.get("text")):
            plain = _plain(entry["text"])
            if plain in texts:
                yield "wrong", f"{texts[plain]} and {name} ask the same."
            texts.setdefault(plain, name)
        options = _options(entry)
        right = _right(name, entry, options) if options else []
        if options and len(right) == 1:
            judged += 1
            longest += _is_longest(right[0], options)
    if judged >= _FEW and longest > MOST_LONGEST * judged:
        yield (
            "wrong",
            f"The right option is the longest in {longest} of {judged} questions: whoever knows nothing can tell it.",
        )


def _options(entry: Mapping[str, Any]) -> dict[str, tuple[str, str]] | None:
    options = entry.get("options")
    if not isinstance(options, Mapping) or not options:
        return None
    pairs = {key: pair for key, pair in options.items() if isinstance(pair, list) and len(pair) == _FEEDBACK + 1}
    if len(pairs) < len(options) or not all(isinstance(t, str) for pair in pairs.values() for t in pair):
        return None
    return {key: (pair[_TEXT], pair[_FEEDBACK]) for key, pair in pairs.items()}


def _right(name: str, entry: Mapping[str, Any], options: Mapping[str, Any]) -> list[str]:
    """Keys of the right options: by the seal, or while the question is written, by name."""
    if "sealed" in entry:
        sealed = [key for key in options if seal_answer(name, key) == entry["sealed"]]
        return (
            sealed
            if entry.get("right", *sealed[:1]) in sealed or "right" not in entry
            else [*sealed, str(entry["right"])]
        )
    named = entry.get("right")
    keys = named if isinstance(named, list) else [named]
    return [str(key) for key in keys if key in options]


def _is_longest(right: str, options: Mapping[str, tuple[str, str]]) -> bool:
    lengths = {key: len(text) for key, (text, _) in options.items()}
    return all(lengths[right] > length for key, length in lengths.items() if key != right)


def _is_text(thing: Any) -> bool:
    return isinstance(thing, str) and bool(thing.strip())


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().casefold()
