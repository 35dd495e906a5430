"""What no input and no file system may lead to: a traceback, or lost data."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from project import ORDER, contents, write

HOSTILE = {
    "random bytes": random.Random(7).randbytes(5_000),
    "invalid UTF-8": ORDER.encode() + b"\xff\xfe",
    "a NUL": ORDER.encode() + b"\0",
    "10 MB": b"#" * 10_000_000,
    "nested braces": b"saga order " + b"{" * 5_000,
    "empty": b"",
    "a byte order mark alone": b"\xef\xbb\xbf",
    "a lone carriage return": ORDER.replace("\n", "\r").encode(),
    "a bidirectional control": ORDER.replace("pay ", "p\u202eay ").encode(),
    "a huge number": ORDER.replace("by user", f"up to {'9' * 5000} times").encode(),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("command", ["build", "fmt", "check", "table", "test"])
def test_no_input_gives_a_traceback(sagac, data, command):
    write(sagac, data)
    status, _, err = sagac(command, "order.saga")
    assert status == 1
    assert "error[SAGA" in err
    assert contents(sagac.folder) == {"order.saga": data}


def test_twenty_thousand_rows_are_compiled(sagac):
    states = "\n".join(f"s{i}" for i in range(1, 20_000))
    rows = "\n".join(f"s{i} -> s{i + 1} : step_{i}" for i in range(20_000))
    write(
        sagac,
        f"saga order {{\naggregate id\n"
        f"states {{\ninitial s0\n{states}\nfinal s20000\n}}\n"
        f"transitions {{\n{rows}\n}}\n}}\n",
    )
    assert sagac("check")[0] == 0


def test_files_that_cannot_be_used_are_said_so(sagac):
    (sagac.folder / "x.saga").mkdir()
    for command in ("check", "build", "fmt"):
        status, _, err = sagac(command, "x.saga")
        assert (status, err) == (2, "sagac: there is no .saga file in x.saga\n")
    status, _, err = sagac("check", "missing.saga")
    assert (status, err) == (
        2,
        "sagac: cannot read missing.saga: No such file or directory\n",
    )
    write(sagac)
    (sagac.folder / "file").write_text("")
    status, _, err = sagac("build", "-o", "file", "--target", "py", "order.saga")
    assert status == 2
    assert "'file' is a file" in err
    (sagac.folder / "order_saga.py").mkdir()
    status, _, err = sagac("build", "--target", "py", "order.saga")
    assert status == 2
    assert "order_saga.py" in err


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    from sagadsl.cli import files

    path = tmp_path / "order_saga.py"
    path.write_bytes(b"old")

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(files.Unusable, match="No space left on device"):
        files.write_bytes(path, b"new")
    assert contents(tmp_path) == {"order_saga.py": b"old"}


def test_a_narrow_locale_is_no_obstacle(sagac):
    write(sagac, ORDER.replace("paid\n", 'paid "bezahlt → bar"\n').replace("->", "→"))
    status, _, err = sagac("check", PYTHONIOENCODING="ascii")
    assert status == 1
    assert "unexpected" in err


def test_a_note_that_others_may_write_is_not_believed(sagac):
    write(sagac)
    sagac("build")
    _, told, _ = sagac("build")
    notes = [path for path in sagac.cache.glob("sagadsl/*") if path.is_file()]
    assert notes
    for path in notes:
        path.write_text(path.read_text().replace("up to date", "forged"))
    assert "forged" in sagac("build")[1]
    for path in notes:
        path.chmod(0o622)
    assert sagac("build")[1] == told


def test_a_folder_of_notes_that_others_may_write_into_is_passed_over(sagac):
    write(sagac)
    sagac("build")
    _, told, _ = sagac("build")
    folder = sagac.cache / "sagadsl"
    assert folder.stat().st_mode & 0o777 == 0o700
    (note,) = [path for path in folder.iterdir() if path.is_file()]
    note.write_text(note.read_text().replace("up to date", "forged"))
    folder.chmod(0o770)
    assert sagac("build")[1] == told
    note.unlink()
    assert sagac("build")[1] == told
    assert not note.exists()


def test_an_unwritable_cache_costs_nothing(sagac):
    write(sagac)
    (sagac.folder / "file").write_text("")
    for _ in range(2):
        status, _, err = sagac("build", "--target", "py", XDG_CACHE_HOME="file")
        assert (status, err) == (0, "")


def test_links_in_circles_and_names_too_long_are_said_so(sagac):
    (sagac.folder / "loop.saga").symlink_to("loop.saga")
    assert sagac("check", "loop.saga")[2] == (
        "sagac: cannot read loop.saga: Too many levels of symbolic links\n"
    )
    assert sagac("check")[2] == "sagac: there is no .saga file in .\n"
    status, _, err = sagac("check", f"{'a' * 300}.saga")
    assert status == 2
    assert err.endswith("File name too long\n")


def test_a_link_is_written_through(sagac):
    write(sagac)
    (sagac.folder / "gen").mkdir()
    (sagac.folder / "order_saga.py").symlink_to("gen/order_saga.py")
    assert sagac("build", "--target", "py")[0] == 0
    assert (sagac.folder / "order_saga.py").is_symlink()
    assert (sagac.folder / "gen/order_saga.py").is_file()


def test_a_folder_that_cannot_be_read_or_written_is_said_so(sagac):
    write(sagac, name="deep/order.saga")
    closed = sagac.folder / "deep"
    closed.chmod(0o500)
    try:
        if os.access(closed, os.W_OK):
            pytest.skip("root may write anywhere")
        status, _, err = sagac("build", "--target", "py")
        assert status == 2
        assert err == "sagac: cannot write deep/order.saga.lock: Permission denied\n"
        closed.chmod(0)
        for path in ("deep", "."):
            assert sagac("check", path) == (
                2,
                "",
                "sagac: cannot read deep: Permission denied\n",
            )
    finally:
        closed.chmod(0o700)


def test_a_folder_that_is_gone_is_said_so(sagac):
    line = f"rmdir {sagac.folder} && {sys.executable} -P -m sagadsl build"
    done = subprocess.run(
        ["sh", "-c", line],
        cwd=sagac.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        2,
        "sagac: cannot read the current folder: No such file or directory\n",
    )


def test_what_is_no_saga_is_not_taken_for_one(sagac):
    write(sagac)
    sagac("build", "--target", "py")
    for name in ("order", "order.saga.lock", "order_saga.py"):
        assert sagac("check", name) == (
            2,
            "",
            f"sagac: {name} is no .saga file; did you mean order.saga?\n",
        )
    status, _, err = sagac("build", "")
    assert status == 2
    assert "it is empty; this folder is `.`" in err


@pytest.mark.parametrize("command", ["table", "build", "explain", "--help"])
def test_who_stops_reading_hears_nothing(sagac, command):
    write(sagac)
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as unread:
        done = subprocess.run(
            [sys.executable, "-m", "sagadsl", command]
            + ["order.saga"] * (command in ("table", "build")),
            cwd=sagac.folder,
            stdout=unread,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (2, b"")


def test_a_picture_that_is_too_large_is_said_so(sagac):
    states = "\n".join(f"s{i}" for i in range(1, 2_000))
    rows = "\n".join(f"s{i} -> s{i + 1} : step_{i}" for i in range(2_000))
    write(
        sagac,
        f"saga order {{\naggregate id\n"
        f"states {{\ninitial s0\n{states}\nfinal s2000\n}}\n"
        f"transitions {{\n{rows}\n}}\n}}\n",
    )
    status, _, err = sagac("build", "--target", "svg")
    assert status == 2
    assert err.startswith("sagac: cannot write order.svg: a picture of ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
@pytest.mark.parametrize("command", ["table", "build", "test", "simulate"])
def test_a_standard_output_that_is_full_is_said_so(sagac, command):
    write(sagac)
    for _ in range(2):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [sys.executable, "-m", "sagadsl", command, "order.saga"],
                cwd=sagac.folder,
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
            )
        assert done.returncode == 2
        assert done.stderr == (
            b"sagac: cannot write to standard output: No space left on device\n"
        )


def test_a_closed_standard_output_is_no_obstacle(sagac):
    write(sagac)
    line = f"{sys.executable} -m sagadsl build --target py order.saga >&-"
    done = subprocess.run(
        ["sh", "-c", line], cwd=sagac.folder, stderr=subprocess.PIPE, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert (sagac.folder / "order_saga.py").is_file()


@pytest.mark.parametrize("command", ["fmt -", "replay order.saga -"])
def test_a_closed_standard_input_is_said_so(sagac, command):
    write(sagac)
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m sagadsl {command} <&-"],
        cwd=sagac.folder,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        2,
        b"sagac: cannot read standard input: it is closed\n",
    )


def test_a_pipe_is_not_waited_for(sagac):
    os.mkfifo(sagac.folder / "order.saga")
    assert sagac("check", "order.saga") == (
        2,
        "",
        "sagac: cannot read order.saga: it is not a file\n",
    )
