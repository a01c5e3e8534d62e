"""What the README shows in Python runs, in its order, on a sample patient instead of your own case."""

import re
import shutil
import subprocess
from pathlib import Path

from vbqkit.scores import unregister_score

ROOT = Path(__file__).parent.parent


def test_the_readme_runs(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "sample_data" / "case04", tmp_path / "my_case")
    shutil.copy(ROOT / "sample_data" / "case04" / "reference_rois.vbqkit.json", tmp_path / "my_case.json")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    names = {}
    for block in blocks:
        exec(block, names)
    assert names["case"].score("VBQ-T1").value > 1
    assert names["studio"].snapshot()
    assert len(blocks) == 3
    unregister_score("Marrow over fat")  # the README's own score, which other tests must not meet


def test_every_file_that_the_readme_links_to_exists():
    for name in ("README.md", "validation/README.md", "sample_data/README.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
            assert ((ROOT / name).parent / target).exists(), f"{name} links to {target}"


def test_the_readme_says_what_lies_in_every_folder():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `([\w/]+/)` \|", text, flags=re.MULTILINE))
    assert [name for name in named if not (ROOT / name).is_dir()] == []
    packages = {f"vbqkit/{path.parent.name}/" for path in (ROOT / "vbqkit").glob("*/__init__.py")}
    holds_files = {f"{folder}/" for folder in tracked_folders()} - {"vbqkit/"}
    assert (packages | holds_files) - named == set()


def tracked_folders():
    """Folders at the top of the tree that git knows; without git, those that a source archive holds."""
    done = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        return {p.name for p in ROOT.iterdir() if p.is_dir() and p.name[0] not in "._"} - {"build", "dist"}
    return {line.split("/")[0] for line in done.stdout.splitlines() if "/" in line and not line.startswith(".")}
