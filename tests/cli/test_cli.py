"""The command line as a user meets it: real processes in empty folders."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

ORDER = """\
saga order {
    aggregate order_id

    states {
        initial begun
        paid
        final shipped
    }

    transitions {
        begun -> paid    : pay   by user
        paid  -> shipped : ship  by system
    }
}
"""
BROKEN = ORDER.replace("-> paid ", "-> piad ")
EXAMPLES = Path(__file__).parents[2] / "examples"


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

    run.folder = folder
    return run


def write(sagac, text=ORDER, name="order.saga"):
    path = sagac.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_build_writes_the_default_targets_and_the_lock(sagac):
    write(sagac)
    status, out, err = sagac("build")
    assert (status, err) == (0, "")
    wrote = "order.saga.lock, order_saga.py, order.dot, order.svg"
    assert out == f"order.saga: version 1 (draft), wrote {wrote}\n"
    assert sorted(contents(sagac.folder)) == [
        "order.dot",
        "order.saga",
        "order.saga.lock",
        "order.svg",
        "order_saga.py",
    ]


def test_a_second_build_touches_nothing(sagac):
    write(sagac)
    sagac("build")
    before = {p: p.stat().st_mtime_ns for p in sagac.folder.iterdir()}
    for _ in range(2):
        assert sagac("build") == (0, "order.saga: version 1 (draft), up to date\n", "")
    assert {p: p.stat().st_mtime_ns for p in sagac.folder.iterdir()} == before


@pytest.mark.parametrize("damage", ["order_saga.py", "order.saga.lock", "order.svg"])
def test_what_was_damaged_or_lost_is_written_again(sagac, damage):
    write(sagac)
    sagac("build")
    sagac("build")
    good = contents(sagac.folder)
    (sagac.folder / damage).unlink()
    assert sagac("build")[1] == f"order.saga: version 1 (draft), wrote {damage}\n"
    assert contents(sagac.folder) == good


def test_a_note_of_the_last_build_misses_nothing(sagac):
    write(sagac)
    sagac("build", "--target", "py")
    sagac("build", "--target", "py")
    write(sagac, ORDER.replace("order", "parcel"), "parcel.saga")
    assert "parcel.saga" in sagac("build", "--target", "py")[1]
    (sagac.folder / "pyproject.toml").write_text('[tool.sagadsl]\nout = "gen"\n')
    assert "wrote order_saga.py" in sagac("build", "--target", "py")[1]
    write(sagac, BROKEN)
    assert sagac("build", "--target", "py")[0] == 1


def test_check_writes_nothing_and_says_what_would_change(sagac):
    write(sagac)
    status, out, err = sagac("build", "--check", "--target", "py")
    assert (status, out) == (1, "")
    assert err == (
        "order.saga: version 1 (draft), would write order.saga.lock, order_saga.py\n"
    )
    assert list(contents(sagac.folder)) == ["order.saga"]
    sagac("build", "--target", "py")
    assert sagac("build", "--check", "--target", "py")[0] == 0


def test_a_drawing_is_judged_by_its_dot(sagac):
    write(sagac)
    sagac("build")
    path = sagac.folder / "order.svg"
    path.write_text(path.read_text().replace("</svg>", "<!-- redrawn --></svg>"))
    assert sagac("build", "--check")[0] == 0
    write(sagac, ORDER.replace("ship", "send"))
    assert "order.svg" in sagac("build", "--check")[2]


def test_folders_files_and_an_output_folder(sagac):
    write(sagac, name="a/order.saga")
    write(sagac, ORDER.replace("order", "parcel"), name="b/deep/parcel.saga")
    write(sagac, ORDER, name="b/.hidden/order.saga")
    status, out, _ = sagac("build", "a", "b", "-o", "gen", "--target", "py,json")
    assert status == 0
    assert out.splitlines() == [
        (
            "a/order.saga: version 1 (draft), wrote"
            " order.saga.lock, order_saga.py, order.json"
        ),
        (
            "b/deep/parcel.saga: version 1 (draft), wrote"
            " parcel.saga.lock, parcel_saga.py, parcel.json"
        ),
    ]
    assert (sagac.folder / "gen/parcel_saga.py").is_file()
    assert (sagac.folder / "b/deep/parcel.saga.lock").is_file()


def test_two_sagas_of_one_name_do_not_overwrite_each_other(sagac):
    write(sagac, name="a/order.saga")
    write(sagac, name="b/order.saga")
    status, _, err = sagac("build", "-o", "gen", "--target", "py")
    assert status == 2
    assert err == ("sagac: a/order.saga and b/order.saga would write the same files\n")


def test_pyproject_says_what_and_where(sagac):
    write(sagac, name="sagas/order.saga")
    write(sagac, BROKEN, name="elsewhere/order.saga")
    (sagac.folder / "pyproject.toml").write_text(
        '[tool.sagadsl]\npaths = ["sagas"]\nout = "gen"\ntargets = ["py", "mmd"]\n'
    )
    assert sagac("build")[0] == 0
    assert {p.name for p in (sagac.folder / "gen").iterdir()} == {
        "order_saga.py",
        "order.mmd",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[tool.sagadsl]\npath = []\n", "not `path`"),
        ("[tool.sagadsl]\npaths = 'sagas'\n", "`paths` is not a list of strings"),
        ("[tool.sagadsl\n", "is not valid TOML"),
        ("tool = 3\n", "no .saga file"),
    ],
)
def test_a_wrong_configuration_is_a_usage_error(sagac, text, expected):
    (sagac.folder / "pyproject.toml").write_text(text)
    status, _, err = sagac("build")
    assert status == 2
    assert expected in err


def test_one_bad_saga_does_not_keep_the_others_from_being_built(sagac):
    write(sagac, BROKEN)
    write(sagac, ORDER.replace("order", "parcel"), "parcel.saga")
    status, out, err = sagac("build", "--target", "py")
    assert status == 1
    assert "parcel.saga: version 1 (draft), wrote" in out
    assert "error[SAGA101]: there is no state `piad`" in err
    assert "did you mean `paid`?" in err
    assert "order.saga: not built" in err
    assert not (sagac.folder / "order_saga.py").exists()


def test_check_gives_findings_in_four_forms(sagac):
    write(sagac, BROKEN)
    assert sagac("check")[0] == 1
    assert "1 saga checked: 1 error" in sagac("check")[2]
    for form in ("json", "sarif"):
        status, out, err = sagac("check", "--format", form)
        assert (status, err) == (1, "")
        assert "SAGA101" in json.dumps(json.loads(out))
    status, out, err = sagac("check", "--format", "github")
    assert out.startswith("::error file=order.saga,line=11,")
    write(sagac)
    assert sagac("check") == (0, "1 saga checked: no findings\n", "")


def test_fmt_is_idempotent_and_check_writes_nothing(sagac):
    messy = ORDER.replace("    ", " ").replace("\n", "\r\n")
    path = write(sagac, messy)
    assert sagac("fmt", "--check")[0] == 1
    assert path.read_bytes() == messy.encode()
    assert sagac("fmt") == (0, "formatted order.saga\n", "")
    assert path.read_text() == ORDER
    assert sagac("fmt", "--check") == (0, "1 already formatted\n", "")
    assert sagac("fmt", "-", stdin=messy.encode()) == (0, ORDER, "")


def test_fmt_leaves_what_does_not_parse_alone(sagac):
    path = write(sagac, "saga order {")
    assert sagac("fmt")[0] == 1
    assert path.read_text() == "saga order {"


def test_table(sagac):
    write(sagac)
    status, out, _ = sagac("table", "order.saga")
    assert status == 0
    assert [line.split() for line in out.splitlines()][-1][-1] == "system"
    rows = json.loads(sagac("table", "order.saga", "--json")[1])["transitions"]
    assert rows[0] == {
        "prev": "begun",
        "next": "paid",
        "action": "pay",
        "trigger": "by user",
    }


@pytest.mark.parametrize("suffix", ["svg", "png", "dot", "mmd", "html"])
def test_graph_draws_by_suffix_and_marks_a_record(sagac, suffix):
    write(sagac)
    assert sagac("graph", "order.saga", "-o", f"a.{suffix}")[0] == 0
    assert sagac("graph", "order.saga", "-o", f"b.{suffix}", "--record", "1")[0] == 0
    files = contents(sagac.folder)
    assert files[f"a.{suffix}"] != files[f"b.{suffix}"]
    assert sagac("graph", "order.saga", "-o", "c.gif")[0] == 2
    assert sagac("graph", "order.saga", "-o", "c.svg", "--record", "2")[0] == 1


def test_decode(sagac):
    write(sagac)
    assert sagac("decode", "order.saga", "0x1") == (
        0,
        (
            "1 (0x1), version 1 (draft)\n"
            "  done:        pay\n"
            "  held:        paid\n"
            "  allowed:     ship\n"
        ),
        "",
    )
    status, _, err = sagac("decode", "order.saga", "2")
    assert status == 1
    assert "`ship` waits for `pay`" in err
    meaning = json.loads(sagac("decode", "order.saga", "1,0,0,0", "--json")[1])
    assert meaning["in doubt"] == ["pay"]
    assert json.loads(sagac("decode", "order.saga", "2", "--json")[1])["invalid"]
    assert sagac("decode", "order.saga", "one")[0] == 2
    assert sagac("decode", "order.saga", "--", "-1")[0] == 1
    assert sagac("decode", "order.saga", "1", "--version", "2")[0] == 2


def test_an_old_mask_is_decoded_by_its_version(sagac):
    path = write(sagac)
    assert sagac("release", "order.saga")[1] == "order.saga: released version 1\n"
    path.write_text(ORDER.replace("ship ", "send "))
    assert (
        "held:        shipped"
        in sagac("decode", "order.saga", "3", "--version", "1")[1]
    )
    status, _, err = sagac("decode", "order.saga", "3")
    assert status == 1
    assert "bit 1 belongs to no step of version 2" in err


def test_replay(sagac):
    write(sagac)
    steps = sagac.folder / "steps.txt"
    steps.write_text("# the happy path\npay\n\nship\n")
    assert sagac("replay", "order.saga", "steps.txt") == (
        0,
        "3 (0x3)\nheld: shipped\n",
        "",
    )
    assert sagac("replay", "order.saga", "-", stdin=b"pay\npay\n") == (
        1,
        "",
        "<stdin>:2: refused: `pay` is already done\n",
    )
    refused = sagac("replay", "order.saga", "-", "--json", stdin=b"ship\n")
    assert json.loads(refused[1]) == {"refused": "`ship` waits for `pay`", "line": 1}
    assert sagac("replay", "order.saga", "-", stdin=b"pay maybe\n")[0] == 1
    assert sagac("replay", "order.saga", "-", stdin=b"\xff\x00\n")[0] == 1


def test_release_happens_once(sagac):
    write(sagac)
    sagac("release", "order.saga")
    lock = (sagac.folder / "order.saga.lock").read_bytes()
    assert "is released already" in sagac("release", "order.saga")[1]
    assert (sagac.folder / "order.saga.lock").read_bytes() == lock
    assert sagac("build", "--target", "py")[1] == (
        "order.saga: version 1, wrote order_saga.py\n"
    )


def test_explain(sagac):
    assert sagac("explain", "SAGA101")[1].startswith("# SAGA101 unknown-name\n")
    assert sagac("explain", "unknown-name") == sagac("explain", "saga101")
    assert "SAGA101  unknown-name" in sagac("explain")[1]
    assert sagac("explain", "SAGA999")[0] == 2


def test_new_gives_a_canonical_saga_that_compiles(sagac):
    assert sagac("new", "parcel")[0] == 0
    assert sagac("check")[0] == 0
    assert sagac("fmt", "--check")[0] == 0
    assert sagac("new", "parcel")[0] == 2
    for name in ("Parcel", "../parcel", "import", "a b", ""):
        assert sagac("new", name)[0] == 2
    assert list(contents(sagac.folder.parent / "project")) == ["parcel.saga"]


def test_version_help_and_slips(sagac):
    assert sagac("--version")[1].startswith("sagac, version ")
    assert sagac("--help")[0] == 0
    status, _, err = sagac("bild")
    assert status == 2
    assert "Did you mean 'build'?" in err
    status, _, err = sagac("build", "--target", "pdf")
    assert status == 2
    assert "there is no target 'pdf'" in err


def test_a_plain_start_imports_little():
    code = "import sys; from sagadsl.__main__ import main; print(len(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, check=True
    )
    bare = subprocess.run(
        [sys.executable, "-I", "-c", "import sys; print(len(sys.modules))"],
        capture_output=True,
        check=True,
    )
    assert int(done.stdout) - int(bare.stdout) <= 5


def test_help_imports_neither_compiler_nor_libraries(sagac):
    code = (
        "import sys; sys.argv = ['sagac', '--help']\n"
        "from sagadsl.__main__ import main\n"
        "try: main()\n"
        "finally:\n"
        "    names = ('lark', 'jinja2', 'networkx', 'graphviz', 'sagadsl.driver')\n"
        "    assert not set(names) & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


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
@pytest.mark.parametrize("command", ["build", "fmt", "check", "table"])
def test_no_input_gives_a_traceback(sagac, data, command):
    write(sagac, data)
    status, _, err = sagac(command, "order.saga")
    assert status == 1
    assert "error[SAGA" in err
    assert contents(sagac.folder) == {"order.saga": data}


def test_twenty_thousand_rows_are_compiled_or_refused(sagac):
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
    assert err.startswith("sagac: cannot write file/order_saga.py: ")
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

    monkeypatch.setattr(files.os, "replace", refuse)
    with pytest.raises(files.Unusable, match="No space left on device"):
        files.write_bytes(path, b"new")
    assert contents(tmp_path) == {"order_saga.py": b"old"}


def test_a_narrow_locale_is_no_obstacle(sagac):
    write(sagac, ORDER.replace("paid\n", 'paid "bezahlt → bar"\n').replace("->", "→"))
    status, _, err = sagac("check", PYTHONIOENCODING="ascii")
    assert status == 1
    assert "unexpected" in err


def test_an_unwritable_cache_costs_nothing(sagac):
    write(sagac)
    (sagac.folder / "file").write_text("")
    for _ in range(2):
        status, _, err = sagac("build", "--target", "py", XDG_CACHE_HOME="file")
        assert (status, err) == (0, "")
