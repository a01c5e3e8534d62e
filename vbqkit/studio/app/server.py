"""The server of the app: Voila with one page, on the loopback alone, behind the gate."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import tempfile
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets
from traitlets.config import Config
from voila.app import Voila

from vbqkit.errors import VbqkitError
from vbqkit.studio.app.gate import SECURITY_HEADERS, Gate, GatedServer
from vbqkit.studio.app.page import FOLDER
from vbqkit.studio.case_folder import make_folder

LOOPBACK = "127.0.0.1"

_LONGEST = 36
"""Letters of the folder that the kernel's sockets lie in: the system allows 104 or 108 for their whole path."""

_CELL = "from vbqkit.studio.app.page import app_page\n\napp_page()"


def _notebook(cell: str, title: str) -> dict[str, Any]:
    """A page of one cell."""
    code: dict[str, Any] = {
        "cell_type": "code",
        "id": "page",
        "source": cell,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    return {
        "cells": [code],
        "metadata": {
            "title": title,
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


_EXTENSIONS = ["@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "anywidget"]
"""All that the page needs; others, installed for other things, may load from the network."""


def run_app(
    folder: str | Path,
    *,
    port: int = 0,
    browser: bool = True,
    told: Callable[[str], None],
    cell: str = _CELL,
    title: str = "vbqkit: your own case",
) -> None:
    """Serve the guided page until it is interrupted.

    Parameters
    ----------
    folder : path-like
        Where cases are kept; made if it is not there. A typed path must lie in it.
    port : int
        On 127.0.0.1; 0: any that is free.
    browser : bool
        Whether to open the page in the user's browser.
    told : callable
        Called with the address, which holds the token, when the server listens.
    cell : str
        Code of the one cell of the page; by default the guided page for one's own case.
    title : str
        Of the page.

    Raises
    ------
    VbqkitError
        If the folder cannot be made, or the port is taken.
    """
    home = make_folder(Path(folder).expanduser()).resolve()
    private = Path(tempfile.mkdtemp(prefix="vbqkit-app-"))  # for the user alone
    try:
        _set_environment(home, private)
        (private / "case.ipynb").write_text(json.dumps(_notebook(cell, title)), encoding="utf-8")
        server = _App(config=_settings(private), gate_port=port, private=private, opens_browser=browser, told=told)
        server.initialize([])
        server.start()
    finally:
        shutil.rmtree(private, ignore_errors=True)


def _set_environment(home: Path, private: Path) -> None:
    """What the user has set up for Jupyter and IPython stays out; nor is anything written there, such as a history."""
    for name in ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "JUPYTER_PREFER_ENV_PATH"):
        os.environ.pop(name, None)
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        os.environ[name] = str(private / name.lower())
    os.environ[FOLDER] = str(home)


def _settings(private: Path) -> Config:
    settings = Config()
    settings.VoilaConfiguration = Config(
        {
            "allow_template_override": "NO",
            "allow_theme_override": "NO",
            "strip_sources": True,
            "show_tracebacks": False,
            "file_allowlist": [],
            "extension_allowlist": _EXTENSIONS,
            "resources": {},
        }
    )
    if os.name == "posix" and len(str(private)) <= _LONGEST:  # the kernel then has no port at all
        settings.KernelManager = Config({"transport": "ipc"})
    return settings


class _App(Voila):  # type: ignore[misc] # voila is untyped for mypy
    """Voila, as far as it is wanted here."""

    port: int
    open_browser: bool
    template_paths: list[str]

    def __init__(
        self, *, config: Config, gate_port: int, private: Path, opens_browser: bool, told: Callable[[str], None]
    ) -> None:
        super().__init__(
            config=config,
            ip=LOOPBACK,
            port=gate_port,
            token="",  # the gate has one, for every request
            root_dir=str(private),
            notebook_path=str(private / "case.ipynb"),
            connection_dir_root=str(private),
            config_file_paths=[],
            open_browser=opens_browser,
            tornado_settings={"headers": SECURITY_HEADERS, "disable_check_xsrf": True},  # the gate checks the origin
            log_level=40,
        )
        self._private, self._told, self._secret = private, told, secrets.token_urlsafe(32)

    def setup_template_dirs(self) -> None:
        """The page's own template before Voila's."""
        super().setup_template_dirs()
        self.template_paths = [str(Path(__file__).parent), *self.template_paths]

    def listen(self) -> None:
        """Listen on the loopback, behind the gate, until interrupted."""
        try:
            sockets = bind_sockets(self.port, LOOPBACK)
        except OSError as error:
            raise VbqkitError(
                f"The port {self.port} of {LOOPBACK} cannot be used ({error.strerror}). Give another --port, or none for any that is free."
            ) from error
        self.port = sockets[0].getsockname()[1]
        gate = Gate(self.port, self._secret)
        HTTPServer(GatedServer(gate, self.app), max_body_size=2**20).add_sockets(sockets)
        self.ioloop = IOLoop.current()
        address = f"http://{LOOPBACK}:{self.port}/?token={self._secret}"
        self._told(address)
        if self.open_browser:
            self._open(address)
        for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell has made its children deaf to Ctrl-C
            signal.signal(number, lambda *_: self.ioloop.add_callback_from_signal(self.ioloop.stop))
        try:
            self.ioloop.start()
        finally:
            self.stop()

    def _open(self, address: str) -> None:
        """By a file that only the user can read: everybody on this computer can read the arguments of a program."""
        start = self._private / "open.html"
        start.write_text(f"<!DOCTYPE html><meta http-equiv='refresh' content='0; url={address}'>", encoding="utf-8")
        threading.Thread(target=webbrowser.open, args=(start.as_uri(),), daemon=True).start()
