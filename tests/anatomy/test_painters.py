"""The numbers behind the picture of a body have names: a reader can see what each one means and where it comes from."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import vbqkit.anatomy

ROOM = Path(vbqkit.anatomy.__file__).parent
_PAINTERS = (
    "abdomen",
    "back",
    "breathing",
    "canal",
    "facets",
    "foramen",
    "marrow",
    "posterior",
    "sacrum",
    "soft_tissue",
    "vertebra",
    "vessel_course",
    "vessels",
    "viscera",
)
PAINTERS = [ROOM / f"{name}.py" for name in _PAINTERS]
FINDINGS = sorted((ROOM / "findings").glob("*.py"))
ARITHMETIC = {0, 1, 2, 0.5}
"""Numbers that need no name: an end of a scale, a square, a half."""


@pytest.mark.parametrize("path", [*PAINTERS, *FINDINGS], ids=lambda path: path.stem)
def test_a_painter_has_no_number_without_a_name(path: Path):
    functions = [f for f in ast.walk(ast.parse(path.read_text())) if isinstance(f, ast.FunctionDef)]
    bare = [
        f"line {node.lineno}: {node.value}"
        for function in functions
        if function.name != "for_teaching" and not function.name.startswith("__")
        for line in function.body
        for node in ast.walk(line)
        if isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value not in ARITHMETIC
    ]
    assert not bare, "Give these numbers a name, a unit, and a source or 'chosen by eye'."
