"""Scores that other packages and files bring: entry points of the group ``vbqkit.scores``, modules, and Python files.

What is named may be a :class:`~vbqkit.scores.definition.ScoreDefinition`, a list or tuple of them, or anything whose
import registers scores, such as a module with functions under ``@score``.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from vbqkit.errors import Caution, ScoreError
from vbqkit.scores.definition import ScoreDefinition

GROUP = "vbqkit.scores"
"""Entry points of this group are read: ``[project.entry-points."vbqkit.scores"]`` in a package's pyproject.toml."""


OF_A_FILE = "vbqkit_plugin_"
"""How a module that was read from a plug-in's file is called: nobody else can import it by that name."""


@dataclass(frozen=True, slots=True)
class Register:
    """How a plug-in comes into the registry and out of it again: what the registry hands to its plug-ins."""

    add: Callable[[ScoreDefinition], None]
    forget: Callable[[str], None]
    known: Callable[[], tuple[str, ...]]


def load_entry_points(register: Register) -> tuple[Caution, ...]:
    """Register the scores of every installed plug-in; a broken one leaves nothing behind and does not stop the others.

    Returns
    -------
    tuple of Caution
        One ``plugin-broken`` for each that could not be loaded: its name, its package, and why.
    """
    return tuple(_broken(register))


def _broken(register: Register) -> Iterator[Caution]:
    for entry in sorted(entry_points(group=GROUP), key=lambda one: (one.name, one.value)):
        package = "" if entry.dist is None else f" of the package {entry.dist.name} {entry.dist.version}"
        try:
            what = f"The entry point '{entry.name} = {entry.value}'{package}"
            _added(entry.load, what, register, module=entry.module)
        except ScoreError as error:
            yield Caution("plugin-broken", f"{error} Its scores are missing; all others are there. {_remedy(entry)}")


def _remedy(entry: EntryPoint) -> str:
    name = "it" if entry.dist is None else entry.dist.name
    return f"Correct or uninstall {name}."


def load_plugin(name: str, register: Register) -> tuple[str, ...]:
    """Register the scores of a Python file (``"my_scores.py"``) or of a module that can be imported (``"lab.scores"``).

    Returns
    -------
    tuple of str
        Names of the scores that came.

    Raises
    ------
    ScoreError
        If there is no such file or module, it stops with an error, or registers nothing; nothing of it stays.
    """
    if Path(name).suffix == ".py" or Path(name).exists():
        return _added(lambda: _run(Path(name)), f"The file '{name}'", register)
    return _added(lambda: importlib.import_module(name), f"The module '{name}'", register, module=name)


def _run(path: Path) -> Any:
    if not path.is_file():
        raise ScoreError("there is no such file. Check the path.")
    spec = importlib.util.spec_from_file_location(f"{OF_A_FILE}{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ScoreError("it is not a Python file. Give one that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_brought: dict[str, tuple[str, ...]] = {}
"""Module to the scores that it brought: Python runs a module once, however many entry points name it."""


def _added(load: Callable[[], Any], what: str, register: Register, *, module: str = "") -> tuple[str, ...]:
    """Names of the scores that a plug-in brings; with an error it brings none."""
    before = register.known()
    try:
        found = load()
        for one in found if isinstance(found, (list, tuple)) else (found,):
            if isinstance(one, ScoreDefinition) and one.name not in _new(register, before):
                register.add(one)
    except (Exception, SystemExit) as error:  # a plug-in may do anything, and must not take the package with it
        for name in _new(register, before):
            register.forget(name)
        why = str(error) if isinstance(error, ScoreError) else f"it stops with {type(error).__name__}: {error}."
        raise ScoreError(f"{what} could not be loaded: {why}") from error
    new = _new(register, before) or _brought.get(module, ())
    if not new:
        raise ScoreError(
            f"{what} brings no score: it must name a ScoreDefinition, or register one when it is imported."
        )
    if module:
        _brought[module] = (*_brought.get(module, ()), *(name for name in new if name not in _brought.get(module, ())))
    return new


def _new(register: Register, before: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in register.known() if name not in before)
