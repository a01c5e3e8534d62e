"""Catalogues of gettext, as Babel reads and writes them: one file for each language and part of the package."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

FOLDER = Path(__file__).parent / "catalogues"
_HEADER = """# Words of vbqkit. BSD-3-Clause, as the package.
# Made by a machine from the English and not yet read by a native radiologist: see docs/how_to, "Translate the course".
msgid ""
msgstr ""
"Project-Id-Version: vbqkit\\n"
"Language: {code}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def path_of(code: str, name: str) -> Path:
    """Where the catalogue of this name is, in a language."""
    return FOLDER / code / f"{name}.po"


@cache
def catalogue(code: str, name: str) -> Mapping[str, str]:
    """English to another language; only what is translated, and not what a translator has yet to look at ("fuzzy")."""
    path = path_of(code, name)
    if code == "en" or not path.is_file():
        return MappingProxyType({})
    found = {str(m.id): str(m.string) for m in read(path) if m.id and m.string and not m.fuzzy}
    return MappingProxyType(found)


def read(path: Path) -> Catalog:
    """A catalogue from its file."""
    from babel.messages.pofile import read_po  # noqa: PLC0415  # English does without Babel

    return read_po(io.BytesIO(path.read_bytes()), locale=path.parent.name, abort_invalid=True)


def write(path: Path, catalogue: Catalog) -> None:
    """A catalogue into its file, always the same for the same content: Babel's own header holds the time."""
    from babel.messages.pofile import write_po  # noqa: PLC0415  # English does without Babel

    file = io.BytesIO()
    write_po(file, catalogue, width=100, omit_header=True, include_lineno=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_HEADER.format(code=path.parent.name).encode() + file.getvalue())
