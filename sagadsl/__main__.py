"""`python -m sagadsl`, the same as `sagac`."""

from __future__ import annotations

import gc
import os
import sys

from sagadsl.cli.stamp import said_before

TYPE_CHECKING = False
if TYPE_CHECKING:  # as in what is imported above
    from typing import NoReturn


def main() -> None:
    """Run the command line and exit with its status."""
    try:
        _run()
    except OSError as error:
        _give_up(error)


def _give_up(error: OSError) -> NoReturn:
    """End as standard output is full or gone; nothing more is to be flushed to it.

    Who stops reading, as `head` does, wants no word about it.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if sys.stderr is not None and not isinstance(error, BrokenPipeError):
        reason = error.strerror or type(error).__name__
        sys.stderr.write(f"sagac: cannot write to standard output: {reason}\n")
    sys.exit(2)


def _run() -> None:
    said = said_before(sys.argv[1:])
    if said is not None:
        if sys.stdout is not None:
            sys.stdout.write(f"{said}\n")
            sys.stdout.flush()
        return
    gc.disable()  # a short process ends before there is anything to gain
    from sagadsl.cli.main import sagac  # noqa: PLC0415  a build may end before

    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a text file
    try:
        sagac(prog_name="sagac", obj=sys.argv[1:])
    finally:
        gc.freeze()  # nor at its end, when all that is left would be searched


if __name__ == "__main__":
    main()
