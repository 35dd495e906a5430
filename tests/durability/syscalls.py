"""Kill processes at every system call that writes, and let such calls fail.

`python syscalls.py COURSE… [--every N]` takes each course on SQLite once to count its
system calls, then kills at every N-th of them, and has every N-th fail, for want of
space and for an error of the disk: once, and from there on. It needs `strace`. It
prints a line of JSON for each course, and ends with the status 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections import Counter

from courses import COURSES, Unfinished
from crash import Trial, tell
from killing import Points

from sagadsl.runtime import StoreError

CALLS = ("pwrite64", "write", "fsync", "fdatasync", "ftruncate", "unlink")
FAULTS = ("signal=SIGKILL", "error=ENOSPC", "error=EIO")
PATIENCE = 4


def traced(trial: Trial, fault: str = "") -> bool:
    """Take a course with a fault; whether the process was killed."""
    ready, go = os.pipe()

    def run() -> None:
        os.close(go)
        os.read(ready, 1)
        take(trial)

    child = trial.fork(run)
    os.close(ready)
    told = str(trial.folder / "trace")
    command = ["strace", "-f", "-p", str(child), "-o", told]
    command += ["-e", f"trace={','.join(CALLS)}"]
    command += ["-e", f"inject={fault}"] if fault else []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr
        attached = tracer.stderr.readline()
        assert "attached" in attached, attached
        os.close(go)
        return trial.died(child)


def take(trial: Trial) -> None:
    """Go on in spite of a store that cannot be used, for a while."""
    for _ in range(PATIENCE):
        try:
            trial.take(Points())
        except (StoreError, Unfinished):
            continue
        return


def count(trial: Trial) -> Counter[str]:
    """How often the process makes each system call."""
    trial.clear()
    traced(trial)
    trace = (trial.folder / "trace").read_text("utf-8")
    return Counter(re.findall(r"^\d+ +(\w+)\(", trace, re.MULTILINE))


def fail_everywhere(trial: Trial, every: int) -> dict[str, object]:
    """Have every so manieth system call be the last one, or fail."""
    calls = count(trial)
    kills = errors = 0
    for name, times in calls.items():
        for number in range(1, times + 1, every):
            for fault in FAULTS:
                for on in ("", "+") if fault.startswith("error") else ("",):
                    trial.clear()
                    died = traced(trial, f"{name}:{fault}:when={number}{on}")
                    trial.died(trial.fork(lambda: trial.take(Points(), last=True)))
                    kills += died
                    errors += not died
    return {"calls": calls, "kills": kills, "errors": errors}


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("course", nargs="+", choices=COURSES)
    parser.add_argument("--every", type=int, default=1)
    arguments = parser.parse_args()
    every = arguments.every
    url = "sqlite:///FOLDER/orders.db"
    return tell(url, arguments.course, lambda trial: fail_everywhere(trial, every))


if __name__ == "__main__":
    sys.exit(main())
