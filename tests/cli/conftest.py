"""Running `sagac` as a user does: a real process in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.fixture
def sagac(tmp_path):
    """Run `sagac` in an empty folder; gives its status and what it printed."""
    folder = tmp_path / "project"
    folder.mkdir()
    home = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "NO_COLOR": "1"}

    def run(*arguments, stdin=b"", **environment):
        done = subprocess.run(
            [sys.executable, "-m", "sagadsl", *map(str, arguments)],
            cwd=folder,
            env={**os.environ, **home, **environment},
            input=stdin,
            capture_output=True,
            timeout=120,
            check=False,
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        assert "Traceback" not in err, err
        return done.returncode, out, err

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
