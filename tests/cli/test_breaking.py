"""`sagac diff` and `sagac breaking`, with a released version and with git."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from project import BROKEN, INSERTED, write

WAIVING = (
    INSERTED.rstrip().removesuffix("}")
    + "upgrades { from 1 waive pack when ship }\n}\n"
)


def git(folder, *words):
    who = ("-c", "user.name=n", "-c", "user.email=n@example.org")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def test_diff_shows_both_versions_and_who_can_move(changed):
    status, out, err = changed("diff", "order.saga")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert [part.strip() for part in lines[0].split("|")] == [
        "version 1 (released)",
        "version 2 (draft)",
    ]
    marked = [line.split() for line in lines if line[:1] in list("+-~")]
    assert ["+", "|", "paid", "->", "packed", ":", "pack", "by", "ops"] in marked
    assert ["+", "|", "state", "packed"] in marked
    assert sum(line[0] == "~" for line in marked) == 1
    assert "from 1 to 2: all can move but those that hold `shipped` or" in out


def test_diff_as_json_has_only_what_differs(changed):
    write(changed, WAIVING)
    found = json.loads(changed("diff", "order.saga", "--json")[1])
    assert (found["format"], found["from"], found["to"]) == (1, 1, 2)
    assert [(row["change"], row["changed"]) for row in found["rows"]] == [
        ("added", []),
        ("changed", ["previous"]),
    ]
    assert found["states"] == [{"state": "packed", "old": None, "new": ""}]
    assert found["waives"] == [
        {"version": 1, "action": "pack", "when": "ship", "change": "added"}
    ]
    assert found["records"]["stay"] == {}


def test_diff_of_other_versions_and_of_one(changed):
    assert "version 2 (draft) " not in changed("diff", "order.saga", "--to", "1")[1]
    same = changed("diff", "order.saga", "--from", "2")
    assert "records" not in same[1]
    back = changed("diff", "order.saga", "--from", "2", "--to", "1")[1]
    assert "- paid -> packed : pack by ops" in back
    status, _, err = changed("diff", "order.saga", "--from", "7")
    assert status == 2
    assert "for --from: order has no version 7; it has 1, 2" in err


def test_diff_of_a_first_version_says_so(sagac):
    write(sagac)
    assert sagac("diff", "order.saga") == (
        0,
        "version 1 of order is the first: nothing to compare it with\n",
        "",
    )


@pytest.mark.parametrize("suffix", ["svg", "png", "dot", "html"])
def test_diff_draws_by_suffix(changed, suffix):
    assert changed("diff", "order.saga", "-o", f"d.{suffix}") == (
        0,
        f"wrote d.{suffix}\n",
        "",
    )
    drawn = (changed.folder / f"d.{suffix}").read_bytes()
    assert suffix == "png" or b"added" in drawn


def test_diff_draws_nothing_else(changed):
    for name in ("d.mmd", "d", "d.txt"):
        status, _, err = changed("diff", "order.saga", "-o", name)
        assert status == 2
        assert "ends in none of .svg, .png, .dot, .html" in err


def test_breaking_tells_by_exit_status_in_four_forms(changed):
    status, out, err = changed("breaking")
    assert (status, out) == (1, "")
    assert "error[SAGA621]: version 2 refuses records of version 1" in err
    assert "1 saga compared: 1 error" in err
    for form in ("json", "sarif"):
        status, out, err = changed("breaking", "--format", form)
        assert (status, err) == (1, "")
        assert "SAGA621" in json.dumps(json.loads(out))
    status, out, _ = changed("breaking", "--format", "github")
    assert (status, out.startswith("::error file=order.saga,line=")) == (1, True)
    write(changed, WAIVING)
    assert changed("breaking") == (0, "1 saga compared: no findings\n", "")


TWO = INSERTED.replace("        packed\n", "        packed\n        weighed\n").replace(
    "packed -> shipped", "packed -> weighed : weigh by ops\nweighed -> shipped"
)


@pytest.mark.parametrize(("text", "count"), [(INSERTED, 1), (TWO, 2)])
def test_what_the_help_says_to_waive_mends_it(changed, text, count):
    write(changed, text)
    _, _, err = changed("breaking")
    (said,) = re.findall(r"write `(upgrades \{ .* \})`", err)
    assert said.count("from 1 waive") == count
    write(changed, text.rstrip().removesuffix("}") + f"{said}\n}}\n")
    assert changed("breaking") == (0, "1 saga compared: no findings\n", "")
    first, _, second = said.partition(", ")
    if second:
        write(changed, text.rstrip().removesuffix("}") + f"{first} }}\n}}\n")
        _, _, err = changed("breaking")
        (line,) = re.findall(r"add `(.*)` to `upgrades`", err)
        assert line == second.removesuffix(" }")


def test_a_process_at_its_end_is_not_in_flight(sagac):
    """Its own version finishes it, whatever the new one would say of it."""
    text = (
        "saga order {\naggregate id\nstates { initial paid, final shipped,"
        " final failure lost }\ntransitions { paid -> shipped else lost : ship }\n"
        "actions { ship : idempotent, pivot }\n}\n"
    )
    write(sagac, text)
    sagac("build", "--target", "py")
    sagac("release", "order.saga")
    write(
        sagac,
        text.replace(" else lost", "")
        .replace(", final failure lost", "")
        .replace("pivot", "cannot fail, pivot"),
    )
    assert sagac("breaking") == (0, "1 saga compared: no findings\n", "")
    told = sagac("diff", "order.saga")[1]
    assert "all can move but those that hold `lost`" in told


def test_breaking_judges_nothing_where_nothing_is_released(sagac):
    write(sagac)
    assert sagac("breaking") == (0, "1 saga compared: no findings\n", "")
    sagac("build", "--target", "py")
    assert sagac("breaking")[0] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--approve", "refused-record"), "go together"),
        (("--reason", "why"), "go together"),
        (("--approve", "refused-record", "--reason", " "), "it is empty"),
        (("--approve", "nonsense", "--reason", "why"), "there is no rule `nonsense`"),
        (("--format", "xml"), "'xml' is not one of"),
    ],
)
def test_what_breaking_does_not_understand(changed, words, said):
    before = (changed.folder / "order.saga.lock").read_bytes()
    status, _, err = changed("breaking", *words)
    assert status == 2
    assert said in err
    assert (changed.folder / "order.saga.lock").read_bytes() == before


@pytest.mark.parametrize("form", ["text", "json"])
def test_of_what_does_not_compile_the_errors_are_told(changed, form):
    """In the form that was asked for; the other sagas are compared."""
    write(changed, BROKEN.replace("saga order", "saga broken"), "broken.saga")
    status, out, err = changed("breaking", "--format", form)
    assert status == 1
    told = out if form == "json" else err
    assert "SAGA101" in told
    assert "SAGA621" in told
    assert form == "json" or "1 saga compared: 2 errors" in err
    assert form == "text" or json.loads(out)


def test_categories_are_configured(changed):
    config = changed.folder / "pyproject.toml"
    config.write_text('[tool.sagadsl]\nbreaking = ["STORED", "SOURCE"]\n')
    assert changed("breaking")[0] == 0
    config.write_text('[tool.sagadsl]\nbreaking = ["RUNNING"]\n')
    assert changed("breaking")[0] == 1
    config.write_text("[tool.sagadsl]\nbreaking = []\n")
    assert changed("breaking")[0] == 0
    for wrong in ('"RUNNING"', "[1]", '["WALKING"]', "true"):
        config.write_text(f"[tool.sagadsl]\nbreaking = {wrong}\n")
        status, _, err = changed("breaking")
        assert status == 2
        assert "pyproject.toml: `breaking` " in err


@pytest.mark.parametrize("folder", ["", "shop/sagas"])
def test_against_a_git_revision(sagac, folder):
    """The draft is judged by what was released there, not by what is on disk."""
    name = f"{folder}/order.saga".lstrip("/")
    git(sagac.folder, "init", "-q")
    write(sagac, name=name)
    git(sagac.folder, "add", ".")
    git(sagac.folder, "commit", "-qm", "no lock file yet")
    git(sagac.folder, "tag", "start")
    sagac("build", "--target", "py")
    sagac("release", name)
    git(sagac.folder, "add", ".")
    git(sagac.folder, "commit", "-qm", "released")
    git(sagac.folder, "tag", "v1")
    write(sagac, INSERTED, name)
    sagac("build", "--target", "py")
    sagac("release", name)

    assert sagac("breaking", name)[0] == 0
    status, _, err = sagac("breaking", name, "--against", "v1")
    assert (status, "version 2 refuses records of version 1" in err) == (1, True)
    assert sagac("breaking", "--against", "HEAD")[0] == 1
    assert sagac("breaking", name, "--against", "start")[0] == 0
    for unknown in ("v9", "--help", "", "v1:order.saga", "v1..HEAD"):
        status, _, err = sagac("breaking", name, f"--against={unknown}")
        assert status == 2, unknown
        assert f"git knows no revision {unknown!r} here" in err


def test_against_without_a_repository_or_git(changed):
    status, _, err = changed(
        "breaking",
        "--against",
        "main",
        GIT_CEILING_DIRECTORIES=str(changed.folder.parent),
    )
    assert status == 2
    assert err == "sagac: order.saga: git knows no revision 'main' here\n"
    status, _, err = changed("breaking", "--against", "main", PATH="")
    assert status == 2
    assert err == "sagac: cannot run git, which --against needs\n"
