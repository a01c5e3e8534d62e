"""The tools that check the browser's modules are pinned, and named without an address."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_tools_are_pinned_and_the_lock_names_no_registry():
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert "dependencies" not in wanted, "nothing of it is shipped"
    for name, version in wanted["devDependencies"].items():
        assert locked[f"node_modules/{name}"]["version"] == version
    for name, package in locked.items():
        assert "resolved" not in package, name
        assert name == "" or package["integrity"].startswith("sha512-"), name
