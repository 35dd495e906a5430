"""The peers: pinned, installed by their ordinary packages, in a folder of their own."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from own_postgres import Server

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
PYTHON = {"dbos": "3.4.0", "python-statemachine": "3.2.2", "transitions": "0.9.3"}
NODE = {"state-machine-cat": "14.0.8", "@bufbuild/buf": "1.75.0"}
# Apart from the others: there is no server for every machine.
RESTATE = {"hypercorn": "0.18.0", "restate-sdk": "1.3.0"}
SERVER = {"@restatedev/restate-server": "1.7.12"}

MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "aarch64", "arm64": "arm64"}


class NoPeer(Exception):
    """A peer cannot be installed or run here; its lines are left out."""


def python_packages(folder: Path) -> Path:
    """The folder to import the Python peers from."""
    return _python_packages(folder / "python", PYTHON)


def restate(folder: Path) -> tuple[Path, Path]:
    """The folder to import the SDK of Restate from, and the program of its server."""
    packages = _python_packages(folder / "restate-python", RESTATE)
    modules = _node_packages(folder / "restate-node", SERVER)
    found = list(modules.glob("@restatedev/restate-server-*/bin/restate-server"))
    if not found:
        raise NoPeer("Restate has no server for this machine")
    return packages, found[0]


def _python_packages(place: Path, wanted: Mapping[str, str]) -> Path:
    pins = [f"{name}=={version}" for name, version in wanted.items()]
    command = [sys.executable, "-m", "pip", "install", "--quiet"]
    command += ["--disable-pip-version-check", "--target", str(place), *pins]
    return _installed(place, pins, command)


@contextmanager
def postgres() -> Iterator[Server]:
    """A PostgreSQL for a while, that waits for the disk."""
    sys.path.insert(0, str(EXAMPLES))
    from own_postgres import NoServer, server

    try:
        with server() as running:
            yield running
    except NoServer as reason:
        raise NoPeer(f"PostgreSQL: {reason}") from reason


def smcat(folder: Path) -> Path:
    """The command of state-machine-cat."""
    return _node_packages(folder / "node", NODE) / ".bin" / "smcat"


def buf(folder: Path) -> Path:
    """The native binary of buf, which npm's platform package carries."""
    system = sys.platform.replace("32", "")
    machine = MACHINES.get(platform.machine().lower(), "")
    if system == "darwin" and machine == "aarch64":
        machine = "arm64"
    modules = _node_packages(folder / "node", NODE)
    binary = modules / "@bufbuild" / f"buf-{system}-{machine}/bin/buf"
    if not binary.exists():
        raise NoPeer(f"buf has no binary for {system} {machine}")
    return binary


def _node_packages(place: Path, wanted: Mapping[str, str]) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise NoPeer("npm is not installed")
    pins = [f"{name}@{version}" for name, version in wanted.items()]
    command = [npm, "install", "--silent", "--no-save", "--no-audit", "--no-fund"]
    command += ["--prefix", str(place), *pins]
    return _installed(place, pins, command) / "node_modules"


def _installed(place: Path, pins: list[str], command: list[str]) -> Path:
    """Install once; again, from nothing, when the pins have changed."""
    note = place / "pins.txt"
    wanted = "\n".join(pins)
    if note.exists() and note.read_text() == wanted:
        return place
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        last = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1:]
        raise NoPeer(f"{' '.join(pins)}: {' '.join(last)}") from error
    note.write_text(wanted)
    return place
