"""`python -m sagadsl`, the same as `sagac`."""

from __future__ import annotations

import gc
import sys

from sagadsl.cli.stamp import said_before


def main() -> None:
    """Run the command line and exit with its status."""
    said = said_before(sys.argv[1:])
    if said is not None:
        sys.stdout.write(f"{said}\n")
        return
    gc.disable()  # a short process ends before there is anything to gain
    from sagadsl.cli.main import sagac  # noqa: PLC0415  a build may end before

    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sagac(prog_name="sagac", obj=sys.argv[1:])


if __name__ == "__main__":
    main()
