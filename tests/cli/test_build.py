"""`sagac build`: what it writes, what it leaves alone."""

from __future__ import annotations

import pytest
from project import BROKEN, ORDER, contents, write


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


def test_targets_may_be_listed_or_asked_for_one_by_one(sagac):
    write(sagac)
    assert sagac("build", "--target", "json,mmd", "--target", "md")[0] == 0
    suffixes = {".lock", ".saga", ".json", ".mmd", ".md"}
    assert {path.suffix for path in sagac.folder.iterdir()} == suffixes


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
    assert "wrote gen/order_saga.py" in sagac("build", "--target", "py")[1]
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
            " order.saga.lock, gen/order_saga.py, gen/order.json"
        ),
        (
            "b/deep/parcel.saga: version 1 (draft), wrote"
            " parcel.saga.lock, gen/parcel_saga.py, gen/parcel.json"
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


def test_fmt_is_idempotent_and_check_writes_nothing(sagac):
    messy = ORDER.replace("    ", " ").replace("\n", "\r\n")
    path = write(sagac, messy)
    assert sagac("fmt", "--check")[0] == 1
    assert path.read_bytes() == messy.encode()
    assert sagac("fmt") == (0, "formatted order.saga\n", "")
    assert path.read_text() == ORDER
    assert sagac("fmt", "--check") == (0, "1 already formatted\n", "")
    assert sagac("fmt", "-", stdin=messy.encode()) == (0, ORDER, "")
