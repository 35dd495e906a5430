"""A Restate server for the tests: the npm package, on ports of its own on loopback."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

PACKAGE = "@restatedev/restate-server@1.7"
HOME = Path(__file__).parents[2] / "build" / "restate"
PATIENCE = 60.0
PORTS = 15_000, 30_000  # below those that a system gives away by itself


class RestateServer:
    """A server in a folder; `options` tell where it listens, and where a worker may."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.program = program
        self.folder = folder
        self.fabric, self.ingress, self.admin, worker = free_ports(4)
        self.options = {
            "ingress": f"http://127.0.0.1:{self.ingress}",
            "admin": f"http://127.0.0.1:{self.admin}",
            "port": str(worker),
        }
        self.child: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start it, and wait until it answers."""
        listens = {
            "RESTATE_BIND_IP": "127.0.0.1",
            "RESTATE_BIND_PORT": str(self.fabric),
            "RESTATE_INGRESS__BIND_PORT": str(self.ingress),
            "RESTATE_ADMIN__BIND_PORT": str(self.admin),
            "RESTATE_LISTEN_MODE": "tcp",
            "RESTATE_DISABLE_TELEMETRY": "true",
        }
        with (self.folder / "server.log").open("a") as log:
            self.child = subprocess.Popen(
                [self.program, "--base-dir", self.folder, "--no-logo"],
                env=os.environ | listens,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + PATIENCE
        while not self._answers():
            assert time.monotonic() < end, (self.folder / "server.log").read_text()
            time.sleep(0.1)

    def kill(self) -> None:
        """End it at once."""
        if self.child is not None:
            self.child.kill()
            self.child.wait()

    def restart(self) -> None:
        """End it at once, and have it again on what it has stored."""
        self.kill()
        self.begin()

    def _answers(self) -> bool:
        health = (
            f"{self.options['admin']}/health",
            f"{self.options['ingress']}/restate/health",
        )
        try:
            for url in health:
                urllib.request.urlopen(url, timeout=1).close()
        except (urllib.error.URLError, OSError):
            return False
        return True


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on, nor is given to call from."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(*PORTS)
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            found.append(port)
    return found


@pytest.fixture(scope="session")
def restate_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestateServer]:
    """A running server; its program is fetched once, into `build/restate`."""
    made = RestateServer(program(), tmp_path_factory.mktemp("restate"))
    made.begin()
    yield made
    made.kill()


def program() -> Path:
    """The program of the server; skips where npm is not there to fetch it."""
    pattern = "node_modules/@restatedev/restate-server-*/bin/restate-server"
    if not list(HOME.glob(pattern)):
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("there is no npm to fetch the Restate server with")
        HOME.mkdir(parents=True, exist_ok=True)
        fetch = [npm, "install", "--prefix", str(HOME), "--silent", PACKAGE]
        subprocess.run(fetch, check=True)
    return next(HOME.glob(pattern))
