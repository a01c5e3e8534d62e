"""The command line: ``vbqkit COMMAND ...``. One module a command; every ``--json`` prints one list of flat objects."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from types import ModuleType

import vbqkit
from vbqkit.cli.report import Report, write
from vbqkit.errors import VbqkitError

COMMANDS: dict[str, str] = {
    "series": "vbqkit.cli.series",
    "score": "vbqkit.cli.score",
    "scores": "vbqkit.cli.scores",
    "protocol": "vbqkit.cli.protocol",
    "report": "vbqkit.cli.report_case",
    "reference": "vbqkit.cli.reference",
    "app": "vbqkit.cli.app",
    "propose": "vbqkit.cli.propose",
    "cohort": "vbqkit.cli.cohort",
    "travel": "vbqkit.cli.travel",
    "get": "vbqkit.cli.get",
    "serve": "vbqkit.cli.serve",
    "send": "vbqkit.cli.send",
    "check": "vbqkit.cli.check",
    "deidentify": "vbqkit.cli.deidentify",
    "simulate": "vbqkit.cli.simulate",
    "ledger": "vbqkit.cli.ledger",
    "course": "vbqkit.cli.course",
    "lab": "vbqkit.cli.lab",
    "progress": "vbqkit.cli.progress",
    "class": "vbqkit.cli.class_",
    "validate-scanner": "vbqkit.cli.validate_scanner",
    "replicate-study": "vbqkit.cli.replicate_study",
    "validate-proposals": "vbqkit.cli.validate_proposals",
}
"""Command name -> module with ``HELP``, ``add_arguments(parser)`` and ``run(args) -> Report``."""


def _complain(message: str) -> None:
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")
    print(message, file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status: 0 done, 1 refused with a reason, 2 not understood.

    ``check`` and ``deidentify`` have more, by verdict.
    """
    parser = argparse.ArgumentParser(
        prog="vbqkit",
        description="Opportunistic osteoporosis screening from lumbar MRI, for teaching and research. It does not diagnose.",
    )
    parser.add_argument("--version", action="store_true", help="print the version and stop")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    arguments = list(sys.argv[1:] if argv is None else argv)
    for name in [arguments[0]] if arguments and arguments[0] in COMMANDS else COMMANDS:  # nobody waits for the others
        module = importlib.import_module(COMMANDS[name])
        command = commands.add_parser(name, help=module.HELP, description=module.HELP)
        command.add_argument("--json", action="store_true", help="print one list of flat JSON objects")
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    args = parser.parse_args(arguments)
    if args.version:
        print(vbqkit.__version__)
        return 0
    if args.command is None:
        parser.print_help()
        return 2
    try:
        report: Report = args.run(args)
        if _masks(args):
            report = _masking().masked_report(report, _masking().name_mask(args.path))
    except VbqkitError as error:
        _complain(f"vbqkit {args.command}: {_masked(str(error), args)}")
        return 1
    except OSError as error:  # a name that is too long, a disk that is full: the system's own words
        _complain(f"vbqkit {args.command}: {_masked(str(error), args)}. Check the paths on the command line.")
        return 1
    except KeyboardInterrupt:
        print(f"vbqkit {args.command}: stopped; nothing was half written.", file=sys.stderr)
        return 130
    try:
        write(report, as_json=args.json)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        _drop_output()
    except OSError as error:
        _drop_output()
        _complain(
            f"vbqkit {args.command}: the result could not be written ({error}). Make room, or write it elsewhere."
        )
        return 1
    return report.status


def _masks(args: argparse.Namespace) -> bool:
    """Whether a command reads a study, whose names are not to be printed."""
    return not getattr(args, "identify", True)


def _masked(text: str, args: argparse.Namespace) -> str:
    return str(_masking().name_mask(args.path)(text)) if _masks(args) else text


def _masking() -> ModuleType:
    """Loaded when something is printed about a study: it reads files."""
    return importlib.import_module("vbqkit.cli.masking")


def _drop_output() -> None:
    """Nothing that is still to be written fails again when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
