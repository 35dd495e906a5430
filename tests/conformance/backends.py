"""The backends as tests see them: a worker that is asked, is killed and comes again."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from script import Script

HERE = Path(__file__).parent
PATIENCE = 30.0  # seconds until what must come has not come


class Answer(NamedTuple):
    """What came of asking: the outcome, why, and the states where it stands."""

    outcome: str
    reason: str
    held: Sequence[str]

    @property
    def end(self) -> str:
        """How the process has ended, if that is the reason."""
        found = re.search(r" ended as (.+?)(?: on \d.*)?$", self.reason)
        return found[1] if found else ""


class Backend:
    """One backend; `options` say where it is, `modules` what its worker knows."""

    def __init__(
        self, kind: str, folder: Path, modules: Path, options: dict[str, str]
    ) -> None:
        self.kind = kind
        self.folder = folder
        self.modules = modules
        self.options = options
        self.script = Script(folder)
        self.child: subprocess.Popen[str] | None = None
        self.kills = 0

    def begin(self) -> None:
        """Have a worker."""
        where = (str(self.folder), str(self.modules))
        words = [self.kind, *where, json.dumps(self.options)]
        with (self.folder / "stderr").open("a") as errors:
            self.child = subprocess.Popen(
                [sys.executable, str(HERE / "served.py"), *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            )
        if self._read() is None:
            raise AssertionError((self.folder / "stderr").read_text()[-4000:])

    def kill(self) -> None:
        """End the worker at once."""
        if self.child is not None:
            self.child.kill()
            self.child.communicate()
            self.child = None

    def end(self) -> None:
        """Let the worker end, as it does by itself."""
        assert self.child is not None
        self.child.communicate(timeout=PATIENCE)
        self.child = None

    def replace(self, modules: Path) -> None:
        """Have another worker, which knows other versions."""
        self.kill()
        self.modules = modules
        self.begin()

    def ask(self, saga: str, word: str, aggregate: str, **given: Any) -> Answer | None:
        """Ask the worker, a new one if it has died; None if it dies now."""
        if self.child is None or self.child.poll() is not None:
            self.kill()
            self.begin()
        child = self.child
        assert child is not None
        assert child.stdin is not None
        line = json.dumps([saga, word, {"aggregate_id": aggregate, **given}])
        try:
            child.stdin.write(f"{line}\n")
            child.stdin.flush()
        except BrokenPipeError:
            return None
        answer = self._read()
        return Answer(*json.loads(answer)) if answer else None

    def _read(self) -> str | None:
        """A line of the worker, None if it has died."""
        assert self.child is not None
        assert self.child.stdout is not None
        line = self.child.stdout.readline()
        if not line:
            self.child.wait()
            self.kills += 1
        return line or None


class Process:
    """A process of a saga on a backend."""

    def __init__(self, backend: Backend, saga: str, aggregate: str) -> None:
        self.backend = backend
        self.saga = saga
        self.aggregate = aggregate

    def tell(self, handler: str, *acts: str) -> None:
        """Have the next calls of a handler act so."""
        self.backend.script.tell(self.aggregate, handler, acts)

    def try_(self, word: str, *action: str, **given: Any) -> Answer | None:
        """Ask; None if the worker dies."""
        if action:
            given["action"] = action[0]
        return self.backend.ask(self.saga, word, self.aggregate, **given)

    def ask(self, word: str, *action: str, **given: Any) -> Answer:
        """Ask, and ask again if the worker dies meanwhile."""
        while (answer := self.try_(word, *action, **given)) is None:
            pass
        return answer

    def until(self, wanted: Callable[[Answer], Any]) -> Answer:
        """Wait until it stands so."""
        end = time.monotonic() + PATIENCE
        while not wanted(answer := self.ask("look")):
            assert time.monotonic() < end, f"it still says {answer}: {self.effects}"
            time.sleep(0.03)
        return answer

    def held(self, *states: str) -> None:
        """Wait until it stands in these states."""
        self.until(lambda answer: set(answer.held) == set(states) and not answer.end)

    def ends(self, outcome: str) -> None:
        """Wait until it has ended, and see how."""
        assert self.until(lambda answer: answer.end).end == outcome

    @property
    def effects(self) -> list[str]:
        """What has happened, in its order."""
        return self.backend.script.effects(self.aggregate)
