"""What sagadsl is for, in a minute: `make demo`, or run this file from anywhere.

It compiles the sagas beside it, shows the table of one, its picture and a bug that the
compiler finds, and takes orders through the compiled saga (`order_tour.py`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import webbrowser
from pathlib import Path
from urllib.parse import quote

from own_postgres import NoServer, server

EXAMPLES = Path(__file__).resolve().parent
ROOT = EXAMPLES.parent
OUT = ROOT / "build" / "demo"
BROKEN = EXAMPLES / "real" / "ftgo_ticket_as_published"


def main() -> None:
    """All of it; `pay` is the part of the worker that does not survive it."""
    sys.path.insert(0, str(OUT))  # where `order_saga.py` will be
    if sys.argv[1:2] == ["pay"]:
        import order_tour

        order_tour.pay_and_die(*sys.argv[2:])
        return
    compile_examples()
    drive_orders()


def compile_examples() -> None:
    """Compile every saga but the broken one, and show what comes of it."""
    print(f"\n== sagac build: the sagas of examples/, into {OUT.relative_to(ROOT)}/")
    sagas = [path for path in sorted(EXAMPLES.rglob("*.saga")) if path.parent != BROKEN]
    sagac("build", *sagas, "-o", OUT)
    print("\n== sagac table: order.saga, to read")
    sagac("table", EXAMPLES / "order.saga")
    print("\n== Its picture, and those of the others beside it")
    picture = OUT / "order.svg"
    print(picture)
    if sys.stdout.isatty() and has_desktop():
        webbrowser.open(picture.as_uri())
    print("\n== sagac check: a bug in published code, a ticket that is never accepted")
    sagac("check", BROKEN, status=1)


def drive_orders() -> None:
    """Let things go wrong on SQLite, and once more on a PostgreSQL."""
    import order_tour  # which needs what was just compiled

    for left in (*OUT.glob("orders.db*"), *OUT.glob("world.sqlite*")):
        left.unlink()
    store = f"sqlite:///{quote((OUT / 'orders.db').as_posix())}"
    pay = [sys.executable, str(Path(__file__).resolve()), "pay"]
    tour = order_tour.Tour(store, OUT / "world.sqlite", pay, show)
    order_tour.fail_and_compensate(tour, "1001")
    order_tour.crash_and_recover(tour, "1002")
    order_tour.start_again(tour, "1002")
    print("\n== The same on PostgreSQL, on a server that runs as long as this demo")
    try:
        with server() as postgres:
            tour = tour._replace(store=postgres.database("orders"), show=count)
            order_tour.crash_and_recover(tour, "1003")
    except NoServer as reason:
        print(f"   left out, there is no server here: {reason}")


def show(store: str, order: str) -> None:
    """What is known of an order, as an operator sees it."""
    print(f"\n== sagac show {order}: what is known now")
    sagac("show", order, EXAMPLES / "order.saga", "--store", store)


def count(store: str, _order: str) -> None:
    """What is in a store, as an operator sees it."""
    print("\n== sagac ps: what is in the store now")
    sagac("ps", EXAMPLES / "order.saga", "--store", store)


def sagac(command: str, *arguments: str | Path, status: int = 0) -> None:
    """Run the compiler; paths are shown as seen from the project's folder."""
    words = [
        word if isinstance(word, str) else word.relative_to(ROOT).as_posix()
        for word in arguments
    ]
    sys.stdout.flush()
    run = subprocess.run(
        [sys.executable, "-m", "sagadsl", command, *words],
        cwd=ROOT,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if run.returncode != status:
        sys.exit(f"sagac {command} failed")


def has_desktop() -> bool:
    """Whether there is a screen to open a picture on."""
    return sys.platform in ("win32", "darwin") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


if __name__ == "__main__":
    main()
