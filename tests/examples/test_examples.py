"""The examples compile, do what their scenarios say, and are as they were committed."""

from __future__ import annotations

import importlib
import itertools
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sagadsl.driver import compile_saga, lock_text
from sagadsl.emit.engines import emit_engine
from sagadsl.emit.python import emit_python
from sagadsl.format import format_bytes

if TYPE_CHECKING:
    from sagadsl.model import Pinned, Scenario

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PUBLISHED = EXAMPLES / "real" / "ftgo_ticket_as_published" / "ticket.saga"
ALL = sorted(EXAMPLES.rglob("*.saga"))
SOUND = [path for path in ALL if path != PUBLISHED]


def name(path: Path) -> str:
    return path.relative_to(EXAMPLES).as_posix()


def lock_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


def compiled(path: Path) -> Pinned:
    """An example as a build sees it, with its lock file; nothing is found in it."""
    lock = lock_of(path)
    old = lock.read_text(encoding="utf-8") if lock.exists() else None
    pinned, findings = compile_saga(name(path), path.read_bytes(), old)
    assert not findings
    assert pinned
    return pinned


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """The emitted modules of all examples, in one folder."""
    folder = tmp_path_factory.mktemp("emitted")
    for path in SOUND:
        module = folder / f"{path.stem}_saga.py"
        module.write_text(emit_python(compiled(path)), encoding="utf-8")
        for engine in ("dbos", "restate", "temporal"):
            text = emit_engine(compiled(path), engine)
            module.with_name(f"{path.stem}_{engine}.py").write_text(text, "utf-8")
    return folder


@pytest.fixture
def emitted(modules, monkeypatch):
    """What imports the emitted module of an example."""
    monkeypatch.syspath_prepend(str(modules))
    for path in SOUND:
        monkeypatch.delitem(sys.modules, f"{path.stem}_saga", raising=False)
    return lambda path: importlib.import_module(f"{path.stem}_saga")


def run(*words: str | Path, cwd: Path) -> str:
    """The output of a tool of the environment, which must find nothing wrong."""
    first, *rest = map(str, words)
    tool = shutil.which(first, path=str(Path(sys.executable).parent))
    ended = subprocess.run(
        [tool or first, *rest],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


@pytest.mark.parametrize("path", ALL, ids=name)
def test_example_is_formatted(path):
    assert format_bytes(name(path), path.read_bytes()) == path.read_bytes().decode()


@pytest.mark.parametrize("path", ALL, ids=name)
def test_head_of_the_table_stands_above_its_columns(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    for head, row in itertools.pairwise(lines):
        if head.lstrip().startswith("# previous"):
            assert head.index("->") == row.index("->")
            assert head.index(" : ") == row.index(" : ")


@pytest.mark.parametrize("path", SOUND, ids=name)
def test_example_compiles_to_its_lock_file_without_a_finding(path, golden):
    golden(lock_of(path), lock_text(compiled(path)))


def test_committed_artefacts_are_what_a_build_writes():
    run("sagac", "build", "--check", "examples/order.saga", cwd=ROOT)


def test_emitted_modules_are_clean(modules):
    run("ruff", "format", "--check", "--isolated", modules, cwd=modules)
    run("mypy", "--strict", modules, cwd=modules)
    pyright(modules, "order_*.py")


@pytest.mark.slow
def test_all_emitted_modules_are_clean_to_pyright(modules):
    pyright(modules, ".")


def pyright(modules: Path, which: str) -> None:
    config = modules / "pyrightconfig.json"
    told = {"typeCheckingMode": "strict", "include": [which]}
    config.write_text(json.dumps(told))
    run("pyright", "--project", config, "--pythonpath", sys.executable, cwd=modules)


@pytest.mark.parametrize("path", SOUND, ids=name)
def test_emitted_module_plays_the_scenarios(path, emitted):
    saga = compiled(path).saga
    assert saga.scenarios, "an example shows how it is meant"
    for scenario in saga.scenarios:
        play(emitted(path), saga.places, scenario)


def play(module: Any, places: dict[str, str], scenario: Scenario) -> None:
    """Take the moves of a scenario, and hold what comes of them to its result."""
    machine, event, kind = module.LATEST, module.Event, module.Kind
    record = module.Record()
    *moves, last = scenario.moves
    for move in moves:
        record = taken(module, record, move.action, fails=move.fails)
    if scenario.result == "refused":
        with pytest.raises(module.Refused):
            machine.apply(record, event(kind.BEGIN, last.action))
        return
    record = taken(module, record, last.action, fails=last.fails)
    if scenario.result == "compensated":
        record = machine.apply(record, event(kind.ABORT))
        while undoes := [e for e in machine.events(record) if e.kind is kind.UNDO]:
            record = machine.apply(record, undoes[0])
        record = machine.apply(record, event(kind.FINISH))
        assert record.control & module.FINISHED
    else:
        assert scenario.result in {places[s] for s in machine.standing(record)}
    assert machine.is_valid_record(record)


def taken(module: Any, record: Any, action: str, *, fails: bool) -> Any:
    """The record after a step, begun and then done or failed."""
    kind, event = module.Kind, module.Event
    record = module.LATEST.apply(record, event(kind.BEGIN, action))
    return module.LATEST.apply(record, event(kind.FAIL if fails else kind.DONE, action))


def test_basic_order_accepts_exactly_its_sequences(emitted):
    """Of all 55 987 sequences of up to six steps, those that a person would write."""
    module = emitted(EXAMPLES / "basic_order.saga")
    delivered = (
        "check_out",
        "make_payment",
        "receive_order",
        "hand_to_courier",
        "sign_receipt",
    )
    cancelled = ("check_out", "cancel_order")
    expected = {delivered[:n] for n in range(6)} | {cancelled}
    steps = [step.name.lower() for step in module.Step]
    accepted = set()
    for length in range(7):
        for sequence in itertools.product(steps, repeat=length):
            try:
                mask = module.replay(sequence)
            except module.Refused:
                continue
            accepted.add(sequence)
            assert mask == sum(1 << module.Step[step.upper()] for step in sequence)
    assert accepted == expected


def test_the_bug_in_the_published_ticket_is_found():
    """The row that should lead to `accepted` does not, so four states are dead."""
    (finding,) = compile_saga("ticket.saga", PUBLISHED.read_bytes(), None).findings
    assert finding.rule.name == "unreachable"
    places = [finding.span, *(label.span for label in finding.others)]
    dead = ["accepted", "preparing", "ready_for_pickup", "picked_up"]
    assert [place.text.split()[-1] for place in places] == dead


def test_demo_runs_from_any_folder(tmp_path):
    told = run(sys.executable, EXAMPLES / "demo.py", cwd=tmp_path)
    assert told.index("credit note: done") < told.index("refund: done")
    assert "of order 1001 we hold 0 euros" in told
    assert told.count("payment: done") == 3
    assert "order 1002, version 1 (draft): running" in told
    assert "`make_payment` has already begun" in told
    assert "of order 1002 we hold 42 euros: paid once" in told
    assert "courier: sign_receipt? accepted, it stands in delivered" in told
    assert "=> refused: order 1002 ended as delivered" in told
    assert "`accepted` is never reached" in told
    _, _, on_postgres = told.partition("== The same on PostgreSQL")
    assert "order: 1 process: 1 running" in on_postgres
    assert "of order 1003 we hold 42 euros: paid once" in on_postgres
    assert "courier: sign_receipt? accepted, it stands in delivered" in on_postgres


def test_demo_goes_on_without_postgresql(tmp_path, monkeypatch):
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    monkeypatch.setenv("PGSERVER_POSTGRES_VERSION", "9")
    told = run(sys.executable, "examples/demo.py", cwd=tmp_path)
    assert "=> refused: order 1002 ended as delivered" in told
    assert "left out, there is no server here: RuntimeError: Unsupported" in told


def test_demo_is_typed(modules):
    shutil.copytree(EXAMPLES, modules / "demo", ignore=shutil.ignore_patterns("*.saga"))
    run("mypy", "--strict", "demo.py", cwd=modules / "demo")
