"""One script out of several ES modules, without a bundler and without the network.

anywidget hands the browser one script and imports it from a blob address. The modules in ``static/`` are ordinary ES
modules that import each other by relative path (``import { area } from "./geometry.js"``), so Node tests them as they
are. Here they are put into one small loader, in the order of their imports: the loader makes a blob address of each
module, writes the addresses of its imports into its text, and exports what the entry module exports. Scopes stay
separate and nothing is rewritten but the addresses. Where anywidget works, blob addresses work.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files

_IMPORT = re.compile(r"""from\s+["']\./([\w-]+\.js)["']""")

_COMMENT = re.compile(r"/\*\*.*?\*/ ?", re.DOTALL)

_SPACES = re.compile(r" ?([=,{}()?:;&|<>*!\[\]]) ?")

_LOADER = """const modules = {modules};
const address = {{}};
for (const [name, text] of modules) {{
  const linked = text.replace(/(from\\s+)["']\\.\\/([\\w-]+\\.js)["']/g, (_, from, other) => `${{from}}"${{address[other]}}"`);
  address[name] = URL.createObjectURL(new Blob([linked, `\n//# sourceURL=vbqkit/${{name}}`], {{ type: "text/javascript" }}));
}}
const entry = await import(address["{entry}"]);
for (const url of Object.values(address)) URL.revokeObjectURL(url);
export default entry.default;
"""


def static_text(name: str) -> str:
    """Text of one file in ``static/``."""
    return (files("vbqkit.widgets") / "static" / name).read_text(encoding="utf-8")


def import_order(entry: str) -> list[str]:
    """The modules that `entry` needs, each after those it imports, `entry` last.

    Examples
    --------
    >>> import_order("statistics.js")
    ['geometry.js', 'statistics.js']
    """
    order: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise ValueError(
                f"ES modules import each other in a circle: {' -> '.join((*path, name))}. Break the circle."
            )
        if name in order:
            return
        for other in _IMPORT.findall(static_text(name)):
            visit(other, (*path, name))
        order.append(name)

    visit(entry, ())
    return order


def for_the_wire(text: str) -> str:
    r"""A module without documentation comments, indentation and spaces beside brackets, which the browser does not need.

    Lines with anything but plain code and double-quoted text (templates, regular expressions) keep their spaces.

    Examples
    --------
    >>> for_the_wire("/** Twice. @param {number} x */\nexport function twice(x) {\n  return 2 * x;\n}\n")
    'export function twice(x){\nreturn 2*x;\n}\n'
    """
    bare = _COMMENT.sub("", text)
    lines = (_tight(line.strip()) for line in bare.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")) + "\n"


def _tight(line: str) -> str:
    if any(sign in line for sign in ("`", "'", "/", "\\")):
        return line
    parts = line.split('"')
    return '"'.join(part if inside % 2 else _SPACES.sub(r"\1", part) for inside, part in enumerate(parts))


@cache
def loader(entry: str) -> str:
    """The one script that loads `entry` and everything it imports."""
    modules = [[name, for_the_wire(static_text(name))] for name in import_order(entry)]
    return _LOADER.format(modules=json.dumps(modules), entry=entry)
