"""The world outside of a store: what was done is in a file, and outlives every process.

Each line is `did`, `asked` or `stale`, an effect as `step/handler`, and the fence of
the worker; or `sent`, the id of a message, the row of the log, and its event.
"""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from world import World

from sagadsl.runtime import Context, Message


class Outside(World):
    """Handlers whose effects are durable, with a point before and after each.

    `acts` says what a handler does: `fail` that nothing happened; `raise`, at the first
    attempt, neither does it nor says so, `raise late` does it; a probe answers
    `unknown` or else the truth. As a careful service it keeps the highest fence that it
    has seen, and turns away a worker that was thought dead.
    """

    def __init__(
        self,
        failed: type[Exception],
        path: Path,
        acts: Mapping[str, str],
        point: Callable[..., object],
    ) -> None:
        super().__init__(failed)
        self.path = path
        self.acts = acts
        self.point = point

    def _call(self, handler: str, context: Context) -> bool | None:
        self.point()
        what = context.idempotency_key.split("/", 2)[2]
        probe = handler.endswith("_status")
        act = self.acts.get(handler if probe else what, "")
        if probe:
            happened = self.ask(what, context.fence)
            return None if act == "unknown" else happened
        if act == "fail":
            raise self.failed("it cannot be done")
        raises = act.startswith("raise") and context.attempt == 1
        if not raises or act == "raise late":
            self.add("did", what, context.fence)
        if raises:
            raise OSError("the line is dead")
        return None

    def send(self, message: Message) -> None:
        """Take a message of the outbox."""
        self.add("sent", message.id, message.seq, message.event)

    def lines(self) -> list[list[str]]:
        """What was done and asked and sent, in words."""
        if not self.path.exists():
            return []
        return [line.split() for line in self.path.read_text("utf-8").splitlines()]

    def done(self) -> Counter[str]:
        """How often each effect has happened, by `step/handler`."""
        return Counter(what for word, what, *_ in self.lines() if word == "did")

    def ask(self, what: str, fence: int) -> bool:
        """Whether an effect has happened; from now on no older worker can have it."""
        self.add("asked", what, fence)
        return self.done()[what] > 0

    def add(self, word: str, what: object, *more: object) -> None:
        """Add a line, one worker at a time, unless a newer one was here."""
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            for _, known, fence, *_ in self.lines():
                if known == what and int(fence) > int(str(more[0])):
                    word = "stale"
            self.point(lasts=True)
            os.write(file, " ".join(map(str, (word, what, *more, "\n"))).encode())
            os.fsync(file)
            if word == "stale":
                raise OSError("a newer worker was here")
        finally:
            os.close(file)
        self.point()
