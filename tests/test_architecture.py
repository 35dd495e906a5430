"""The house keeps its layout: who may import whom, what is banned, how long things are.

What may be where is told in CONTRIBUTING.md; a new module gets its row here first.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]

# From the ground up: a room may import from its own row and from rows above it.
ROWS = (
    {"__init__", "source", "resources", "cache"},
    {"diagnostics"},
    {"syntax", "model", "machine", "rows"},
    {"sql"},
    {"parser", "graph", "proofs"},
    {"resolve", "checks", "versions", "simulator"},
    {"emit", "format"},
    {"driver"},
    {"rehearsal"},
    {"cli", "editor", "integrations", "__main__"},
)
# Off to the side: only the outer ring imports these, and they only what is shared.
ASIDE = {"runtime", "engines", "audit"}
SHARED = {"sql"}  # what both sides of the yard read
NEAR = {
    "engines": {"runtime"}
}  # an engine drives processes by the rules of the runtime

# Each of these libraries is known to one module, or to the one folder that is named.
FENCES = {
    "lark": r"sagadsl/parser/",
    "pysat": r"sagadsl/proofs/solver\.py$",
    "pysolvers": r"sagadsl/proofs/solver\.py$",
    "networkx": r"sagadsl/graph\.py$",
    "jinja2": r"sagadsl/emit/\w+\.py$",
    "graphviz": r"sagadsl/emit/\w+\.py$",
    "pygraphviz": r"sagadsl/emit/\w+\.py$",
    "click": r"sagadsl/(cli/|__main__)",
    "rich": r"sagadsl/cli/",
    "psycopg": r"sagadsl/(runtime/postgres|audit/databases)\.py$",
    "numpy": r"sagadsl/audit/",
    "pyarrow": r"sagadsl/audit/arrow\.py$",
    "dbos": r"sagadsl/engines/dbos(_run)?\.py$",
    "restate": r"sagadsl/engines/restate\.py$",
    "temporalio": r"sagadsl/engines/temporal(_calls|_front)?\.py$",
    "opentelemetry": r"sagadsl/runtime/telemetry\.py$",
}
ALONE = ({"jinja2"}, {"graphviz", "pygraphviz"})

BANNED = {
    "eval": "parse the text, or use ast.literal_eval",
    "exec": "import the module",
    "os.system": "use subprocess.run with a list",
    "pickle": "use json",
    "yaml.load": "use yaml.safe_load",
}

# Longer than the house allows, each with its reason.
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}

_MACHINE_PATH = re.compile(
    r"(?<![\w.:/])(?:/(?:root|home|Users|work)/\w|[A-Z]:\\Users)"
)

PACKAGE = sorted((ROOT / "sagadsl").rglob("*.py"))
WRITTEN = sorted(
    path
    for top in ("sagadsl", "tests", "benchmarks", "examples")
    for path in (ROOT / top).rglob("*.py")
    if not path.stem.endswith("_saga")
)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


in_package = pytest.mark.parametrize("path", PACKAGE, ids=name)
in_written = pytest.mark.parametrize("path", WRITTEN, ids=name)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def imports(path: Path) -> Iterator[str]:
    """Every module that is imported, wherever in the file it is."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)}: import by the full name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(dotted: str) -> str:
    """The room of `sagadsl.checks.cycle`; empty for what is not of the package."""
    top, _, rest = dotted.partition(".")
    if top != "sagadsl":
        return ""
    return "__init__" if rest in ("", "__version__") else rest.partition(".")[0]


def room_of(path: Path) -> str:
    return Path(path.relative_to(ROOT / "sagadsl").parts[0]).stem


def row(room: str) -> int:
    rows = [number for number, rooms in enumerate(ROWS) if room in rooms]
    assert rows, f"`{room}` has no row yet: give it one in {Path(__file__).name}"
    return rows[0]


@in_package
def test_a_module_imports_only_from_its_own_row_and_above(path):
    here = room_of(path)
    assert here in ASIDE or row(here) >= 0
    for dotted in imports(path):
        there = room(dotted)
        if not there:
            continue
        if here in ASIDE:
            near = there in {here, *SHARED, *NEAR.get(here, ())}
            assert near, f"{dotted} lies across the yard"
        elif there in ASIDE:
            assert here == "cli", f"{dotted} lies across the yard"
        else:
            assert row(there) <= row(here), f"{dotted} lies below `{here}`"


def test_every_room_is_told_of():
    told = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = {room_of(path) for path in PACKAGE} - {"__init__", "__main__"}
    assert not {room for room in rooms if not re.search(rf"`{room}/?`", told)}


def test_the_engine_that_is_emitted_needs_the_standard_library_alone():
    for path in PACKAGE:
        if room_of(path) == "machine":
            foreign = {d for d in imports(path) if room(d) != "machine"}
            tops = {dotted.partition(".")[0] for dotted in foreign}
            assert tops <= sys.stdlib_module_names, name(path)


@in_package
def test_a_library_stays_behind_its_fence(path):
    for dotted in imports(path):
        fence = FENCES.get(dotted.partition(".")[0])
        assert fence is None or re.match(fence, name(path)), dotted


@pytest.mark.parametrize("libraries", ALONE, ids=sorted)
def test_a_library_is_known_to_one_module(libraries):
    knowing = [
        name(path)
        for path in PACKAGE
        if libraries & {dotted.partition(".")[0] for dotted in imports(path)}
    ]
    assert len(knowing) <= 1, knowing


@in_package
def test_nothing_dangerous_is_called(path):
    for dotted in imports(path):
        assert dotted.partition(".")[0] not in BANNED, BANNED[dotted.partition(".")[0]]
        assert dotted not in BANNED, BANNED[dotted]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in BANNED, f"{called}: {BANNED[called]}"
            shells = [word for word in node.keywords if word.arg == "shell"]
            assert not shells, "shell: pass a list of words"


@in_written
def test_only_the_outer_ring_prints(path):
    if re.match(r"sagadsl/cli/|benchmarks/|examples/|tests/", name(path)):
        return
    for node in ast.walk(tree(path)):
        assert not (isinstance(node, ast.Name) and node.id == "print"), "return a text"


@in_written
def test_a_module_says_what_it_is_for(path):
    assert ast.get_docstring(tree(path)) or not path.read_bytes()


@in_written
def test_an_exception_from_a_rule_gives_its_reason(path):
    for line in path.read_text(encoding="utf-8").splitlines():
        pragma = re.search(r"# (noqa|type: ignore)\S*( [A-Z]+\d+,?)*(.*)", line)
        assert not pragma or pragma[3].strip(" #"), line


@in_written
def test_files_functions_and_lines_are_short(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 300 or name(path) in LONG_FILES
    # A pragma may hang over: it can stand nowhere else.
    bare = [re.sub(r"  # (noqa|type: ignore)\b.*", "", line) for line in lines]
    assert not [line for line in bare if len(line) > 88]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            long = f"{name(path)}:{node.name}"
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= 40 or long in LONG_FUNCTIONS, f"{long}: {length} lines"


def test_no_tracked_file_names_a_path_of_one_machine():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a checkout")
    for tracked in listed.stdout.decode().split("\0"):
        path = ROOT / tracked
        if path.is_file():
            text = path.read_bytes().decode(errors="ignore")
            assert not _MACHINE_PATH.search(text), tracked
