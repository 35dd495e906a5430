"""Files that change, that are none, and whose names would speak to a log."""

from __future__ import annotations

import os
import subprocess
import sys

from project import ORDER, write


def test_a_saga_that_changes_during_its_build_is_built_again(sagac):
    write(sagac)
    meanwhile = (
        "import sys, sagadsl.cli.build as build\n"
        "from pathlib import Path\n"
        "from sagadsl.__main__ import main\n"
        "whole, saga = build.write_bytes, Path('order.saga')\n"
        "def write(path, data):\n"
        "    whole(path, data)\n"
        "    saga.write_text(saga.read_text().replace('pay', 'settle'))\n"
        "build.write_bytes = write\n"
        "sys.argv = ['sagac', 'build', '--target', 'py']\n"
        "main()\n"
    )
    subprocess.run(
        [sys.executable, "-c", meanwhile],
        cwd=sagac.folder,
        env={**os.environ, "XDG_CACHE_HOME": str(sagac.cache)},
        check=True,
        capture_output=True,
    )
    assert "wrote" in sagac("build", "--target", "py")[1]
    assert b"SETTLE" in (sagac.folder / "order_saga.py").read_bytes()


def test_a_pipe_in_place_of_an_output_is_not_read(sagac):
    write(sagac)
    sagac("build", "--target", "py")
    sagac("build", "--target", "py")
    (sagac.folder / "order_saga.py").unlink()
    os.mkfifo(sagac.folder / "order_saga.py")
    status, _, err = sagac("build", "--target", "py")
    assert status == 2
    assert err == "sagac: cannot read order_saga.py: it is not a file\n"


def test_a_file_name_gives_no_orders_to_a_log(sagac):
    name = "z\n::error title=x::y\x07.saga"
    (sagac.folder / name).write_bytes(ORDER.encode())
    for command in ("build", "check", "fmt", "test"):
        _, out, err = sagac(command)
        assert "\n::error" not in out + err
        assert "\x07" not in out + err
