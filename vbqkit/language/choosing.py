"""Which language is read: what was set, else what the environment says, else English. Never guessed from the system."""

from __future__ import annotations

import os
from typing import NoReturn

from vbqkit.errors import FormatError

LANGUAGES = {"en": "English", "de": "Deutsch", "sk": "Slovenčina", "zh_CN": "简体中文"}
"""Code to name, each in its own language. English is what the sources are written in."""

VARIABLE = "VBQKIT_LANGUAGE"

# One for the process, as one person reads its page. No ContextVar: cells may run in contexts of their own.
_chosen: list[str] = []


def set_language(code: str | None) -> None:
    """Choose the language of what is made from now on; what is on the page already stays as it is.

    Parameters
    ----------
    code : {"en", "de", "sk", "zh_CN"} or None
        ``"zh-CN"`` is taken too. None: as the environment variable ``VBQKIT_LANGUAGE`` says, else English. The language
        of the system is not asked: a course, its answers and its pictures are to look the same on every computer.

    Raises
    ------
    FormatError
        If the language is not known, or Babel, which reads the catalogues, is not installed.

    Examples
    --------
    >>> set_language("de")
    >>> language()
    'de'
    >>> set_language(None)
    """
    known = None if code is None else _known(code, "set_language")
    _chosen[:] = [] if known is None else [known]


def language() -> str:
    """The code of the language that is read now.

    Raises
    ------
    FormatError
        If ``VBQKIT_LANGUAGE`` names a language that is not known, or Babel is not installed.
    """
    if _chosen:
        return _chosen[0]
    named = os.environ.get(VARIABLE, "")
    return _known(named, VARIABLE) if named else "en"


def html_language(code: str | None = None) -> str:
    """The code as a ``lang`` attribute has it.

    Examples
    --------
    >>> html_language("zh_CN")
    'zh-CN'
    """
    return (code or language()).replace("_", "-")


def _known(code: str, where: str) -> str:
    known = code.replace("-", "_")
    if known not in LANGUAGES:
        names = ", ".join(f"{code!r} ({name})" for code, name in LANGUAGES.items())
        raise FormatError(f"There is no language {code!r} ({where}). Use one of {names}.")
    if known != "en":
        _need_babel()
    return known


def _need_babel() -> None:
    try:
        import babel  # noqa: F401, PLC0415  # only whether it is there; English does without
    except ImportError:
        _say_how()


def _say_how() -> NoReturn:
    raise FormatError(
        'Languages other than English need Babel, which is not installed: pip install "vbqkit[language]". English needs nothing.'
    )
