"""``vbqkit class``: a student's number and hand-in; a teacher's collecting, grading, slides, handouts and questions."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from vbqkit.cli.report import Report
from vbqkit.errors import FormatError, VbqkitError

HELP = "Run a class: your number, hand in, collect, grade, slides, handouts, questions (files on this computer only)."

_GRADE_COLUMNS = ("student", "lesson", "passed", "percent", "questions_right", "placements_passed", "tries", "minutes")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the actions of the command."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, run_it: Callable[[argparse.Namespace], Report], help_text: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=help_text, description=help_text)
        made.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        made.set_defaults(act=run_it)
        return made

    number = action("number", _number, "students: keep your number or name for every lesson, or show it")
    number.add_argument("student", nargs="?", metavar="N", help="number or name; without it the kept one is shown")

    hand_in = action("hand-in", _hand_in, "students: make the file to hand in for a lesson")
    hand_in.add_argument("lesson", metavar="LESSON", help="number of the lesson, such as 20")
    hand_in.add_argument("--out", type=Path, default=Path(), metavar="FOLDER", help="where to (default: here)")

    collect = action(
        "collect", _collect, "teachers: list the hand-ins in folders and ZIP archives, and why one is refused"
    )
    _paths(collect)

    grade = action("grade", _grade, "teachers: grade every hand-in again; grades as CSV, the dashboard as a page")
    _paths(grade)
    grade.add_argument("--csv", type=Path, metavar="FILE", help="write the grades as a table")
    grade.add_argument(
        "--html", type=Path, metavar="FILE", help="write the dashboard as one page that needs nothing else"
    )
    grade.add_argument("--processes", type=int, metavar="N", help="how many work at a time (default: one a core)")

    app = action("app", _app, "teachers: the dashboard in the browser, for this computer alone (Voila)")
    app.add_argument("folder", metavar="FOLDER", help="folder that holds the hand-ins or ZIP archives")
    app.add_argument("--port", type=int, default=0, metavar="N", help="port of 127.0.0.1 (default: any that is free)")
    app.add_argument("--no-browser", action="store_true", help="only print the address")

    for name, run_it, what in (
        ("slides", _slides, "teachers: slides of a lesson (reveal.js), one HTML file that needs no network"),
        ("handout", _handout, "teachers: a handout of a lesson as PDF"),
    ):
        made = action(name, run_it, what)
        made.add_argument("lesson", metavar="LESSON", help="number of the lesson, or its notebook")
        made.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to")
        _notebooks(made)
        made.add_argument("--no-run", action="store_true", help="words only: do not run the lesson for its pictures")

    questions = action("check-questions", _check_questions, "teachers: check a file of questions as an editor would")
    questions.add_argument("file", nargs="?", metavar="FILE", help="TOML file (default: the course's own questions)")

    exported = action(
        "nbgrader", _nbgrader, "teachers: write the lessons with nbgrader's marks, as source/LESSON/NOTEBOOK"
    )
    exported.add_argument(
        "folder", type=Path, metavar="DIR", help="folder of the nbgrader course; made if it is not there"
    )
    _notebooks(exported)


def _paths(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="folders, ZIP archives of Moodle or Canvas, or hand-ins"
    )


def _notebooks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--notebooks",
        type=Path,
        default=Path("notebooks"),
        metavar="DIR",
        help="folder of the lessons (default: notebooks)",
    )


def run(args: argparse.Namespace) -> Report:
    """Do what the action says."""
    act: Callable[[argparse.Namespace], Report] = args.act
    return act(args)


def _classroom() -> ModuleType:
    return importlib.import_module("vbqkit.classroom")


def _number(args: argparse.Namespace) -> Report:
    student = importlib.import_module("vbqkit.exercises.student")
    if args.student:
        kept = student.keep_student(args.student)
        return Report(rows=[{"student": kept}], remarks=("Kept. Every lesson uses it; run open notebooks again.",))
    kept = student.kept_student()
    told = "" if kept else "No number is kept; the lessons use 1. Give yours: vbqkit class number N"
    return Report(rows=[{"student": kept or student.UNNUMBERED}], remarks=(told,) if told else ())


def _hand_in(args: argparse.Namespace) -> Report:
    room = _classroom()
    made = room.make_hand_in(args.lesson)
    path = room.write_hand_in(made, args.out)
    row = {
        "file": str(path),
        "student": made.student,
        "lesson": made.lesson,
        "tries": len(made.attempts),
        "readings": len(made.readings),
    }
    remarks = [
        "Give this file to your teacher. It holds your number, your tries and answers with their times, and outlines: no pictures."
    ]
    if made.elsewhere:
        remarks.append(f"{made.elsewhere} tries of this lesson under other numbers are not in it.")
    return Report(rows=[row], remarks=tuple(remarks))


def _collected(args: argparse.Namespace) -> Any:
    return _classroom().collect_hand_ins(args.paths)


def _told(collected: Any) -> tuple[str, ...]:
    states = [row["state"] for row in collected.rows]
    return (
        (
            f"{states.count('counts')} hand-ins count, {states.count('earlier')} are earlier ones of the same student and lesson, "
            f"{states.count('refused')} are refused; {collected.others} files are no hand-ins."
        ),
    )


def _collect(args: argparse.Namespace) -> Report:
    collected = _collected(args)
    return Report(rows=list(collected.rows), remarks=_told(collected))


def _grade(args: argparse.Namespace) -> Report:
    room = _classroom()
    collected = _collected(args)
    grades = room.grade_class(collected, processes=args.processes)
    remarks = [*_told(collected), *(f"{r['file']}: {r['reason']}" for r in collected.rows if r["reason"])]
    if args.csv:
        remarks.append(f"Grades: {room.write_grades(grades, args.csv)}")
    if args.html:
        try:
            args.html.write_text(room.class_html(grades), encoding="utf-8")
        except OSError as error:
            raise FormatError(f"'{args.html}' cannot be written: {error.strerror}. Choose another folder.") from error
        remarks.append(f"Dashboard: {args.html}")
    rows = grades.grades.to_dict("records")
    return Report(rows=rows, columns=_GRADE_COLUMNS if rows else (), remarks=tuple(remarks))


def _app(args: argparse.Namespace) -> Report:
    try:
        class_app = importlib.import_module("vbqkit.teacher.class_app")  # when asked: the command line knows no Jupyter
    except ModuleNotFoundError as error:
        raise VbqkitError(
            f"The app needs Voila, and {error.name} is not installed. Run: pip install 'vbqkit[app]'"
        ) from error
    class_app.run_class_app(args.folder, port=args.port, browser=not args.no_browser, told=_tell_address)
    return Report(rows=[], remarks=("The app has ended.",))


def _tell_address(address: str) -> None:
    print(f"The class is shown on this computer alone, at\n  {address}\nClose it with Ctrl+C.", flush=True)


def _slides(args: argparse.Namespace) -> Report:
    path = _of_lesson("slides").write_slides(args.lesson, args.out, notebooks=args.notebooks, run=not args.no_run)
    return Report(rows=[{"file": str(path)}])


def _handout(args: argparse.Namespace) -> Report:
    path = _of_lesson("handouts").write_handout(args.lesson, args.out, notebooks=args.notebooks, run=not args.no_run)
    return Report(rows=[{"file": str(path)}])


def _of_lesson(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"vbqkit.teacher.{name}")
    except ModuleNotFoundError as error:
        raise VbqkitError(
            f"To run a lesson, {error.name} is needed, which is not installed. Run: pip install 'vbqkit[lab]'"
        ) from error


def _check_questions(args: argparse.Namespace) -> Report:
    bank = importlib.import_module("vbqkit.exercises.question_bank")
    rows = bank.check_questions(args.file)
    wrong = sum(row["severity"] == "wrong" for row in rows)
    told = f"{wrong} faults, {len(rows) - wrong} remarks."
    return Report(rows=rows, remarks=(told,), status=int(wrong > 0))


def _nbgrader(args: argparse.Namespace) -> Report:
    exported = importlib.import_module("vbqkit.classroom.nbgrader")
    rows = exported.write_nbgrader(args.folder, notebooks=args.notebooks)
    return Report(rows=rows, remarks=("Now, in that folder: nbgrader generate_assignment lesson_20",))
