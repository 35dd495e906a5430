"""A lock file that is lost: nothing is written, whatever the command."""

from __future__ import annotations

import pytest
from project import contents, write


@pytest.fixture
def lost(sagac):
    """A released saga with its module, without its lock file."""
    write(sagac)
    sagac("build", "--target", "py")
    sagac("release", "order.saga")
    sagac("build", "--target", "py")
    (sagac.folder / "order.saga.lock").unlink()
    return sagac


@pytest.mark.parametrize(
    "command",
    [
        ("build",),
        ("build", "--target", "mmd"),
        ("build", "--check"),
        ("check",),
        ("release", "order.saga"),
        ("decode", "order.saga", "1"),
    ],
    ids=" ".join,
)
def test_a_lost_lock_file_stops_every_command_and_leaves_every_file(lost, command):
    before = contents(lost.folder)
    status, _, err = lost(*command)
    assert status == 1
    assert err.startswith("error[SAGA405]: the lock file is missing")
    assert "restore the lock file from version control" in err
    assert "delete `order_saga.py`" in err
    assert contents(lost.folder) == before


def test_the_module_is_looked_for_where_it_was_written(lost):
    (lost.folder / "order_saga.py").unlink()
    (lost.folder / "pyproject.toml").write_text('[tool.sagadsl]\nout = "gen"\n')
    lost("build", "--target", "py")
    lost("release", "order.saga")
    lost("build", "--target", "py")
    (lost.folder / "order.saga.lock").unlink()
    assert "delete `gen/order_saga.py`" in lost("build")[2]


def test_who_deletes_the_module_begins_anew(lost):
    (lost.folder / "order_saga.py").unlink()
    status, out, _ = lost("build", "--target", "py")
    assert status == 0
    assert out == (
        "order.saga: version 1 (draft), wrote order.saga.lock, order_saga.py\n"
    )
