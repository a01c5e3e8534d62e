"""Every notebook is executed from top to bottom; a cell tagged ``must-fail`` must fail, no other may."""

import json
from pathlib import Path

import nbclient
import nbformat
import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted(p for p in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
MAX_LINES_IN_A_CELL = 25

by_name = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: str(p.relative_to(ROOT / "notebooks")))


def test_there_are_notebooks():
    assert (ROOT / "notebooks" / "00_start_here.ipynb") in NOTEBOOKS


@pytest.mark.notebook
@by_name
def test_it_runs_from_top_to_bottom(path, tmp_path, monkeypatch):
    monkeypatch.setenv("VBQKIT_STATE_DIR", str(tmp_path))  # what a lesson saves does not land in the checkout
    notebook = nbformat.read(path, as_version=4)
    must_fail = [i for i, cell in enumerate(notebook.cells) if "must-fail" in cell.metadata.get("tags", [])]
    for i in must_fail:
        notebook.cells[i].metadata.setdefault("tags", []).append("raises-exception")
    client = nbclient.NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()
    for i in must_fail:
        kinds = [output.output_type for output in notebook.cells[i].outputs]
        assert "error" in kinds, f"cell {i} is tagged must-fail and did not fail"
    assert sum(cell.cell_type == "code" for cell in notebook.cells) > 0


@by_name
def test_it_is_thin_and_says_what_it_is_for(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    first = "".join(notebook["cells"][0]["source"])
    assert notebook["cells"][0]["cell_type"] == "markdown"
    assert first.startswith("# ")
    assert "minutes" in first, "the first cell says how long it takes"
    everything = "".join("".join(cell["source"]) for cell in notebook["cells"])
    assert "does not diagnose" in everything
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            assert "sys.path" not in source
            assert "%run" not in source
            assert len(source.splitlines()) <= MAX_LINES_IN_A_CELL, source


@pytest.mark.notebook
def test_the_check_on_must_fail_cells_can_fail(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1", metadata={"tags": ["must-fail"]})])
    path = tmp_path / "fine.ipynb"
    nbformat.write(notebook, path)
    with pytest.raises(AssertionError, match="did not fail"), pytest.MonkeyPatch.context() as patch:
        test_it_runs_from_top_to_bottom(path, tmp_path, patch)
