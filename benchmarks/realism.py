"""Real and simulated lumbar scans side by side, in numbers and as pictures: `python -m benchmarks realism`.

`python -m benchmarks.realism pair.png` also writes the middle and the parasagittal T1 slices at one scale and
one window; `--write` renews the reference numbers.

The real ones are published sample data (T1: ITKMontage, Apache-2.0; T2: spinalcordtoolbox, MIT) that lie beside the
project, not in it. Their pictures are not to be committed; the numbers are in tests/reference/realism_t1.csv and
realism_t2.csv, and the ranges that a reader measured on more scans in realism_ranges.csv.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import SimpleITK
from scipy.ndimage import map_coordinates

from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.sample_patients import SAMPLE_PATIENTS
from vbqkit.image import Slice, Volume
from vbqkit.roi import Ellipse, Rectangle, Roi
from vbqkit.scanner.forward_model import acquire
from vbqkit.scanner.presets import scanner_named
from vbqkit.validation.realism import realism_row, regions_of, side_row

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "real"
RANGES = ROOT / "tests" / "reference" / "realism_ranges.csv"
CASE, SCANNER = "case02", "generic-1.5t"
CASES = ("case01", "case02", "case04")
"""Bodies whose scans are compared with the ranges of real scans: young, healthy and osteoporotic."""

SLACK = 0.20
"""A number is near enough if it lies within the range of real scans, widened by this share on both sides."""

SIDE_MM = 17.6


@dataclass(frozen=True)
class RealScan:
    """A real scan, and circles in its tissues: center (slice, row, column) and diameter in mm, chosen by eye."""

    path: Path
    places: Mapping[str, tuple[tuple[int, int, int], ...]]
    spine: tuple[int, int, int]
    side: tuple[int, int, int]
    marrow_mm: float = 8.0
    other_mm: float = 5.4

    @property
    def reference(self) -> Path:
        return (
            ROOT / "tests" / "reference" / f"realism_{next(w for w, r in REAL_SCANS.items() if r is self).lower()}.csv"
        )


# The T1 scan is cropped: no fat under the skin of the back. The T2 scan ends near L3: its bodies are T10 to L2.
REAL_SCANS = {
    "T1": RealScan(
        SHARED / "lumbar_t1" / "lumbar_t1_sagittal.mha",
        {
            "marrow": ((5, 132, 68), (5, 184, 66), (5, 241, 66), (5, 302, 72)),
            "csf": ((5, 218, 104), (5, 260, 103)),
            "disc": ((5, 212, 66), (5, 324, 68)),
            "muscle": ((11, 235, 66), (11, 250, 62)),
            "deep fat": ((11, 128, 56), (11, 118, 60)),
        },
        spine=(5, 215, 76),
        side=(9, 230, 80),
    ),
    "T2": RealScan(
        SHARED / "lumbar_t2" / "t2_lumbar.nii.gz",
        {
            "marrow": ((19, 50, 95), (19, 80, 98), (19, 114, 103), (19, 147, 110)),
            "csf": ((19, 87, 80), (19, 100, 84)),
            "disc": ((19, 99, 102), (19, 131, 107)),
            "muscle": ((4, 110, 92), (4, 140, 100)),
        },
        spine=(19, 105, 95),
        side=(2, 105, 85),
        other_mm=4.4,
    ),
}
REAL, REFERENCE = REAL_SCANS["T1"].path, REAL_SCANS["T1"].reference


def read_real(weighting: str = "T1") -> Volume:
    """The real scan as sagittal slices, rows from head to foot."""
    image = SimpleITK.ReadImage(str(REAL_SCANS[weighting].path))
    direction = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine = np.eye(4)
    affine[:3, :3] = direction[:, ::-1]  # (col, row, plane) to (plane, row, col)
    affine[:3, 3] = image.GetOrigin()
    pixels = SimpleITK.GetArrayFromImage(image)
    if weighting == "T1":
        return Volume(pixels, affine, thickness_mm=4.0)
    # (head, back, right) to (plane, row, col): planes from left to right, rows downwards, columns as they are
    affine = affine @ np.array([[0.0, -1.0, 0.0, pixels.shape[0] - 1], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
    return Volume(np.moveaxis(pixels[::-1], 2, 0), affine, thickness_mm=1.0)


def real_regions(volume: Volume, weighting: str = "T1") -> dict[str, list[Roi]]:
    real = REAL_SCANS[weighting]
    circles: dict[str, list[Roi]] = {}
    for name, places in real.places.items():
        size = real.marrow_mm if name == "marrow" else real.other_mm
        circles[name] = [Ellipse.on(volume.slice(k), (row, col), size, size) for k, row, col in places]
    return circles


def real_spine(volume: Volume, weighting: str = "T1") -> Roi:
    k, row, col = REAL_SCANS[weighting].spine
    return Rectangle.on(volume.slice(k), (row, col), 80.0, 160.0, label="spine")


def real_side(volume: Volume, weighting: str = "T1") -> Roi:
    k, row, col = REAL_SCANS[weighting].side
    return Rectangle.on(volume.slice(k), (row, col), 80.0, 160.0, label="side")


@lru_cache(maxsize=len(CASES))
def body(case: str) -> Phantom:
    return SAMPLE_PATIENTS[case].phantom()


def simulate(weighting: str = "T1", case: str = CASE) -> tuple[Volume, Phantom]:
    phantom = body(case)
    return acquire(phantom, scanner_named(SCANNER), weighting, rng=np.random.default_rng(1)), phantom


def simulated_spine(phantom: Phantom, volume: Volume, aside_mm: float = 0.0) -> Roi:
    (roi,) = [r for r in phantom.reference_rois if r.label == "L3"]
    x, y, z = roi.center_mm
    image = volume.nearest_slice((x + aside_mm, y, z))
    row, col = image.to_rows_cols(roi.center_mm)
    return Rectangle.on(image, (row, col + 14.0 / image.spacing_mm[1]), 80.0, 160.0, label="spine")


def simulated_row(weighting: str, case: str = CASE) -> dict[str, float]:
    volume, phantom = simulate(weighting, case)
    row = realism_row(volume, regions_of(phantom), spine=simulated_spine(phantom, volume))
    return row | side_row(volume, simulated_spine(phantom, volume, SIDE_MM))


def real_row(weighting: str) -> dict[str, float]:
    scan = read_real(weighting)
    row = realism_row(scan, real_regions(scan, weighting), spine=real_spine(scan, weighting))
    return row | side_row(scan, real_side(scan, weighting))


def measured(weighting: str = "T1") -> list[dict[str, object]]:
    simulated = simulated_row(weighting)
    real = dict.fromkeys(simulated, float("nan"))
    if REAL_SCANS[weighting].path.exists():
        real = real_row(weighting)
    return [{"measure": m, "real": round(real[m], 3), "simulated": round(simulated[m], 3)} for m in simulated]


def against_ranges(weightings: tuple[str, ...] = ("T1", "T2", "STIR")) -> list[dict[str, object]]:
    """One row a weighting and measure: the range on real scans, that over simulated bodies, and how many fit."""
    lines = [line for line in RANGES.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rows: list[dict[str, object]] = []
    simulated = {(w, c): simulated_row(w, c) for w in weightings for c in CASES}
    for line in csv.DictReader(lines):
        if line["weighting"] not in weightings:
            continue
        low, high = float(line["low"]), float(line["high"])
        values = [simulated[line["weighting"], case][line["measure"]] for case in CASES]
        slack_low, slack_high = SLACK * abs(low), SLACK * abs(high)
        near = [low - slack_low <= v <= high + slack_high for v in values]
        rows.append(
            {"weighting": line["weighting"], "measure": line["measure"], "low": low, "high": high}
            | {"simulated_low": round(min(values), 3), "simulated_high": round(max(values), 3), "near": sum(near)}
        )
    return rows


def pictures(width_mm: float = 96.0, height_mm: float = 300.0) -> np.ndarray:
    """Middle and parasagittal T1 slices, real and simulated, at one scale and one window: 0 to 2.4 times marrow."""
    volume, phantom = simulate()
    scan = read_real()
    (l3,) = [r for r in phantom.reference_rois if r.label == "L3"]
    x, y, z = l3.center_mm
    marrow_real, marrow = np.mean([m.measure(scan).mean for m in real_regions(scan)["marrow"]]), l3.measure(volume).mean
    parts = []
    for k, aside in ((5, 0.0), (REAL_SCANS["T1"].side[0], SIDE_MM)):
        image = volume.nearest_slice((x + aside, y, z))
        row, col = image.to_rows_cols(l3.center_mm)
        parts.append(_resampled(scan.slice(k), (235, 71), width_mm, height_mm) / marrow_real / 2.4)
        parts.append(_resampled(image, (row - 5, col + 12), width_mm, height_mm) / marrow / 2.4)
    return (np.clip(np.concatenate(parts, axis=1), 0.0, 1.0) * 255).astype(np.uint8)


def _resampled(image: Slice, center: tuple[float, float], width_mm: float, height_mm: float) -> np.ndarray:
    down, across = np.arange(-height_mm / 2, height_mm / 2, 0.35), np.arange(-width_mm / 2, width_mm / 2, 0.35)
    rows = center[0] + down[:, None] / image.spacing_mm[0] + 0 * across[None, :]
    cols = center[1] + across[None, :] / image.spacing_mm[1] + 0 * down[:, None]
    return map_coordinates(np.asarray(image.pixels, dtype=float), [rows, cols], order=3, mode="constant")


def main() -> None:
    for weighting, real in REAL_SCANS.items():
        rows = measured(weighting)
        print(f"{weighting}: real ({real.path.parent.name}) and simulated ({CASE} on {SCANNER}, synthetic)")
        print(f"{'measure':<26}{'real':>9}{'simulated':>11}{'ratio':>8}")
        for row in rows:
            ratio = float(row["simulated"]) / float(row["real"])  # type: ignore[arg-type]
            print(f"{row['measure']:<26}{row['real']:>9}{row['simulated']:>11}{ratio:>8.2f}")
        if "--write" in sys.argv:
            with real.reference.open("w", newline="", encoding="utf-8") as file:
                file.write(
                    f"# python -m benchmarks.realism --write; real: {real.path.parent.name} (benchmarks/realism.py), "
                )
                file.write(f"simulated: {CASE} on {SCANNER}; nan: not in the picture\n")
                writer = csv.DictWriter(file, ["measure", "real", "simulated"], lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
    print(f"Ranges on real scans, and simulated {', '.join(CASES)}; near: how many lie within {SLACK:.0%} of the range")
    table = against_ranges()
    for row in table:
        print(
            f"{row['weighting']:<6}{row['measure']:<26}{row['low']:>8}{row['high']:>8}"
            f"{row['simulated_low']:>10}{row['simulated_high']:>9}   {row['near']}/{len(CASES)}"
        )
    near = sum(int(row["near"]) for row in table)  # type: ignore[call-overload]
    print(f"{near} of {len(table) * len(CASES)} are near")
    target = next((Path(a) for a in sys.argv[1:] if a.endswith(".png")), None)
    if target is not None:
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(pictures()), str(target))


if __name__ == "__main__":
    main()
