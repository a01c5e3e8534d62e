"""``vbqkit series``: what is in a folder, file, ZIP archive or DICOMDIR, one row per series."""

from __future__ import annotations

import argparse
from typing import Any

from vbqkit.cli.opening import add_study_options, open_study
from vbqkit.cli.report import Report
from vbqkit.errors import FormatError
from vbqkit.study import Series, Study

HELP = "What is in a folder, file, ZIP archive or DICOMDIR: one row per series, with what is odd about it."

COLUMNS = (
    "series",
    "plane",
    "weighting",
    "tr_ms",
    "te_ms",
    "ti_ms",
    "field_t",
    "vendor",
    "matrix",
    "spacing",
    "slices",
    "scorable",
    "patient",
    "study_date",
    "description",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    add_study_options(parser)
    parser.add_argument(
        "--weighting", choices=["T1", "T2", "STIR", "PD"], help="set the weighting of every series yourself"
    )
    parser.add_argument(
        "--pixel-spacing", metavar="ROWS,COLS", help="distance of rows and of columns in mm, where DICOM files lack it"
    )
    parser.add_argument(
        "--longest", action="store_true", help="where slices are missing, keep the longest run without a gap"
    )
    parser.add_argument(
        "--max-unpacked-mib", type=float, default=4096.0, metavar="MIB", help="limit on what a ZIP archive unpacks to"
    )


def run(args: argparse.Namespace) -> Report:
    """List the series of a study."""
    study = open_study(
        args,
        weighting=args.weighting,
        pixel_spacing_mm=_pixel_spacing(args.pixel_spacing),
        on_gap="longest" if args.longest else "refuse",
        max_unpacked_bytes=_bytes(args.max_unpacked_mib),
    )
    rows = [series_row(number, series, study) for number, series in enumerate(study)]
    return Report(rows=rows, columns=COLUMNS, remarks=tuple(_remarks(study)))


def series_row(number: int, series: Series, study: Study) -> dict[str, Any]:
    """One series as a flat row.

    Keys: ``series`` (its number in the list, from 0), ``plane``, ``weighting``, ``weighting_reason``, ``tr_ms``,
    ``te_ms``, ``ti_ms``, ``field_t``, ``vendor``, ``model``, ``matrix``, ``spacing``, ``slices``, ``rows``, ``cols``,
    ``slice_distance_mm``, ``row_spacing_mm``, ``col_spacing_mm``, ``thickness_mm``, ``scorable``, ``refusal``,
    ``cautions``, ``series_number``, ``patient``, ``study_date``, ``description``, ``modality``, ``echo_train_length``,
    ``scanning_sequence``, ``fat_suppressed``, ``contrast_agent``, ``image_type``, ``synthetic``, ``source``,
    ``study_cautions``, ``not_read`` (how many files hold no image). Lists are joined by ``" | "`` (cautions) or a
    backslash (DICOM values).
    """
    a = series.acquisition
    slices, rows, cols = series.shape or (None, None, None)
    slice_mm, row_mm, col_mm = series.spacing_mm or (None, None, None)
    return {
        "series": number,
        "plane": series.plane,
        "weighting": a.weighting,
        "weighting_reason": a.weighting_reason,
        "tr_ms": a.tr_ms,
        "te_ms": a.te_ms,
        "ti_ms": a.ti_ms,
        "field_t": a.field_t,
        "vendor": a.vendor,
        "model": a.model,
        "matrix": None if rows is None else f"{rows} x {cols}",
        "spacing": None if row_mm is None else f"{row_mm:.3g} x {col_mm:.3g} mm",
        "slices": slices,
        "rows": rows,
        "cols": cols,
        "slice_distance_mm": slice_mm,
        "row_spacing_mm": row_mm,
        "col_spacing_mm": col_mm,
        "thickness_mm": a.slice_thickness_mm,
        "scorable": series.scorable,
        "refusal": series.refusal,
        "cautions": " | ".join(map(str, series.cautions)),
        "series_number": a.series_number,
        "patient": series.patient_id,
        "study_date": series.study_date,
        "description": a.series_description,
        "modality": a.modality,
        "echo_train_length": a.echo_train_length,
        "scanning_sequence": "\\".join(a.scanning_sequence),
        "fat_suppressed": a.fat_suppressed,
        "contrast_agent": a.contrast_agent,
        "image_type": "\\".join(a.image_type),
        "synthetic": a.synthetic,
        "source": series.source,
        "study_cautions": " | ".join(map(str, study.cautions)),
        "not_read": study.not_read_note,
    }


def _remarks(study: Study) -> list[str]:
    lines = [""]
    for number, series in enumerate(study):
        lines.append(f"{number}: {series.source}")
        lines.append(f"   {series.acquisition.weighting}: {series.acquisition.weighting_reason}")
        if series.refusal:
            lines.append(f"   not scorable: {series.refusal}")
        lines += [f"   ! {caution}" for caution in series.cautions]
    lines += [f"! {caution}" for caution in study.cautions]
    return lines + ([study.not_read_note] if study.not_read_note else [])


def _bytes(mebibytes: float) -> int:
    if not 0 < mebibytes < 2**40:
        raise FormatError(f"--max-unpacked-mib {mebibytes} is not possible; give a number above 0, such as 4096.")
    return int(mebibytes * 1024**2)


def _pixel_spacing(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        rows, cols = (float(part) for part in text.split(","))
    except ValueError:
        raise FormatError(
            f"--pixel-spacing {text} is not understood; write ROWS,COLS in mm, such as 0.6,0.6."
        ) from None
    return rows, cols
