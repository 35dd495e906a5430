"""Handlers that do as a file says, and note in another file what has happened.

Both outlive the process: it may be killed between any two lines.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PACE = float(os.environ.get("SAGA_PACE", "0"))  # seconds, before and after an effect


class Script:
    """What the handlers of an aggregate are to do next, and what they have done.

    The acts of a handler: `fail` says that nothing happened; `raise` says nothing and
    did nothing, `raise late` says nothing and did it; `die` is killed before the
    effect, `die late` after it; `slow` takes a second before the effect, or as many as
    it says, and `hang` as many after it. `yes`, `no` and `unknown` are
    answers of a probe, which else tells the truth.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "acts").mkdir(exist_ok=True)

    def tell(self, aggregate: str, handler: str, acts: Sequence[str]) -> None:
        """Have the next calls of a handler act so."""
        path = self.folder / "acts" / f"{aggregate}.{handler}"
        path.write_text(json.dumps(acts))

    def act(self, aggregate: str, handler: str) -> str:
        """What the next call is to do; it is told once."""
        path = self.folder / "acts" / f"{aggregate}.{handler}"
        acts = json.loads(path.read_text()) if path.exists() else []
        if not acts:
            return ""
        path.write_text(json.dumps(acts[1:]))
        return str(acts[0])

    def note(self, aggregate: str, handler: str) -> None:
        """An effect has happened."""
        line = f"{aggregate} {handler}\n".encode()
        log = os.open(self.folder / "effects", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(log, line)
        os.close(log)

    def effects(self, aggregate: str) -> list[str]:
        """The effects of an aggregate, in the order in which they happened."""
        path = self.folder / "effects"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.split()[1] for line in lines if line.split()[0] == aggregate]


class Scripted:
    """The handlers of a saga whose `Failed` is given."""

    def __init__(self, script: Script, failed: type[Exception]) -> None:
        self._script = script
        self._failed = failed

    def __getattr__(self, handler: str) -> Callable[[Any], Any]:
        if handler.startswith("_"):
            raise AttributeError(handler)
        return lambda context: self._call(handler, context)

    def _call(self, handler: str, context: Any) -> bool | None:
        aggregate = context.aggregate_id
        act = self._script.act(aggregate, handler)
        if act == "die":
            _die()
        if handler.endswith("_status"):
            about = context.idempotency_key.rpartition("/")[2]
            truth = about in self._script.effects(aggregate)
            return {"yes": True, "no": False, "unknown": None}.get(act, truth)
        if act == "fail":
            raise self._failed("it cannot be done")
        if act.startswith("slow"):
            time.sleep(float(act[5:] or 1))
        time.sleep(PACE)
        if act != "raise":
            self._script.note(aggregate, handler)
        time.sleep(PACE)
        if act == "die late":
            _die()
        if act.startswith("hang"):
            time.sleep(float(act[5:]))
        if act in ("raise", "raise late"):
            raise OSError("the line is dead")
        return None


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
