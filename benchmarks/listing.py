"""Listing a folder of 1,000 files without reading pixels: against pydicom's bare reads of the same headers."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.slices import write_series
from benchmarks.timing import print_ratios, quickest_seconds

BARE = "pydicom's bare header reads"
LIMITS = {BARE: 1.0}


def measure(folder: Path, *, rounds: int = 5) -> dict[str, float]:
    """Seconds to know every series of the folder, and to read the headers with pydicom and do nothing with them."""
    from pydicom import dcmread

    from vbqkit import read_study

    def bare() -> object:
        return [dcmread(path, stop_before_pixels=True) for path in sorted(folder.rglob("*.dcm"))]

    return quickest_seconds({"vbqkit": lambda: read_study(folder), BARE: bare}, rounds=rounds)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number in range(1, 41):
            write_series(Path(folder) / f"S{number}", slices=25, rows=64, cols=64, number=number)
        seconds = measure(Path(folder))
    print_ratios("Listing 1,000 files in 40 series", seconds, ours="vbqkit", limits=LIMITS)


if __name__ == "__main__":
    main()
