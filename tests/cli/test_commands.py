"""The other commands, each by what it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from project import BROKEN, contents, write


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
    assert sagac("graph", "order.saga", "-o", f"a.{suffix.upper()}")[0] == 0
    assert sagac("graph", "order.saga", "-o", "c.gif")[0] == 2
    assert sagac("graph", "order.saga", "-o", "c.svg", "--record", "2")[0] == 1


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
    assert sagac("explain", "101") == sagac("explain", "saga101")
    for code, hint in (
        ("SAGA40", "did you mean SAGA401, SAGA402, SAGA403?"),
        ("unknwon-name", "did you mean unknown-name?"),
        ("SAGA999", "`sagac explain` lists them"),
    ):
        status, _, err = sagac("explain", code)
        assert status == 2
        assert err.endswith(f"there is no finding '{code}'; {hint}\n")


def test_new_gives_a_canonical_saga_that_compiles(sagac):
    assert sagac("new", "parcel")[0] == 0
    assert sagac("check")[0] == 0
    assert sagac("fmt", "--check")[0] == 0
    assert sagac("new", "parcel")[0] == 2
    for name in ("Parcel", "../parcel", "import", "a b", ""):
        assert sagac("new", name)[0] == 2
    for name, better in (
        ("foo-bar", "foo_bar"),
        ("foo.saga", "foo"),
        ("FooBar.saga", "foo_bar"),
        ("9 lives", "lives"),
    ):
        assert sagac("new", name)[2].endswith(f"write `{better}`\n")
    assert list(contents(sagac.folder.parent / "project")) == ["parcel.saga"]


def test_help_names_every_target(sagac):
    from sagadsl.emit.targets import TARGETS

    said = sagac("build", "--help")[1].split()
    assert set(TARGETS) <= {word.strip(",;.") for word in said}


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
    assert int(done.stdout) - int(bare.stdout) <= 7


@pytest.mark.parametrize(
    "environment",
    [{}, {"_SAGAC_COMPLETE": "bash_complete", "COMP_WORDS": "s ", "COMP_CWORD": "1"}],
    ids=["help", "completion"],
)
def test_help_and_completion_import_neither_compiler_nor_libraries(environment):
    code = (
        "import sys; sys.argv = ['sagac', '--help']\n"
        "from sagadsl.__main__ import main\n"
        "try: main()\n"
        "finally:\n"
        "    libraries = {'lark', 'jinja2', 'networkx', 'graphviz', 'json'}\n"
        "    ours = {name for name in sys.modules if name.startswith('sagadsl')}\n"
        "    print('\\n', len(ours), libraries & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        text=True,
    )
    count, libraries = done.stdout.splitlines()[-1].split(maxsplit=1)
    assert (int(count) <= 6, libraries) == (True, "set()")
