"""`python -m sagadsl`, the same as `sagac`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its status."""
    from sagadsl.cli.main import sagac  # noqa: PLC0415  a build with nothing to do ends before

    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sagac(prog_name="sagac")


if __name__ == "__main__":
    main()
