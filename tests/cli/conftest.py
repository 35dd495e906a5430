"""Running `sagac` as a user does: in a process of its own, in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from forked import Forks


@pytest.fixture(scope="session")
def forks():
    running = Forks()
    yield running
    running.close()


def started(arguments, folder, environment, streams):
    """Run `sagac` in a Python that starts as the environment tells it to."""
    with (
        (streams / "in").open("rb") as given,
        (streams / "out").open("wb") as out,
        (streams / "err").open("wb") as err,
    ):
        return subprocess.run(
            [sys.executable, "-m", "sagadsl", *arguments],
            cwd=folder,
            env=environment,
            stdin=given,
            stdout=out,
            stderr=err,
            check=False,
        ).returncode


@pytest.fixture
def sagac(tmp_path, forks):
    """Run `sagac` in an empty folder; gives its status and what it printed."""
    folder = tmp_path / "project"
    folder.mkdir()
    home = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "NO_COLOR": "1"}
    streams = tmp_path / "streams"
    streams.mkdir()

    def run(*arguments, stdin=b"", **environment):
        (streams / "in").write_bytes(stdin)
        of_python = any(name.startswith("PYTHON") for name in environment)
        status = (started if of_python else forks.run)(
            arguments=[*map(str, arguments)],
            folder=str(folder),
            environment={**os.environ, **home, **environment},
            streams=streams,
        )
        out, err = ((streams / name).read_bytes().decode() for name in ("out", "err"))
        assert "Traceback" not in err, err
        return status, out, err

    run.folder = folder  # type: ignore[attr-defined]  # where tests write
    run.cache = tmp_path / "cache"  # type: ignore[attr-defined]  # and where sagac does
    return run


@pytest.fixture
def changed(sagac):
    """A saga with a released version, and a draft with a step more."""
    from project import INSERTED, write

    write(sagac)
    sagac("build", "--target", "py")
    assert sagac("release", "order.saga")[0] == 0
    write(sagac, INSERTED)
    return sagac


@pytest.fixture(params=["sqlite", "postgres"])
def operate(request, sagac, tmp_path):
    """Run `sagac` on a store with orders, beside the source of their saga."""
    from orders import ORDER, fill

    url = f"sqlite:///{tmp_path}/orders.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    (sagac.folder / "order.saga").write_text(ORDER, encoding="utf-8")
    fill(url)

    def run(*arguments, **environment):
        return sagac(*arguments, SAGAC_STORE=url, **environment)

    run.url = url  # type: ignore[attr-defined]  # where the store is
    run.folder = sagac.folder  # type: ignore[attr-defined]  # and the saga
    return run
