"""Kill processes at every point of their way, and judge what others make of it.

`python crash.py URL COURSE… [--every N] [--again N]` takes each course once to count
its points, then kills at every N-th of them. With `--again` it also kills the process
that recovers, where either leaves something else behind: at every N-th such point. It
prints a line of JSON for each course, and ends with the status 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import mmap
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from courses import COURSES, Client, Course
from killing import Points

from sagadsl.runtime import open_store

MEMORY = Path("/dev/shm")  # where a write costs nothing; a kill loses none
SHARED = 1 << 16
OPENING = 30  # so many points a process has behind it at most when it made the tables
TABLES = (
    "saga_process",
    "saga_event",
    "saga_tombstone",
    "saga_archive",
    "saga_outbox",
    "saga_relay",
)


class Seen(NamedTuple):
    """How many points a process met, and those before which something was changed."""

    points: int
    lasting: list[int]


class Trial:
    """One course on one database, again and again from nothing."""

    def __init__(self, url: str, course: Course, folder: Path) -> None:
        self.url = url
        self.course = course
        self.folder = folder
        self.kills = 0
        self.wrong: list[str] = []
        # What a process says goes through memory: its system calls may fail.
        self._told = mmap.mmap(-1, SHARED)
        self._warm()

    def kill(self, *fatal: int, fresh: bool = False) -> Seen:
        """Kill a process at each of these points, one after the other, and have a last
        one end what they began; what that one sees. They make the tables if `fresh`.
        """
        (self.folder / "seen").unlink(missing_ok=True)
        self.clear(tables=fresh)
        named = sum(fatal) % 2 == 1
        for point in fatal:
            self.kills += self._process(point, named=named)
        self._process(0, named=named, last=True)
        if not (self.folder / "seen").exists():
            return Seen(0, [])
        return Seen(*json.loads((self.folder / "seen").read_text("utf-8")))

    def take(self, points: Points, *, named: bool = False, last: bool = False) -> None:
        """What a process does: judge what there is, take the course as far as it goes.

        The last one has to bring it to its end.
        """
        with open_store(self.url) as store:
            name = "worker" if named else ""
            client = Client(self.course, self.folder, store, points, name)
            client.judge()
            client.take()
            if last:
                assert client.judge(), "it has not ended"

    def died(self, child: int) -> bool:
        """Wait for a process; whether it was killed."""
        return self.fate(os.waitpid(child, 0)[1])

    def fate(self, status: int) -> bool:
        """Whether a process was killed; what it says is wrong is kept."""
        if os.WIFSIGNALED(status):
            return os.WTERMSIG(status) == signal.SIGKILL
        if os.WEXITSTATUS(status):
            self._told.seek(0)
            self.wrong.append(self._told.readline().decode().replace("\0", "\n"))
        return False

    def fork(self, run: Callable[[], object]) -> int:
        """A process that runs this, and writes down what it raises."""
        child = os.fork()
        if child:
            return child
        try:
            run()
            os._exit(0)
        except BaseException:  # noqa: BLE001  whatever it is, the parent tells of it
            said = traceback.format_exc()[-SHARED // 4 :].replace("\n", "\0")
            self._told.seek(0)
            self._told.write(f"{said}\n".encode())
        os._exit(1)

    def clear(self, *, tables: bool = False) -> None:
        """Begin with nothing; where that takes long, the tables stay unless told."""
        for name in ("outside", "orders.db", "orders.db-wal", "orders.db-shm"):
            (self.folder / name).unlink(missing_ok=True)
        if not self.url.startswith("sqlite"):
            self.died(self.fork(lambda: _empty(self.url, tables)))

    def _process(self, fatal: int, *, named: bool = False, last: bool = False) -> bool:
        """One process on the course, which dies at a point; whether it did."""
        points = Points(fatal)

        def run() -> None:
            points.hook(self.url)
            self.take(points, named=named, last=last)
            seen = json.dumps([points.count, points.lasting])
            (self.folder / "seen").write_text(seen, "utf-8")

        return self.died(self.fork(run))

    def _warm(self) -> None:
        """Have ready what every process would make anew: they are forked from here."""
        with open_store(f"sqlite:///{self.folder}/orders.db") as store:
            Client(self.course, self.folder, store, Points(), "").take()
        if not self.url.startswith("sqlite"):
            import_module("sagadsl.runtime.postgres")
        gc.freeze()


def _empty(url: str, tables: bool) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        if tables:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
            return
        with connection.transaction():
            for table in TABLES:
                connection.execute(f"DELETE FROM {table}".encode())


def kill_everywhere(trial: Trial, every: int, again: int) -> dict[str, object]:
    """Kill at every so many points, and the recovery at every so many that differ."""
    for fatal in range(1, OPENING + 1, every):
        trial.kill(fatal, fresh=True)
    count, lasting = trial.kill()
    for fatal in range(1, count + 1, every):
        trial.kill(fatal)
    for fatal in lasting[::again] if again else ():
        for second in trial.kill(fatal).lasting[fatal % again :: again]:
            trial.kill(fatal, second)
    count += OPENING
    return {"points": count, "lasting": len(lasting), "kills": trial.kills}


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("course", nargs="+", choices=COURSES)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--again", type=int, default=0)
    arguments = parser.parse_args()
    every, again = arguments.every, arguments.again
    return tell(
        arguments.url,
        arguments.course,
        lambda trial: kill_everywhere(trial, every, again),
    )


def tell(
    url: str, courses: Iterable[str], run: Callable[[Trial], dict[str, object]]
) -> int:
    """Print a line for each course, of what it gives; 1 if anything was wrong."""
    logging.disable()  # handlers that raise are meant to
    wrong = False
    for name in courses:
        where = MEMORY if MEMORY.is_dir() else None
        with tempfile.TemporaryDirectory(prefix="saga-", dir=where) as folder:
            trial = Trial(url.replace("FOLDER", folder), COURSES[name], Path(folder))
            told = run(trial)
        line = json.dumps({"course": name, **told, "wrong": trial.wrong})
        sys.stdout.write(f"{line}\n")
        wrong |= bool(trial.wrong)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
