"""Catalogues kept up with the sources: new texts added, changed ones marked, what is missing or stale named."""

from __future__ import annotations

import re
from pathlib import Path

from vbqkit.language.catalogues import path_of, read, write
from vbqkit.language.choosing import LANGUAGES
from vbqkit.language.sources import catalogue_names, messages

_PLACEHOLDER = re.compile(r"\{\w+\}")


def differences(code: str, name: str, *, notebooks: Path | None = None) -> dict[str, list[str]]:
    """What one catalogue lacks, holds in vain, or has with other placeholders than the English.

    Returns
    -------
    dict of str to list of str
        ``"missing"`` (texts of the sources without a translation), ``"stale"`` (texts that no source has any more),
        ``"placeholders"`` (translations whose placeholders are not those of the English); each list may be empty.
    """
    path = path_of(code, name)
    held = {str(m.id): m for m in read(path) if m.id} if path.is_file() else {}
    wanted = [message.text for message in messages(name, notebooks=notebooks)]
    done = {text for text, m in held.items() if m.string and not m.fuzzy}
    return {
        "missing": [text for text in wanted if text not in done],
        "stale": [text for text in held if text not in set(wanted)],
        "placeholders": [text for text in done if _placeholders(text) != _placeholders(str(held[text].string))],
    }


def update_catalogues() -> list[Path]:
    """Bring every catalogue up with the sources; returns the files written.

    A new text is added without a translation. A changed one keeps the translation of the nearest old text, marked as
    fuzzy: it is not used until a translator removes the mark.
    """
    from babel.messages.catalog import Catalog  # noqa: PLC0415  # English does without Babel

    written = []
    for code in LANGUAGES:
        for name in catalogue_names():
            if code == "en":
                continue
            path = path_of(code, name)
            template = Catalog()
            for message in messages(name):
                hints = [message.hint] if message.hint else []
                template.add(message.text, locations=[(message.place, 1)], auto_comments=hints)
            kept = read(path) if path.is_file() else Catalog(locale=code)
            kept.update(template, no_fuzzy_matching=False)
            kept.obsolete.clear()
            write(path, kept)
            written.append(path)
    return written


def _placeholders(text: str) -> set[str]:
    return set(_PLACEHOLDER.findall(text))
