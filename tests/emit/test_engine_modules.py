"""The modules for engines: whatever a saga is called, they are laid out and typed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sagadsl.driver import compile_saga
from sagadsl.emit.engines import emit_engine
from sagadsl.emit.python import emit_python
from sagadsl.engines.dbos import DbosSaga
from sagadsl.engines.restate_front import RestateFront
from sagadsl.engines.temporal_front import TemporalFront

ENGINES = {"dbos": DbosSaga, "restate": RestateFront, "temporal": TemporalFront}
LENGTHS = (1, 20, 31, 32, 41, 42, 43, 50, 54, 57, 58, 60)
SAGA = """\
saga {saga} {{
    aggregate {saga}_id
    states {{
        initial a
        b
        c
        final d
    }}
    transitions {{
        a -> b : {event} by {actors}
        b -> c : {own} by system
        c -> d : {fact} by system
    }}
    actions {{
        {own} : once, probe {own}_known, no undo
    }}
}}
"""


def write(folder: Path, saga: str, event: str, own: str, actors: str) -> None:
    """The modules of a saga with these names."""
    given = {"saga": saga, "event": event, "own": own, "actors": actors}
    text = SAGA.format(**given, fact="f" if event != "f" else "g")
    pinned, findings = compile_saga(f"{saga}.saga", text.encode(), None)
    assert pinned is not None, findings
    (folder / f"{saga}_saga.py").write_text(emit_python(pinned))
    for engine in ENGINES:
        (folder / f"{saga}_{engine}.py").write_text(emit_engine(pinned, engine))


def clean(folder: Path, *words: str) -> None:
    command = [sys.executable, "-m", *words, "."]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_names_of_any_length(tmp_path: Path) -> None:
    for length in LENGTHS:
        own, event = "w" * min(length, 54), "e" * length
        actors = " | ".join("uvxy"[n] * length for n in range(length % 4 + 1))
        write(tmp_path, "s" * length, event, own, actors)
        write(tmp_path, f"t{'_t' * (length // 2 - 1)}", event, own, actors)
    clean(tmp_path, "ruff", "format", "--check", "--isolated")
    clean(tmp_path, "ruff", "check", "--select", "E4,E7,E9,F,I", "--isolated")


@pytest.mark.parametrize("engine", ENGINES)
def test_events_hide_nothing_of_the_class(engine: str, tmp_path: Path) -> None:
    """An event may be called as what the class has: it is asked for all the same."""
    taken = [name for name in dir(ENGINES[engine]) if not name.startswith("_")]
    assert "start" in taken
    for name in taken:
        write(tmp_path, "tale", name, "work", "user")
        text = (tmp_path / f"tale_{engine}.py").read_text()
        assert f"    def {name}_(" in text
        assert f'self.fire(aggregate_id, "{name}", by, data, note)' in text
        assert f"def {name}(" not in text


def test_two_events_never_share_a_method() -> None:
    """`fire` is taken, so its event gets an underscore, and another has that name."""
    named = {"saga": "tale", "event": "fire", "own": "work", "actors": "user"}
    text = SAGA.format(**named, fact="fire_").replace(": fire_ by system", ": fire_")
    pinned, findings = compile_saga("tale.saga", text.encode(), None)
    assert pinned is not None, findings
    emitted = emit_engine(pinned, "dbos")
    assert emitted.count("def fire_(") == emitted.count("def fire__(") == 1
