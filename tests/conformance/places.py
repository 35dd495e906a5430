"""Where each backend runs in the tests, and the sagas compiled for it."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from backends import HERE, Backend
from restate_server import RestateServer, restate_server
from results import Kept
from temporal_service import TemporalService

__all__ = ["restate_server"]

NUMBERS = itertools.count(1)
SLOW = [
    pytest.param(name, marks=pytest.mark.slow)
    for name in ("postgres", "dbos-sqlite", "dbos-postgres", "restate", "temporal")
]
INSURED = (
    ("        travelling\n", "        insured\n        travelling\n"),
    (
        "        ready          -> travelling           : depart        by user\n",
        """\
        ready          -> insured              : insure        by system
        insured        -> travelling           : depart        by user
""",
    ),
    (
        "        refund        :",
        "        insure        : idempotent, no undo\n        refund        :",
    ),
)


def sagac(folder: Path, *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sagadsl", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def pytest_configure(config: pytest.Config) -> None:
    """With `--update` what comes of the conformance tests is kept."""
    if config.getoption("--update"):
        config.pluginmanager.register(Kept())


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the modules of version 1, and one with those of both versions."""
    root = tmp_path_factory.mktemp("compiled")
    targets = ("--target", "py,dbos,restate,temporal")
    for name in ("trip", "hold", "errand"):
        shutil.copy(HERE / f"{name}.saga", root)
        sagac(root, "build", f"{name}.saga", "--target", "py")
        sagac(root, "release", f"{name}.saga")
    sagac(root, "build", "--out", "v1", *targets)
    source = root / "trip.saga"
    text = source.read_text()
    for old, new in INSURED:
        assert old in text
        text = text.replace(old, new)
    source.write_text(text)
    sagac(root, "build", "--out", "v2", *targets)
    return root


@pytest.fixture(scope="session")
def temporal() -> Iterator[TemporalService]:
    """A double of the service of Temporal."""
    service = TemporalService()
    yield service
    service.close()


@pytest.fixture(scope="session", params=["sqlite", *SLOW])
def backend(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    compiled: Path,
) -> Iterator[Backend]:
    """A worker of each backend in turn."""
    folder = tmp_path_factory.mktemp("backend")
    kind = request.param.partition("-")[0]
    options = {}
    if kind == "restate":
        server: RestateServer = request.getfixturevalue("restate_server")
        options = server.options
    elif kind == "temporal":
        options["address"] = request.getfixturevalue("temporal").address
    elif request.param.endswith("sqlite"):
        options["url"] = f"sqlite:///{folder}/store.db"
    else:
        options["url"] = request.getfixturevalue("postgres_database")
    made = Backend(
        kind if kind in ("dbos", "restate", "temporal") else "embedded",
        folder,
        compiled / "v1",
        options,
    )
    made.begin()
    yield made
    made.kill()


@pytest.fixture
def aggregate() -> str:
    """An id that nothing else has."""
    return f"{os.getpid()}-{next(NUMBERS)}"
