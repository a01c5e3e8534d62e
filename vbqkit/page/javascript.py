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

_TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)
    |(?P<space>\s+)
    |(?P<word>[\w$]+)
    |(?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
_PATTERN = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\]|\\.)*\])+/\w*")  # a regular expression of JavaScript
_BEFORE_PATTERN = "(,=:[!&|?{};"  # after one of these a slash begins one; after anything else it divides
_GOES_ON_AFTER = ";,{([=:?&|<>+-*"  # a line that ends so goes on in the next
_GOES_ON_BEFORE = ".,)]}:?&|"  # a line that begins so belongs to the one before

_LOADER = """const modules = {{{modules}}};
const address = {{}};
for (const [name, text] of Object.entries(modules)) {{
  const linked = text.replace(/(from ?)"\\.\\/([\\w-]+\\.js)"/g, (_, from, other) => `${{from}}"${{address[other]}}"`);
  address[name] = URL.createObjectURL(new Blob([linked, `\n//# sourceURL=vbqkit/${{name}}`], {{ type: "text/javascript" }}));
}}
const entry = await import(address["{entry}"]);
for (const url of Object.values(address)) URL.revokeObjectURL(url);
export default entry.default;
"""


def static_text(name: str) -> str:
    """Text of one file in ``static/``."""
    return (files("vbqkit.studio") / "static" / name).read_text(encoding="utf-8")


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
    r"""A module without comments and without the spaces, line ends and last semicolons that the browser does not need.

    Names, numbers and texts stay as they are. A template must not hold another template: it would end there. A block must
    not end with an empty statement, as in ``{ while (next()); }``: it would lose it.

    Examples
    --------
    >>> for_the_wire("/** Twice. @param {number} x */\nexport function twice(x) {\n  return 2 * x; // so\n}\n")
    'export function twice(x){return 2*x}\n'
    >>> for_the_wire('const shout = (x) => `${x}  !`.replace(/ !/, " /* ! */");\nlet y = a / b + +c;\n')
    'const shout=(x)=>`${x}  !`.replace(/ !/," /* ! */");let y=a/b+ +c;\n'
    """
    kept, last, gap, at = [""], "", "", 0
    while at < len(text):
        found = _PATTERN.match(text, at) if text[at] == "/" and last in _BEFORE_PATTERN else None
        token = _TOKEN.match(text, at)
        assert token is not None, "every character is at least a sign"
        if token.lastgroup == "comment" or (token.lastgroup == "space" and found is None):
            gap = "\n" if "\n" in gap + token[0] else " "
            at = token.end()
            continue
        word = (found or token)[0]
        if word == "}" and kept[-1] == ";":
            kept.pop()
        kept += [_gap(last, gap, word[0]), word]
        last, gap, at = word[-1], "", (found or token).end()
    return "".join(kept) + "\n"


def _gap(last: str, gap: str, first: str) -> str:
    """What has to stay of the space between two tokens, of which the one ends and the other begins so."""
    if not gap or not last:
        return ""
    if gap == "\n" and last not in _GOES_ON_AFTER and first not in _GOES_ON_BEFORE:
        return "\n"
    words = (last.isalnum() or last in "_$") and (first.isalnum() or first in "_$")
    return " " if words or (last == first and last in "+-/") else ""


@cache
def loader(entry: str) -> str:
    """The one script that loads `entry` and everything it imports."""
    modules = [f"{json.dumps(name)}: {_as_template(for_the_wire(static_text(name)))}" for name in import_order(entry)]
    return _LOADER.format(modules=",\n".join(modules), entry=entry)


def _as_template(text: str) -> str:
    r"""A text as JavaScript writes it between backquotes, which needs the fewest signs for a script.

    Examples
    --------
    >>> print(_as_template("say(`${x}`, /\\d/)"))
    `say(\`\${x}\`, /\\d/)`
    """
    return "`" + re.sub(r"[\\`]|\$(?={)", r"\\\g<0>", text) + "`"
