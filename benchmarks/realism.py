"""A real and a simulated T1-weighted lumbar scan side by side: `python -m benchmarks realism`.

`python -m benchmarks.realism pair.png` writes the two mid-sagittal slices at one scale and one window;
`--write` renews the reference numbers.

The real one is published sample data (ITKMontage, Apache-2.0) that lies beside the project, not in it. Its picture is
not to be committed; the numbers are in tests/reference/realism_t1.csv.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.sample_patients import SAMPLE_PATIENTS
from vbqkit.image import Slice, Volume
from vbqkit.roi import Ellipse, Rectangle, Roi
from vbqkit.scanner.forward_model import acquire
from vbqkit.scanner.presets import scanner_named
from vbqkit.validation.realism import realism_row, regions_of

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "real" / "lumbar_t1" / "lumbar_t1_sagittal.mha"
REFERENCE = ROOT / "tests" / "reference" / "realism_t1.csv"
CASE, SCANNER = "case02", "generic-1.5t"

# (slice, row, col) of circles drawn by hand on the real scan. It is cropped: no fat under the skin of the back.
REAL_PLACES = {
    "marrow": [(5, 132, 68), (5, 184, 66), (5, 241, 66), (5, 302, 72)],
    "csf": [(5, 218, 104), (5, 260, 103)],
    "disc": [(5, 212, 66), (5, 324, 68)],
    "muscle": [(11, 235, 66), (11, 250, 62)],
    "deep fat": [(11, 128, 56), (11, 118, 60)],
}


def read_real() -> Volume:
    import SimpleITK

    image = SimpleITK.ReadImage(str(REAL))
    direction = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine = np.eye(4)
    affine[:3, :3] = direction[:, ::-1]  # (col, row, plane) to (plane, row, col)
    affine[:3, 3] = image.GetOrigin()
    return Volume(SimpleITK.GetArrayFromImage(image), affine, thickness_mm=4.0)


def real_regions(volume: Volume) -> dict[str, list[Roi]]:
    circles: dict[str, list[Roi]] = {}
    for name, places in REAL_PLACES.items():
        circles[name] = [
            Ellipse.on(volume.slice(k), (row, col), 8.0 if name == "marrow" else 5.4, 8.0 if name == "marrow" else 5.4)
            for k, row, col in places
        ]
    return circles


def real_spine(volume: Volume) -> Roi:
    return Rectangle.on(volume.slice(5), (215, 76), 80.0, 160.0, label="spine")


def simulate() -> tuple[Volume, Phantom]:
    phantom = SAMPLE_PATIENTS[CASE].phantom()
    return acquire(phantom, scanner_named(SCANNER), "T1", rng=np.random.default_rng(1)), phantom


def simulated_spine(phantom: Phantom, volume: Volume) -> Roi:
    (roi,) = [r for r in phantom.reference_rois if r.label == "L3"]
    image = volume.nearest_slice(roi.center_mm)
    row, col = image.to_rows_cols(roi.center_mm)
    return Rectangle.on(image, (row, col + 14.0 / image.spacing_mm[1]), 80.0, 160.0, label="spine")


def measured() -> list[dict[str, object]]:
    volume, phantom = simulate()
    simulated = realism_row(volume, regions_of(phantom), spine=simulated_spine(phantom, volume))
    real = dict.fromkeys(simulated, float("nan"))
    if REAL.exists():
        scan = read_real()
        real = realism_row(scan, real_regions(scan), spine=real_spine(scan))
    return [{"measure": m, "real": round(real[m], 3), "simulated": round(simulated[m], 3)} for m in simulated]


def pictures(width_mm: float = 96.0, height_mm: float = 300.0) -> np.ndarray:
    """The two mid-sagittal slices at the same scale and the same window: 0 to 2.4 times marrow."""
    volume, phantom = simulate()
    scan = read_real()
    (l3,) = [r for r in phantom.reference_rois if r.label == "L3"]
    image = volume.nearest_slice(l3.center_mm)
    row, col = image.to_rows_cols(l3.center_mm)
    parts = []
    for picture, (r, c), marrow in (
        (scan.slice(5), (235, 71), np.mean([m.measure(scan).mean for m in real_regions(scan)["marrow"]])),
        (image, (row - 5, col + 12), l3.measure(volume).mean),
    ):
        parts.append(_resampled(picture, (r, c), width_mm, height_mm) / marrow / 2.4)
    return (np.clip(np.concatenate(parts, axis=1), 0.0, 1.0) * 255).astype(np.uint8)


def _resampled(image: Slice, center: tuple[float, float], width_mm: float, height_mm: float) -> np.ndarray:
    from scipy.ndimage import map_coordinates

    down, across = np.arange(-height_mm / 2, height_mm / 2, 0.35), np.arange(-width_mm / 2, width_mm / 2, 0.35)
    rows = center[0] + down[:, None] / image.spacing_mm[0] + 0 * across[None, :]
    cols = center[1] + across[None, :] / image.spacing_mm[1] + 0 * down[:, None]
    return map_coordinates(np.asarray(image.pixels, dtype=float), [rows, cols], order=3, mode="constant")


def main() -> None:
    rows = measured()
    print(f"T1-weighted, real (lumbar_t1) and simulated ({CASE} on {SCANNER}); synthetic data is marked by its column")
    print(f"{'measure':<26}{'real':>9}{'simulated':>11}{'ratio':>8}")
    for row in rows:
        ratio = float(row["simulated"]) / float(row["real"])  # type: ignore[arg-type]
        print(f"{row['measure']:<26}{row['real']:>9}{row['simulated']:>11}{ratio:>8.2f}")
    target = next((Path(a) for a in sys.argv[1:] if a.endswith(".png")), None)
    if target is not None:
        import SimpleITK

        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(pictures()), str(target))
    if "--write" in sys.argv:
        with REFERENCE.open("w", newline="", encoding="utf-8") as file:
            file.write("# python -m benchmarks.realism --write; real: ITKMontage lumbar T1 sample, simulated: ")
            file.write(f"{CASE} on {SCANNER}; nan: not in the picture\n")
            writer = csv.DictWriter(file, ["measure", "real", "simulated"], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
