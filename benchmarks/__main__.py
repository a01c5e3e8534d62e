"""``python -m benchmarks [NAME ...]``: run the named benchmarks, or all. Each is a module here with a ``main()``."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path


def names() -> list[str]:
    """Modules of this folder that are benchmarks: those with a ``main``."""
    found = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    modules = {name: importlib.import_module(f"benchmarks.{name}") for name in found if name != "__main__"}
    return [name for name, module in modules.items() if hasattr(module, "main")]


def main(arguments: list[str]) -> int:
    """Run the benchmarks; 2 where a name is unknown."""
    known = names()
    unknown = [name for name in arguments if name not in known]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(known)}.", file=sys.stderr)
        return 2
    for name in arguments or known:
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
