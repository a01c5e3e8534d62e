"""``python -m vbqkit.language``: bring the catalogues up with the sources, and say what is left to translate."""

from __future__ import annotations

import sys

from vbqkit.language import LANGUAGES, differences, update_catalogues
from vbqkit.language.sources import catalogue_names


def main() -> int:
    """Update all catalogues; 1 if anything is missing or has other placeholders than the English."""
    update_catalogues()
    left = 0
    for code in LANGUAGES:
        for name in catalogue_names() if code != "en" else ():
            found = differences(code, name)
            left += len(found["missing"]) + len(found["placeholders"])
            for what, texts in found.items():
                for text in texts:
                    sys.stdout.write(f"{code}/{name}.po, {what}: {text}\n")
    return int(left > 0)


if __name__ == "__main__":
    raise SystemExit(main())
