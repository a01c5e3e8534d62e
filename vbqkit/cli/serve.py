"""``vbqkit serve``: a DICOM node that receives studies, and may score them and send the results back."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from vbqkit import node
from vbqkit.cli import propose, report_case
from vbqkit.cli.masking import name_mask
from vbqkit.cli.report import Report
from vbqkit.errors import NodeError, VbqkitError
from vbqkit.node.receiving import warning_of

HELP = "Receive studies by DICOM (C-STORE) into a folder, from this machine alone unless asked; propose ROIs, or score and send back."

_GIB = 1 << 30
_LOOK_EVERY_S = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    parser.add_argument("folder", metavar="FOLDER", help="where studies go: study-0001, study-0002 ...")
    parser.add_argument("--ae", default="VBQKIT", metavar="TITLE", help="what senders call this node (VBQKIT)")
    parser.add_argument("--port", type=int, default=11112, metavar="N", help="where to listen (11112)")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to listen at; only programs of this machine reach 127.0.0.1, the default. DICOM has no password",
    )
    parser.add_argument(
        "--from",
        dest="callers",
        action="append",
        default=[],
        metavar="TITLE",
        help="take from this AE title alone; may be repeated",
    )
    parser.add_argument(
        "--idle",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="a study is complete when nothing of it came for so long (10)",
    )
    parser.add_argument("--studies", type=int, metavar="N", help="end after so many complete studies; else with Ctrl-C")
    parser.add_argument("--max-gb", type=float, default=20.0, metavar="GB", help="most that the folder may hold (20)")
    parser.add_argument(
        "--max-files", type=int, default=20_000, metavar="N", help="most objects that a study may have (20000)"
    )
    parser.add_argument(
        "--propose", action="store_true", help="write proposed ROIs for each study, for you to accept in the studio"
    )
    parser.add_argument(
        "--score",
        metavar="ROIS",
        help="score each study with your ROIs and write the structured report and the segmentation beside it; ROIs of another "
        "examination are refused",
    )
    parser.add_argument("--reader", metavar="NAME", help="who placed or accepted the ROIs; needed with --score")
    parser.add_argument("--to", metavar="AE@HOST:PORT", help="send report and segmentation back to this node")
    parser.add_argument("--overwrite", action="store_true", help="replace results of an earlier run")


def run(args: argparse.Namespace) -> Report:
    """Listen until the studies are there or Ctrl-C is pressed, and say what came.

    Raises
    ------
    VbqkitError
        If nothing can listen there, or the options do not belong together.
    """
    if (args.score is None) != (args.reader is None):
        raise NodeError("--score and --reader belong together: a report says whose ROIs it was scored with.")
    if args.to is not None and args.score is None:
        raise NodeError(
            "--to sends report and segmentation back, which --score ROIS makes. Give both, or use: vbqkit send."
        )
    if not (args.idle > 0 and args.max_gb > 0 and args.max_files > 0):
        raise NodeError("--idle, --max-gb and --max-files must be above 0.")
    peer = node.Peer.parse(args.to) if args.to is not None else None
    limits = node.Limits(total_bytes=int(args.max_gb * _GIB), study_files=args.max_files)
    rows: list[dict[str, Any]] = []
    listening = node.start_node(
        args.folder, ae_title=args.ae, host=args.host, port=args.port, callers=args.callers, limits=limits
    )
    with listening:
        _say(f"Listening as {args.ae} at {args.host}, port {listening.port}. Studies go to {args.folder}. Ctrl-C ends.")
        _say(warning_of(args.host))
        with contextlib.suppress(KeyboardInterrupt), _ended_politely():
            while args.studies is None or len({row["study"] for row in rows}) < args.studies:
                for received in listening.complete(args.idle):
                    _say(f"{received.folder.name}: complete, {received.files} files.")
                    rows.append(_row(received, args, peer))
                    _say(rows[-1]["problem"])
                time.sleep(_LOOK_EVERY_S)
    problems = [f"! {row['study']}: {row['problem']}" for row in rows if row["problem"]]
    return Report(
        rows=rows,
        columns=("study", "files", "megabytes", "refused", "written", "sent_to") if rows else (),
        remarks=(*problems, *(() if rows else ("No study came to its end.",))),
        status=int(bool(problems)),
    )


def _row(received: node.ReceivedStudy, args: argparse.Namespace, peer: node.Peer | None) -> dict[str, Any]:
    """What was done with a complete study. What went wrong is told, and the node goes on."""
    folder, made = received.folder, []
    row: dict[str, Any] = {
        "study": folder.name,
        "files": received.files,
        "megabytes": round(received.bytes / 1e6, 1),
        "refused": received.refused,
        "written": None,
        "sent_to": None,
        "problem": None,
    }
    mask = name_mask(folder)
    more = ["--overwrite"] if args.overwrite else []
    try:
        if args.propose:
            proposed = folder.with_name(f"{folder.name}.proposed.vbqkit.json")
            _command(propose, [str(folder), "--out", str(proposed)])
            made.append(proposed)
        if args.score is not None:
            made += _scored(folder, args, more)
            if peer is not None:
                node.send_files([path for path in made if path.suffix == ".dcm"], peer, ae_title=args.ae)
                row["sent_to"] = str(peer)
    except (VbqkitError, OSError) as error:
        row["problem"] = mask(str(error))
    row["written"] = ", ".join(path.name for path in made) or None
    return row


def _scored(folder: Path, args: argparse.Namespace, more: Sequence[str]) -> list[Path]:
    """Report and segmentation beside the study: in it, they would be read as a part of it."""
    files = [folder.with_name(f"{folder.name}{ending}") for ending in (".sr.dcm", ".seg.dcm")]
    words = [str(folder), "--rois", args.score, "--reader", args.reader, "--code", folder.name, *more]
    _command(report_case, [*words, *(part for path in files for part in ("--out", str(path)))])
    return files


def _command(module: ModuleType, words: Sequence[str]) -> None:
    """Run another command, so that its digits are those that it prints alone."""
    parser = argparse.ArgumentParser(prog=module.__name__)
    module.add_arguments(parser)
    module.run(parser.parse_args(list(words)))


def _say(text: str | None) -> None:
    """What happens while the node runs goes to standard error: the result, perhaps as JSON, goes to standard output."""
    if text:
        print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _ended_politely() -> Iterator[None]:
    """A request to end (SIGTERM) is as good as Ctrl-C: what was received is told."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, end)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
