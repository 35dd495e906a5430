"""`sagac` in a process of its own, forked from one that has imported it already.

Most of what a short command takes is its imports. The process that has them has no
threads and does nothing but fork, so that each command begins as one just started does.
"""

from __future__ import annotations

import gc
import json
import os
import pkgutil
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

STREAMS = {
    "in": os.O_RDONLY,
    "out": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
    "err": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
}


class Forks:
    """The process that has imported `sagac`; not for threads."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, __file__],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def run(self, **order: Any) -> int:
        """The status of `sagac` with these `arguments`, in this `folder`.

        `environment` is all of its environment; `streams` is the folder with its
        standard input, `in`, and gets what it prints, `out` and `err`.
        """
        orders, statuses = self._server.stdin, self._server.stdout
        assert orders is not None
        assert statuses is not None
        orders.write(json.dumps(order, default=str).encode() + b"\n")
        return int(statuses.readline())

    def close(self) -> None:
        """End it."""
        self._server.communicate()


def _serve() -> None:
    """Fork for each line of standard input, and return in the forked process."""
    orders = os.fdopen(os.dup(0), "rb", buffering=0)
    statuses = os.dup(1)
    while line := orders.readline():
        child = os.fork()
        if child == 0:
            orders.close()
            os.close(statuses)
            _become(**json.loads(line))
            return
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.write(statuses, b"%d\n" % status)
    sys.exit()


def _become(
    arguments: list[str], folder: str, environment: dict[str, str], streams: str
) -> None:
    for number, (name, flags) in enumerate(STREAMS.items()):
        stream = os.open(Path(streams, name), flags)
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    sys.argv[1:] = arguments


def _main() -> NoReturn:
    import sagadsl

    for module in pkgutil.walk_packages(sagadsl.__path__, "sagadsl."):
        if not module.name.startswith("sagadsl.engines."):
            import_module(module.name)
    gc.collect()
    gc.freeze()
    _serve()
    sys.exit(import_module("sagadsl.__main__").main())


if __name__ == "__main__":
    _main()
