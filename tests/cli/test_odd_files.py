"""Files that change, that are none, and whose names would speak to a log."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
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


@pytest.mark.parametrize("name", ["order.svg", "order.html"])
@pytest.mark.parametrize("hidden", [b"<script>alert(1)</script>", b"\xff"])
def test_what_was_put_into_a_picture_does_not_stay_there(sagac, name, hidden):
    write(sagac)
    target = name.removeprefix("order.")
    sagac("build", "--target", target)
    drawn = (sagac.folder / name).read_bytes()
    at = drawn.index(b"</svg>")
    (sagac.folder / name).write_bytes(drawn[:at] + hidden + drawn[at:])
    assert sagac("build", "--target", target, "--check")[0] == 1
    assert sagac("build", "--target", target)[0] == 0
    assert (sagac.folder / name).read_bytes() == drawn


@pytest.mark.parametrize("line", ['paths = ["a\\u0000b"]', 'out = "a\\u0000b"'])
def test_a_path_with_a_nul_is_refused(sagac, line):
    write(sagac)
    (sagac.folder / "pyproject.toml").write_text(f"[tool.sagadsl]\n{line}\n")
    status, _, err = sagac("build")
    assert status == 2
    assert "pyproject.toml: `" in err


def test_a_cache_folder_too_deep_to_make_is_done_without(sagac):
    write(sagac)
    deep = str(sagac.cache / ("a/" * 3000))
    assert sagac("build", "--target", "py", XDG_CACHE_HOME=deep)[0] == 0
