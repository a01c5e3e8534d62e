"""One script out of several ES modules, without a bundler and without the network.

anywidget hands the browser one script and imports it from a blob address. The modules in the ``static/`` folders are
ordinary ES modules that import each other by relative path (``import { area } from "./geometry.js"``), so Node tests
them as they are. Here they are put into one small loader, in the order of their imports: the loader makes a blob
address of each module, writes the addresses of its imports into its text, and exports what the entry module exports.
Scopes stay separate and nothing is rewritten but the addresses, and the words of the page: a template tagged with ``_``
(static/words.js) becomes a plain one in the language that is read. Where anywidget works, blob addresses work.
"""

from __future__ import annotations

import json
import re
from functools import cache
from os.path import relpath
from pathlib import Path

from vbqkit.language import language, script_words
from vbqkit.language.sources import TAGGED

_IMPORT = re.compile(r"""(?<=\bfrom ")\.[\w./-]+\.js(?=";)""")
_TAG = re.compile(r"""^import \{ _ \} from "[^"]+";\n""", re.MULTILINE)

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
    ['geometry.js', 'numbers.js', 'statistics.js']
    """
    order: list[Path] = []

    def visit(module: Path, path: tuple[Path, ...]) -> None:
        if module in path:
            names = " -> ".join(each.name for each in (*path, module))
            raise ValueError(f"ES modules import each other in a circle: {names}. Break the circle.")
        if module in order:
            return
        for other in _IMPORT.findall(_TAG.sub("", module.read_text(encoding="utf-8"))):
            visit((module.parent / other).resolve(), (*path, module))
        order.append(module)

    visit(entry.resolve(), ())
    return order


def loader(entry: Path) -> str:
    """The one script that loads `entry` and everything it imports, in the language that is read."""
    return _loader(entry, language())


@cache
def _loader(entry: Path, code: str) -> str:
    folder = entry.resolve().parent
    words = script_words(code)

    def name(module: Path) -> str:
        return Path(relpath(module, folder)).as_posix()

    def named(module: Path) -> str:
        text = _TAG.sub("", module.read_text(encoding="utf-8"))
        text = TAGGED.sub(lambda found: f"`{words(found[1])}`", text)
        return _IMPORT.sub(lambda found: f"module:{name((module.parent / found[0]).resolve())}", text)

    modules = {name(module): named(module) for module in import_order(entry)}
    return _LOADER.format(modules=json.dumps(modules, indent=0), entry=json.dumps(entry.name))
