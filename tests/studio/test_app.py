"""The app is for this computer and its user alone: what gets in, and what it serves and writes."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from vbqkit.studio.app.gate import Gate

ROOT = Path(__file__).parents[2]
TOKEN = "s3cret"
GATE = Gate(port=4321, token=TOKEN)
HOST = {"Host": "127.0.0.1:4321"}
KNOWN = HOST | {"Cookie": f"other=1; vbqkit-app-4321={TOKEN}"}
KERNEL = "/api/kernels/0b1c2d3e-0000-1111-2222-333344445555"


def status(
    path: str = "/", headers: dict[str, str] = KNOWN, method: str = "GET", tokens: tuple[str, ...] = ()
) -> int | None:
    answer = GATE.decide(method, path, headers, tokens)
    return None if answer is None else answer.status


@pytest.mark.parametrize(
    "path", ["/", "/voila/static/voila.js", "/voila/labextensions/anywidget/a.js", KERNEL, f"{KERNEL}/channels"]
)
def test_who_has_the_cookie_gets_the_page_its_parts_and_its_kernel(path: str) -> None:
    assert status(path) is None
    assert status(path, KNOWN | {"Origin": "http://127.0.0.1:4321"}) is None
    assert status(path, KNOWN | {"Host": "localhost:4321", "Origin": "http://localhost:4321"}) is None


@pytest.mark.parametrize(
    "cookie", ["", "vbqkit-app-4321=", "vbqkit-app-4321=S3CRET", "vbqkit-app-1=s3cret", "=;;", "vbqkit-app-4321=é"]
)
def test_nobody_gets_in_without_the_token(cookie: str) -> None:
    assert status(headers=HOST | {"Cookie": cookie}) == 403
    assert status(f"{KERNEL}/channels", HOST | {"Cookie": cookie}) == 403
    assert status("/voila/static/voila.js", HOST | {"Cookie": cookie}) == 403


def test_the_token_in_the_address_becomes_a_cookie_that_other_pages_cannot_use() -> None:
    answer = GATE.decide("GET", "/", HOST, (TOKEN,))
    assert answer is not None
    assert answer.headers["Set-Cookie"] == f"vbqkit-app-4321={TOKEN}; Path=/; HttpOnly; SameSite=Strict"
    assert TOKEN not in answer.text
    assert status(headers=HOST, tokens=("guess",)) == 403
    assert status(headers=HOST, tokens=(TOKEN, TOKEN)) == 403
    assert status(headers=HOST, tokens=(TOKEN,), method="POST") == 403
    assert status(KERNEL, HOST, tokens=(TOKEN,)) == 403


@pytest.mark.parametrize(
    "host", ["", "evil.example", "evil.example:4321", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:4321,evil.example"]
)
def test_another_name_for_this_computer_is_refused_also_with_the_token(host: str) -> None:
    assert status(headers=KNOWN | {"Host": host}) == 403
    assert status(headers=KNOWN | {"Host": host, "X-Forwarded-Host": "127.0.0.1:4321"}) == 403


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://evil.example",
        "https://127.0.0.1:4321",
        "http://127.0.0.1:80",
        "http://127.0.0.1:4321.evil.example",
    ],
)
def test_another_page_is_refused_also_with_the_cookie(origin: str) -> None:
    assert status(f"{KERNEL}/channels", KNOWN | {"Origin": origin}) == 403


@pytest.mark.parametrize(
    "path",
    [
        "/case.ipynb",
        "/voila/files/case.ipynb",
        "/voila/files/A17.html",
        "/voila/tree",
        "/voila/render/x.ipynb",
        "/voila/api/contents/",
        "/api/contents",
        "/api/kernels",
        "/api/terminals",
        "/etc/passwd",
        "//etc/passwd",
        "/voila/static/../../../etc/passwd",
        "/voila/static/%2e%2e/%2e%2e/etc/passwd",
        "/voila/static/%252e%252e/etc/passwd",
        "/voila/static/..%5c..%5cx",
        "/voila/static//etc/passwd",
        "/voila/templates/lab/static/..%2f..%2fx",
        "/voila/static/a%00.js",
        "http://127.0.0.1:4321/",
        "*",
        "/static/../x",
        "/api/kernels/../contents",
        f"{KERNEL}/restart",
        f"{KERNEL}/interrupt",
    ],
)
def test_nothing_else_is_served_not_even_to_who_has_the_cookie(path: str) -> None:
    assert status(path) == 404


@dataclass(frozen=True)
class App:
    port: int
    token: str
    home: Path
    user: Path

    def get(self, path: str, host: str = "127.0.0.1", **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = http.client.HTTPConnection(host, self.port, timeout=20)
        try:
            connection.request("GET", path, headers={"Host": f"127.0.0.1:{self.port}"} | headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    @property
    def cookie(self) -> str:
        return f"vbqkit-app-{self.port}={self.token}"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    base = tmp_path_factory.mktemp("app")
    home, user = base / "home", base / "user"
    user.mkdir()
    home.mkdir()
    (home / "picture.png").write_bytes(b"of a patient")
    (home / "link.png").symlink_to("/etc/hostname")
    environ = {**os.environ, "HOME": str(user), "PYTHONPATH": str(ROOT), "TMPDIR": str(base)}
    command = [sys.executable, "-m", "vbqkit.cli", "app", str(home), "--no-browser"]
    with (
        (base / "log").open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environ, cwd=user) as process,
    ):
        assert process.stdout is not None
        found = None
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)", line):
                break
        assert found, (base / "log").read_text()
        yield App(int(found[1]), found[2], home, user)
        process.send_signal(signal.SIGINT)
        try:
            ended = process.wait(20)
        finally:
            process.kill()
        assert ended == 0, (base / "log").read_text()
    assert sorted(path.name for path in base.iterdir()) == ["home", "log", "user"], "its own files are gone"
    assert list(user.rglob("*")) == [], "nothing is written elsewhere"


@pytest.mark.slow
class TestServer:
    def test_it_listens_on_the_loopback_alone(self, app: App) -> None:
        tables = [Path(f"/proc/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
        places = [line.split() for table in tables for line in table]
        listening = [place[1] for place in places if place[3] == "0A" and int(place[1][-4:], 16) == app.port]
        assert listening == [f"0100007F:{app.port:04X}"]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))  # nothing is sent: it tells this computer's own address
            address = probe.getsockname()[0]
        if address != "127.0.0.1":
            with pytest.raises(OSError, match="refused"):
                app.get("/", host=address)

    def test_the_address_that_was_printed_opens_the_page_and_no_other_does(self, app: App) -> None:
        code, headers, body = app.get(f"/?token={app.token}")
        assert (code, app.cookie in headers["Set-Cookie"]) == (200, True)
        assert app.token.encode() not in body
        for path in ("/", "/?token=", "/?token=guess", "/voila/static/voila.js"):
            assert app.get(path)[0] == 403, path

    def test_the_page_shows_no_code_and_may_load_nothing_from_elsewhere(self, app: App) -> None:
        code, headers, body = app.get("/", Cookie=app.cookie)
        assert code == 200
        assert b"app_page" not in body
        assert not re.findall(rb"(?:src|href)=[\"']?(?:https?:)?//", body)
        assert headers["Content-Security-Policy"].startswith("default-src 'self'")

    def test_files_are_served_to_nobody_whatever_the_path_and_the_headers(self, app: App) -> None:
        for path in (
            "/picture.png",
            "/voila/files/picture.png",
            "/voila/files/link.png",
            "/voila/files/../picture.png",
            "/voila/static/../../../../../../etc/hostname",
            "/voila/static/%2e%2e/%2e%2e/etc/hostname",
            f"/voila/static/..%2f..%2f{app.home}/picture.png",
            f"/voila/static/{app.home}/picture.png",
            f"//{app.home}/picture.png",
            "/voila/templates/lab/static/%2e%2e%2fx",
            "/case.ipynb",
        ):
            assert app.get(path, Cookie=app.cookie)[0] == 404, path
        for headers in (
            {"Host": "evil.example"},
            {"Host": f"evil.example:{app.port}", "X-Forwarded-Host": f"127.0.0.1:{app.port}"},
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
        ):
            assert app.get("/", Cookie=app.cookie, **headers)[0] == 403, headers
