"""``vbqkit reference``: reference groups of one's own for the M-score: add members, list groups, look for drift."""

from __future__ import annotations

import argparse
import datetime as dt

from vbqkit.cli.opening import add_study_options, open_study
from vbqkit.cli.report import Report
from vbqkit.errors import FormatError, ScoreError
from vbqkit.formats import read_rois
from vbqkit.formats.files import user_path
from vbqkit.formats.roi_file import study_digest
from vbqkit.image import Volume
from vbqkit.reference_library import (
    Member,
    add_check,
    add_member,
    drift_svg,
    group_drift,
    read_library,
)
from vbqkit.scan_protocol import ScanProtocol
from vbqkit.scores.case import score_case

HELP = "Reference groups of your own for the M-score, one for each scanner, coil and protocol: add, list, drift."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the three actions and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = actions.add_parser("add", help="measure a young healthy person, and add them to the group of their scanner")
    _as_json(add)
    add_study_options(add)
    add.add_argument(
        "--library", required=True, metavar="FOLDER", help="the folder of the groups; made if it is not there"
    )
    add.add_argument("--group", metavar="NAME", help="which group; needed to begin one")
    add.add_argument("--code", required=True, metavar="CODE", help="pseudonym of the person or phantom; no name")
    add.add_argument("--age", type=float, metavar="YEARS", help="age at the scan; not for a check")
    add.add_argument("--date", required=True, metavar="YYYY-MM[-DD]", help="day or month of the scan")
    value = add.add_mutually_exclusive_group(required=True)
    value.add_argument("--rois", metavar="FILE", help="ROI file with L1 to L4 and noise: SNR(L1-L4) is measured")
    value.add_argument("--snr", type=float, metavar="VALUE", help="SNR, where it was measured already, the same way")
    add.add_argument("--series", type=int, metavar="NUMBER", help="row of 'vbqkit series', from 0: the T1 series")
    add.add_argument("--coil", default="", metavar="TEXT", help="the receive coil, where the header is silent")
    add.add_argument("--rayleigh", action="store_true", help="SNR with the Rayleigh correction (x 0.655)")
    add.add_argument(
        "--check",
        action="store_true",
        help="a phantom, or a volunteer scanned again: for the control chart, not for mean and SD",
    )
    listing = actions.add_parser("list", help="n, ages, dates, mean and SD of each group, with their intervals")
    drift = actions.add_parser("drift", help="the control chart of each group: does it still stand for the scanner?")
    for action in (listing, drift):
        _as_json(action)
        action.add_argument("library", metavar="LIBRARY", help="folder of the groups, or the file of one")
    drift.add_argument("--group", metavar="NAME", help="only this group")
    drift.add_argument("--picture", metavar="FILE.html", help="write the charts as one page")


def _as_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print flat JSON objects")


def run(args: argparse.Namespace) -> Report:
    """Do what was asked."""
    return {"add": _add, "list": _list, "drift": _drift}[args.action](args)


def _add(args: argparse.Namespace) -> Report:
    study = open_study(args)
    if args.series is not None:
        if not 0 <= args.series < len(study):
            raise FormatError(
                f"--series {args.series} names no series: give a row of 'vbqkit series', 0 to {len(study) - 1}."
            )
        volume = study.series[args.series].volume()
    else:
        volume = study.find("T1").volume()
    if volume.acquisition.weighting != "T1":
        raise ScoreError(
            f"The series is {volume.acquisition.weighting}, and the M-score is of T1. Choose the T1 series: --series NUMBER."
        )
    if volume.refusal:
        raise ScoreError(f"The series cannot be a member: {volume.refusal}. Choose another one.")
    snr, doubts = (args.snr, []) if args.snr is not None else _measured(volume, args.rois, rayleigh=args.rayleigh)
    uid = volume.acquisition.series_uid
    new = Member(
        code=args.code,
        scanned_on=args.date,
        snr=round(float(snr), 4),
        age_years=None if args.check else args.age,
        images=study_digest(uid) if uid else "",
    )
    add = add_check if args.check else add_member
    protocol = ScanProtocol.of(volume, coil=args.coil)
    group = add(args.library, new, protocol, group=args.group, rayleigh_correction=args.rayleigh)
    row = {
        "group": group.name,
        "code": new.code,
        "scanned_on": new.scanned_on,
        "age_years": new.age_years,
        "snr": new.snr,
    }
    today = dt.datetime.now().astimezone().date()
    return Report(
        rows=[row | {"members": len(group.members), "checks": len(group.checks)}],
        remarks=(
            *(f"! {doubt}" for doubt in doubts),
            *(f"! {caution}" for caution in group.cautions(today=today)),
            f"Scanner, coil and protocol: {group.protocol}.",
        ),
    )


def _measured(volume: Volume, path: str, *, rayleigh: bool) -> tuple[float, list[str]]:
    drawn = read_rois(path, image=volume)
    score = score_case({"T1": volume}, drawn, aggregate="mean", rayleigh_correction=rayleigh).score("SNR")
    return score.value, [str(caution) for caution in score.cautions]


def _list(args: argparse.Namespace) -> Report:
    groups = read_library(args.library)
    today = dt.datetime.now().astimezone().date()
    rows, remarks = [], []
    for group in groups:
        row: dict[str, object] = {"group": group.name, "n": len(group.members), "checks": len(group.checks)}
        try:
            s = group.statistics()
        except ScoreError as error:
            remarks.append(f"! {error}")
        else:
            row |= {
                "ages": "-" if s.ages is None else f"{s.ages[0]:g} to {s.ages[1]:g}",
                "scanned": f"{s.dates[0]} to {s.dates[1]}",
                "mean": s.mean,
                "mean_low": s.mean_low,
                "mean_high": s.mean_high,
                "sd": s.sd,
                "sd_low": s.sd_low,
                "sd_high": s.sd_high,
                "outliers": " ".join(s.outliers),
            }
        rows.append(row | {"protocol": str(group.protocol)})
        remarks += [f"! {caution}" for caution in group.cautions(today=today)]
        remarks.append(f"{group.name}: {group.protocol}.")
    if not groups:
        remarks.append("The library holds no group yet: vbqkit reference add.")
    else:
        remarks.append("Intervals: 95 %, for normally distributed SNR; mean by Student's t, SD by chi-square.")
    columns = ("group", "n", "ages", "scanned", "mean", "mean_low", "mean_high", "sd", "sd_low", "sd_high", "outliers")
    return Report(rows=rows, columns=columns, remarks=tuple(remarks))


def _drift(args: argparse.Namespace) -> Report:
    groups = [one for one in read_library(args.library) if args.group in (None, one.name)]
    if not groups:
        raise FormatError(
            f"The library has no group {args.group or 'at all'}. See: vbqkit reference list {args.library}."
        )
    found = [drift for group in groups for drift in group_drift(group)]
    rows = [
        {"group": one.group, "of": one.of, **{str(k): v for k, v in row.items()}}
        for one in found
        for row in one.table.to_dict("records")
    ]
    remarks = [f"{'! ' if one.changed else ''}{one.group}: {line}" for one in found for line in one.lines]
    if args.picture is not None:
        remarks.append(f"Written: {_write_page(args.picture, [drift_svg(one) for one in found])}")
    columns = ("group", "of", "code", "scanned_on", "value", "center", "lower", "upper", "rules")
    return Report(rows=rows, columns=columns, remarks=tuple(remarks), status=int(any(one.changed for one in found)))


def _write_page(path: str, charts: list[str]) -> str:
    target = user_path(path)
    if target.suffix.casefold() != ".html":
        raise FormatError(f"--picture {target.name}: its name must end in .html.")
    body = "\n".join(filter(None, charts)) or "<p>There are too few scans for a chart.</p>"
    page = f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Control charts</title></head>\n<body>\n{body}\n</body></html>\n'
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(page)
    except FileExistsError:
        raise FormatError(f"{target} exists already and is not replaced. Choose another name.") from None
    return str(target)
