"""A notebook in a Python that can no more than Python in a browser (Pyodide).

``python -P tests/pyodide_limits.py NOTEBOOK < MORE.json``

No thread, no process, no socket; no module that Pyodide's standard library lacks, and no compiled library but those
that it brings. What is refused, and with which words, is what Pyodide 0.27 itself does. There is no kernel, whose own
threads and sockets would be refused: the cells run in IPython's shell, in a running event loop, as Pyodide's do.
"""

from __future__ import annotations

import asyncio
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import socket
import subprocess
import sys
import sysconfig
import threading
import types
from pathlib import Path

COMPILED_THERE = {"numpy", "scipy", "pandas", "PIL", "sklearn", "statsmodels"}
"""Packages with compiled parts that the lessons may use: each is among those of Pyodide 0.27 (lite/distribution.py)."""

NOT_THERE = {
    *("_multiprocessing", "pwd", "grp", "_ssl", "ssl", "_lzma", "lzma", "_curses"),
    *("gdcm", "jpeg_ls", "pylibjpeg", "openjpeg", "SimpleITK"),
    *("zmq", "tornado", "ipykernel", "jupyter_client", "jupyter_server", "jupyterlab", "psutil"),
}
"""Missing in Pyodide: modules of Python, decoders and readers, and what an ordinary kernel is made of."""

WITH_PROCESSES = ("multiprocessing.connection", "concurrent.futures.process")
"""Modules that cannot be imported without _multiprocessing."""

LIBRARY = Path(sysconfig.get_path("stdlib"), "lib-dynload")
"""Where Python keeps its own compiled modules."""


class PathFinderInABrowser(importlib.abc.MetaPathFinder):
    """Finds what Pyodide could have: it stands in the place of Python's own finder."""

    find_distributions = staticmethod(importlib.machinery.PathFinder.find_distributions)
    invalidate_caches = staticmethod(importlib.machinery.PathFinder.invalidate_caches)

    def find_spec(self, name, path=None, target=None):
        package = name.partition(".")[0]
        if package in NOT_THERE:
            return None
        found = importlib.machinery.PathFinder.find_spec(name, path, target)
        if found is None or not isinstance(found.loader, importlib.machinery.ExtensionFileLoader):
            return found
        if package in COMPILED_THERE or Path(found.origin).parent == LIBRARY:
            return found
        source = Path(found.origin).with_name(
            name.rpartition(".")[2] + ".py"
        )  # all that its wheel for any platform has
        return importlib.util.spec_from_file_location(name, source) if source.exists() else None


def _refuse(error):
    def refused(*_args, **_kwargs):
        raise error

    return refused


def set_limits(*, with_sklearn):
    """From here on, for good."""
    if with_sklearn:  # Pyodide's, 1.6, loads without processes; newer ones do not
        importlib.import_module("sklearn.model_selection")

    for name in [name for name in sys.modules if name.partition(".")[0] in NOT_THERE or name in WITH_PROCESSES]:
        del sys.modules[name]
    sys.meta_path[sys.meta_path.index(importlib.machinery.PathFinder)] = PathFinderInABrowser()
    sys.modules |= {
        name: types.ModuleType(name) for name in ("fcntl", "resource", "termios")
    }  # JupyterLite has them empty
    threading.Thread.start = _refuse(RuntimeError("can't start new thread"))
    subprocess.Popen.__init__ = _refuse(OSError(138, "emscripten does not support processes."))
    os.fork = os.posix_spawn = _refuse(OSError(52, "Function not implemented"))
    os.cpu_count = lambda: 1
    for name in ("connect", "connect_ex", "bind", "listen"):
        setattr(socket.socket, name, _refuse(OSError(23, "Host is unreachable")))
    socket.getaddrinfo = _refuse(OSError(23, "Host is unreachable"))


def run(path, *more):
    """Run the code cells of a notebook, and then further code; the first error ends it."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    os.chdir(path.parent)
    settings = Config()
    settings.HistoryManager.enabled = False  # it has a thread
    shell = InteractiveShell.instance(config=settings)
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]

    async def all_cells():
        for source in [*sources, *more]:
            result = await shell.run_cell_async(source, transformed_cell=shell.transform_cell(source))
            result.raise_error()
            await asyncio.sleep(0)

    asyncio.run(all_cells())
    return len(sources)


if __name__ == "__main__":
    notebook = Path(sys.argv[1]).resolve()
    set_limits(with_sklearn="vbqkit.machine_learning" in notebook.read_text(encoding="utf-8"))
    print(f"{run(notebook, *json.load(sys.stdin))} cells ran")
