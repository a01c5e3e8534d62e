"""One script out of several ES modules, without a bundler and without the network.

anywidget hands the browser one script and imports it from a blob address. The modules in the ``static/`` folders are
ordinary ES modules that import each other by relative path (``import { area } from "./geometry.js"``), so Node tests
them as they are. Here they are put into one small loader, in the order of their imports: the loader makes a blob
address of each module, writes the addresses of its imports into its text, and exports what the entry module exports.
Scopes stay separate and nothing is rewritten but the addresses. Where anywidget works, blob addresses work.
"""

from __future__ import annotations

import json
import re
from functools import cache
from os.path import relpath
from pathlib import Path

_IMPORT = re.compile(r"""(?<=\bfrom ")\.[\w./-]+\.js(?=";)""")

_LOADER = """const modules = {modules};
const address = {{}};
for (const [name, text] of Object.entries(modules)) {{
  const linked = text.replace(/(?<=\\bfrom ")module:([^"]+)(?=";)/g, (_, other) => address[other]);
  const named = `${{linked}}\\n//# sourceURL=vbqkit/${{name}}`;
  address[name] = URL.createObjectURL(new Blob([named], {{ type: "text/javascript" }}));
}}
const entry = await import(address[{entry}]);
for (const url of Object.values(address)) URL.revokeObjectURL(url);
export default entry.default;
"""


def import_order(entry: Path) -> list[Path]:
    """The modules that `entry` needs, each after those it imports, `entry` last.

    Raises
    ------
    ValueError
        If modules import each other in a circle.

    Examples
    --------
    >>> static = Path(__file__).parents[1] / "studio" / "static"
    >>> [module.name for module in import_order(static / "statistics.js")]
    ['geometry.js', 'statistics.js']
    """
    order: list[Path] = []

    def visit(module: Path, path: tuple[Path, ...]) -> None:
        if module in path:
            names = " -> ".join(each.name for each in (*path, module))
            raise ValueError(f"ES modules import each other in a circle: {names}. Break the circle.")
        if module in order:
            return
        for other in _IMPORT.findall(module.read_text(encoding="utf-8")):
            visit((module.parent / other).resolve(), (*path, module))
        order.append(module)

    visit(entry.resolve(), ())
    return order


@cache
def loader(entry: Path) -> str:
    """The one script that loads `entry` and everything it imports."""
    folder = entry.resolve().parent

    def name(module: Path) -> str:
        return Path(relpath(module, folder)).as_posix()

    def named(module: Path) -> str:
        text = module.read_text(encoding="utf-8")
        return _IMPORT.sub(lambda found: f"module:{name((module.parent / found[0]).resolve())}", text)

    modules = {name(module): named(module) for module in import_order(entry)}
    return _LOADER.format(modules=json.dumps(modules, indent=0), entry=json.dumps(entry.name))
