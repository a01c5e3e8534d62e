"""Reading a 15-slice 512 x 512 series, headers and pixels: against SimpleITK's series reader and highdicom's volume."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.slices import write_series
from benchmarks.timing import print_ratios, quickest_seconds

LIMITS = {"SimpleITK's series reader": 0.5, "highdicom's volume": 0.7}


def measure(folder: Path, *, rounds: int = 9) -> dict[str, float]:
    """Seconds of each reader; each starts from the folder and ends with pixels and geometry in memory."""
    import highdicom
    import SimpleITK as sitk  # noqa: N813 - its usual name
    from pydicom import dcmread

    from vbqkit import read_study

    def by_vbqkit() -> object:
        (series,) = read_study(folder)
        return series.volume()

    def by_simpleitk() -> object:
        reader = sitk.ImageSeriesReader()
        (uid,) = reader.GetGDCMSeriesIDs(str(folder))
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder), uid))
        return sitk.GetArrayFromImage(reader.Execute())

    def by_highdicom() -> object:
        return highdicom.get_volume_from_series([dcmread(path) for path in sorted(folder.iterdir())])

    runs = {"vbqkit": by_vbqkit, "SimpleITK's series reader": by_simpleitk, "highdicom's volume": by_highdicom}
    return quickest_seconds(runs, rounds=rounds)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_series(Path(folder) / "series", slices=15)
        seconds = measure(Path(folder) / "series")
    print_ratios("Reading 15 slices of 512 x 512", seconds, ours="vbqkit", limits=LIMITS)


if __name__ == "__main__":
    main()
